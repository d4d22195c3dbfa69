// SysWord: whether an M is in a system call, and who owns its P and strand.
//
// Role       {tick, state} in one atomic word. Around a call that may block the
//            M enters and exits; meanwhile sysmon may retake what it holds.
//            Exactly one of exit and retake wins, and the winner owns both.
//
//              M                              sysmon
//              enter: store {t, insys}        saw {t, insys} at two ticks:
//              the call                       CAS {t, insys} -> {t, retaken}
//              exit: CAS {t, insys} -> {t+1, none}
//
// Threads    Enter, TryExit, Forget: the M. Look, TryRetake: sysmon.
// Locks      none
// Invariants I1. For one tick at most one of TryExit and TryRetake succeeds.
// Tests      tests/model/sys_word_model.cc

#ifndef TRI_SCHED_SYS_WORD_H_
#define TRI_SCHED_SYS_WORD_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

template <class Sync = StdSync>
class SysWord {
 public:
  SysWord() : word_(0) {}

  // The M's P and strand are up for retaking from here on.
  // release: who retakes them sees what the M did with them. [SY1]
  void Enter() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    word_.store(word | kInsys, std::memory_order_release);  // [SY1]
  }

  // True: the M still owns both. False: neither; it must touch neither, and
  // calls Forget.
  [[nodiscard]] bool TryExit() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kStates) != kInsys) return false;
    // relaxed: one that succeeds reads the M's own store, and a retake after
    // the next Enter is ordered by that; one that fails leaves it to Forget.
    return word_.compare_exchange_strong(word, (word & ~kStates) + kTick,
                                         std::memory_order_relaxed);
  }
  // acquire: what the taker did before it took is over, such as its reads of
  // the M's record. (What it does afterwards is not.) [SY1]
  void Forget() {
    const uint64_t word = word_.load(std::memory_order_acquire);  // [SY1]
    word_.store((word & ~kStates) + kTick, std::memory_order_relaxed);
  }

  // A number that stays the same for as long as one call lasts; 0: in none.
  [[nodiscard]] uint64_t Look() const {
    // acquire: what the M said of the call before it. [SY1]
    const uint64_t word = word_.load(std::memory_order_acquire);
    return (word & kStates) == kInsys ? word : 0;
  }
  // Whether the M is in a call, retaken or not: a hint.
  [[nodiscard]] bool in_call() const {
    return (word_.load(std::memory_order_relaxed) & kStates) != 0;
  }
  // Ends the M's ownership, if it is still in the call that Look saw. True: the
  // caller owns P and strand.
  [[nodiscard]] bool TryRetake(uint64_t seen) {
    if (seen == 0) return false;  // else it would match a new word
    // release: what was read before it. Look has acquired.
    return word_.compare_exchange_strong(seen, (seen & ~kStates) | kRetaken,
                                         std::memory_order_release);  // [SY1]
  }

 private:
  static constexpr uint64_t kInsys = 1;
  static constexpr uint64_t kRetaken = 2;
  static constexpr uint64_t kStates = 3;
  static constexpr uint64_t kTick = 4;

  typename Sync::template Atomic<uint64_t> word_;
};

}  // namespace trilune

#endif  // TRI_SCHED_SYS_WORD_H_
