// ThreadMail: how a G that is locked to its thread gets back to it.
//
// Role       An M with a locked G runs nothing else. While the G waits, the M
//            sleeps here. Any M may pick the G from its strand. That M sends G,
//            strand and P in one letter, and goes on without them. So the
//            strand stays serial, and no P idles.
// Threads    Send: the M that owns G, strand and P, so only one at a time.
//            Receive: the locked M. Wake: any thread.
// Locks      none (a futex)
// Invariants I1. A letter is received once, and by the locked M.
// Docs       docs/memory-order.md
// Tests      tests/model/thread_mail_model.cc; tests/sched/thread_lock_test.cc

#ifndef TRI_SCHED_THREAD_HANDOFF_SLOT_H_
#define TRI_SCHED_THREAD_HANDOFF_SLOT_H_

#include <cstdint>

#include "sched/sync/std_sync.h"
#include "sched/task/g.h"
#include "sched/thread/parker.h"

namespace trilune {

template <class Letter, class Sync = StdSync, class Futex = LinuxFutex>
class ThreadMail {
 public:
  ThreadMail() : full_(0) {}

  // release: the letter, and all that the sender did with what it names. [TL1]
  void Send(const Letter& letter) {
    letter_ = letter;
    full_.store(1, std::memory_order_release);  // [TL1]
    parker_.Wake();
  }

  // Sleeps until a letter comes. False: woken for another reason, no letter.
  [[nodiscard]] bool Receive(Letter* letter) {
    if (full_.load(std::memory_order_acquire) == 0) {  // [TL1]
      parker_.Park(kNever, nullptr);
      if (full_.load(std::memory_order_acquire) == 0) return false;  // [TL1]
    }
    *letter = letter_;
    full_.store(0, std::memory_order_relaxed);  // the next sender owns the G
    return true;
  }

  // Makes a Receive return: the present one, or the next.
  void Wake() { parker_.Wake(); }

 private:
  Letter letter_;
  typename Sync::template Atomic<uint32_t> full_;
  Parker<Sync, Futex> parker_;
};

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_HANDOFF_SLOT_H_
