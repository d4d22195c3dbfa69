// Event: sync.event, a flag that goroutines wait for.
//
// Role       event.cc has its methods. select.cc waits for it as well.
// Threads    the isolate's strand
// Locks      none: the strand is the lock
// Invariants I1. While it is set no G waits for it.
// Tests      tests/lua/sync/event.lua, tests/lua/select/events.lua

#ifndef TRI_STDLIB_SYNC_EVENT_H_
#define TRI_STDLIB_SYNC_EVENT_H_

#include "sched/task/wait_queue.h"
#include "stdlib/binding.h"

namespace trilune::stdlib {

struct Event {
  static constexpr TypeTag kTag = {"event"};
  const TypeTag* tag = &kTag;
  bool is_set = false;
  WaitQueue waiters;  // LuaWaiters
};

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SYNC_EVENT_H_
