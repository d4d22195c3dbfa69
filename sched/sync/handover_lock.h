// HandoverLock: a lock that one fiber takes and another releases.
//
// Role       A native channel's lock: a parking G takes it, and the stack that
//            the M lands on releases it, once the G is public as waiting. A
//            std::mutex belongs to who locked it.
// Threads    any; blocks the M. Release on the thread that acquired.
// Locks      rank kChan
// Invariants I1. kContended is stored before a thread sleeps, so the releaser
//                wakes one.
// Source     U. Drepper, "Futexes Are Tricky", mutex 2.
// Tests      tests/sched/mutex_test.cc

#ifndef TRI_SCHED_SYNC_HANDOVER_LOCK_H_
#define TRI_SCHED_SYNC_HANDOVER_LOCK_H_

#include <atomic>
#include <cstdint>

#include "sched/sync/mutex.h"
#include "sched/sync/thread_annotations.h"

namespace trilune {

class TRI_CAPABILITY("mutex") HandoverLock {
 public:
  HandoverLock() = default;
  HandoverLock(const HandoverLock&) = delete;
  HandoverLock& operator=(const HandoverLock&) = delete;

  // Memory ordering: what the last holder did before Unlock is visible.
  void Lock() TRI_ACQUIRE() {
#ifndef NDEBUG
    CheckLockOrder(LockRank::kChan);
#endif
    uint32_t seen = kFree;
    if (state_.compare_exchange_strong(
            seen, kHeld, std::memory_order_acquire)) {  // [HL1]
      return;
    }
    while (state_.exchange(kContended, std::memory_order_acquire) !=
           kFree) {  // [HL1]
      state_.wait(kContended, std::memory_order_relaxed);
    }
  }

  void Unlock() TRI_RELEASE() {
#ifndef NDEBUG
    ForgetLock(LockRank::kChan);
#endif
    if (state_.exchange(kFree, std::memory_order_release) ==
        kContended) {  // [HL1]
      state_.notify_one();
    }
  }

 private:
  enum : uint32_t { kFree, kHeld, kContended };
  std::atomic<uint32_t> state_{kFree};
};

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_HANDOVER_LOCK_H_
