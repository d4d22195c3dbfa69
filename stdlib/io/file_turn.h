// FileTurn: which G may use one of the process's standard files now.
//
// Role       Every isolate has handles of stdin, stdout and stderr. A whole
//            read, write or print has the file's turn, so that it stays in one
//            piece. A G that finds the turn taken parks until it is free. The
//            FILE's own lock would stop its whole isolate, so that is held only
//            while nothing waits.
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

// A G's wait for a turn. It does not lie in the Lua heap, because the heap may
// be closed before the turn lets go of it.
struct TurnWait : vm::SharedWait {
  FileTurn* turn = nullptr;
  const void* operation = nullptr;
  bool shielded = false;
  TurnWaiter waiter;
};

// The turn of stdin, stdout or stderr; null for any other FILE.
[[nodiscard]] FileTurn* FileTurnOf(const FILE* f);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_FILE_TURN_H_
