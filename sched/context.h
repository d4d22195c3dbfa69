// SwitchContext: leaves one C stack for another, on one thread.
//
// Role       What Fiber::Switch is made of; nothing else uses it. On x86-64 it
//            is our own dozen instructions, elsewhere, and everywhere with
//            --config=boost, Boost.Context. Both keep the callee-saved
//            registers and the floating point control words. Neither touches
//            the signal mask.
// Threads    Each context is left and continued by one thread at a time.
// Locks      none
// Rejected   Boost everywhere. Its x86-64 code returns by a jump, so that every
//            return on the new stack down to the caller's loop is mispredicted;
//            what that costs: docs/performance.md.
// Tests      tests/sched/fiber_test.cc

#ifndef TRI_SCHED_CONTEXT_H_
#define TRI_SCHED_CONTEXT_H_

#include <cstddef>

namespace trilune {

// What arrives with a switch.
struct Arrived {
  void* left;  // the context that was left, to switch back to
  void* data;  // what it passed
};

// Leaves the calling stack and continues `to`, where `data` arrives. Returns
// when somebody switches to the context left here.
extern "C" Arrived tri_switch_context(void* to, void* data);

// A context that calls `entry` on the stack of `bytes` below `top`. The entry
// must not return.
void* MakeContext(void* top, size_t bytes, void (*entry)(Arrived));

// Which of the two this is, in words.
const char* ContextName();

}  // namespace trilune

#endif  // TRI_SCHED_CONTEXT_H_
