// Heap: the memory of one Lua state.
//
// Role       A lua_Alloc with size classes over bump-allocated chunks: no
// header
//            per block, no lock, no atomics. Large blocks come from malloc. Has
//            a limit. Under AddressSanitizer every block is malloc's, so that
//            it sees each use after free.
// Threads    The isolate's strand, one M at a time.
// Locks      none
// Invariants I1. used_bytes() is the sum of the sizes that Lua asked for.
//            I2. Shrinking and freeing never fail.
// Tests      tests/vm/heap_test.cc

#ifndef TRI_VM_HEAP_H_
#define TRI_VM_HEAP_H_

#include <cstddef>

namespace trilune::vm {

class Heap {
 public:
  // `limit_bytes`: 0 for none.
  explicit Heap(size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  // Frees every chunk. Requires: large blocks have been freed (lua_close did).
  ~Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // A lua_Alloc whose userdata is a Heap.
  static void* Allocate(void* heap, void* block, size_t old_bytes,
                        size_t new_bytes);

  [[nodiscard]] size_t used_bytes() const { return used_bytes_; }

 private:
  struct FreeBlock {
    FreeBlock* next;
  };
  struct Chunk {
    Chunk* next;
    size_t bytes;
    bool is_mapped;
  };

  static constexpr size_t kGrain = 16;
  static constexpr size_t kMaxSmall = 1024;
  static constexpr size_t kClasses = kMaxSmall / kGrain + 1;

  static size_t ClassOf(size_t bytes) { return (bytes + kGrain - 1) / kGrain; }

  void* Realloc(void* block, size_t old_bytes, size_t new_bytes);
  void* Get(size_t bytes);
  void Put(void* block, size_t bytes);
  void* Refill(size_t size_class);
  bool AddChunk();
  bool AddChunk(size_t bytes);

  const size_t limit_bytes_;
  size_t used_bytes_ = 0;
  char* bump_ = nullptr;
  char* bump_end_ = nullptr;
  size_t next_chunk_bytes_ = 16 << 10;
  Chunk* chunks_ = nullptr;
  FreeBlock* free_[kClasses] = {};
};

}  // namespace trilune::vm

#endif  // TRI_VM_HEAP_H_
