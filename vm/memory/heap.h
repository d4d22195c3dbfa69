// Heap: the memory of one Lua state.
//
// Role       A lua_Alloc with size classes over bump-allocated chunks: no
//            header for each block, no lock, no atomics. Chunks come from
//            ChunkPool and go back there all at once. Large blocks come from
//            malloc, and each is linked in a list: a G that was dropped in the
//            midst of a C call may own blocks that Lua knows nothing of. It has
//            a limit. Under AddressSanitizer every block is malloc's, so that
//            ASan sees each use after free.
// Threads    The isolate's strand, one M at a time. Functions that give a
//            number of bytes: any.
// Locks      ChunkPool's, for a new chunk
// Invariants I1. used_bytes() is the sum of the sizes that Lua asked for.
//            I2. Shrinking and freeing never fail.
//            I3. In a heap with a limit, or in all that share a budget, chunks
//                and large blocks together take at most twice the limit, and
//                Budget::kSpare.
// Docs       heap.cc
// Tests      tests/vm/heap_test.cc

#ifndef TRI_VM_MEMORY_HEAP_H_
#define TRI_VM_MEMORY_HEAP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sched/sync/gauge.h"
#include "vm/memory/chunk_pool.h"

namespace trilune::vm {

class Budget;

class Heap {
 public:
  // `limit_bytes`: 0 for none.
  explicit Heap(size_t limit_bytes = 0) { SetLimit(limit_bytes); }
  ~Heap() { Release(); }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // A lua_Alloc whose userdata is a Heap.
  static void* Allocate(void* heap, void* block, size_t old_bytes,
                        size_t new_bytes);
  // The same for lua_close: what it frees is not made ready for use again. Set
  // by lua_setallocf just before.
  static void* AllocateAtEnd(void* heap, void* block, size_t old_bytes,
                             size_t new_bytes);

  // Gives everything back, after lua_close. Also the blocks that Lua did not
  // know.
  void Release();

  // Gives back the chunks in which nothing is in use. False: there is none.
  // Takes time for each free block.
  bool Trim();

  // The limit from now on; 0 for none. If more is in use already, only growing
  // fails.
  void SetLimit(size_t limit_bytes) {
    allowed_bytes_ = limit_bytes == 0 ? SIZE_MAX : limit_bytes;
    limit_bytes_ = allowed_bytes_;
  }
  // From now on the heap counts in `budget`, and has its limit. The budget must
  // outlive the heap. Called once.
  void SetBudget(Budget* budget);
  // Gives back to the budget what it has taken in advance, but for `keep`.
  void TrimBudget(size_t keep = kStep) {
    if (budget_ != nullptr && allowed_bytes_ > used_bytes_ + 2 * keep) {
      GiveBack(keep);
    }
  }
  // SIZE_MAX: no limit.
  [[nodiscard]] size_t limit_bytes() const { return limit_bytes_; }
  [[nodiscard]] size_t used_bytes() const { return used_bytes_; }
  // The most that was ever in use.
  [[nodiscard]] size_t peak_bytes() const { return peak_bytes_; }
  // How much Lua may still ask for.
  [[nodiscard]] size_t headroom() const {
    return allowed_bytes_ - std::min(used_bytes(), allowed_bytes_);
  }
  // Counts memory outside of this heap that an object in it holds, and that
  // goes with the object. See vm/memory/pressure.h.
  void NoteOutside(size_t bytes) { outside_bytes_ += bytes; }
  [[nodiscard]] size_t outside_bytes() const { return outside_bytes_; }
  // Returns what was counted since the last call.
  [[nodiscard]] size_t TakeOutside() {
    return std::exchange(outside_bytes_, 0);
  }
  // Whether so much of the limit is in use that a full collection is worth it,
  // and so much more than when this was last true. False without a limit.
  [[nodiscard]] bool IsShort();
  // How often Lua was refused. It collects then, and asks once more.
  [[nodiscard]] uint64_t refused() const { return refused_; }
  // What was taken from the pool and from malloc for all of this.
  [[nodiscard]] size_t reserved_bytes() const {
    return chunk_bytes_ + large_bytes_;
  }

  static constexpr size_t kMaxSmall = 256;  // classes every 8 bytes up to it
  static constexpr size_t kMaxMedium = 8 << 10;  // eight a doubling up to it
  static constexpr size_t kFirstChunk = 16 << 10;
  static constexpr size_t kStep = size_t{64} << 10;  // taken from a budget

 private:
  struct FreeBlock {
    FreeBlock* next;
  };
  // Before each large block.
  struct alignas(16) LargeHead {
    LargeHead* next;
    LargeHead* prev;
  };

  static constexpr size_t kGrain = 8;
  static constexpr size_t kSmallClasses = kMaxSmall / kGrain + 1;
  static constexpr size_t kClasses = kSmallClasses + size_t{8} * 5;

  static size_t ClassOf(size_t bytes);
  static size_t BytesOf(size_t size_class);

  void* New(size_t bytes);
  void* Resize(void* block, size_t old_bytes, size_t new_bytes);
  void* Refuse();
  void* Get(size_t bytes);
  void Put(void* block, size_t bytes);
  void* Refill(size_t bytes);
  void* GetLarge(size_t bytes);
  void* ResizeLarge(void* block, size_t old_bytes, size_t new_bytes);
  void PutLarge(void* block, size_t bytes);
  [[nodiscard]] Chunk* TakeChunk(size_t bytes);
  bool AddChunk(size_t least);
  [[nodiscard]] bool Reserve(size_t bytes);
  void Unreserve(size_t bytes);
  [[nodiscard]] bool Extend(size_t used);
  void GiveBack(size_t keep);
  [[nodiscard]] bool MakeRoom(size_t bytes);
  void PutRest();
  bool ReuseMedium(size_t least);
  [[nodiscard]] size_t NextChunkBytes() const;
  [[nodiscard]] bool IsMostlyFree() const;

  Gauge<size_t> used_bytes_;
  Gauge<size_t> limit_bytes_ = SIZE_MAX;
  // How much may be in use before Extend is asked: the limit, or what was taken
  // from the budget.
  size_t allowed_bytes_ = SIZE_MAX;
  Budget* budget_ = nullptr;
  Gauge<size_t> peak_bytes_;
  char* bump_ = nullptr;
  char* bump_end_ = nullptr;
  FreeBlock* free_[kClasses] = {};
  Chunk* chunks_ = nullptr;
  Gauge<size_t> chunk_bytes_;
  Gauge<size_t> large_bytes_;
  LargeHead* large_ = nullptr;
  size_t outside_bytes_ = 0;
  size_t short_at_ = 0;
  size_t trimmed_at_ = 0;  // chunk_bytes_ at the last look for empty chunks
  uint64_t refused_ = 0;
  bool is_shrinking_ = false;  // then I2 goes before I3
};

}  // namespace trilune::vm

#endif  // TRI_VM_MEMORY_HEAP_H_
