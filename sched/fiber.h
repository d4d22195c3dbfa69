// Fiber, FiberPool: C stacks for the Ms' loops and for Gs that park with
// theirs.
//
// Role       4 MiB of address space each, committed as it is used, with a guard
//            below. context.h switches between them.
// Threads    A Fiber belongs to who runs on it, or to who holds the pointer it
//            was published with. FiberPool: any thread.
// Locks      kFibers, a leaf
// Invariants I1. A fiber is reached by others only after it was left: the
//                landing side of a switch stores its context first, and then
//                publishes it (docs/architecture.md, "Switch, then publish").
//            I2. A pooled fiber is new, or was left in the scheduling loop, and
//                continues that loop for whichever M takes it; or it was left
//                for good elsewhere, and was made new.
// Tests      tests/sched/fiber_test.cc; tests/model/handover_model.cc

#ifndef TRI_SCHED_FIBER_H_
#define TRI_SCHED_FIBER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sched/sync/mutex.h"

namespace trilune {

class Fiber {
 public:
  // An adopted thread stack: an M's home.
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Leaves the calling fiber, which must be `from`, and continues `to`; comes
  // back when somebody switches to `from`, perhaps on another thread. Returns
  // the fiber that was left for this one, its context saved.
  static Fiber* Switch(Fiber* from, Fiber* to);

  // What runs on a new fiber; gets the fiber that was left, never returns.
  using Entry = void (*)(Fiber* left);

  // This, which is no fiber of a pool, is the calling thread's own stack.
  void Adopt() {
    stack_bottom_ = nullptr;  // learnt as it is left
    tsan_fiber_ = nullptr;
  }

  void* user = nullptr;  // the owner's, while the fiber is left

  // How much of its stack lies below `address`, which is on it. Large on an
  // adopted stack.
  [[nodiscard]] size_t BytesBelow(const void* address) const {
    if (mapping_ == nullptr) return size_t{1} << 40;
    return static_cast<size_t>(static_cast<const char*>(address) -
                               static_cast<const char*>(stack_bottom_));
  }
  // How much of it lies above, 0 on an adopted stack.
  [[nodiscard]] size_t BytesAbove(const void* address) const {
    return mapping_ == nullptr ? 0 : stack_bytes_ - BytesBelow(address);
  }

  // A list of fibers that are in no pool and that nobody enters.
  static void PushTo(Fiber** list, Fiber* fiber) {
    fiber->next_ = *list;
    *list = fiber;
  }

 private:
  friend class FiberPool;
  struct Arrival;  // what the switch carries over

  static Fiber* Land(Fiber* self, void* context, Fiber* left);

  void* context_ = nullptr;  // where to continue; set while left
  Entry entry_ = nullptr;
  char* mapping_ = nullptr;
  const void* stack_bottom_ = nullptr;
  size_t stack_bytes_ = 0;
  Fiber* next_ = nullptr;      // in the pool
  Fiber* next_all_ = nullptr;  // of every fiber the pool made
  void* asan_fake_stack_ = nullptr;
  void* tsan_fiber_ = nullptr;
};

class FiberPool {
 public:
  // `limit`: fibers in use at most; a Get beyond it gives nullptr.
  FiberPool(Fiber::Entry entry, size_t limit);
  // Unmaps every stack, also those still in use: nothing may run on one.
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // A fiber to switch to, or nullptr: the limit or memory is used up.
  [[nodiscard]] Fiber* Get() TRI_EXCLUDES(mu_);
  // As Get, but up to kReserve beyond the limit: for what must go on when Gs
  // that wait have all the others, to stop a G that computes.
  [[nodiscard]] Fiber* GetReserved() TRI_EXCLUDES(mu_);
  // As Get, but beyond any limit: the one fiber without which an M cannot run.
  [[nodiscard]] Fiber* GetForM() TRI_EXCLUDES(mu_);
  static constexpr size_t kReserve = 4096;

  // Takes back a left fiber (Fiber I1). Gives the memory of deep stacks back.
  void Put(Fiber* fiber) TRI_EXCLUDES(mu_);
  // Takes back those of a list, left anywhere: what is on their stacks is gone.
  void Reclaim(Fiber* list) TRI_EXCLUDES(mu_);

  // How many fibers exist, for policies and statistics. relaxed: a hint.
  [[nodiscard]] size_t made() const {
    return made_.load(std::memory_order_relaxed);
  }

  // Says whether `address` lies in a guard of this pool's stacks. Async-signal
  // safe when the list is quiet; for the fault report.
  [[nodiscard]] bool IsGuard(const void* address) const TRI_NO_ANALYSIS;

 private:
  Fiber* GetLocked(size_t limit) TRI_REQUIRES(mu_);
  Fiber* Make() TRI_REQUIRES(mu_);
  static void Prepare(Fiber* fiber);
  void PutNow(Fiber* fiber, bool trim) TRI_EXCLUDES(mu_);

  // Constant after construction.
  const Fiber::Entry entry_;
  const size_t limit_;

  mutable Mutex mu_{LockRank::kFibers};
  Fiber* idle_ TRI_GUARDED_BY(mu_) = nullptr;
  size_t idle_count_ TRI_GUARDED_BY(mu_) = 0;
  Fiber* all_ TRI_GUARDED_BY(mu_) = nullptr;
  uint32_t colour_ TRI_GUARDED_BY(mu_) = 1;
  bool guard_install_works_ TRI_GUARDED_BY(mu_) = true;
  std::atomic<size_t> made_{0};  // written under mu_
};

}  // namespace trilune

#endif  // TRI_SCHED_FIBER_H_
