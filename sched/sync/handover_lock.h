// HandoverLock: a lock that one fiber takes and another releases.
//
// Role       A native channel's lock: a parking G takes it, and the stack that
//            the M lands on releases it, once the G is public as waiting. A
//            std::mutex belongs to who locked it. It is held for some ten
//            instructions, often: a release is a plain store, and who finds it
//            held spins, then gives way to other threads, then sleeps in short
//            steps, as its holder must have lost the CPU.
// Threads    any; blocks the M. Release on the thread that acquired.
// Locks      rank kChan
// Rejected   A futex: its release is a second locked instruction, to learn
//            whether somebody sleeps. 20 ns of a channel's round trip of 100.
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

  // Memory ordering: what the last holder did before Unlock is visible.
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
