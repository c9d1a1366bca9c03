#include "dnsd/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <chrono>
#include <memory>

#include "registry/basics.h"

namespace dnsd::log {
namespace {

// Lines that wait for a slow reader of standard error; over it the oldest are dropped, so that a stuck pipe never
// stops the control thread. 8,192 lines of about 200 octets are 1.6 MB.
constexpr std::size_t kMaxLines = 8192;

bool as_json = false;

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "info";
}

std::string now_text() {
  return registry::format_time(std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

// Values of strings stand bare in the text form unless a blank or quote makes that ambiguous.
std::string text_value(const boost::json::value& value) {
  if (const auto* s = value.if_string(); s && !s->empty() && s->find_first_of(" \"=\n") == boost::json::string::npos) {
    return {s->data(), s->size()};
  }
  return boost::json::serialize(value);
}

std::string as_text(std::string_view id, Level level, const boost::json::object& fields) {
  std::string line = now_text() + " " + std::string(to_string(level)) + " " + std::string(id);
  for (const auto& field : fields) {
    line += ' ';
    line += std::string_view(field.key());
    line += '=';
    line += text_value(field.value());
  }
  return line;
}

std::string as_json_line(std::string_view id, Level level, const boost::json::object& fields) {
  boost::json::object line{{"time", now_text()}, {"level", to_string(level)}, {"event", id}};
  for (const auto& field : fields) line.insert_or_assign(field.key(), field.value());
  return boost::json::serialize(line);
}

}  // namespace

void open(Format format, Level level) {
  as_json = format == Format::json || (format == Format::automatic && ::isatty(STDERR_FILENO) == 0);
  spdlog::init_thread_pool(kMaxLines, 1);
  auto logger =
      std::make_shared<spdlog::async_logger>("dnsd", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                             spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->set_level(to_spdlog(level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void event(std::string_view id, Level level, const boost::json::object& fields) {
  if (!spdlog::default_logger_raw()->should_log(to_spdlog(level))) return;
  const auto line = as_json ? as_json_line(id, level, fields) : as_text(id, level, fields);
  spdlog::default_logger_raw()->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

void close() { spdlog::shutdown(); }

}  // namespace dnsd::log
