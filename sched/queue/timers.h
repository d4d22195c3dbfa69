// Timers: the deadlines of waiting Gs, one heap for each P.
//
// Role       A 4-ary min-heap of {when, G, ticket}. Nothing points back into
//            the heap. So if a wait ends otherwise, its entry stays: it is
//            stale, and loses TryWake.
//
//            Stale entries are purged when they are known to be the majority,
//            and before the heap grows to twice what the last purge left. So
//            the heap holds at most about twice what somebody waits for,
//            however the other waits end. A purge costs about what the adds
//            before it did.
// Threads    any; the Ms of other Ps run due timers, too
// Locks      kTimers, a leaf; MoveTo takes two
// Invariants I1. next_when() is the earliest deadline, or kNever, whenever the
//                lock is free.
// Docs       docs/state-machines.md, "Timer"
// Tests      tests/sched/timers_test.cc

#ifndef TRI_SCHED_QUEUE_TIMERS_H_
#define TRI_SCHED_QUEUE_TIMERS_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "sched/sync/mutex.h"
#include "sched/task/g.h"

namespace trilune {

class Timers {
 public:
  // Wakes the wait `ticket` of `g` with kTimeout at `when_ns`. False: there is
  // no memory for that, and nothing will wake it.
  [[nodiscard]] bool Add(int64_t when_ns, G* g, uint64_t ticket)
      TRI_EXCLUDES(mu_);

  // Ends the waits that are due. Returns their Gs, linked by G::next, in the
  // order of their deadlines. The caller owns them and must make them runnable.
  [[nodiscard]] G* TakeDue(int64_t now_ns) TRI_EXCLUDES(mu_);

  // Reports that a wait has ended otherwise, so its entry is stale.
  void NoteStale() TRI_EXCLUDES(mu_);

  // Drops stale entries from the front, so that next_when() is a deadline for
  // which a G waits. For an M that is about to sleep until then, or to take the
  // absence of timers for a deadlock.
  void DropStale() TRI_EXCLUDES(mu_);

  // Moves the entries to `other`, except stale ones. Without memory all stay.
  // Requires: the scheduler's lock, as two moves must not meet.
  void MoveTo(Timers& other) TRI_EXCLUDES(mu_, other.mu_);

  // The earliest deadline; kNever if there is none. seq_cst: Add stores it and
  // then looks who minds the timers; an M announces its sleep and then reads
  // it. So one of them sees the other; see find_work.cc, [TM1].
  [[nodiscard]] int64_t next_when() const {
    return next_when_.load(std::memory_order_seq_cst);  // [TM1]
  }

  // How many entries there are, with the stale ones. For tests.
  [[nodiscard]] size_t size() const TRI_EXCLUDES(mu_);

 private:
  struct Entry {
    int64_t when_ns;
    G* g;
    uint64_t ticket;

    // Exact: Add comes after the G's word says that the G waits, and the lock
    // keeps that order.
    [[nodiscard]] bool IsStale() const {
      return g->word.ticket() != ticket || g->word.state() != GState::kWaiting;
    }
  };

  // Below this size a purge is not worth its cost.
  static constexpr size_t kPurgeFrom = 64;

  void SiftUp(size_t i) TRI_REQUIRES(mu_);
  void SiftDown(size_t i) TRI_REQUIRES(mu_);
  void PopFront() TRI_REQUIRES(mu_);
  void Purge() TRI_REQUIRES(mu_);
  [[nodiscard]] bool MakeRoom(size_t more) TRI_REQUIRES(mu_);
  void Heapify() TRI_REQUIRES(mu_);
  void PublishNext() TRI_REQUIRES(mu_);

  mutable Mutex mu_{LockRank::kTimers};
  std::vector<Entry> heap_ TRI_GUARDED_BY(mu_);
  size_t purge_at_ TRI_GUARDED_BY(mu_) = kPurgeFrom;
  // How many entries are known to be stale. relaxed: decides only when to
  // purge.
  std::atomic<uint32_t> stale_{0};
  std::atomic<int64_t> next_when_{kNever};
};

}  // namespace trilune

#endif  // TRI_SCHED_QUEUE_TIMERS_H_
