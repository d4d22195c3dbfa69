// Waker: who has to wake whom, so that no work waits beside an idle P.
//
// Role       The protocol between those who submit work and Ms that run out of
//            it. The idle lists themselves are the Scheduler's, under its lock.
//
//              submit                         stop spinning
//              1. queue the work              1. spinning -= 1
//              2. StoreLoad fence             2. StoreLoad fence
//              3. if nobody spins and a P     3. look at every source of work
//                 is idle: wake one M,           again; found some: spin again
//                 which spins
//
//            Either the submitter sees that nobody spins, or the M that stops
//            sees the work: with 1 and 3 of either side swapped both could
//            miss the other, and the work would wait until the next submit.
//            At most half of the busy Ps' Ms spin, which bounds the CPU spent.
// Threads    any
// Locks      none
// Invariants I1. spinning_ counts the Ms that search; >= 0.
// Tests      tests/model/waker_model.cc

#ifndef TRI_SCHED_WAKER_H_
#define TRI_SCHED_WAKER_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

template <class Sync = StdSync>
class Waker {
 public:
  Waker() : spinning_(0), idle_ps_(0) {}

  // Submitter, after it queued work. True: the caller must start one M, which
  // counts as spinning already.
  [[nodiscard]] bool SubmitNeedsWake() {
    Sync::FenceSeqCst();  // [WK1] the queued work before the look at spinning_
    return NeedsWakeAfterRmw();
  }
  // The same when a seq_cst read-modify-write queued the work: it is the fence.
  [[nodiscard]] bool NeedsWakeAfterRmw() {
    if (idle_ps_.load(std::memory_order_seq_cst) == 0) return false;   // [WK2]
    if (spinning_.load(std::memory_order_seq_cst) != 0) return false;  // [WK1]
    int32_t none = 0;
    return spinning_.compare_exchange_strong(none, 1,
                                             std::memory_order_seq_cst);
  }

  // An M that found nothing nearby: may it spin, with `procs` Ps in all?
  [[nodiscard]] bool TryStartSpinning(int32_t procs) {
    const int32_t busy = procs - idle_ps_.load(std::memory_order_relaxed);
    if (2 * spinning_.load(std::memory_order_relaxed) >= busy) return false;
    StartSpinning();
    return true;
  }
  void StartSpinning() { spinning_.fetch_add(1, std::memory_order_seq_cst); }

  // True: nobody spins now. An M that found work must then wake another, since
  // there may be more; one that found none must look again, [WK1].
  bool StopSpinning() {
    const bool last = spinning_.fetch_sub(1, std::memory_order_seq_cst) == 1;
    Sync::FenceSeqCst();  // [WK1] spinning_ before the last look
    return last;
  }

  // Under the scheduler's lock, as the idle list of Ps changes. seq_cst: an M
  // that idles its P then looks at the global queue; a submitter queues and
  // then reads idle_ps_. [WK2]
  void AddIdleP() { idle_ps_.fetch_add(1, std::memory_order_seq_cst); }
  void RemoveIdleP() { idle_ps_.fetch_sub(1, std::memory_order_seq_cst); }

  // Hints for statistics.
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

#endif  // TRI_SCHED_WAKER_H_
