// ChunkPool: the central heap, from which every isolate's Heap takes its
// chunks.
//
// Role       Chunks of ended isolates serve the next ones, with their pages
//            already there. So making and closing isolates does not go to the
//            kernel. What is idle beyond a share of what is in use is given
//            back. One for the process.
// Threads    any, also in the midst of Lua code: it touches no P
// Locks      mu_ (kChunks), a leaf
// Tests      tests/vm/heap_test.cc

#ifndef TRI_VM_MEMORY_CHUNK_POOL_H_
#define TRI_VM_MEMORY_CHUNK_POOL_H_

#include <cstddef>

#include "sched/sync/mutex.h"

namespace trilune::vm {

// At the head of each chunk.
struct Chunk {
  Chunk* next;
  size_t bytes;  // of the chunk, with this header
};

class ChunkPool {
 public:
  static constexpr size_t kMinChunk = size_t{2} << 10;
  static constexpr size_t kMaxChunk = size_t{8} << 20;
  // This much of idle chunks is kept, however little is in use.
  static constexpr size_t kMinIdle = size_t{4} << 20;
  // Aligned for huge pages from this size on; such chunks are not kept.
  static constexpr size_t kHugePage = size_t{2} << 20;

  struct Stats {
    size_t used_bytes;
    size_t idle_bytes;
  };

  ChunkPool() = default;
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // The one of the process.
  static ChunkPool* Get();

  // A chunk of `bytes`, which is a power of two from kMinChunk to kMaxChunk.
  // Null: no memory. Its contents behind the header are undefined.
  [[nodiscard]] Chunk* Take(size_t bytes) TRI_EXCLUDES(mu_);
  // Takes back a list of chunks.
  void PutAll(Chunk* chunks) TRI_EXCLUDES(mu_);
  // Gives all idle chunks back to the kernel.
  void Trim() TRI_EXCLUDES(mu_);
  [[nodiscard]] Stats stats() TRI_EXCLUDES(mu_);

 private:
  static constexpr int kSizes = 10;  // 2 KB to 1 MB

  static int SizeIndex(size_t bytes);
  static Chunk* Make(size_t bytes);
  static void Free(Chunk* chunks);

  Mutex mu_{LockRank::kChunks};
  Chunk* idle_[kSizes] TRI_GUARDED_BY(mu_) = {};
  size_t idle_bytes_ TRI_GUARDED_BY(mu_) = 0;
  size_t used_bytes_ TRI_GUARDED_BY(mu_) = 0;
};

}  // namespace trilune::vm

#endif  // TRI_VM_MEMORY_CHUNK_POOL_H_
