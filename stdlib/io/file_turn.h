// FileTurn: whose turn it is with one of the process's standard files.
//
// Role       Every isolate has handles of stdin, stdout and stderr. A whole
//            read, write or print has the file's turn, so that it stays whole;
//            who finds it taken waits as a G does, parked. The FILE's own lock
//            would stop the isolate, and is held only while nothing waits.
// Threads    as Turn (sched/task/turn.h), which has the protocol
// Locks      the Turn's (kChan)
// Tests      tests/stdlib/file_turn_test.cc; tests/lua/io/stdin_*.lua,
//            print_of_isolates.lua, print_waits_as_a_g.lua

#ifndef TRI_STDLIB_IO_FILE_TURN_H_
#define TRI_STDLIB_IO_FILE_TURN_H_

#include <cstdio>

#include "sched/task/turn.h"
#include "vm/message/shared_wait.h"

namespace trilune::stdlib {

using FileTurn = Turn<>;

// A G's wait for a turn. Not in the Lua heap, which may be closed first.
struct TurnWait : vm::SharedWait {
  FileTurn* turn = nullptr;
  const void* operation = nullptr;
  bool shielded = false;
  TurnWaiter waiter;
};

// That of stdin, stdout or stderr; null for any other FILE.
[[nodiscard]] FileTurn* FileTurnOf(const FILE* f);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_FILE_TURN_H_
