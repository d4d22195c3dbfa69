// Gauge: a number that one thread at a time changes and any thread may read.
//
// Role       What the owner of an isolate counts, for others to show.
// Threads    Changes: its owner. Reading: any.
// Locks      none. It is relaxed: it tells nothing about what else was written,
//            and costs its owner what a plain number costs.
// Tests      tests/stdlib/embed_usage_test.cc

#ifndef TRI_SCHED_SYNC_GAUGE_H_
#define TRI_SCHED_SYNC_GAUGE_H_

#include <atomic>

namespace trilune {

template <class T>
class Gauge {
 public:
  Gauge(T value = 0) : value_(value) {}  // NOLINT: it stands for the number
  Gauge(const Gauge&) = delete;

  operator T() const { return get(); }  // NOLINT: as above
  [[nodiscard]] T get() const { return value_.load(std::memory_order_relaxed); }

  Gauge& operator=(const Gauge&) = delete;
  Gauge& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  // Not one atomic operation: there is only one writer.
  Gauge& operator+=(T n) { return *this = get() + n; }
  Gauge& operator-=(T n) { return *this = get() - n; }
  void operator++(int) { *this += 1; }
  void operator--(int) { *this -= 1; }

 private:
  std::atomic<T> value_;
};

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_GAUGE_H_
