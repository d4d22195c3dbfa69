// SysWord: whether an M is in a system call, and who owns its P and strand.
//
// Role       {tick, state} in one atomic word. A call that blocks in the kernel
//            must hold up neither the P nor the strand. To give both up before
//            each call would cost more than most calls take. So the M only
//            notes that it is in a call, and sysmon retakes both if the call
//            lasts [SY1]. Exactly one of exit and retake wins, and the winner
//            owns both.
//
//              M                              sysmon
//              enter: store {t, insys}        saw {t, insys} at two ticks:
//              the call                       CAS {t, insys} -> {t, retaken}
//              exit: CAS {t, insys} -> {t+1, none}
//
//            The tick grows with each call. So sysmon, which may be slow,
//            cannot take a later call for the one that it saw.
// Threads    Enter, TryExit, Forget: the M. Look, TryRetake: sysmon.
// Locks      none
// Invariants I1. For one tick at most one of TryExit and TryRetake succeeds.
// Docs       docs/state-machines.md, "SysWord"
// Tests      tests/model/sys_word_model.cc; tests/sched/sys_word_test.cc

#ifndef TRI_SCHED_THREAD_SYS_WORD_H_
#define TRI_SCHED_THREAD_SYS_WORD_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

template <class Sync = StdSync>
class SysWord {
 public:
  SysWord() : word_(0) {}

  // From here on sysmon may retake the M's P and strand. release: it then sees
  // what the M did with them. [SY1]
  void Enter() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    word_.store(word | kInsys, std::memory_order_release);  // [SY1]
  }

  // True: the M still owns both. False: it owns neither, must touch neither,
  // and must call Forget.
  [[nodiscard]] bool TryExit() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kStates) != kInsys) return false;
    // relaxed: if it succeeds, it has read the M's own store, and a retake
    // after the next Enter is ordered by that Enter. If it fails, Forget does
    // the rest.
    return word_.compare_exchange_strong(word, (word & ~kStates) + kTick,
                                         std::memory_order_relaxed);
  }
  // acquire: sysmon is done with what it did before it took both, such as
  // reading the M's record. (It may still be busy with what it does
  // afterwards.) [SY1]
  void Forget() {
    const uint64_t word = word_.load(std::memory_order_acquire);  // [SY1]
    word_.store((word & ~kStates) + kTick, std::memory_order_relaxed);
  }

  // A number that stays the same while one call lasts; 0: no call.
  [[nodiscard]] uint64_t Look() const {
    // acquire: sees what the M noted about the call before it. [SY1]
    const uint64_t word = word_.load(std::memory_order_acquire);
    return (word & kStates) == kInsys ? word : 0;
  }
  // Whether the M is in a call, retaken or not. A hint.
  [[nodiscard]] bool in_call() const {
    return (word_.load(std::memory_order_relaxed) & kStates) != 0;
  }
  // Ends the M's ownership, if the M is still in the call that Look saw. True:
  // the caller owns P and strand.
  [[nodiscard]] bool TryRetake(uint64_t seen) {
    if (seen == 0) return false;  // 0 would match a new word
    // release: what the caller read before it is done. Look has acquired.
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

#endif  // TRI_SCHED_THREAD_SYS_WORD_H_
