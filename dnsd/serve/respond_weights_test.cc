// Weights on plain A answers, judged by chi-square; A and AAAA rank the same instances.
#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::SizeIs;
namespace type = wire::type;

// Beyond this value of chi-square lies one sample in a thousand (Wilson and Hilferty's approximation).
double critical(std::size_t freedom) {
  const double k = static_cast<double>(freedom), z = 3.0902;
  return k * std::pow(1 - 2 / (9 * k) + z * std::sqrt(2 / (9 * k)), 3);
}

double chi_square(const std::vector<int>& seen, const std::vector<double>& weights) {
  const double draws = std::accumulate(seen.begin(), seen.end(), 0.0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const double expected = draws * weights[i] / total;
    sum += (seen[i] - expected) * (seen[i] - expected) / expected;
  }
  return sum;
}

struct Shape {
  const char* what;
  std::vector<double> weights;
  int max_answers;
};

class Weights : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
    registry::ServicePolicy policy;
    policy.max_answers = GetParam().max_answers;
    world.service("web.corp", policy);
    for (std::size_t i = 0; i < GetParam().weights.size(); ++i) {
      auto def = instance({.id = "i" + std::to_string(i),
                           .v4 = "10.0.0." + std::to_string(i),
                           .weight = static_cast<int>(GetParam().weights[i])});
      def.tags = {"all"};
      world.put("web.corp", def);
    }
  }
  // How often each stands first, over as many client sockets.
  std::vector<int> first(std::string_view qname) {
    std::vector<int> seen(GetParam().weights.size());
    for (int i = 0; i < 20'000; ++i) {
      const Client client{{10, 1, static_cast<std::uint8_t>(i >> 14), 0}, false, static_cast<std::uint16_t>(i)};
      const auto m = world.ask(qname, type::a, {.client = client});
      ++seen[std::stoul(m.answer.at(0).data.substr(7))];
    }
    return seen;
  }
  World world;
};

TEST_P(Weights, TellHowOftenAnInstanceStandsFirst) {
  const auto& weights = GetParam().weights;
  for (const auto* qname : {"web.corp", "all._tag.web.corp"}) {
    const auto seen = first(qname);
    EXPECT_LT(chi_square(seen, weights), critical(weights.size() - 1)) << qname << testing::PrintToString(seen);
    auto wrong = weights;  // the test can tell: of another weight it would not be a sample
    wrong[0] *= 1.6;
    EXPECT_GT(chi_square(seen, wrong), critical(weights.size() - 1)) << qname;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Weights,
                         testing::Values(Shape{"all fit, equal", {10, 10, 10}, 8},
                                         Shape{"all fit, unequal", {5, 1, 3, 7}, 8}, Shape{"one of two", {1, 9}, 1},
                                         Shape{"one of ten", {10, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 1},
                                         Shape{"three of ten", {10, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 3},
                                         Shape{"one of forty", std::vector<double>(40, 10), 1},
                                         Shape{"a heavy one", {65535, 40000, 30000, 20000}, 2}));

// Instances of one or both families: where two stand in both answers of a socket, they stand in the same order; and
// where all have both families, the answers name the same ones.
TEST(Families, AreRankedAsOne) {
  std::mt19937 random(11);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  for (int round = 0; round < 40; ++round) {
    World world;
    world.add_namespace("corp");
    registry::ServicePolicy policy;
    policy.max_answers = 1 + below(12);
    world.service("web.corp", policy);
    const bool dual = below(2) == 0;
    const int count = 1 + below(60);
    for (int i = 0; i < count; ++i) {
      Given given{.id = "i" + std::to_string(i), .weight = below(3) == 0 ? below(500) : 10};
      const int family = dual ? 2 : below(3);
      if (family != 0) given.v4 = "10.0.0." + std::to_string(i);
      if (family != 1) given.v6 = "fd00::1:" + std::to_string(i);
      world.put("web.corp", given);
    }
    world.start();
    for (std::uint16_t port = 1; port < 30; ++port) {
      const Ask ask{.tcp = true, .client = {{10, 0, 0, 1}, false, port}};
      std::vector<int> four, six;
      for (const auto& r : world.ask("web.corp", type::a, ask).answer) four.push_back(std::stoi(r.data.substr(7)));
      for (const auto& r : world.ask("web.corp", type::aaaa, ask).answer) six.push_back(std::stoi(r.data.substr(8)));
      if (dual) {
        ASSERT_EQ(four, six) << round;
        continue;
      }
      std::vector<int> common;
      std::ranges::copy_if(four, std::back_inserter(common),
                           [&](int i) { return std::ranges::find(six, i) != six.end(); });
      std::erase_if(six, [&](int i) { return std::ranges::find(common, i) == common.end(); });
      ASSERT_EQ(six, common) << round;
    }
  }
}

}  // namespace
}  // namespace dnsd::serve::test
