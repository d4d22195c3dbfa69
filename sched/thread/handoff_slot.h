// HandoffSlot: how a G that is locked to its thread gets back to it.
//
// Role       An M with a locked G runs nothing else. While the G waits, the M
//            sleeps here. Any M may pick the G from its strand. That M sends G,
//            strand and P in one handoff, and goes on without them. So the
//            strand stays serial, and no P idles.
// Threads    Send: the M that owns G, strand and P, so only one at a time.
//            Receive: the locked M. Wake: any thread.
// Locks      none (a futex)
// Invariants I1. A handoff is received once, and by the locked M.
// Docs       docs/memory-order.md
// Tests      tests/model/handoff_slot_model.cc; tests/sched/thread_lock_test.cc

#ifndef TRI_SCHED_THREAD_HANDOFF_SLOT_H_
#define TRI_SCHED_THREAD_HANDOFF_SLOT_H_

#include <cstdint>

#include "sched/sync/std_sync.h"
#include "sched/task/g.h"
#include "sched/thread/parker.h"

namespace trilune {

template <class Handoff, class Sync = StdSync, class Futex = LinuxFutex>
class HandoffSlot {
 public:
  HandoffSlot() : full_(0) {}

  // release: the handoff, and all that the sender did with what it names. [TL1]
  void Send(const Handoff& handoff) {
    handoff_ = handoff;
    full_.store(1, std::memory_order_release);  // [TL1]
    parker_.Wake();
  }

  // Sleeps until a handoff comes. False: woken for another reason, no handoff.
  [[nodiscard]] bool Receive(Handoff* handoff) {
    if (full_.load(std::memory_order_acquire) == 0) {  // [TL1]
      parker_.Park(kNever, nullptr);
      if (full_.load(std::memory_order_acquire) == 0) return false;  // [TL1]
    }
    *handoff = handoff_;
    full_.store(0, std::memory_order_relaxed);  // the next sender owns the G
    return true;
  }

  // Makes a Receive return: the present one, or the next.
  void Wake() { parker_.Wake(); }

 private:
  Handoff handoff_;
  typename Sync::template Atomic<uint32_t> full_;
  Parker<Sync, Futex> parker_;
};

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_HANDOFF_SLOT_H_
