// Unit tests for vm/heap.h. Under AddressSanitizer every block is malloc's, so
// what concerns the chunks is left out there.

#include "vm/heap.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <set>
#include <vector>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {
namespace {

#if defined(TRI_ASAN) || defined(TRI_TSAN)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// A block that knows its size and content.
struct Block {
  unsigned char* at = nullptr;
  size_t bytes = 0;
  unsigned char fill = 0;

  void Fill(unsigned char with) {
    fill = with;
    if (bytes > 0) std::memset(at, with, bytes);
  }
  [[nodiscard]] bool IsFilled(size_t first) const {
    for (size_t i = 0; i < first; i++) {
      if (at[i] != fill) return false;
    }
    return true;
  }
};

Block Get(Heap& heap, size_t bytes) {
  // Lua passes the kind of object where there is no block yet.
  return {static_cast<unsigned char*>(
              Heap::Allocate(&heap, nullptr, LUA_TTABLE, bytes)),
          bytes};
}

// False: no memory, and the block is as before.
bool Resize(Heap& heap, Block* block, size_t bytes) {
  void* at = Heap::Allocate(&heap, block->at, block->bytes, bytes);
  if (at == nullptr && bytes > 0) return false;
  block->at = static_cast<unsigned char*>(at);
  block->bytes = bytes;
  return true;
}

void Free(Heap& heap, Block* block) {
  CHECK(Resize(heap, block, 0));
  CHECK(block->at == nullptr);
}

TEST_CASE("heap: blocks of every size are aligned and do not overlap") {
  Heap heap(0);
  std::vector<Block> blocks;
  size_t sum = 0;
  for (int round = 0; round < 3; round++) {
    for (size_t bytes = 1; bytes <= 2100; bytes++) {
      Block block = Get(heap, bytes);
      REQUIRE(block.at != nullptr);
      CHECK(reinterpret_cast<uintptr_t>(block.at) % 16 == 0);
      block.Fill(static_cast<unsigned char>(blocks.size()));
      blocks.push_back(block);
      sum += bytes;
    }
  }
  CHECK(heap.used_bytes() == sum);
  for (Block& block : blocks) {
    CHECK(block.IsFilled(block.bytes));
    Free(heap, &block);
  }
  CHECK(heap.used_bytes() == 0);
}

TEST_CASE("heap: a freed block serves the next request of its class") {
  if (kSanitized) return;
  Heap heap(0);
  for (const size_t bytes : {1, 16, 17, 100, 1024}) {
    Block first = Get(heap, bytes);
    unsigned char* at = first.at;
    Free(heap, &first);
    const size_t least = (bytes - 1) / 16 * 16 + 1;  // of its class
    Block second = Get(heap, least);
    CHECK(second.at == at);
    Free(heap, &second);
  }
}

TEST_CASE("heap: resizing between any two sizes keeps the content") {
  Heap heap(0);
  const size_t sizes[] = {1,    2,    15,   16,   17,   31,    32,    33,
                          48,   100,  500,  1000, 1008, 1009,  1023,  1024,
                          1025, 1040, 2000, 4096, 5000, 65536, 100000};
  unsigned char fill = 0;
  for (const size_t from : sizes) {
    for (const size_t to : sizes) {
      Block block = Get(heap, from);
      block.Fill(++fill);
      REQUIRE(Resize(heap, &block, to));
      CHECK(block.IsFilled(std::min(from, to)));
      CHECK(heap.used_bytes() == to);
      Free(heap, &block);
    }
  }
}

TEST_CASE("heap: to free nothing is allowed") {
  Heap heap(0);
  CHECK(Heap::Allocate(&heap, nullptr, 0, 0) == nullptr);
  CHECK(Heap::Allocate(&heap, nullptr, LUA_TSTRING, 0) == nullptr);
  CHECK(heap.used_bytes() == 0);
}

TEST_CASE("limit: is exact, and what was freed can be had again") {
  constexpr size_t kLimit = 10000;
  Heap heap(kLimit);
  Block large = Get(heap, 9000);
  Block small = Get(heap, 1000);
  REQUIRE(large.at != nullptr);
  REQUIRE(small.at != nullptr);
  CHECK(Get(heap, 1).at == nullptr);
  CHECK(heap.used_bytes() == kLimit);
  Free(heap, &small);
  CHECK(Get(heap, 1001).at == nullptr);
  small = Get(heap, 1000);
  CHECK(small.at != nullptr);
  Free(heap, &large);
  Free(heap, &small);
  CHECK(Get(heap, kLimit + 1).at == nullptr);
  CHECK(Get(heap, SIZE_MAX).at == nullptr);
  CHECK(Get(heap, SIZE_MAX - 100).at == nullptr);
  CHECK(heap.used_bytes() == 0);
}

TEST_CASE("limit: a block that cannot grow is left as it is") {
  Heap heap(2000);
  for (const size_t bytes : {size_t{10}, size_t{1024}, size_t{1500}}) {
    Block block = Get(heap, bytes);
    block.Fill(0x5a);
    CHECK_FALSE(Resize(heap, &block, 2001));
    CHECK_FALSE(Resize(heap, &block, SIZE_MAX - 1000));
    CHECK(block.IsFilled(bytes));
    CHECK(heap.used_bytes() == bytes);
    CHECK(Resize(heap, &block, 2000));
    Free(heap, &block);
  }
}

TEST_CASE("limit: at it, shrinking works all the same") {
  Heap heap(3000);
  Block block = Get(heap, 3000);
  for (const size_t bytes : {2000, 1024, 1023, 500, 17, 16, 1}) {
    block.Fill(0x77);
    REQUIRE(Resize(heap, &block, bytes));
    CHECK(block.IsFilled(bytes));
  }
  Free(heap, &block);
}

// Runs `body` in a process with 64 MB of memory; true if it returns true.
bool RunWithoutMemory(bool (*body)()) {
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit limit = {64 << 20, 64 << 20};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Invariant I2.
TEST_CASE("heap: without any memory left, shrinking works all the same") {
  if (kSanitized) return;  // their own memory would not fit
  CHECK(RunWithoutMemory([] {
    Heap heap(0);
    std::vector<Block> blocks;
    blocks.reserve(1 << 20);
    for (const size_t bytes : {size_t{100000}, size_t{1024}, size_t{16}}) {
      for (;;) {
        Block block = Get(heap, bytes);
        if (block.at == nullptr) break;
        block.Fill(static_cast<unsigned char>(blocks.size()));
        blocks.push_back(block);
      }
    }
    const size_t before = heap.used_bytes();
    size_t given_back = 0;
    for (Block& block : blocks) {
      if (block.bytes < 1024) continue;
      const size_t bytes = block.bytes == 1024 ? 40 : 1000;
      given_back += block.bytes - bytes;
      if (!Resize(heap, &block, bytes)) return false;
      if (!block.IsFilled(bytes)) return false;
    }
    if (heap.used_bytes() != before - given_back) return false;
    for (Block& block : blocks) {
      // Growing may work or not, but loses nothing.
      const size_t kept = block.bytes;
      static_cast<void>(Resize(heap, &block, 1100));
      if (!block.IsFilled(kept)) return false;
    }
    for (Block& block : blocks) {
      if (!Resize(heap, &block, 0)) return false;
    }
    return heap.used_bytes() == 0;
  }));
}

// Pages of address space that this process uses.
size_t PagesUsed() {
  size_t pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  REQUIRE(file != nullptr);
  REQUIRE(std::fscanf(file, "%zu", &pages) == 1);
  std::fclose(file);
  return pages;
}

TEST_CASE("heap: its end gives back every chunk, whatever is in use") {
  if (kSanitized) return;
  constexpr size_t kBytes = size_t{64} << 20;
  const size_t before = PagesUsed();
  {
    Heap heap(0);
    for (size_t i = 0; i < kBytes / 512; i++) {
      REQUIRE(Get(heap, 512).at != nullptr);
    }
    CHECK(PagesUsed() > before + kBytes / 4096);
  }
  CHECK(PagesUsed() < before + kBytes / 4096 / 10);
}

TEST_CASE("heap: a long random use keeps every block intact") {
  std::mt19937 random(20240607);
  Heap heap(8 << 20);
  std::vector<Block> blocks(2000);
  size_t sum = 0;
  int refused = 0;
  const auto size = [&random] {
    // Mostly small, now and then across the border to large ones.
    const size_t up_to = size_t{1} << (4 + random() % 13);
    return random() % up_to;
  };
  for (int i = 0; i < 60000; i++) {
    Block& block = blocks[random() % blocks.size()];
    REQUIRE(block.IsFilled(block.bytes));
    const size_t bytes = size();
    const size_t before = block.bytes;
    if (!Resize(heap, &block, bytes)) {
      refused++;
      REQUIRE(bytes > before);
      REQUIRE(sum - before + bytes > size_t{8} << 20);
      continue;
    }
    sum += bytes - before;
    REQUIRE(block.IsFilled(std::min(before, bytes)));
    block.Fill(static_cast<unsigned char>(random()));
    REQUIRE(heap.used_bytes() == sum);
  }
  CHECK(refused > 0);
  for (Block& block : blocks)
    Free(heap, &block);
  CHECK(heap.used_bytes() == 0);
}

TEST_CASE("heap: a Lua state on it leaves nothing behind") {
  Heap heap(0);
  lua_State* L = lua_newstate(&Heap::Allocate, &heap);
  REQUIRE(L != nullptr);
  luaL_openlibs(L);
  const char* program = R"(
    local t = {}
    for i = 1, 10000 do t[i % 100] = {tostring(i), {i}, ("x"):rep(i)} end
    return #t)";
  CHECK(luaL_dostring(L, program) == LUA_OK);
  CHECK(heap.used_bytes() > 0);
  lua_close(L);
  CHECK(heap.used_bytes() == 0);
}

}  // namespace
}  // namespace trilune::vm
