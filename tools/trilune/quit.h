// Ctrl-\ (SIGQUIT): writes what every G does to stderr. The program goes on.
//
// Role       A thread of its own waits for the signal and writes
//            Runtime::Dump(), because a handler may do next to nothing.
// Threads    To be called once, from the host's thread.
// Locks      none
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_QUIT_H_
#define TRI_TOOLS_TRILUNE_QUIT_H_

#include "embed/trilune.h"

namespace trilune::command {

// From now on SIGQUIT writes the dump of `runtime`. The runtime may be stopped,
// but must live until the process ends.
void DumpOnQuit(Runtime* runtime);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_QUIT_H_
