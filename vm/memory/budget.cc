#include "vm/memory/budget.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <new>
#include <utility>

namespace trilune::vm {
namespace {

constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();

// Adds `n`, unless the sum would be above `limit`. 0: no limit.
template <class T>
bool TryAdd(std::atomic<T>& counter, T n, T limit) {
  T now = counter.load(std::memory_order_relaxed);
  do {
    if (limit != 0 && (n > limit || now > limit - n)) return false;
  } while (
      !counter.compare_exchange_weak(now, now + n, std::memory_order_relaxed));
  return true;
}

std::string Seconds(int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g s", static_cast<double>(ns) / 1e9);
  return text;
}

}  // namespace

Budget::Budget(std::shared_ptr<Budget> parent, const Limits& limits,
               int64_t now_ns)
    : parent_(std::move(parent)),
      limits_(limits),
      depth_(parent_ == nullptr ? 1 : parent_->depth_ + 1),
      deadline_ns_(limits.time_ns == 0 || limits.time_ns > kNoDeadline - now_ns
                       ? kNoDeadline
                       : now_ns + limits.time_ns),
      max_memory_bytes_(limits.memory_bytes == 0 ? kNoLimit
                                                 : limits.memory_bytes),
      max_message_bytes_(limits.message_bytes == 0 ? kNoLimit
                                                   : limits.message_bytes),
      counts_instructions_(limits.instructions != 0),
      meters_cpu_(limits.cpu_ns != 0) {
  if (parent_ != nullptr) {
    max_memory_bytes_ = std::min(max_memory_bytes_, parent_->max_memory_bytes_);
  }
  max_message_bytes_ = std::min(max_message_bytes_, max_memory_bytes_);
  if (parent_ == nullptr) return;
  deadline_ns_ = std::min(deadline_ns_, parent_->deadline_ns_);
  max_message_bytes_ =
      std::min(max_message_bytes_, parent_->max_message_bytes_);
  counts_instructions_ = counts_instructions_ || parent_->counts_instructions_;
  meters_cpu_ = meters_cpu_ || parent_->meters_cpu_;
}

template <class T, class LimitOf>
bool Budget::TakeInChain(std::atomic<T> Budget::*counter, T n, LimitOf limit) {
  for (Budget* at = this; at != nullptr; at = at->parent_.get()) {
    if (TryAdd(at->*counter, n, limit(at->limits_))) continue;
    for (Budget* taken = this; taken != at; taken = taken->parent_.get())
      (taken->*counter).fetch_sub(n, std::memory_order_relaxed);
    return false;
  }
  return true;
}

bool Budget::TakeMemory(size_t bytes) {
  return TakeInChain(&Budget::memory_, bytes,
                     [](const Limits& limits) { return limits.memory_bytes; });
}

void Budget::GiveMemory(size_t bytes) {
  for (Budget* at = this; at != nullptr; at = at->parent_.get())
    at->memory_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool Budget::TakeReserved(size_t bytes, bool force) {
  return TakeInChain(
      &Budget::reserved_, bytes, [force](const Limits& limits) -> size_t {
        const size_t limit = limits.memory_bytes;
        const bool is_any =
            force || limit == 0 || limit > (SIZE_MAX - kSpare) / 2;
        return is_any ? 0 : 2 * limit + kSpare;
      });
}

void Budget::GiveReserved(size_t bytes) {
  for (Budget* at = this; at != nullptr; at = at->parent_.get())
    at->reserved_.fetch_sub(bytes, std::memory_order_relaxed);
}

bool Budget::TakeG() {
  return TakeInChain(&Budget::gs_, uint32_t{1},
                     [](const Limits& limits) { return limits.goroutines; });
}

void Budget::GiveG() {
  for (Budget* at = this; at != nullptr; at = at->parent_.get())
    at->gs_.fetch_sub(1, std::memory_order_relaxed);
}

void Budget::ChargeInstructions(uint64_t n) {
  for (Budget* at = this; at != nullptr; at = at->parent_.get())
    at->instructions_.fetch_add(n, std::memory_order_relaxed);
}

void Budget::ChargeCpu(int64_t ns) {
  for (Budget* at = this; at != nullptr; at = at->parent_.get())
    at->cpu_ns_.fetch_add(ns, std::memory_order_relaxed);
}

TRI_NO_TSAN bool Budget::IsUsedUp(int64_t now_ns, int64_t cpu_ns) const {
  if (now_ns >= deadline_ns_) return true;
  for (const Budget* at = this; at != nullptr; at = at->parent_.get()) {
    const Limits& limits = at->limits_;
    if (limits.instructions != 0 && at->instructions() > limits.instructions) {
      return true;
    }
    if (limits.cpu_ns != 0 && at->cpu_ns() + cpu_ns > limits.cpu_ns) {
      return true;
    }
  }
  return false;
}

std::string Budget::Reason(int64_t now_ns) const try {
  for (const Budget* at = this; at != nullptr; at = at->parent_.get()) {
    const Limits& limits = at->limits_;
    if (limits.instructions != 0 && at->instructions() > limits.instructions) {
      return "instruction limit (" + std::to_string(limits.instructions) +
             ") exceeded";
    }
    if (limits.cpu_ns != 0 && at->cpu_ns() > limits.cpu_ns) {
      return "CPU time limit (" + Seconds(limits.cpu_ns) + ") exceeded";
    }
    if (limits.time_ns != 0 && now_ns >= at->deadline_ns_ &&
        (at->parent_ == nullptr ||
         at->deadline_ns_ < at->parent_->deadline_ns_)) {
      return "time limit (" + Seconds(limits.time_ns) + ") exceeded";
    }
  }
  return "limit exceeded";
} catch (const std::bad_alloc&) {
  return "limit exceeded";  // short enough to need no memory
}

bool Budget::is_timed() const {
  return counts_instructions_ || meters_cpu_ || deadline_ns_ != kNoDeadline;
}

bool MemoryCharge::Grow(const std::shared_ptr<Budget>& budget, size_t bytes,
                        MemoryCharge** charge) {
  if (budget == nullptr || !budget->limits_memory()) return true;
  if (!budget->TakeMemory(bytes)) return false;
  if (*charge == nullptr) *charge = new (std::nothrow) MemoryCharge(budget);
  if (*charge == nullptr) {
    budget->GiveMemory(bytes);
    return false;
  }
  (*charge)->bytes_ += bytes;
  return true;
}

void MemoryCharge::Shrink(MemoryCharge* charge, size_t bytes) {
  if (charge == nullptr || charge->bytes_ <= bytes) return;
  charge->budget_->GiveMemory(charge->bytes_ - bytes);
  charge->bytes_ = bytes;
}

void MemoryCharge::Give(MemoryCharge* charge) {
  if (charge == nullptr) return;
  charge->budget_->GiveMemory(charge->bytes_);
  delete charge;
}

}  // namespace trilune::vm
