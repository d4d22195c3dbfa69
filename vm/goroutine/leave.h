// Leaving the stack: whether the running G may, and what it finds again.
//
// Role       The one way for Lua code to leave a stack that keeps its frames.
//            Waits (park.h), preemption, calls that block (syscall.h) and a
//            host's calls made by a G (host_call.h) use it. Each asks
//            WhyNotLeave, makes a Leaving, switches, and ends it with Return.
// Threads    the running G
// Locks      none
// Tests      tests/lua/blocking; tests/stdlib/embed_nested_test.cc

#ifndef TRI_VM_GOROUTINE_LEAVE_H_
#define TRI_VM_GOROUTINE_LEAVE_H_

#include <lua.hpp>

#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// Why the running G may not leave its stack, in a C function or a hook that
// runs in `L`. The text is for an error message; null if the G may leave. It
// may not
// - in a finalizer: the collector waits for it, and belongs to all Gs;
// - where no G runs, such as in the message handler of a report;
// - in a callback on the state of another G, or on the main state: two Gs must
//   never wait in one state.
//
// Not asked here, but by the caller: whether a stack is at hand, whether a
// limit allows it, and whether the G is in tri.atomic.
[[nodiscard]] const char* WhyNotLeave(lua_State* L, const Isolate* iso);

// Why a G in tri.atomic may not wait, for an error message.
inline constexpr char kNoWaitInAtomic[] = "cannot wait inside trilune.atomic";

// Keeps what the Isolate notes about its running G, from the moment the G
// leaves its stack until it is back. The Isolate has one such set of fields,
// and the next G to run overwrites them.
//
// Inlined, because every wait comes through here. Trivially destructible,
// because a stack may be left for good.
class Leaving {
 public:
  // The G leaves. None of its Lua code runs from here on.
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
  // The G is back on its stack, perhaps on another M.
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
  size_t stack_bytes_ = 0;  // of the G, on the stack it leaves
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_LEAVE_H_
