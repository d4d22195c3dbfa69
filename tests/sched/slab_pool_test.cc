// Unit tests for sched/task/slab_pool.h.

#include "sched/task/slab_pool.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace trilune {
namespace {

constexpr size_t kLeast = SlabPool::kMinRecords;
constexpr size_t kMost = SlabPool::kMaxRecords;

size_t made = 0;

void MakeZero(void* record) {
  made++;
  std::memset(record, 0, 64);
}

TEST_CASE("slab pool: a new slab is aligned, constructed and writable") {
  SlabPool pool;
  for (size_t records = kLeast; records <= kMost; records *= 2) {
    made = 0;
    auto* slab = static_cast<char*>(pool.Get(64, records, &MakeZero));
    REQUIRE(slab != nullptr);
    CHECK(made == records);
    CHECK(reinterpret_cast<uintptr_t>(slab) % 64 == 0);
    CHECK(std::count(slab, slab + records * 64, 0) ==
          static_cast<std::ptrdiff_t>(records * 64));
    std::memset(slab, 1, records * 64);
  }
}

TEST_CASE("slab pool: what was put back comes again, with its content") {
  SlabPool pool;
  char* first = static_cast<char*>(pool.Get(64, kLeast, &MakeZero));
  void* second = pool.Get(64, kLeast, &MakeZero);
  CHECK(first != second);
  first[100] = 42;
  pool.Put(first, kLeast);
  // But not for another size.
  void* other = pool.Get(64, 2 * kLeast, &MakeZero);
  CHECK(other != first);
  made = 0;
  void* again = pool.Get(64, kLeast, &MakeZero);
  CHECK(made == 0);
  CHECK(again == first);
  CHECK(first[100] == 42);
}

TEST_CASE("slab pool: many slabs do not overlap") {
  SlabPool pool;
  std::vector<uint32_t*> slabs;
  for (uint32_t i = 0; i < 300; i++) {
    slabs.push_back(static_cast<uint32_t*>(pool.Get(64, kMost, &MakeZero)));
    CHECK(reinterpret_cast<uintptr_t>(slabs.back()) % 64 == 0);
    for (size_t at = 0; at < kMost * 16; at++) {
      REQUIRE(slabs[i][at] == 0);
      slabs[i][at] = i + 1;
    }
  }
  for (uint32_t i = 0; i < slabs.size(); i++) {
    CHECK(std::count(slabs[i], slabs[i] + kMost * 16, i + 1) ==
          static_cast<std::ptrdiff_t>(kMost * 16));
  }
}

TEST_CASE("slab pool: every record is visited, idle ones too") {
  SlabPool pool;
  std::set<const void*> expected;
  for (const size_t records : {kLeast, kMost, kLeast}) {
    auto* slab = static_cast<char*>(pool.Get(64, records, &MakeZero));
    for (size_t i = 0; i < records; i++)
      expected.insert(slab + i * 64);
    if (records == kMost) pool.Put(slab, records);
  }
  std::set<const void*> seen;
  pool.ForEach([&seen](const void* record) { seen.insert(record); });
  CHECK(seen == expected);
}

// As sysmon does for a trace. ThreadSanitizer would see a record half made.
TEST_CASE("slab pool: records are visited while others are made") {
  struct Record {
    Record() : word(1) {}
    std::atomic<uint64_t> word;
    uint64_t rest[7] = {};
  };
  SlabPool pool;
  std::atomic<bool> done{false};
  std::thread visitor([&pool, &done] {
    while (!done.load()) {
      pool.ForEach([](const void* record) {
        CHECK(static_cast<const Record*>(record)->word.load(
                  std::memory_order_relaxed) == 1);
      });
    }
  });
  for (int i = 0; i < 100; i++) {
    REQUIRE(pool.Get(sizeof(Record), kLeast,
                     [](void* record) { new (record) Record(); }) != nullptr);
  }
  done.store(true);
  visitor.join();
}

}  // namespace
}  // namespace trilune
