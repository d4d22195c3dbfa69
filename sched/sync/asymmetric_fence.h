// LightFence, HeavyFence: a fence between a store and a load, for which the
// rare side pays.
//
// Role       Two threads each store one thing and then load the other's. With a
//            fence in between, at least one of them sees the other. For that, a
//            LightFence pairs with a HeavyFence, but not with another
//            LightFence.
//            Where the kernel has membarrier(2), the light one costs nothing,
//            as the heavy one makes every running thread pass a fence at once
//            (a microsecond). Elsewhere both are ordinary fences.
// Threads    any
// Locks      none
// Docs       docs/memory-order.md
// Tests      tests/model/g_word_model.cc, as two fences;
//            tests/sched/native_test.cc

#ifndef TRI_SCHED_SYNC_ASYMMETRIC_FENCE_H_
#define TRI_SCHED_SYNC_ASYMMETRIC_FENCE_H_

#include <atomic>

namespace trilune {

// Set once, after the kernel has agreed. relaxed: a thread that does not see it
// yet takes the ordinary fence, which is always right.
extern std::atomic<bool> has_membarrier;

// Asks the kernel for membarrier. Before that, LightFence is an ordinary fence.
void EnableLightFences();

inline void LightFence() {
  if (has_membarrier.load(std::memory_order_relaxed)) {
    std::atomic_signal_fence(std::memory_order_seq_cst);  // compiler only
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
}

void HeavyFence();

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_ASYMMETRIC_FENCE_H_
