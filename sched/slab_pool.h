// SlabPool: memory for G records of one type, which is never given back while
// the scheduler lives.
//
// Role       G memory is type-stable: a timer or another late waker may look at
//            the word of a G that has ended, even after its isolate has. So an
//            isolate returns its slabs here, with the tickets in them.
// Threads    any
// Locks      kGSlabs, a leaf
// Tests      tests/sched/slab_pool_test.cc

#ifndef TRI_SCHED_SLAB_POOL_H_
#define TRI_SCHED_SLAB_POOL_H_

#include <cstddef>
#include <new>
#include <vector>

#include "sched/sync/mutex.h"

namespace trilune {

// `kSlabBytes` at a time, aligned to cache lines.
class SlabPool {
 public:
  static constexpr size_t kSlabBytes = 32 << 10;

  SlabPool() = default;
  ~SlabPool() {
    MutexLock lock(mu_);
    for (void* slab : all_)
      ::operator delete(slab, kAlign);
  }
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  // A slab, or null without memory; `*is_new`: its records are not constructed.
  [[nodiscard]] void* Get(bool* is_new) {
    MutexLock lock(mu_);
    *is_new = idle_.empty();
    if (!*is_new) {
      void* slab = idle_.back();
      idle_.pop_back();
      return slab;
    }
    void* slab = ::operator new(kSlabBytes, kAlign, std::nothrow);
    if (slab != nullptr) all_.push_back(slab);
    return slab;
  }
  // Takes a slab back, its records constructed and idle.
  void Put(void* slab) {
    MutexLock lock(mu_);
    idle_.push_back(slab);
  }

 private:
  static constexpr std::align_val_t kAlign{64};
  Mutex mu_{LockRank::kGSlabs};
  std::vector<void*> all_ TRI_GUARDED_BY(mu_);
  std::vector<void*> idle_ TRI_GUARDED_BY(mu_);
};

}  // namespace trilune

#endif  // TRI_SCHED_SLAB_POOL_H_
