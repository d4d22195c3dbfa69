// Parker: blocks one M until it is woken or a deadline passes.
//
// Role       An M without work sleeps here. A wake before the sleep is kept, so
//            none is lost; several wakes before one sleep count once.
// Threads    Park: the owning M. Wake: any thread. Blocks the M.
// Locks      none (a futex)
// Tests      tests/sched/parker_test.cc; tests/model/parker_model.cc

#ifndef TRI_SCHED_PARKER_H_
#define TRI_SCHED_PARKER_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

// The kernel's part, a template argument so that the model can supply its own.
struct LinuxFutex {
  // Sleeps while *word == expected, at most until `deadline_ns` of
  // CLOCK_MONOTONIC (kNever: no limit). May return early.
  static void Wait(std::atomic<uint32_t>* word, uint32_t expected,
                   int64_t deadline_ns);
  static void Wake(std::atomic<uint32_t>* word);
};

template <class Sync = StdSync, class Futex = LinuxFutex>
class Parker {
 public:
  Parker() : state_(kEmpty) {}

  // Waits for a wake; returns true for one, false when the deadline passed.
  // Memory ordering: what the waker did before Wake is visible after.
  bool Park(int64_t deadline_ns, int64_t (*clock)()) {
    for (;;) {
      uint32_t state = kToken;
      if (state_.compare_exchange_strong(state, kEmpty,
                                         std::memory_order_acquire)) {  // [PK1]
        return true;
      }
      if (clock != nullptr && clock() >= deadline_ns) {
        // Leave the state empty, unless a wake comes just now.
        return state_.exchange(kEmpty, std::memory_order_acquire) ==
               kToken;  // [PK1]
      }
      state = kEmpty;
      if (state_.compare_exchange_strong(state, kSleeping,
                                         std::memory_order_relaxed) ||
          state == kSleeping) {
        Futex::Wait(&state_, kSleeping, deadline_ns);
      }
    }
  }

  void Wake() {
    if (state_.exchange(kToken, std::memory_order_release) ==
        kSleeping) {  // [PK1]
      Futex::Wake(&state_);
    }
  }

 private:
  enum : uint32_t { kEmpty, kSleeping, kToken };
  typename Sync::template Atomic<uint32_t> state_;
};

}  // namespace trilune

#endif  // TRI_SCHED_PARKER_H_
