#include "sched/sync/handover_lock.h"

#include <sched.h>

#include <ctime>

namespace trilune {
namespace {

constexpr int kSpins = 100;  // some 2 us: the holder is at work
constexpr int kYields = 20;  // it may be waiting for this very CPU
constexpr long kSleepNs = 20'000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void HandoverLock::LockSlow() {
  for (int round = 0;; round++) {
    if (round < kSpins) {
      Pause();
    } else if (round < kSpins + kYields) {
      sched_yield();
    } else {
      const timespec step = {0, kSleepNs};
      nanosleep(&step, nullptr);
    }
    if (!held_.load(std::memory_order_relaxed) &&
        !held_.exchange(true, std::memory_order_acquire)) {  // [HL1]
      return;
    }
  }
}

}  // namespace trilune
