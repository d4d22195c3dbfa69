// Ctrl-\ (SIGQUIT): what every G does, on stderr; the program goes on.
//
// Role       A thread of its own waits for the signal and writes
//            Runtime::Dump(): a handler may do next to nothing.
// Threads    Call it once, from the host's thread.
// Locks      none
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_QUIT_H_
#define TRI_TOOLS_TRILUNE_QUIT_H_

#include "embed/trilune.h"

namespace trilune::command {

// From now on SIGQUIT writes the dump of `runtime`, which must live until the
// process ends; it may be stopped.
void DumpOnQuit(Runtime* runtime);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_QUIT_H_
