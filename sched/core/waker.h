// Waker: decides who has to wake an M, so that no work waits beside an idle P.
//
// Role       The protocol between threads that submit work and Ms that run out
//            of it. It counts the idle Ps and the Ms that spin, which means
//            that they search for work. The idle lists are the Scheduler's,
//            under its lock.
//
//              submit                         stop spinning
//              1. queue the work              1. spinning -= 1
//              2. StoreLoad fence             2. StoreLoad fence
//              3. if nobody spins and a P     3. look at every source of work
//                 is idle: wake one M,           again; found some: spin again
//                 which spins
//
//            Each side writes, passes its fence, and reads what the other side
//            wrote. So either the submitter sees that nobody spins, or the M
//            that stops spinning sees the work [WK1]. With steps 1 and 3 of
//            either side swapped, both could miss the other: the M looks and
//            finds nothing; the submitter queues, sees a spinning M and wakes
//            nobody; the M stops. The work would wait until the next submit.
//
//            One M is woken at a time. A spinning M that finds work, and was
//            the last to spin, wakes the next if there is more. At most half of
//            the busy Ps' Ms begin to spin, which bounds the CPU time that
//            searching takes.
// Threads    any
// Locks      none
// Invariants I1. spinning_ counts the Ms that search; >= 0.
// Docs       docs/memory-order.md, "[WK1] in full"
// Tests      tests/model/waker_model.cc

#ifndef TRI_SCHED_CORE_WAKER_H_
#define TRI_SCHED_CORE_WAKER_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

template <class Sync = StdSync>
class Waker {
 public:
  Waker() : spinning_(0), idle_ps_(0) {}

  // The submitter calls it after it has queued work. True: it must start one M,
  // which counts as spinning already.
  [[nodiscard]] bool SubmitNeedsWake() {
    Sync::FenceSeqCst();  // [WK1] orders the work before the look at spinning_
    return NeedsWakeAfterRmw();
  }
  // The same if a seq_cst read-modify-write queued the work: that is the fence.
  [[nodiscard]] bool NeedsWakeAfterRmw() {
    if (idle_ps_.load(std::memory_order_seq_cst) == 0) return false;   // [WK2]
    if (spinning_.load(std::memory_order_seq_cst) != 0) return false;  // [WK1]
    int32_t none = 0;
    return spinning_.compare_exchange_strong(none, 1,
                                             std::memory_order_seq_cst);
  }

  // Whether an M that found nothing nearby may spin, with `procs` Ps in all. If
  // so, it counts as spinning.
  [[nodiscard]] bool TryStartSpinning(int32_t procs) {
    const int32_t busy = procs - idle_ps_.load(std::memory_order_relaxed);
    if (2 * spinning_.load(std::memory_order_relaxed) >= busy) return false;
    StartSpinning();
    return true;
  }
  void StartSpinning() { spinning_.fetch_add(1, std::memory_order_seq_cst); }

  // True: nobody spins now. If the M found work, it must then wake another M,
  // as there may be more. If it found none, it must look again, [WK1].
  bool StopSpinning() {
    const bool last = spinning_.fetch_sub(1, std::memory_order_seq_cst) == 1;
    Sync::FenceSeqCst();  // [WK1] orders spinning_ before the last look
    return last;
  }

  // Called under the scheduler's lock, as the list of idle Ps changes. seq_cst:
  // an M idles its P and then looks at the global queue; a submitter queues and
  // then reads idle_ps_. So one of the two sees the other. [WK2]
  void AddIdleP() { idle_ps_.fetch_add(1, std::memory_order_seq_cst); }
  void RemoveIdleP() { idle_ps_.fetch_sub(1, std::memory_order_seq_cst); }

  // Hints, for statistics and traces.
  [[nodiscard]] int32_t spinning() const {
    return spinning_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] int32_t idle_ps() const {
    return idle_ps_.load(std::memory_order_relaxed);
  }

 private:
  alignas(64) typename Sync::template Atomic<int32_t> spinning_;
  typename Sync::template Atomic<int32_t> idle_ps_;
};

}  // namespace trilune

#endif  // TRI_SCHED_CORE_WAKER_H_
