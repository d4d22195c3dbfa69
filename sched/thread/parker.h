// Parker: blocks one M until it is woken or a deadline passes.
//
// Role       An M without work sleeps here. The word keeps a wake that comes
//            before the sleep, so none is lost. Several wakes before one sleep
//            count once.
// Threads    Park: the M that owns it; blocks that M. Wake: any thread.
// Locks      none (a futex)
// Docs       docs/state-machines.md, "Parker"
// Tests      tests/sched/parker_test.cc; tests/model/parker_model.cc

#ifndef TRI_SCHED_THREAD_PARKER_H_
#define TRI_SCHED_THREAD_PARKER_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

// What the kernel does. A template argument, so that a model can supply its
// own.
struct LinuxFutex {
  // Sleeps while *word == expected, until `deadline_ns` of CLOCK_MONOTONIC at
  // most (kNever: no limit). May return early.
  static void Wait(std::atomic<uint32_t>* word, uint32_t expected,
                   int64_t deadline_ns);
  static void Wake(std::atomic<uint32_t>* word);
};

template <class Sync = StdSync, class Futex = LinuxFutex>
class Parker {
 public:
  Parker() : state_(kEmpty) {}

  // Waits for a wake. True: there was one; false: the deadline has passed. What
  // the waker did before Wake is visible afterwards.
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

#endif  // TRI_SCHED_THREAD_PARKER_H_
