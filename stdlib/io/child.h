// Shells that io.popen and os.execute start, and the wait for their end.
//
// Role       popen(3) and system(3), but that the wait can be told to end the
//            child: SIGTERM first, SIGKILL a second later.
// Threads    any, outside the strand: AwaitChild blocks. One waits for a child.
// Locks      kShells: who ignores SIGINT and SIGQUIT
// Rejected   popen(3): nobody learns the pid, and pclose waits whatever comes.
//            A process group for each child: then Ctrl-C does not reach it, and
//            one that reads the terminal is stopped.
// Tests      tests/lua/io/processes.lua, children_of_cancelled.lua

#ifndef TRI_STDLIB_IO_CHILD_H_
#define TRI_STDLIB_IO_CHILD_H_

#include <cstdio>

#include "vm/isolate/children.h"

namespace trilune::stdlib {

// Starts a shell that runs `command`, with a pipe: what it writes comes out of
// the FILE, or what is written there it reads. Null: errno.
FILE* StartWithPipe(const char* command, bool reads, vm::Child* child);

// Waits for the child's end, as waitpid: its status, or -1 and errno. Once
// `wake_fd` is readable, or if the child was told before, it is ended.
int AwaitChild(vm::Child* child, int wake_fd);

// As system(3) with a command: the process ignores SIGINT and SIGQUIT
// meanwhile.
int RunShell(const char* command, int wake_fd);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_CHILD_H_
