// Fiber, FiberPool: C stacks, for the loops of Ms and for Gs that park with
// their stack.
//
// Role       A fiber has 4 MiB of address space, committed as it is used, with
//            a guard page below. context.h switches between fibers.
// Threads    A Fiber belongs to the thread that runs on it; a fiber that was
//            left, to the holder of the pointer with which it was published.
//            FiberPool: any thread.
// Locks      kFibers, a leaf
// Invariants I1. Other threads reach a fiber only after it was left: the
//                landing side of a switch first stores its context, and then
//                publishes it (docs/architecture.md, "Switch, then publish").
//            I2. A pooled fiber is new; or it was left in the scheduling loop,
//                and goes on with that loop for the M that takes it. A fiber
//                that was left for good elsewhere is made new before it is
//                pooled.
// Tests      tests/sched/fiber_test.cc; tests/model/handover_model.cc

#ifndef TRI_SCHED_STACK_FIBER_H_
#define TRI_SCHED_STACK_FIBER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sched/base/random.h"
#include "sched/sync/mutex.h"

namespace trilune {

class Fiber {
 public:
  // An adopted thread stack: the home of an M.
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Leaves the calling fiber, which must be `from`, and continues `to`. Returns
  // when some thread switches to `from`, perhaps another thread. The result is
  // the fiber that was left for `from`, its context saved.
  static Fiber* Switch(Fiber* from, Fiber* to);

  // What runs on a new fiber. It gets the fiber that was left, and never
  // returns.
  using Entry = void (*)(Fiber* left);

  // Makes this, which is no fiber of a pool, stand for the calling thread's own
  // stack.
  void Adopt() {
    stack_bottom_ = nullptr;  // learnt as it is left
    tsan_fiber_ = nullptr;
  }

  void* user = nullptr;  // its owner's, while it is left

  // How much of its stack lies below `address`, which is on that stack. For an
  // adopted stack, a large number.
  [[nodiscard]] size_t BytesBelow(const void* address) const {
    if (mapping_ == nullptr) return size_t{1} << 40;
    return static_cast<size_t>(static_cast<const char*>(address) -
                               static_cast<const char*>(stack_bottom_));
  }
  // How much of it lies above `address`; 0 for an adopted stack.
  [[nodiscard]] size_t BytesAbove(const void* address) const {
    return mapping_ == nullptr ? 0 : stack_bytes_ - BytesBelow(address);
  }

  // Adds to a list of fibers that are in no pool and that no thread enters.
  static void PushTo(Fiber** list, Fiber* fiber) {
    fiber->next_ = *list;
    *list = fiber;
  }

 private:
  friend class FiberPool;
  struct Arrival;  // what a switch hands over

  static Fiber* Land(Fiber* self, void* context, Fiber* left);

  void* context_ = nullptr;  // where to continue; set while it is left
  Entry entry_ = nullptr;
  char* mapping_ = nullptr;
  const void* stack_bottom_ = nullptr;
  size_t stack_bytes_ = 0;
  Fiber* next_ = nullptr;      // in the pool
  Fiber* next_all_ = nullptr;  // in the list of all fibers that the pool made
  void* asan_fake_stack_ = nullptr;
  void* tsan_fiber_ = nullptr;
};

class FiberPool {
 public:
  // `limit`: the most fibers in use. Beyond it Get returns nullptr.
  FiberPool(Fiber::Entry entry, size_t limit);
  // Unmaps every stack, even those in use, so nothing may run on one.
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // A fiber to switch to, or nullptr: the limit or memory is used up.
  [[nodiscard]] Fiber* Get() TRI_EXCLUDES(mu_);
  // As Get, but up to kReserve beyond the limit. It is for what must go on when
  // waiting Gs have all other fibers, such as stopping a G that computes.
  [[nodiscard]] Fiber* GetReserved() TRI_EXCLUDES(mu_);
  // As Get, but without a limit: for the one fiber that an M needs to run.
  [[nodiscard]] Fiber* GetForM() TRI_EXCLUDES(mu_);
  static constexpr size_t kReserve = 4096;

  // Takes back a fiber that is new, or was left in the loop (I2). Beyond the
  // warm ones, gives the memory of its deep pages back.
  void Put(Fiber* fiber) TRI_EXCLUDES(mu_);
  // Takes back a list of fibers, left anywhere. What is on their stacks is
  // gone.
  void Reclaim(Fiber* list) TRI_EXCLUDES(mu_);

  // How many fibers exist, for policies and statistics. relaxed: a hint.
  [[nodiscard]] size_t made() const {
    return made_.load(std::memory_order_relaxed);
  }

  // Whether `address` lies in a guard page of this pool's stacks, for the fault
  // report. Async-signal-safe while the list does not change.
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
  Random colours_ TRI_GUARDED_BY(mu_){1};
  bool guard_install_works_ TRI_GUARDED_BY(mu_) = true;
  std::atomic<size_t> made_{0};  // written under mu_
};

}  // namespace trilune

#endif  // TRI_SCHED_STACK_FIBER_H_
