// Numbers that are in stores of the field: a check state is found again after an upgrade only while they stay.
#include <gtest/gtest.h>

#include <set>

#include "registry/judge.h"
#include "registry/registry_fixture.h"

namespace registry {
namespace {

class Subject : public Fixture {
 protected:
  static CheckDef http() {
    CheckDef check;
    check.name = "http";
    check.kind = CheckKind::http;
    check.http.path = "/h";
    check.http.headers["X-A"] = "b";
    check.http.expect_status = {200};
    check.http.expect_body = "ok";
    return check;
  }
  static std::uint64_t of(const CheckDef& check) { return subject_of(check, instance("w1"), 7); }
};

TEST_F(Subject, OfTheKindsOfTheFirstSchemaIsWhatItWas) {
  EXPECT_EQ(of(http()), 443297361411173170U);
  EXPECT_EQ(of(tcp_check()), 96855368210275229U);
  EXPECT_EQ(of(lease(30s)), 3659367647414025598U);
}

TEST_F(Subject, EveryNewerMemberCounts) {
  std::vector<CheckDef> variants(14, http());
  variants[1].http.tls_name = "a.test";
  variants[2].http.expect_json["/a"] = "1";
  variants[3].http.expect_json["/a"] = "2";
  for (std::size_t i = 4; i < 8; ++i) variants[i].kind = CheckKind::grpc;
  variants[5].grpc.service = "s";
  variants[6].grpc.tls = true;
  variants[7].grpc.port = 9;
  for (std::size_t i = 8; i < 11; ++i) variants[i].kind = CheckKind::dns;
  variants[9].dns.type = 28;
  variants[10].dns.expect_address.v4 = Ipv4{{10, 0, 0, 1}};
  for (std::size_t i = 11; i < 13; ++i) variants[i].kind = CheckKind::exec;
  variants[11].exec = {"/bin/true", "a b"};
  variants[12].exec = {"/bin/true", "a", "b"};
  variants[13].kind = CheckKind::alias;
  std::set<std::uint64_t> subjects;
  for (const CheckDef& check : variants) subjects.insert(of(check));
  EXPECT_EQ(subjects.size(), variants.size());
}

TEST_F(Subject, OfAnAliasIsTheServiceThatItFollowsAndNotTheInstance) {
  CheckDef alias;
  alias.kind = CheckKind::alias;
  alias.alias = "db.corp";
  EXPECT_EQ(of(alias), subject_of(alias, instance("w1", "10.0.0.99"), 7));
  CheckDef other = alias;
  other.alias = "pg.corp";
  EXPECT_NE(of(alias), of(other));
}

}  // namespace
}  // namespace registry
