// Unit tests for vm/memory/heap.h and vm/memory/chunk_pool.h. Under
// AddressSanitizer every block is malloc's, so what concerns the chunks is left
// out there.

#include "vm/memory/heap.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "sched/sync/sanitizers.h"
#include "vm/memory/budget.h"

namespace trilune::vm {
namespace {

#if defined(TRI_ASAN) || defined(TRI_TSAN)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#if defined(TRI_ASAN)
constexpr bool kPlain = true;
#else
constexpr bool kPlain = false;
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
      CHECK(reinterpret_cast<uintptr_t>(block.at) % 8 == 0);
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
  // The least and the largest size of some classes.
  const size_t sizes[][2] = {{1, 8},       {9, 16},      {97, 104},
                             {249, 256},   {257, 288},   {481, 512},
                             {513, 576},   {961, 1024},  {1025, 1152},
                             {4097, 4608}, {7681, 8192}, {1921, 2048}};
  for (const auto& [least, most] : sizes) {
    Block first = Get(heap, most);
    Block other = Get(heap, most + 1);
    unsigned char* at = first.at;
    Free(heap, &first);
    Block above = Get(heap, most + 1);
    CHECK(above.at != at);
    Block second = Get(heap, least);
    CHECK(second.at == at);
    Free(heap, &second);
    Free(heap, &above);
    Free(heap, &other);
  }
}

TEST_CASE("heap: resizing between any two sizes keeps the content") {
  Heap heap(0);
  const size_t sizes[] = {1,    2,    15,   16,   17,    31,    32,
                          33,   48,   100,  500,  1000,  1008,  1009,
                          1023, 1024, 1025, 1040, 2000,  4096,  5000,
                          8191, 8192, 8193, 9000, 65536, 100000};
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

TEST_CASE("limit: can be set at any time") {
  Heap heap(0);
  CHECK(heap.limit_bytes() == SIZE_MAX);
  Block block = Get(heap, 5000);
  heap.SetLimit(6000);
  CHECK(heap.headroom() == 1000);
  CHECK(Get(heap, 1001).at == nullptr);
  CHECK(heap.refused() == 1);
  Block other = Get(heap, 1000);
  CHECK(heap.headroom() == 0);
  CHECK(heap.peak_bytes() == 6000);
  heap.SetLimit(100);  // less than is in use
  CHECK(heap.headroom() == 0);
  CHECK(Get(heap, 1).at == nullptr);
  CHECK_FALSE(Resize(heap, &other, 1001));
  CHECK(heap.refused() == 3);
  CHECK(Resize(heap, &block, 10));
  Free(heap, &other);
  CHECK(heap.headroom() == 90);
  heap.SetLimit(0);
  other = Get(heap, 100000);
  CHECK(other.at != nullptr);
  Free(heap, &block);
  Free(heap, &other);
  CHECK(heap.peak_bytes() == 100010);
}

// Takes blocks of `bytes` until the heap refuses.
std::vector<Block> Fill(Heap& heap, size_t bytes) {
  std::vector<Block> blocks;
  for (;;) {
    const Block block = Get(heap, bytes);
    if (block.at == nullptr) return blocks;
    blocks.push_back(block);
  }
}

TEST_CASE("limit: what one size has freed serves all others") {
  constexpr size_t kLimit = size_t{8} << 20;
  Heap heap(kLimit);
  for (const size_t bytes : {40, 56, 100, 300, 1000, 3000, 8000, 24, 20000}) {
    std::vector<Block> blocks = Fill(heap, bytes);
    CHECK(blocks.size() == kLimit / bytes);
    CHECK(heap.reserved_bytes() <= 2 * kLimit + Budget::kSpare);
    for (Block& block : blocks)
      Free(heap, &block);
  }
}

// Invariant I3: what one frees, but keeps, the others cannot have.
TEST_CASE("limit: heaps that share a budget reserve no more than one could") {
  if (kSanitized) return;
  constexpr size_t kLimit = size_t{4} << 20;
  const auto parent =
      std::make_shared<Budget>(nullptr, Limits{.memory_bytes = kLimit}, 0);
  const auto child =
      std::make_shared<Budget>(parent, Limits{.memory_bytes = kLimit}, 0);
  std::vector<std::unique_ptr<Heap>> heaps;
  std::vector<std::vector<Block>> kept(20);
  size_t reserved = 0;
  for (std::vector<Block>& blocks : kept) {
    heaps.push_back(std::make_unique<Heap>());
    Heap& heap = *heaps.back();
    heap.SetBudget(heaps.size() % 2 == 0 ? child.get() : parent.get());
    std::vector<Block> all = Fill(heap, 56);
    for (size_t i = 0; i < all.size(); i++) {
      if (i % 250 == 0) {
        blocks.push_back(all[i]);
      } else {
        Free(heap, &all[i]);
      }
    }
    heap.TrimBudget(0);
    reserved += heap.reserved_bytes();
    REQUIRE(reserved <= 2 * kLimit + Budget::kSpare);
  }
  CHECK(reserved > kLimit);
  // What is given back serves the others again; nothing is left of it.
  for (size_t i = 0; i < heaps.size(); i++) {
    for (Block& block : kept[i])
      Free(*heaps[i], &block);
    heaps[i].reset();
  }
  CHECK(child->TakeReserved(2 * kLimit + Budget::kSpare, false));
  CHECK(!parent->TakeReserved(1, false));
  CHECK(parent->TakeReserved(1, true));
}

// Invariant I3.
TEST_CASE("limit: scattered blocks do not reserve more than twice of it") {
  constexpr size_t kLimit = size_t{4} << 20;
  Heap heap(kLimit);
  std::vector<Block> kept;
  for (size_t bytes = 16; bytes <= 2000; bytes += bytes / 3) {
    std::vector<Block> blocks = Fill(heap, bytes);
    size_t next = 0;  // one in each piece of 16 KB stays
    for (size_t i = 0; i < blocks.size(); i++) {
      if (i * bytes >= next) {
        kept.push_back(blocks[i]);
        next += 16 << 10;
      } else {
        Free(heap, &blocks[i]);
      }
    }
    REQUIRE(heap.reserved_bytes() <= 2 * kLimit + Budget::kSpare);
  }
  // Invariant I2 holds there, too.
  for (Block& block : kept) {
    CHECK(Resize(heap, &block, 1));
    Free(heap, &block);
  }
  CHECK(heap.used_bytes() == 0);
}

TEST_CASE("heap: trimming gives back what is empty, and nothing else") {
  if (kPlain) return;
  Heap heap(0);
  std::vector<Block> blocks;
  for (int i = 0; i < 100000; i++) {
    blocks.push_back(Get(heap, 8 + static_cast<size_t>(i) % 500));
    blocks.back().Fill(static_cast<unsigned char>(i));
  }
  const size_t before = heap.reserved_bytes();
  for (size_t i = 0; i < blocks.size() - 1000; i++)
    Free(heap, &blocks[i]);
  CHECK(heap.Trim());
  CHECK(heap.reserved_bytes() < before / 2);
  CHECK_FALSE(heap.Trim());
  for (size_t i = blocks.size() - 1000; i < blocks.size(); i++) {
    CHECK(blocks[i].IsFilled(blocks[i].bytes));
    Free(heap, &blocks[i]);
  }
  CHECK(heap.Trim());
  CHECK(heap.reserved_bytes() == 0);
  Block block = Get(heap, 100);
  CHECK(block.at != nullptr);
  Free(heap, &block);
}

TEST_CASE("heap: at the end freeing counts, and large blocks go back") {
  Heap heap(0);
  std::vector<Block> blocks;
  for (size_t bytes = 1; bytes < 20000; bytes += 77)
    blocks.push_back(Get(heap, bytes));
  for (Block& block : blocks) {
    CHECK(Heap::AllocateAtEnd(&heap, block.at, block.bytes, 0) == nullptr);
    // A finalizer still allocates, and frees.
    void* fresh = Heap::AllocateAtEnd(&heap, nullptr, LUA_TSTRING, 50);
    REQUIRE(fresh != nullptr);
    fresh = Heap::AllocateAtEnd(&heap, fresh, 50, 5000);
    REQUIRE(fresh != nullptr);
    Heap::AllocateAtEnd(&heap, fresh, 5000, 0);
  }
  CHECK(heap.used_bytes() == 0);
  heap.Release();
  CHECK(heap.reserved_bytes() == 0);  // with a leak checker: no leak, too
}

TEST_CASE("pool: chunks of a heap that ended serve the next one") {
  if (kPlain) return;
  ChunkPool pool;
  Chunk* first = pool.Take(ChunkPool::kMinChunk);
  Chunk* second = pool.Take(ChunkPool::kMinChunk);
  Chunk* large = pool.Take(ChunkPool::kHugePage);
  REQUIRE((first != nullptr && second != nullptr && large != nullptr));
  CHECK(reinterpret_cast<uintptr_t>(large) % ChunkPool::kHugePage == 0);
  CHECK(pool.stats().used_bytes ==
        2 * ChunkPool::kMinChunk + ChunkPool::kHugePage);
  first->next = second;
  second->next = large;
  large->next = nullptr;
  pool.PutAll(first);
  CHECK(pool.stats().used_bytes == 0);
  CHECK(pool.stats().idle_bytes == 2 * ChunkPool::kMinChunk);
  Chunk* again = pool.Take(ChunkPool::kMinChunk);
  CHECK((again == first || again == second));
  CHECK(pool.stats().idle_bytes == ChunkPool::kMinChunk);
  again->next = nullptr;
  pool.PutAll(again);
  pool.Trim();
  CHECK(pool.stats().idle_bytes == 0);
}

TEST_CASE("pool: keeps a quarter of what is in use, and a little") {
  ChunkPool pool;
  constexpr size_t kBytes = size_t{64} << 10;
  constexpr size_t kCount = 1000;
  std::vector<Chunk*> chunks;
  for (size_t i = 0; i < kCount; i++) {
    chunks.push_back(pool.Take(kBytes));
    REQUIRE(chunks.back() != nullptr);
  }
  for (size_t i = 0; i < kCount; i++) {
    chunks[i]->next = nullptr;
    pool.PutAll(chunks[i]);
    const ChunkPool::Stats stats = pool.stats();
    REQUIRE(stats.used_bytes == (kCount - 1 - i) * kBytes);
    REQUIRE(stats.idle_bytes <=
            std::max(ChunkPool::kMinIdle,
                     (stats.used_bytes + (i + 1) * kBytes) / 4));
  }
  // No more was given back than the rule asks for, but for one chunk.
  CHECK(pool.stats().idle_bytes > ChunkPool::kMinIdle - kBytes);
  pool.Trim();
}

TEST_CASE("pool: heaps on several threads at once") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([] {
      for (int i = 0; i < 30; i++) {
        Heap heap(0);
        lua_State* L = lua_newstate(&Heap::Allocate, &heap);
        luaL_openlibs(L);
        if (luaL_dostring(L,
                          "local t = {} for i = 1, 500 do t[i] = {i} end "
                          "assert(t[500][1] == 500)") != LUA_OK) {
          FAIL_CHECK(lua_tostring(L, -1));
        }
        lua_setallocf(L, &Heap::AllocateAtEnd, &heap);
        lua_close(L);
        if (heap.used_bytes() != 0) FAIL_CHECK("blocks are left");
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
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
    if (heap.used_bytes() != 0 || heap.refused() == 0) return false;
    // The memory serves another heap.
    heap.Release();
    Heap other(0);
    for (int i = 0; i < 1000; i++) {
      if (Get(other, 1000).at == nullptr) return false;
    }
    return true;
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
    for (size_t i = 0; i < kBytes / 500'000; i++) {
      REQUIRE(Get(heap, 500'000).at != nullptr);
    }
    CHECK(PagesUsed() > before + kBytes / 4096 / 4 * 3);
  }
  CHECK(PagesUsed() < before + kBytes / 4096 / 10);
}

TEST_CASE("heap: its end gives back large blocks that nobody freed") {
  // With a leak checker, each of them.
  Heap heap(0);
  std::vector<Block> blocks;
  for (size_t i = 0; i < 100; i++)
    blocks.push_back(Get(heap, 10'000 + i * 1000));
  // One that moved, one from the middle, the first and the last of the list.
  REQUIRE(Heap::Allocate(&heap, blocks[50].at, blocks[50].bytes,
                         size_t{8} << 20) != nullptr);
  REQUIRE(Heap::Allocate(&heap, blocks[60].at, blocks[60].bytes, 9000) !=
          nullptr);
  for (const size_t i : {30, 0, 99, 98})
    Heap::Allocate(&heap, blocks[i].at, blocks[i].bytes, 0);
  CHECK(heap.reserved_bytes() > size_t{8} << 20);
  heap.Release();
  CHECK(heap.reserved_bytes() == 0);
}

TEST_CASE("heap: a long random use keeps every block intact") {
  std::mt19937 random(20240607);
  Heap heap(8 << 20);
  std::vector<Block> blocks(2000);
  size_t sum = 0;
  int refused = 0;
  const auto size = [&random] {
    // Mostly small, now and then across the borders to larger ones.
    const size_t up_to = size_t{1} << (4 + random() % 13);
    return random() % up_to;
  };
  for (int i = 0; i < 60000; i++) {
    if (i % 5000 == 0) heap.Trim();
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
