#include "sched/thread/parker.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "sched/task/g.h"

namespace trilune {

void LinuxFutex::Wait(std::atomic<uint32_t>* word, uint32_t expected,
                      int64_t deadline_ns) {
  timespec until = {};
  if (deadline_ns != kNever) {
    until.tv_sec = deadline_ns / 1'000'000'000;
    until.tv_nsec = deadline_ns % 1'000'000'000;
  }
  // WAIT_BITSET takes an absolute deadline on CLOCK_MONOTONIC. Every failure
  // (EAGAIN, EINTR, ETIMEDOUT) means: look at the word again.
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
          deadline_ns == kNever ? nullptr : &until, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void LinuxFutex::Wake(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace trilune
