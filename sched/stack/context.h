// tri_switch_context, MakeContext: leave one C stack for another, on one
// thread.
//
// Role       The base of Fiber::Switch; nothing else uses it. On x86-64 it is a
//            dozen instructions of our own. Elsewhere, and everywhere with
//            --config=boost, it is Boost.Context. Both keep the callee-saved
//            registers and the floating point control words. Neither touches
//            the signal mask.
// Threads    Each context is left and continued by one thread at a time.
// Locks      none
// Rejected   Boost everywhere. Its x86-64 code returns by a jump, so every
//            return on the new stack, down to the caller's loop, is
//            mispredicted. docs/performance.md has what that costs.
// Tests      tests/sched/fiber_test.cc

#ifndef TRI_SCHED_STACK_CONTEXT_H_
#define TRI_SCHED_STACK_CONTEXT_H_

#include <cstddef>

namespace trilune {

// What a switch brings along.
struct Arrived {
  void* left;  // the context that was left, to switch back to
  void* data;  // what the leaving side passed
};

// Leaves the calling stack and continues `to`, which receives `data`. Returns
// when some thread switches to the context left here.
extern "C" Arrived tri_switch_context(void* to, void* data);

// Makes a context that calls `entry` on the stack of `bytes` below `top`.
// `entry` must not return.
void* MakeContext(void* top, size_t bytes, void (*entry)(Arrived));

// The name of the implementation: "own" or "Boost.Context".
const char* ContextName();

}  // namespace trilune

#endif  // TRI_SCHED_STACK_CONTEXT_H_
