// --ready-file: where scripts read which ports a daemon on port 0 got, and that it is ready.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

namespace dnsd {

// {"pid":1,"dns":["127.0.0.1:40001"],"http":["127.0.0.1:40002"]}, written beside and renamed, so a reader sees all or
// nothing. Addresses behind proxies, where there are any, stand in "proxied".
[[nodiscard]] std::expected<void, std::string> write_ready_file(const std::filesystem::path& path,
                                                                const std::vector<std::string>& dns,
                                                                const std::vector<std::string>& proxied,
                                                                const std::vector<std::string>& http);

}  // namespace dnsd
