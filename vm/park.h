// Park, Yield: how a Lua G waits, from any C function it calls.
//
// Role       The one way for a blocking operation of the library. Where Lua can
//            yield the G parks without a C stack (lua_yieldk), elsewhere with
//            it: in sort comparators, metamethods, nested coroutines, the main
//            script.
// Threads    the running G
// Locks      none
// Errors     BeginPark raises, before anything has changed: in a finalizer, in
// a
//            callback on another G's state, when cancelled, without a stack
//            left.
//
//   An operation is written so (everything it queues must outlive its frame, in
//   the G or on the Lua stack):
//     LuaG* g = BeginPark(L, WaitReason::kChanRecv);  // may raise
//     queue g->waiter;                                 // must not raise
//     return Park(L, commit, &recv_k, context);        // nothing after it
//   and the continuation finds the outcome in iso->current->wake, unlinks what
//   it queued, and only then may raise.
// Tests      tests/lua/blocking

#ifndef TRI_VM_PARK_H_
#define TRI_VM_PARK_H_

#include <lua.hpp>

#include "sched/g.h"
#include "sched/m.h"
#include "vm/isolate.h"

namespace trilune::vm {

// What belongs to the running G while it leaves its stack. Inlined: it is on
// the path of each wait.
class Resumption {
 public:
  // The G leaves.
  [[gnu::always_inline]] Resumption(Isolate* iso, M* m)
      : iso_(iso),
        g_(iso->current),
        frames_(iso->frames),
        close_depth_(iso->close_depth),
        in_hook_(iso->meter().in_hook()),
        counts_stack_(iso->meter().counts_stacks()) {
    m->fiber->user = frames_;  // for dumps
    if (counts_stack_) {
      stack_bytes_ = m->fiber->BytesAbove(this);
      iso->meter().AddStack(stack_bytes_);
    }
    iso->Leave();
  }
  // Back on the G's stack, perhaps on another M.
  [[gnu::always_inline]] void Resume() {
    if (counts_stack_) iso_->meter().DropStack(stack_bytes_);
    iso_->Enter(g_, frames_, close_depth_);
    if (in_hook_) iso_->meter().BeginHook();
  }

 private:
  Isolate* const iso_;
  LuaG* const g_;
  CoFrame* const frames_;
  const int close_depth_;
  const bool in_hook_;
  const bool counts_stack_;
  size_t stack_bytes_ = 0;  // that the G has on the stack it leaves
};

// What a caller of BeginPark owns outside the Lua heap: `run` is called before
// it raises.
struct Unwind {
  void (*run)(void* argument) = nullptr;
  void* argument = nullptr;
};

// Opens a wait of the running G. `shielded`: cancellation neither prevents nor
// ends it. Who finds that it need not wait after all just goes on.
LuaG* BeginPark(lua_State* L, WaitReason reason, bool shielded = false,
                Unwind unwind = {});

// Parks; returns what `k` returns, called as lua_yieldk would.
int Park(lua_State* L, const ParkCommit& commit, lua_KFunction k,
         lua_KContext context);

// Lets the other Gs go first; then calls `k`. May raise, as BeginPark.
int Yield(lua_State* L, lua_KFunction k);

// Raises the running G's reason of cancellation.
[[noreturn]] void RaiseCancelled(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_PARK_H_
