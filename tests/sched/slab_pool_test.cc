// Unit tests for sched/slab_pool.h.

#include "sched/slab_pool.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

#include <doctest/doctest.h>

namespace trilune {
namespace {

constexpr size_t kLeast = SlabPool::kMinRecords;
constexpr size_t kMost = SlabPool::kMaxRecords;

TEST_CASE("slab pool: a new slab is aligned, zero, writable and new") {
  SlabPool pool;
  for (size_t records = kLeast; records <= kMost; records *= 2) {
    bool is_new = false;
    auto* slab = static_cast<char*>(pool.Get(64, records, &is_new));
    REQUIRE(slab != nullptr);
    CHECK(is_new);
    CHECK(reinterpret_cast<uintptr_t>(slab) % 64 == 0);
    CHECK(std::count(slab, slab + records * 64, 0) ==
          static_cast<std::ptrdiff_t>(records * 64));
    std::memset(slab, 1, records * 64);
  }
}

TEST_CASE("slab pool: what was put back comes again, with its content") {
  SlabPool pool;
  bool is_new = false;
  char* first = static_cast<char*>(pool.Get(64, kLeast, &is_new));
  void* second = pool.Get(64, kLeast, &is_new);
  CHECK(first != second);
  first[100] = 42;
  pool.Put(first, kLeast);
  // But not for another size.
  void* other = pool.Get(64, 2 * kLeast, &is_new);
  CHECK(is_new);
  CHECK(other != first);
  void* again = pool.Get(64, kLeast, &is_new);
  CHECK_FALSE(is_new);
  CHECK(again == first);
  CHECK(first[100] == 42);
}

TEST_CASE("slab pool: many slabs do not overlap") {
  SlabPool pool;
  std::vector<uint32_t*> slabs;
  for (uint32_t i = 0; i < 300; i++) {
    bool is_new = false;
    slabs.push_back(static_cast<uint32_t*>(pool.Get(64, kMost, &is_new)));
    REQUIRE(is_new);
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
  bool is_new = false;
  std::set<const void*> expected;
  for (const size_t records : {kLeast, kMost, kLeast}) {
    auto* slab = static_cast<char*>(pool.Get(64, records, &is_new));
    for (size_t i = 0; i < records; i++)
      expected.insert(slab + i * 64);
    if (records == kMost) pool.Put(slab, records);
  }
  std::set<const void*> seen;
  pool.ForEach([&seen](const void* record) { seen.insert(record); });
  CHECK(seen == expected);
}

}  // namespace
}  // namespace trilune
