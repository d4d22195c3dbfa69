// Unit tests for sched/slab_pool.h.

#include "sched/slab_pool.h"

#include <cstdint>
#include <cstring>

#include <doctest/doctest.h>

namespace trilune {
namespace {

TEST_CASE("slab pool: a new slab is aligned, writable and said to be new") {
  SlabPool pool;
  bool is_new = false;
  void* slab = pool.Get(64, &is_new);
  REQUIRE(slab != nullptr);
  CHECK(is_new);
  CHECK(reinterpret_cast<uintptr_t>(slab) % 64 == 0);
  std::memset(slab, 1, SlabPool::kSlabBytes);
}

TEST_CASE("slab pool: what was put back comes again, with its content") {
  SlabPool pool;
  bool is_new = false;
  char* first = static_cast<char*>(pool.Get(64, &is_new));
  void* second = pool.Get(64, &is_new);
  CHECK(first != second);
  first[100] = 42;
  pool.Put(first);
  void* again = pool.Get(64, &is_new);
  CHECK_FALSE(is_new);
  CHECK(again == first);
  CHECK(first[100] == 42);
}

}  // namespace
}  // namespace trilune
