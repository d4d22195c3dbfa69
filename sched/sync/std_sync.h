// StdSync: the atomics of production builds.
//
// Role       The lock-free headers are templates on a Sync. Production code
//            uses this one; tests/model uses Relacy's checked atomics instead.
// Threads    any
// Locks      none
// Tests      tests/model

#ifndef TRI_SCHED_SYNC_STD_SYNC_H_
#define TRI_SCHED_SYNC_STD_SYNC_H_

#include <atomic>

#include "sched/sync/asymmetric_fence.h"

namespace trilune {

struct StdSync {
  template <class T>
  using Atomic = std::atomic<T>;

  static void FenceSeqCst() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  static void LightFence() { trilune::LightFence(); }
  static void HeavyFence() { trilune::HeavyFence(); }
  // For a loop that waits a moment for another thread.
  static void Pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
};

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_STD_SYNC_H_
