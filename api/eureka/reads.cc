// What clients fetch again and again: no commit, and no more work than what changed since the last time.
#include <fmt/format.h>

#include <utility>

#include "api/eureka/body.h"
#include "api/eureka/handlers.h"
#include "api/eureka/render.h"

namespace api::eureka {
namespace {

// Instances of one answer: about 150 MB, and a second of the control thread when nothing of it is written yet.
constexpr std::size_t kMaxListed = 100'000;

std::vector<Shown> members_of(const std::string& key, const Application& application, const std::string& name,
                              std::vector<Ref>& refs) {
  std::vector<Shown> out;
  out.reserve(application.members.size());
  refs.reserve(application.members.size());  // what is shown points into it
  for (const auto& [id, member] : application.members) out.push_back({refs.emplace_back(key, id), member, name});
  return out;
}

Text write_members(App& app, Format format, const std::string& key, Application& application) {
  auto& written = application.written[static_cast<std::size_t>(format)];
  if (!written) {
    const auto name = app.part<Directory>().shown_name(key);
    std::vector<Ref> refs;
    written = std::make_shared<const std::string>(
        write_application(app, format, name, members_of(key, application, name, refs)));
  }
  return written;
}

const Member* known_member(Directory& directory, const Ref& ref) {
  const auto application = directory.applications().find(ref.service);
  if (application == directory.applications().end()) return nullptr;
  const auto member = application->second.members.find(ref.id);
  return member == application->second.members.end() ? nullptr : &member->second;
}

// Of some instances, in the order of their services. With their own hash code, as Netflix's server has it.
Response subset_response(App& app, Format format, const std::set<Ref>& refs) {
  auto& directory = app.part<Directory>();
  std::map<std::string_view, std::vector<const Ref*>> by_service;
  std::map<Status, std::size_t> counts;
  for (const auto& ref : refs) by_service[ref.service].push_back(&ref);
  std::vector<Text> written;
  for (const auto& [service, members] : by_service) {
    const std::string key(service);
    const auto application = directory.applications().find(key);
    if (application != directory.applications().end() && application->second.members.size() == members.size()) {
      // All of it, as mostly: what was written of it for the lists is the same.
      for (const auto& [id, member] : application->second.members) ++counts[member.status];
      written.push_back(write_members(app, format, key, application->second));
      continue;
    }
    const auto name = directory.shown_name(key);
    std::vector<Shown> shown;
    for (const auto* ref : members) {
      const auto* member = known_member(directory, *ref);
      if (!member) continue;
      ++counts[member->status];
      shown.push_back({*ref, *member, name});
    }
    written.push_back(std::make_shared<const std::string>(write_application(app, format, name, shown)));
  }
  std::string hash_code;
  for (const auto& [status, count] : counts) hash_code += fmt::format("{}_{}_", to_string(status), count);
  return applications_response(format, directory.version(), hash_code, std::move(written));
}

Response vip_response(App& app, const Request& request, Directory::Index index) {
  const auto& found = app.part<Directory>().find(index, request.params[0]);
  if (found.empty()) return text_response(404);
  if (found.size() > kMaxListed) {
    return text_response(400, fmt::format("more than {} instances: ask by application", kMaxListed));
  }
  return subset_response(app, format_of(request), found);
}

Response one_response(App& app, const Request& request, const Ref& ref) {
  auto& directory = app.part<Directory>();
  const auto* member = known_member(directory, ref);
  if (!member) return text_response(404);
  return instance_response(app, format_of(request), {ref, *member, directory.shown_name(ref.service)});
}

// The last one of each format: it stays the same until something changes, or falls out of the three minutes.
struct WrittenDelta {
  explicit WrittenDelta(App&) {}
  registry::Revision version = 0;
  std::array<std::optional<std::vector<Text>>, 2> written;
};

// Of what is gone only its notes still say how it was called.
std::string name_of(Directory& directory, const std::string& service, const Member& member) {
  auto own = read_notes(*member.def).app;
  return own.empty() ? directory.shown_name(service) : own;
}

std::vector<Text> write_delta(App& app, Format format) {
  auto& directory = app.part<Directory>();
  std::vector<Text> written;
  const auto& all = directory.changes().all();
  for (auto at = all.begin(); at != all.end();) {
    const auto& service = at->first.service;
    const auto name = name_of(directory, service, at->second.member);
    std::vector<Shown> shown;
    for (; at != all.end() && at->first.service == service; ++at) {
      shown.push_back({at->first, at->second.member, name, at->second.action});
    }
    written.push_back(std::make_shared<const std::string>(write_application(app, format, name, shown)));
  }
  return written;
}

}  // namespace

Response get_applications(App& app, const Request& request) {
  auto& directory = app.part<Directory>();
  if (directory.size() > kMaxListed) {
    return text_response(400, fmt::format("more than {} instances: ask by application or by VIP", kMaxListed));
  }
  const auto format = format_of(request);
  std::vector<Text> written;
  written.reserve(directory.applications().size());
  for (auto& [key, application] : directory.applications()) {
    written.push_back(write_members(app, format, key, application));
  }
  return applications_response(format, directory.version(), directory.hash_code(), std::move(written));
}

Response get_delta(App& app, const Request& request) {
  auto& directory = app.part<Directory>();
  auto& last = app.part<WrittenDelta>();
  const bool swept = directory.changes().sweep(app.now().mono);
  if (swept || last.version != directory.version()) last.written = {};
  last.version = directory.version();
  const auto format = format_of(request);
  auto& written = last.written[static_cast<std::size_t>(format)];
  if (!written) written = write_delta(app, format);
  return applications_response(format, last.version, directory.hash_code(), *written);
}

Response get_application(App& app, const Request& request) {
  auto& directory = app.part<Directory>();
  const auto service = directory.service_name(request.params[0]);
  if (!service) return text_response(404);
  const auto application = directory.applications().find(service->key());
  if (application == directory.applications().end()) return text_response(404);
  const auto format = format_of(request);
  return application_response(format, *write_members(app, format, service->key(), application->second));
}

Response get_instance(App& app, const Request& request) {
  const auto service = app.part<Directory>().service_name(request.params[0]);
  if (!service) return text_response(404);
  return one_response(app, request, {service->key(), request.params[1]});
}

Response get_instance_by_id(App& app, const Request& request) {
  const auto& found = app.part<Directory>().find(Directory::Index::id, request.params[0]);
  if (found.empty()) return text_response(404);
  return one_response(app, request, *found.begin());
}

Response get_vip(App& app, const Request& request) { return vip_response(app, request, Directory::Index::vip); }

Response get_secure_vip(App& app, const Request& request) {
  return vip_response(app, request, Directory::Index::secure_vip);
}

}  // namespace api::eureka
