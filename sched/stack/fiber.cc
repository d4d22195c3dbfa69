#include "sched/stack/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <limits>
#include <new>

#include "sched/stack/context.h"
#include "sched/sync/check.h"
#include "sched/sync/sanitizers.h"

namespace trilune {
namespace {

constexpr size_t kMappingBytes = size_t{4} << 20;
constexpr size_t kGuardBytes = 4096;
// Stack tops at equal page offsets compete for the same cache sets. Among 1000
// fibers a pair of switches takes 54 ns then, and 15 ns with tops spread over
// this range.
constexpr size_t kColourBytes = 60 << 10;
// This much of an idle stack, below its top, stays committed.
constexpr size_t kKeepBytes = 64 << 10;
// Up to this many idle fibers keep their memory as it is.
constexpr size_t kWarmFibers = 256;

#if !defined(MADV_GUARD_INSTALL)
constexpr int kMadvGuardInstall = 102;
#else
constexpr int kMadvGuardInstall = MADV_GUARD_INSTALL;
#endif

}  // namespace

// What a switch hands to the side that lands.
struct Fiber::Arrival {
  Fiber* left;
  Fiber* self;
};

Fiber* Fiber::Land(Fiber* self, void* context, Fiber* left) {
  left->context_ = context;
  const void* bottom = nullptr;
  size_t bytes = 0;
  FinishSwitchFiber(self->asan_fake_stack_, &bottom, &bytes);
  if (left->stack_bottom_ == nullptr) {  // an adopted stack
    left->stack_bottom_ = bottom;
    left->stack_bytes_ = bytes;
  }
  return left;
}

TRI_NO_TSAN __attribute__((noinline)) Fiber* Fiber::Switch(Fiber* from,
                                                           Fiber* to) {
  Arrival arrival = {from, to};
  if (from->tsan_fiber_ == nullptr) from->tsan_fiber_ = TsanCurrentFiber();
  StartSwitchFiber(&from->asan_fake_stack_, to->stack_bottom_,
                   to->stack_bytes_);
  TsanSwitchTo(to->tsan_fiber_);
  // `arrival` stays valid: this stack is left, not unwound.
  const Arrived back = tri_switch_context(to->context_, &arrival);
  const Arrival* came = static_cast<Arrival*>(back.data);
  return Land(from, back.left, came->left);
}

namespace {

// Ends the process if the entry of a fiber returns, which none does.
[[noreturn]] void EntryReturned() {
  Fatal(__FILE__, __LINE__, "fiber ended");
}

}  // namespace

FiberPool::FiberPool(Fiber::Entry entry, size_t limit)
    : entry_(entry), limit_(limit) {}

FiberPool::~FiberPool() {
  MutexLock lock(mu_);
  while (all_ != nullptr) {
    Fiber* fiber = all_;
    all_ = fiber->next_all_;
    TsanDestroyFiber(fiber->tsan_fiber_);
    UnpoisonStack(fiber->stack_bottom_, fiber->stack_bytes_);
    char* mapping = fiber->mapping_;
    fiber->~Fiber();
    munmap(mapping, kMappingBytes);
  }
}

Fiber* FiberPool::Get() {
  MutexLock lock(mu_);
  return GetLocked(limit_);
}

Fiber* FiberPool::GetReserved() {
  MutexLock lock(mu_);
  return GetLocked(limit_ + kReserve);
}

Fiber* FiberPool::GetForM() {
  MutexLock lock(mu_);
  return GetLocked(std::numeric_limits<size_t>::max());
}

Fiber* FiberPool::GetLocked(size_t limit) {
  if (made_.load(std::memory_order_relaxed) - idle_count_ >= limit) {
    return nullptr;
  }
  Fiber* fiber = idle_;
  if (fiber == nullptr) return Make();
  idle_ = fiber->next_;
  idle_count_--;
  return fiber;
}

void FiberPool::Put(Fiber* fiber) {
  PutNow(fiber, /*trim=*/false);
}

void FiberPool::Reclaim(Fiber* list) {
  while (list != nullptr) {
    Fiber* fiber = list;
    list = fiber->next_;
    TsanDestroyFiber(fiber->tsan_fiber_);
    UnpoisonStack(fiber->stack_bottom_, fiber->stack_bytes_);
    fiber->asan_fake_stack_ = nullptr;
    fiber->user = nullptr;
    Prepare(fiber);
    PutNow(fiber, /*trim=*/true);
  }
}

void FiberPool::PutNow(Fiber* fiber, bool trim) {
  // The pages deeper than kKeepBytes hold nothing: the fiber is new, or was
  // left in the loop, whose frames are small. Beyond the warm fibers, give them
  // back to the kernel.
  {
    MutexLock lock(mu_);
    if (!trim && idle_count_ < kWarmFibers) {
      fiber->next_ = idle_;
      idle_ = fiber;
      idle_count_++;
      return;
    }
  }
  const auto bottom =
      reinterpret_cast<uintptr_t>(fiber->mapping_) + kGuardBytes;
  const auto keep_from = (reinterpret_cast<uintptr_t>(fiber->stack_bottom_) +
                          fiber->stack_bytes_ - kKeepBytes) &
                         ~uintptr_t{4095};
  madvise(reinterpret_cast<void*>(bottom), keep_from - bottom, MADV_DONTNEED);
  MutexLock lock(mu_);
  fiber->next_ = idle_;
  idle_ = fiber;
  idle_count_++;
}

bool FiberPool::IsGuard(const void* address) const {
  for (const Fiber* fiber = all_; fiber != nullptr; fiber = fiber->next_all_) {
    const char* at = static_cast<const char*>(address);
    if (at >= fiber->mapping_ && at < fiber->mapping_ + kGuardBytes)
      return true;
  }
  return false;
}

// Makes `fiber` begin at its entry.
void FiberPool::Prepare(Fiber* fiber) {
  char* top = static_cast<char*>(const_cast<void*>(fiber->stack_bottom_)) +
              fiber->stack_bytes_;
  fiber->context_ = MakeContext(top, fiber->stack_bytes_, [](Arrived arrived) {
    const auto* arrival = static_cast<Fiber::Arrival*>(arrived.data);
    Fiber* self = arrival->self;
    self->entry_(Fiber::Land(self, arrived.left, arrival->left));
    EntryReturned();
  });
  fiber->tsan_fiber_ = TsanCreateFiber();
}

Fiber* FiberPool::Make() {
  void* memory = mmap(nullptr, kMappingBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  char* mapping = static_cast<char*>(memory);
  // A guard made by madvise leaves neighbouring stacks one mapping of the
  // kernel. By mprotect each stack takes two of the 65,530 that it allows.
  if (guard_install_works_ &&
      madvise(mapping, kGuardBytes, kMadvGuardInstall) != 0) {
    guard_install_works_ = false;
  }
  if (!guard_install_works_ && mprotect(mapping, kGuardBytes, PROT_NONE) != 0) {
    munmap(mapping, kMappingBytes);
    return nullptr;
  }
  // The record lies above the top of the stack.
  const size_t colour = colours_.Next() % (kColourBytes / 64) * 64;
  const size_t record_bytes = (sizeof(Fiber) + 63) & ~size_t{63};
  char* top = mapping + kMappingBytes - record_bytes - colour;
  auto* fiber = new (top) Fiber();
  fiber->mapping_ = mapping;
  fiber->stack_bottom_ = mapping + kGuardBytes;
  fiber->stack_bytes_ = static_cast<size_t>(top - mapping) - kGuardBytes;
  fiber->entry_ = entry_;
  Prepare(fiber);
  fiber->next_all_ = all_;
  all_ = fiber;
  made_.fetch_add(1, std::memory_order_relaxed);
  return fiber;
}

}  // namespace trilune
