// Repl: the interactive session.
//
// Role       Reads lines on the host's thread. Runs each complete chunk as the
//            isolate's main G, so that other Gs go on while it waits.
// Threads    RunRepl is called on the host's thread, outside every G.
// Locks      none
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_REPL_H_
#define TRI_TOOLS_TRILUNE_REPL_H_

#include "embed/trilune.h"
#include "sched/base/status.h"

namespace trilune::command {

// Runs until the input ends. An error in a chunk, even a deadlock, is reported,
// and the session goes on. A Status that is not ok ends it, for example after
// os.exit. `history_path`: of a HistoryFile, for sessions on a terminal; empty:
// none.
[[nodiscard]] Status RunRepl(Isolate* isolate, std::string history_path);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_REPL_H_
