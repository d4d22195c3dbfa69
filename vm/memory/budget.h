// Budget: what an isolate and those that it spawns may use together.
//
// Role       Limits and their counters. An isolate without limits of its own
//            has the budget of its parent. One with limits has a budget below
//            the parent's. So a program does not escape its limits by spawning.
//            Memory is taken in steps and given back, so that no allocation
//            touches shared counters.
// Threads    any
// Locks      none: counters only
// Tests      tests/vm/budget_test.cc; tests/lua/limits

#ifndef TRI_VM_MEMORY_BUDGET_H_
#define TRI_VM_MEMORY_BUDGET_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {

// Of each, 0 means no limit.
struct Limits {
  size_t memory_bytes = 0;
  size_t message_bytes = 0;
  uint64_t instructions = 0;
  int64_t cpu_ns = 0;       // of threads while they run Gs
  int64_t time_ns = 0;      // from the isolate's start on
  uint32_t goroutines = 0;  // alive at one time

  [[nodiscard]] bool any() const {
    return memory_bytes != 0 || message_bytes != 0 || instructions != 0 ||
           cpu_ns != 0 || time_ns != 0 || goroutines != 0;
  }
};

class Budget {
 public:
  static constexpr size_t kNoLimit = SIZE_MAX;
  static constexpr size_t kSpare = size_t{256} << 10;
  // How many budgets a chain may have. Each look goes up to the top.
  static constexpr int kMaxDepth = 64;

  // `parent` may be null.
  Budget(std::shared_ptr<Budget> parent, const Limits& limits, int64_t now_ns);

  // Takes `bytes` from this budget and every one above. False: one of them is
  // used up, and nothing was taken. GiveMemory gives back.
  [[nodiscard]] bool TakeMemory(size_t bytes);
  void GiveMemory(size_t bytes);
  // The same for what heaps have reserved, which is chunks and large blocks.
  // Its bound is twice the memory limit and kSpare. `force`: takes it in any
  // case.
  [[nodiscard]] bool TakeReserved(size_t bytes, bool force);
  void GiveReserved(size_t bytes);
  // The same for a live G.
  [[nodiscard]] bool TakeG();
  void GiveG();

  void ChargeInstructions(uint64_t n);
  void ChargeCpu(int64_t ns);
  // Whether one of the limits that end an isolate is used up. `cpu_ns`: CPU
  // time that is not charged yet. Async-signal-safe.
  [[nodiscard]] TRI_NO_TSAN bool IsUsedUp(int64_t now_ns, int64_t cpu_ns) const;
  // Which limit that is, in words: "instruction limit (1000000) exceeded".
  [[nodiscard]] std::string Reason(int64_t now_ns) const;

  // The least limit of the whole chain.
  [[nodiscard]] uint32_t max_goroutines() const {
    uint32_t least = UINT32_MAX;
    for (const Budget* at = this; at != nullptr; at = at->parent_.get()) {
      if (at->limits_.goroutines != 0) {
        least = std::min(least, at->limits_.goroutines);
      }
    }
    return least;
  }
  [[nodiscard]] int64_t deadline_ns() const { return deadline_ns_; }
  [[nodiscard]] bool limits_memory() const {
    return max_memory_bytes_ != kNoLimit;
  }
  [[nodiscard]] size_t max_memory_bytes() const { return max_memory_bytes_; }
  [[nodiscard]] size_t max_message_bytes() const { return max_message_bytes_; }
  [[nodiscard]] bool counts_instructions() const {
    return counts_instructions_;
  }
  [[nodiscard]] bool meters_cpu() const { return meters_cpu_; }
  // Whether an isolate must look at IsUsedUp now and then.
  [[nodiscard]] bool is_timed() const;

  [[nodiscard]] const Limits& limits() const { return limits_; }
  // How many budgets are in the chain, from here up.
  [[nodiscard]] int depth() const { return depth_; }
  [[nodiscard]] uint64_t instructions() const {
    return instructions_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] int64_t cpu_ns() const {
    return cpu_ns_.load(std::memory_order_relaxed);
  }

 private:
  // Adds `n` here and in every budget above, or nowhere. `limit(limits)` gives
  // the limit of each, or 0 for none.
  template <class T, class LimitOf>
  bool TakeInChain(std::atomic<T> Budget::*counter, T n, LimitOf limit);

  // The counters are relaxed: each stands for itself, and says nothing about
  // others.
  const std::shared_ptr<Budget> parent_;
  const Limits limits_;
  const int depth_;
  int64_t deadline_ns_;
  size_t max_memory_bytes_;
  size_t max_message_bytes_;
  bool counts_instructions_;
  bool meters_cpu_;
  std::atomic<size_t> memory_{0};
  std::atomic<size_t> reserved_{0};
  std::atomic<uint64_t> instructions_{0};
  std::atomic<int64_t> cpu_ns_{0};
  std::atomic<uint32_t> gs_{0};
};

// Memory outside of a heap that counts in a budget. Its holder has a plain
// pointer, null if there is nothing to count.
class MemoryCharge {
 public:
  // Takes `bytes` more. False: more than the limit, and nothing was taken.
  [[nodiscard]] static bool Grow(const std::shared_ptr<Budget>& budget,
                                 size_t bytes, MemoryCharge** charge);
  // Shrink gives back all but `bytes`, Give gives back all.
  static void Shrink(MemoryCharge* charge, size_t bytes);
  static void Give(MemoryCharge* charge);

 private:
  explicit MemoryCharge(std::shared_ptr<Budget> of) : budget_(std::move(of)) {}

  const std::shared_ptr<Budget> budget_;  // may outlive its isolates
  size_t bytes_ = 0;
};

}  // namespace trilune::vm

#endif  // TRI_VM_MEMORY_BUDGET_H_
