// Park, Yield: how a Lua G waits, from any C function it calls.
//
// Role       The one way for a blocking operation of the library. Where Lua can
//            yield the G parks without a C stack (lua_yieldk), elsewhere with
//            it: in sort comparators, metamethods, nested coroutines, the main
//            script.
// Threads    the running G
// Locks      none
// Errors     BeginPark raises, before anything has changed: in a finalizer, in
//            a callback on another G's state, when cancelled, without a stack
//            left.
//
//   An operation is written so (everything it queues must outlive its frame, in
//   the G or on the Lua stack):
//     Parking parking = BeginPark(L, WaitReason::kChanRecv);  // may raise
//     queue parking.g->waiter;                                // must not raise
//     return Park(L, parking, commit, &recv_k, context);      // the last thing
//   and the continuation finds the outcome in iso->current->wake, unlinks what
//   it queued, and only then may raise.
// Tests      tests/lua/blocking

#ifndef TRI_VM_GOROUTINE_PARK_H_
#define TRI_VM_GOROUTINE_PARK_H_

#include <lua.hpp>

#include "sched/task/g.h"
#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// What a caller of BeginPark owns outside the Lua heap: `run` is called before
// it raises.
struct Unwind {
  void (*run)(void* argument) = nullptr;
  void* argument = nullptr;
};

// A wait that the running G has opened. Whoever finds that there is no need to
// wait after all drops it and goes on.
struct [[nodiscard]] Parking {
  LuaG* g;
  bool stackless;  // how it will leave
};

// Opens a wait of the running G. `shielded`: cancellation neither prevents nor
// ends it.
Parking BeginPark(lua_State* L, WaitReason reason, bool shielded = false,
                  Unwind unwind = {});

// Parks the G of `parking`; returns what `k` returns, called as lua_yieldk
// would call it.
int Park(lua_State* L, Parking parking, const ParkCommit& commit,
         lua_KFunction k, lua_KContext context);

// Lets the other Gs go first; then calls `k`. May raise, as BeginPark.
int Yield(lua_State* L, lua_KFunction k);

// Raises the running G's reason of cancellation.
[[noreturn]] void RaiseCancelled(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_PARK_H_
