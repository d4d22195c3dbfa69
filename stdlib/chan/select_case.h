// SelectCase: one case of tri.select.
//
// Role       Says what a case waits for, and has the waiter that select.cc
//            queues there. Also reads cases and options from the argument of
//            select.
// Threads    the running G
// Locks      lock() is the lock of an object that other isolates use, too.
// Tests      tests/lua/select

#ifndef TRI_STDLIB_CHAN_SELECT_CASE_H_
#define TRI_STDLIB_CHAN_SELECT_CASE_H_

#include <cstdint>

#include <lua.hpp>

#include "sched/sync/handover_lock.h"
#include "stdlib/chan/lua_chan.h"
#include "stdlib/chan/shared_chan.h"
#include "stdlib/sync/event.h"
#include "vm/runtime/program.h"

namespace trilune::stdlib {

struct SelectCase {
  enum class Kind : uint8_t {
    kNever,      // nil or false: never ready
    kChan,       // a channel of this isolate
    kShared,     // a shared channel
    kGoroutine,  // of this isolate: ready when it has ended
    kProgram,    // the same, in an isolate of its own
    kEvent,      // ready when it is set
  };

  SelectCase() : chan(nullptr), waiter() {}

  Kind kind = Kind::kNever;
  bool send = false;
  union {
    LuaChan* chan;
    SharedChan* shared;
    vm::GHandle* handle;
    vm::Program* program;
    Event* event;
  };
  union {
    vm::LuaWaiter waiter;
    SharedWaiter shared_waiter;   // its message belongs to the select
    vm::Program::Joiner* joiner;  // the select's, until it is queued
  };

  // Whether it may be chosen. Requires: its lock is held, if it has one. For a
  // channel the answer may be a false true, as with ChanCore::CanSend.
  [[nodiscard]] bool CanRun() const;
  [[nodiscard]] bool is_shared() const { return kind == Kind::kShared; }
  // The lock of an object that other isolates use, too; or null.
  [[nodiscard]] HandoverLock* lock() const {
    if (kind == Kind::kShared) return shared->lock();
    return kind == Kind::kProgram ? program->lock() : nullptr;
  }
};

// Reads case `i` (from 0) of the argument at 1. Pushes what it waits for, then
// what it sends. Raises if the case makes no sense.
void ReadSelectCase(lua_State* L, int i, SelectCase* one);

// Reads the options that stand beside `n` cases: the deadline, whether it has
// passed, whether there is a default. Raises for any other key.
void ReadSelectOptions(lua_State* L, int n, int64_t* deadline, bool* now,
                       bool* has_default);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_CHAN_SELECT_CASE_H_
