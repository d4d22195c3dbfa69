// ParseDebug: reads what Config::debug and TRILUNE_DEBUG ask for.
//
// Role       The text is "name=number,...", as embed/trilune.h describes it.
// Threads    any
// Locks      none
// Tests      tests/stdlib/embed_test.cc; tools/trilune/command_test.py

#ifndef TRI_EMBED_DEBUG_OPTIONS_H_
#define TRI_EMBED_DEBUG_OPTIONS_H_

#include <string_view>

#include "sched/base/status.h"
#include "sched/core/scheduler.h"

namespace trilune::stdlib {

// Sets the fields of `config` that `text` names. kInvalidArgument: it names
// something else.
[[nodiscard]] Status ParseDebug(std::string_view text, SchedulerConfig* config);

}  // namespace trilune::stdlib

#endif  // TRI_EMBED_DEBUG_OPTIONS_H_
