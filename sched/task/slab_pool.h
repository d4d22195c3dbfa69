// SlabPool: memory for G records of one type, not given back while the
// scheduler lives.
//
// Role       G memory is type-stable: a timer or another late waker may look at
//            the word of a G that has ended, even after its isolate has. So an
//            isolate returns its slabs here, with the tickets in them, for
//            another isolate.
// Threads    any
// Locks      kGSlabs, a leaf
// Tests      tests/sched/slab_pool_test.cc

#ifndef TRI_SCHED_TASK_SLAB_POOL_H_
#define TRI_SCHED_TASK_SLAB_POOL_H_

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <new>
#include <vector>

#include "sched/sync/mutex.h"

namespace trilune {

// A slab has kMinRecords to kMaxRecords records, a power of two, and is aligned
// to a cache line.
class SlabPool {
 public:
  static constexpr size_t kMinRecords = 4;
  static constexpr size_t kMaxRecords = 256;

  SlabPool() = default;
  ~SlabPool() {
    MutexLock lock(mu_);
    for (const Slab& slab : all_) {
      if (!slab.in_region) ::operator delete(slab.memory, kAlign);
    }
    for (void* region : regions_)
      ::operator delete(region, kRegionAlign);
  }
  SlabPool(const SlabPool&) = delete;
  SlabPool& operator=(const SlabPool&) = delete;

  // A slab for `records` records of `record_bytes`, which is always the same;
  // null without memory. `construct` makes the records of a new slab under the
  // lock, so that ForEach never visits one that is half made.
  [[nodiscard]] void* Get(size_t record_bytes, size_t records,
                          void (*construct)(void* record)) {
    MutexLock lock(mu_);
    record_bytes_ = record_bytes;
    std::vector<void*>& idle = idle_[SizeIndex(records)];
    if (!idle.empty()) {
      void* memory = idle.back();
      idle.pop_back();
      return memory;
    }
    // Make room for its entries now: in all_, and in `idle`, so that Put needs
    // no memory.
    if (!MakeRoom(all_, all_.size() + 1) ||
        !MakeRoom(idle, made_[SizeIndex(records)] + 1)) {
      return nullptr;
    }
    const size_t bytes = record_bytes * records;
    const bool in_region = all_.size() >= kManySlabs && records == kMaxRecords;
    void* memory =
        in_region ? Carve(bytes) : ::operator new(bytes, kAlign, std::nothrow);
    if (memory == nullptr) return nullptr;
    for (size_t i = 0; i < records; i++)
      construct(static_cast<char*>(memory) + i * record_bytes);
    all_.push_back({memory, records, in_region});
    made_[SizeIndex(records)]++;
    return memory;
  }
  // Calls `visit(const void* record)` for each record of each slab.
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
  // Takes a slab back, its records constructed and idle. Needs no memory.
  void Put(void* memory, size_t records) {
    MutexLock lock(mu_);
    idle_[SizeIndex(records)].push_back(memory);
  }

 private:
  struct Slab {
    void* memory;
    size_t records;
    bool in_region;
  };

  static constexpr std::align_val_t kAlign{64};
  // Once there are many slabs, the largest are cut from huge pages.
  static constexpr size_t kManySlabs = 32;
  static constexpr size_t kRegionBytes = size_t{2} << 20;
  static constexpr std::align_val_t kRegionAlign{kRegionBytes};
  static constexpr size_t kSizes = 7;
  static_assert(kMinRecords << (kSizes - 1) == kMaxRecords);

  static size_t SizeIndex(size_t records) {
    return static_cast<size_t>(std::countr_zero(records / kMinRecords));
  }

  template <class T>
  static bool MakeRoom(std::vector<T>& list, size_t needed) {
    if (needed <= list.capacity()) return true;
    try {
      list.reserve(std::max(needed, list.capacity() * 2));
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  void* Carve(size_t bytes) TRI_REQUIRES(mu_) {
    if (region_left_ < bytes) {
      if (!MakeRoom(regions_, regions_.size() + 1)) return nullptr;
      void* region = ::operator new(kRegionBytes, kRegionAlign, std::nothrow);
      if (region == nullptr) return nullptr;
      madvise(region, kRegionBytes, MADV_HUGEPAGE);
      regions_.push_back(region);
      region_left_ = kRegionBytes;
    }
    char* end = static_cast<char*>(regions_.back()) + kRegionBytes;
    void* memory = end - region_left_;
    region_left_ -= bytes;
    return memory;
  }

  Mutex mu_{LockRank::kGSlabs};
  std::vector<Slab> all_ TRI_GUARDED_BY(mu_);
  size_t record_bytes_ TRI_GUARDED_BY(mu_) = 0;
  std::vector<void*> regions_ TRI_GUARDED_BY(mu_);
  size_t region_left_ TRI_GUARDED_BY(mu_) = 0;  // of the last one
  std::vector<void*> idle_[kSizes] TRI_GUARDED_BY(mu_);
  size_t made_[kSizes] TRI_GUARDED_BY(mu_) = {};  // slabs of each size
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_SLAB_POOL_H_
