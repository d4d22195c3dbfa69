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
#include <cstring>
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

  // A slab for records of `record_bytes`, always the same, or null without
  // memory; `*is_new`: its records are not constructed, but all zero.
  [[nodiscard]] void* Get(size_t record_bytes, bool* is_new) {
    MutexLock lock(mu_);
    record_bytes_ = record_bytes;
    *is_new = idle_.empty();
    if (!*is_new) {
      void* slab = idle_.back();
      idle_.pop_back();
      return slab;
    }
    void* slab = ::operator new(kSlabBytes, kAlign, std::nothrow);
    if (slab == nullptr) return nullptr;
    std::memset(slab, 0, kSlabBytes);
    all_.push_back(slab);
    return slab;
  }
  // Calls `visit(const void* record)` for each record there is, also those that
  // are not constructed yet.
  template <class Visit>
  void ForEach(Visit visit) {
    MutexLock lock(mu_);
    if (record_bytes_ == 0) return;
    for (const void* slab : all_) {
      const char* record = static_cast<const char*>(slab);
      for (size_t i = 0; i < kSlabBytes / record_bytes_; i++) {
        visit(record + i * record_bytes_);
      }
    }
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
  size_t record_bytes_ TRI_GUARDED_BY(mu_) = 0;
  std::vector<void*> idle_ TRI_GUARDED_BY(mu_);
};

}  // namespace trilune

#endif  // TRI_SCHED_SLAB_POOL_H_
