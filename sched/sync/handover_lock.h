// HandoverLock: a lock that one fiber takes and another releases.
//
// Role       The lock of a channel, and of other things between Gs of several
//            strands (docs/locks.md lists them). A parking G takes it; the
//            stack that the M lands on releases it, once the G is public as
//            waiting. A std::mutex would belong to the fiber that locked it.
//            It is held often, for some ten instructions. So a release is a
//            plain store. A thread that finds it held spins, then gives way to
//            other threads, then sleeps in short steps: by then its holder must
//            have lost the CPU.
// Threads    any; blocks the M. Released by the thread that acquired it.
// Locks      rank kChan
// Rejected   A futex: its release is a second locked instruction, to learn
//            whether a thread sleeps. That is 20 ns of a channel's round trip
//            of 100.
// Tests      tests/sched/mutex_test.cc

#ifndef TRI_SCHED_SYNC_HANDOVER_LOCK_H_
#define TRI_SCHED_SYNC_HANDOVER_LOCK_H_

#include <atomic>

#include "sched/sync/mutex.h"
#include "sched/sync/thread_annotations.h"

namespace trilune {

class TRI_CAPABILITY("mutex") HandoverLock {
 public:
  HandoverLock() = default;
  HandoverLock(const HandoverLock&) = delete;
  HandoverLock& operator=(const HandoverLock&) = delete;

  // What the last holder did before Unlock is visible after it.
  void Lock() TRI_ACQUIRE() {
#ifndef NDEBUG
    CheckLockOrder(LockRank::kChan);
#endif
    if (held_.exchange(true, std::memory_order_acquire)) LockSlow();  // [HL1]
  }

  void Unlock() TRI_RELEASE() {
#ifndef NDEBUG
    ForgetLock(LockRank::kChan);
#endif
    held_.store(false, std::memory_order_release);  // [HL1]
  }

 private:
  void LockSlow();

  std::atomic<bool> held_{false};
};

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_HANDOVER_LOCK_H_
