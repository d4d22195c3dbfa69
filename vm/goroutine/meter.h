// Meter: counts the instructions and the CPU time of one isolate's Gs, for the
// budget that limits them.
//
// Role       Instructions are counted by the hook of the mode count. Where Lua
//            calls no hooks, the thread's clock stands in for them. CPU time is
//            the time of the thread while it runs a G. C stacks that Gs have
//            left count as memory. They are taken from the budget in steps, so
//            that a wait touches no shared counter.
// Threads    the strand's owner; functions that say so: also its signal handler
// Locks      none
// Tests      tests/lua/limits

#ifndef TRI_VM_GOROUTINE_METER_H_
#define TRI_VM_GOROUTINE_METER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "sched/sync/sanitizers.h"
#include "vm/goroutine/preempt.h"
#include "vm/memory/budget.h"
#include "vm/memory/usage.h"

namespace trilune::vm {

class Meter {
 public:
  explicit Meter(Usage* usage) : usage_(usage) {}

  // Counts for `budget` from now on.
  void SetBudget(Budget* budget) {
    budget_ = budget;
    counts_ = budget->counts_instructions();
    meters_cpu_ = budget->meters_cpu();
    counts_stacks_ = budget->limits_memory();
  }
  // Whether instructions are limited. Also for the handler.
  [[nodiscard]] TRI_NO_TSAN bool counts() const { return counts_; }

  // --- Instructions. ---

  // `n` more instructions are about to run. Counts them, if there is a limit.
  void Charge(int n) { ChargeMany(static_cast<uint64_t>(n)); }
  // As Charge, for instructions that a hook has just counted.
  void NoteCounted(int n) {
    was_hidden_ = false;
    EndHook();
    Charge(n);
  }
  // For the handler: a slice is over in which nothing could be counted.
  TRI_NO_TSAN void ChargeHidden() {
    // About as many instructions as run in a slice. The second is for a turn
    // after which sysmon got no answer: then it asks again later.
    constexpr uint64_t kTurn = 1'000'000;
    constexpr uint64_t kLongTurn = 10'000'000;
    budget_->ChargeInstructions(was_hidden_ ? kLongTurn : kTurn);
    was_hidden_ = true;
  }
  // Around a script's hook, in which Lua counts no instructions. Charges for
  // the CPU time of the hook, as if an instruction took a nanosecond. An error
  // in the hook skips EndHook. Then the code until the next count is charged
  // this way, too.
  void BeginHook() {
    if (counts_) hook_since_ns_ = ThreadCpuNs();
  }
  void EndHook() {
    if (hook_since_ns_ == 0) return;
    const int64_t ns = ThreadCpuNs() - hook_since_ns_;
    hook_since_ns_ = 0;
    if (ns > 0) ChargeMany(static_cast<uint64_t>(ns));
  }
  [[nodiscard]] bool in_hook() const { return hook_since_ns_ != 0; }

  // --- CPU time. ---

  // Around code that runs. False: there is no limit, or the code is metered
  // already.
  bool BeginCpu() {
    if (!meters_cpu_ || is_metering_) return false;
    cpu_since_ns_ = ThreadCpuNs();
    is_metering_ = true;
    return true;
  }
  void EndCpu() {
    if (!is_metering_) return;
    is_metering_ = false;
    const int64_t ns = ThreadCpuNs() - cpu_since_ns_;
    budget_->ChargeCpu(ns);
    usage_->cpu_ns += ns;
  }
  // Charges for the time so far.
  void ChargeCpu() {
    if (!is_metering_) return;
    EndCpu();
    BeginCpu();
  }
  // The time that is not charged yet. Also for the handler.
  [[nodiscard]] TRI_NO_TSAN int64_t uncharged_cpu_ns() const {
    return is_metering_ ? ThreadCpuNs() - cpu_since_ns_ : 0;
  }

  // --- Stacks. ---

  // Whether there is a limit. Without one nothing below costs anything.
  [[nodiscard]] bool counts_stacks() const { return counts_stacks_; }
  // Makes sure that one more stack, with `bytes` on it, may be left. False:
  // that would pass the limit. Requires: counts_stacks().
  [[nodiscard]] bool MayLeaveStack(size_t bytes);
  // Around the time in which a stack is left. A preempted G leaves its stack in
  // any case. What the budget lacks then is taken by the next G that waits.
  void AddStack(size_t bytes) { stack_bytes_ += CostOfStack(bytes); }
  void DropStack(size_t bytes) { stack_bytes_ -= CostOfStack(bytes); }
  // Gives back to the budget what no stack needs.
  void TrimStacks() {
    if (stack_charge_ <= stack_bytes_ + kStackStep) return;
    budget_->GiveMemory(stack_charge_ - stack_bytes_);
    stack_charge_ = stack_bytes_;
  }
  // All stacks that Gs had left have gone back to the pool.
  void GiveStacks() {
    stack_bytes_ = 0;
    if (stack_charge_ > 0) budget_->GiveMemory(stack_charge_);
    stack_charge_ = 0;
  }
  // How many Gs may leave their stack without need, because that is faster.
  [[nodiscard]] size_t max_idle_stacks() const {
    return budget_->max_memory_bytes() / 16 / kLeastStack;
  }

 private:
  static constexpr size_t kLeastStack = size_t{8} << 10;
  static constexpr size_t kStackStep = size_t{64} << 10;

  // What a stack with `bytes` on it counts. Pages are touched whole, and
  // earlier calls have touched more of them.
  static size_t CostOfStack(size_t bytes) {
    return std::max(kLeastStack, bytes + kLeastStack / 2);
  }

  void ChargeMany(uint64_t n) {
    if (!counts_) return;
    budget_->ChargeInstructions(n);
    usage_->instructions += n;
  }

  Usage* const usage_;
  Budget* budget_ = nullptr;
  bool counts_ = false;
  bool meters_cpu_ = false;
  bool counts_stacks_ = false;
  bool was_hidden_ = false;    // the last signal found that hooks were off
  bool is_metering_ = false;   // since cpu_since_ns_
  int64_t cpu_since_ns_ = 0;   // of the thread's clock
  int64_t hook_since_ns_ = 0;  // of the thread's clock; 0: in no hook
  size_t stack_bytes_ = 0;     // of stacks that are left
  size_t stack_charge_ = 0;    // taken from the budget for them
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_METER_H_
