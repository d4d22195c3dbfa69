// Leaving the stack: whether the running G may, and what it finds again.
//
// Role       The one way of Lua code off a stack that keeps its frames. Waits
//            (park.h), preemption, calls that block (syscall.h) and a host's
//            calls made by a G (host_call.h) ask WhyNotLeave, make a Leaving,
//            switch, and end it with Return.
// Threads    the running G
// Locks      none
// Tests      tests/lua/blocking; tests/stdlib/embed_nested_test.cc

#ifndef TRI_VM_GOROUTINE_LEAVE_H_
#define TRI_VM_GOROUTINE_LEAVE_H_

#include <lua.hpp>

#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// Why the running G may not leave its stack in a C function or a hook that
// runs in `L`, for an error message; null if it may. It may not
//   - in a finalizer: the collector, which waits for it, belongs to all Gs;
//   - where no G runs, such as in the message handler of a report;
//   - in a callback on the state of another G, or on the main state: two Gs
//     must never wait in one state.
// Whether a stack is at hand, a limit or tri.atomic are the caller's to ask.
[[nodiscard]] const char* WhyNotLeave(lua_State* L, const Isolate* iso);

// What of the isolate belongs to the running G, from its way off the stack
// until its return. Inlined: it is on the path of each wait. Trivially
// destructible, as a stack may be left for good.
class Leaving {
 public:
  // The G leaves; no Lua code of it runs from here on.
  [[gnu::always_inline]] Leaving(Isolate* iso, M* m)
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
  // It is back on its stack, perhaps on another M.
  [[gnu::always_inline]] void Return() {
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

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_LEAVE_H_
