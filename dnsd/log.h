// The daemon's log: one line per event with a stable id, text on a terminal, JSON otherwise. Never a line per query.
//
// Any thread. A thread of its own writes, behind a bounded queue; the DNS path does not log at all.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace dnsd::log {

enum class Format { automatic, text, json };
enum class Level { debug, info, warning, error };

// Once, before the first event. `automatic` = text when standard error is a terminal.
void open(Format format, Level level);

// event("instance.state", info, {{"service", "worker.corp"}, {"to", "critical"}})
void event(std::string_view id, Level level, const boost::json::object& fields = {});

// Writes what waits. Last call of the process; events after it are lost.
void close();

}  // namespace dnsd::log
