// P: a logical processor, the right to run strands.
//
// Role       Holds what an M needs at hand to run strands: the queue of
//            runnable strands, the timers, the counters. There are as many Ps
//            as `procs`.
// Threads    As each field says. "Owner" is the M that holds the P.
// Locks      none of its own; `timers` has one
// Docs       docs/state-machines.md, "P"
// Tests      tests/sched/scheduler_test.cc

#ifndef TRI_SCHED_THREAD_P_H_
#define TRI_SCHED_THREAD_P_H_

#include <atomic>
#include <cstdint>

#include "sched/queue/run_queue.h"
#include "sched/queue/timers.h"
#include "sched/task/strand.h"

namespace trilune {

struct alignas(64) P {
  explicit P(int number) : id(number) {}

  // Constant after construction.
  const int id;

  // Owner: its last look at the clock, at most a check interval ago.
  int64_t now_ns = 0;

  // The owner pushes and pops, thieves grab.
  RunQueue<Strand, 256> queue;
  // The strand woken here last, to run next. The owner puts it there; owner and
  // thieves take it. All do so by exchange. acq_rel: hands the strand over.
  // [NX1]
  std::atomic<Strand*> runnext{nullptr};
  // Set by any thread that wants the owner to look around soon. relaxed: a
  // hint.
  std::atomic<bool> resched{false};

  Timers timers;  // any thread

  // The owner adds, any thread reads. relaxed: statistics.
  std::atomic<uint64_t> schedtick{0};
  std::atomic<uint64_t> steals{0};
  std::atomic<uint64_t> handoffs{0};
  std::atomic<uint64_t> preemptions{0};

  // Under the scheduler's lock.
  P* next_idle = nullptr;
  enum class Place : uint8_t { kIdle, kHeld, kRetired } place = Place::kRetired;
};

// Adds to a statistic that only its owner writes. So it needs no atomic
// read-modify-write.
inline void Bump(std::atomic<uint64_t>& counter) {
  counter.store(counter.load(std::memory_order_relaxed) + 1,
                std::memory_order_relaxed);
}

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_P_H_
