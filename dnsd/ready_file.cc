#include "dnsd/ready_file.h"

#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

namespace dnsd {

std::expected<void, std::string> write_ready_file(const std::filesystem::path& path,
                                                  const std::vector<std::string>& dns,
                                                  const std::vector<std::string>& proxied,
                                                  const std::vector<std::string>& http) {
  boost::json::object document{{"pid", ::getpid()},
                               {"dns", boost::json::array(dns.begin(), dns.end())},
                               {"http", boost::json::array(http.begin(), http.end())}};
  if (!proxied.empty()) document["proxied"] = boost::json::array(proxied.begin(), proxied.end());
  auto beside = path;
  beside += ".new";
  {
    std::ofstream out(beside);
    out << boost::json::serialize(document) << '\n';
    if (!out.flush()) return std::unexpected(path.string() + ": cannot be written");
  }
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error) return std::unexpected(path.string() + ": " + error.message());
  return {};
}

}  // namespace dnsd
