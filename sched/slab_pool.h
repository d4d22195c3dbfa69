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

#include <bit>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include "sched/sync/mutex.h"

namespace trilune {

// Slabs of kMinRecords to kMaxRecords, a power of two, aligned to cache lines.
class SlabPool {
 public:
  static constexpr size_t kMinRecords = 4;
  static constexpr size_t kMaxRecords = 256;

  SlabPool() = default;
  ~SlabPool() {
    MutexLock lock(mu_);
    for (const Slab& slab : all_)
      ::operator delete(slab.memory, kAlign);
  }
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  // A slab for `records` records of `record_bytes`, always the same, or null
  // without memory; `*is_new`: they are not constructed, but all zero.
  [[nodiscard]] void* Get(size_t record_bytes, size_t records, bool* is_new) {
    MutexLock lock(mu_);
    record_bytes_ = record_bytes;
    std::vector<void*>& idle = idle_[SizeIndex(records)];
    *is_new = idle.empty();
    if (!*is_new) {
      void* memory = idle.back();
      idle.pop_back();
      return memory;
    }
    const size_t bytes = record_bytes * records;
    void* memory = ::operator new(bytes, kAlign, std::nothrow);
    if (memory == nullptr) return nullptr;
    std::memset(memory, 0, bytes);
    all_.push_back({memory, records});
    return memory;
  }
  // Calls `visit(const void* record)` for each record there is, also those that
  // are not constructed yet.
  template <class Visit>
  void ForEach(Visit visit) {
    MutexLock lock(mu_);
    for (const Slab& slab : all_) {
      const char* record = static_cast<const char*>(slab.memory);
      for (size_t i = 0; i < slab.records; i++) {
        visit(record + i * record_bytes_);
      }
    }
  }
  // Takes a slab back, its records constructed and idle.
  void Put(void* memory, size_t records) {
    MutexLock lock(mu_);
    idle_[SizeIndex(records)].push_back(memory);
  }

 private:
  struct Slab {
    void* memory;
    size_t records;
  };

  static constexpr std::align_val_t kAlign{64};
  static constexpr size_t kSizes = 7;
  static_assert(kMinRecords << (kSizes - 1) == kMaxRecords);

  static size_t SizeIndex(size_t records) {
    return static_cast<size_t>(std::countr_zero(records / kMinRecords));
  }

  Mutex mu_{LockRank::kGSlabs};
  std::vector<Slab> all_ TRI_GUARDED_BY(mu_);
  size_t record_bytes_ TRI_GUARDED_BY(mu_) = 0;
  std::vector<void*> idle_[kSizes] TRI_GUARDED_BY(mu_);
};

}  // namespace trilune

#endif  // TRI_SCHED_SLAB_POOL_H_
