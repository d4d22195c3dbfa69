// Shells that io.popen and os.execute start, and the wait for their end.
//
// Role       Does what popen(3) and system(3) do. But the wait can be told to
//            end the child: by SIGTERM first, and by SIGKILL a second later.
// Threads    any, outside the strand: AwaitChild blocks. One thread waits for a
//            child.
// Locks      kShells: guards who ignores SIGINT and SIGQUIT
// Rejected   popen(3): it tells nobody the pid, and pclose waits in any case. A
//            process group for each child: then Ctrl-C does not reach it, and a
//            child that reads the terminal is stopped.
// Tests      tests/lua/io/processes.lua, children_of_cancelled.lua

#ifndef TRI_STDLIB_IO_CHILD_H_
#define TRI_STDLIB_IO_CHILD_H_

#include <cstdio>

#include "vm/isolate/children.h"

namespace trilune::stdlib {

// Starts a shell that runs `command`, with a pipe. `reads`: the FILE gives what
// the command writes. Otherwise the command reads what is written to the FILE.
// Null: see errno.
FILE* StartWithPipe(const char* command, bool reads, vm::Child* child);

// Waits for the child's end, as waitpid does. Returns its status, or -1 and
// errno. Ends the child once `wake_fd` is readable, or if it was told before.
int AwaitChild(vm::Child* child, int wake_fd);

// As system(3) with a command. The process ignores SIGINT and SIGQUIT
// meanwhile.
int RunShell(const char* command, int wake_fd);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_CHILD_H_
