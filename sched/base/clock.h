// NowNs: the scheduler's clock.
//
// Role       CLOCK_MONOTONIC in nanoseconds. Every deadline is on this clock.
// Threads    any
// Locks      none
// Tests      tests/sched/timers_test.cc

#ifndef TRI_SCHED_BASE_CLOCK_H_
#define TRI_SCHED_BASE_CLOCK_H_

#include <cstdint>
#include <ctime>

#include "sched/task/g.h"

namespace trilune {

inline int64_t NowNs() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec;
}

// The time `seconds` after `now_ns`; kNever if that is centuries away. Rounded
// up, so that no wait ends early. Requires: seconds >= 0, not NaN.
inline int64_t DeadlineAfter(int64_t now_ns, double seconds) {
  constexpr double kLimit = 9e9;  // seconds, which are 285 years
  if (seconds >= kLimit) return kNever;
  const double ns = seconds * 1e9;
  auto whole = static_cast<int64_t>(ns);
  if (static_cast<double>(whole) < ns) whole++;
  return whole > kNever - now_ns ? kNever : now_ns + whole;
}

}  // namespace trilune

#endif  // TRI_SCHED_BASE_CLOCK_H_
