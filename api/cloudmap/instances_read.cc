#include "api/cloudmap/call.h"
#include "api/cloudmap/render.h"
#include "registry/validate.h"

namespace api::cloudmap {

Out<Step> get_instance(Call& call) {
  const auto in = call.in();
  const auto service_text = in.need("ServiceId", kMaxResourceId);
  const auto id = in.need("InstanceId", registry::kMaxId);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, service_text);
  if (!service) return std::unexpected(service.error());
  const auto instance = instance_at(**service, id);
  if (!instance) return std::unexpected(instance.error());
  Step step;
  step.body["Instance"] = json::object{{"Id", id}, {"Attributes", attributes_json(*(*instance)->def)}};
  return step;
}

Out<Step> list_instances(Call& call) {
  const auto in = call.in();
  const auto service_text = in.need("ServiceId", kMaxResourceId);
  const auto page = read_page(in);
  if (call.fault) return std::unexpected(*call.fault);
  const auto service = service_at(call, service_text);
  if (!service) return std::unexpected(service.error());
  Step step;
  json::array shown;
  const auto& all = (*service)->instances;
  for (auto at = all.upper_bound(page.after); at != all.end(); ++at) {
    if (shown.size() == page.limit) {
      const auto& last = shown.back().get_object().at("Id").get_string();
      put_next(step.body, {last.data(), last.size()});
      break;
    }
    shown.push_back(json::object{{"Id", at->first}, {"Attributes", attributes_json(*at->second.def)}});
  }
  step.body["Instances"] = std::move(shown);
  return step;
}

}  // namespace api::cloudmap
