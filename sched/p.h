// P: a logical processor, the right to run strands.
//
// Role       Holds what a running M needs at hand: the queue of runnable
//            strands, the timers, the counters.
// Threads    Fields say whose they are. "Owner" is the M that holds the P.
// Locks      none of its own; timers has one
// Tests      tests/sched/scheduler_test.cc

#ifndef TRI_SCHED_P_H_
#define TRI_SCHED_P_H_

#include <atomic>
#include <cstdint>

#include "sched/run_queue.h"
#include "sched/strand.h"
#include "sched/timers.h"

namespace trilune {

struct alignas(64) P {
  explicit P(int number) : id(number) {}

  // Constant after construction.
  const int id;

  // Owner: the last reading of the clock; at most a check interval old.
  int64_t now_ns = 0;

  // Owner pushes and pops, thieves grab.
  RunQueue<Strand, 256> queue;
  // The strand that was just woken here, to run next. Owner stores; owner and
  // thieves take it by exchange. acq_rel: hands over the strand. [NX1]
  std::atomic<Strand*> runnext{nullptr};
  // Set by anyone who wants the owner to look around soon. relaxed: a hint.
  std::atomic<bool> resched{false};

  Timers timers;  // any thread

  // Owner adds, anyone reads; relaxed: statistics.
  std::atomic<uint64_t> schedtick{0};
  std::atomic<uint64_t> steals{0};
  std::atomic<uint64_t> handoffs{0};
  std::atomic<uint64_t> preemptions{0};

  // Under the scheduler's lock.
  P* next_idle = nullptr;
  enum class Place : uint8_t { kIdle, kHeld, kRetired } place = Place::kRetired;
};

// Adds to a statistic that only its owner writes: no read-modify-write needed.
inline void Bump(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1,
                std::memory_order_relaxed);
}

}  // namespace trilune

#endif  // TRI_SCHED_P_H_
