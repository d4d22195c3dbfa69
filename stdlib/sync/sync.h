// What the objects of trilune.sync share: how their waits end, and how they are
// added to the module.
//
// Role       sync.cc has the locks, sync_counters.cc semaphores and wait
//            groups.
// Threads    the running G
// Locks      none
// Tests      tests/lua/sync

#ifndef TRI_STDLIB_SYNC_SYNC_H_
#define TRI_STDLIB_SYNC_SYNC_H_

#include <lua.hpp>

#include "sched/core/loop.h"
#include "stdlib/binding.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {

// Adds semaphore and waitgroup to the module on top of the stack.
void OpenSyncCounters(lua_State* L);

inline void MakeReady(WaiterBase* waiter) {
  waiter->g->wake = WakeResult::kReady;
  ReadyInStrand(waiter->g, /*woken=*/false);
}

inline void WakeAll(WaitQueue& queue) {
  while (WaiterBase* waiter = queue.PopAndWin())
    MakeReady(waiter);
}

// The number that a queued waiter carries. It tells what the G wants.
inline int32_t NumberOf(const WaiterBase* waiter) {
  return static_cast<const vm::LuaWaiter*>(waiter)->index;
}

inline int PushTrue(lua_State* L) {
  lua_pushboolean(L, 1);
  return 1;
}

// Returns what a method acquired, which is on top. The caller is about to keep
// it in a variable that will be closed, so a raise is delayed until then.
inline int GiveHeld(lua_State* L) {
  vm::Isolate::Of(L)->raise_delay.NoteAcquired();
  return 1;
}

constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};

// Adds a constructor to the module on top of the stack.
inline void AddType(lua_State* L, const char* name, lua_CFunction constructor,
                    const luaL_Reg* methods, const luaL_Reg* metamethods) {
  NewMetatable(L, name, methods, metamethods);
  lua_pushcclosure(L, constructor, 1);
  lua_setfield(L, -2, name);
}

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SYNC_SYNC_H_
