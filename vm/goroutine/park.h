// Park, Yield: how a Lua G waits, from any C function it calls.
//
// Role       The one way for a blocking operation of the library. A G whose Lua
//            code can yield at this point parks without a C stack, by
//            lua_yieldk. Everywhere else it parks with its stack: in sort
//            comparators, metamethods, nested coroutines and the main script.
// Threads    the running G
// Locks      none
// Errors     BeginPark raises before anything has changed: in a finalizer, in a
//            callback on another G's state, when the G is cancelled, or when no
//            stack is left.
//
//   An operation is written so. Everything it queues must outlive its frame: it
//   lies in the G or on the Lua stack.
//     Parking parking = BeginPark(L, WaitReason::kChanRecv);  // may raise
//     queue parking.g->waiter;                                // must not raise
//     return Park(L, parking, commit, &recv_k, context);      // the last thing
//   The continuation finds the outcome in iso->current->wake. It unlinks what
//   the operation queued, and only then may it raise.
// Tests      tests/lua/blocking

#ifndef TRI_VM_GOROUTINE_PARK_H_
#define TRI_VM_GOROUTINE_PARK_H_

#include <lua.hpp>

#include "sched/task/g.h"
#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// What a caller of BeginPark owns outside the Lua heap. BeginPark calls `run`
// before it raises, because lua_error runs no C++ destructor.
struct Unwind {
  void (*run)(void* argument) = nullptr;
  void* argument = nullptr;
};

// A wait that the running G has opened. An operation that finds it need not
// wait after all drops this and goes on. The next BeginWait then takes the next
// ticket.
struct [[nodiscard]] Parking {
  LuaG* g;
  bool stackless;  // it will leave by lua_yieldk
};

// Opens a wait of the running G. `shielded`: cancellation neither prevents nor
// ends this wait.
Parking BeginPark(lua_State* L, WaitReason reason, bool shielded = false,
                  Unwind unwind = {});

// Parks the G of `parking`. Returns what `k` returns; `k` is called as
// lua_yieldk would call it.
int Park(lua_State* L, Parking parking, const ParkCommit& commit,
         lua_KFunction k, lua_KContext context);

// Lets the other Gs run first, then calls `k`. May raise, as BeginPark does.
int Yield(lua_State* L, lua_KFunction k);

// Raises the running G's reason of cancellation.
[[noreturn]] void RaiseCancelled(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_PARK_H_
