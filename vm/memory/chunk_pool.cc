// Where chunks come from, and how many idle ones are kept. A chunk of less than
// kHugePage is malloc's, a larger one is mapped and aligned. The lock is held
// for the lists only: memory is asked for and given back without it.

#include "vm/memory/chunk_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "sched/sync/check.h"

namespace trilune::vm {

ChunkPool* ChunkPool::Get() {
  // Never destroyed: isolates of a runtime that was left behind may use it.
  alignas(ChunkPool) static char memory[sizeof(ChunkPool)];
  static auto* pool = new (memory) ChunkPool;
  return pool;
}

int ChunkPool::SizeIndex(size_t bytes) {
  return std::countr_zero(bytes) - std::countr_zero(kMinChunk);
}

Chunk* ChunkPool::Take(size_t bytes) {
  TRI_CHECK(std::has_single_bit(bytes) && bytes >= kMinChunk &&
            bytes <= kMaxChunk);
  const int index = SizeIndex(bytes);
  {
    MutexLock lock(mu_);
    used_bytes_ += bytes;
    if (index < kSizes && idle_[index] != nullptr) {
      Chunk* chunk = idle_[index];
      idle_[index] = chunk->next;
      idle_bytes_ -= bytes;
      return chunk;
    }
  }
  Chunk* chunk = Make(bytes);
  if (chunk == nullptr) {
    Trim();
    chunk = Make(bytes);
  }
  if (chunk == nullptr) {
    MutexLock lock(mu_);
    used_bytes_ -= bytes;
  }
  return chunk;
}

void ChunkPool::PutAll(Chunk* chunks) {
  Chunk* surplus = nullptr;
  {
    MutexLock lock(mu_);
    while (chunks != nullptr) {
      Chunk* chunk = chunks;
      chunks = chunk->next;
      used_bytes_ -= chunk->bytes;
      const int index = SizeIndex(chunk->bytes);
      // A quarter of what is in use covers the ups and downs of its amount.
      const size_t most = std::max(kMinIdle, used_bytes_ / 4);
      if (index < kSizes && idle_bytes_ + chunk->bytes <= most) {
        idle_bytes_ += chunk->bytes;
        chunk->next = idle_[index];
        idle_[index] = chunk;
      } else {
        chunk->next = surplus;
        surplus = chunk;
      }
    }
  }
  Free(surplus);
}

void ChunkPool::Trim() {
  Chunk* lists[kSizes];
  {
    MutexLock lock(mu_);
    std::copy(idle_, idle_ + kSizes, lists);
    std::fill(idle_, idle_ + kSizes, nullptr);
    idle_bytes_ = 0;
  }
  for (Chunk* list : lists)
    Free(list);
}

ChunkPool::Stats ChunkPool::stats() {
  MutexLock lock(mu_);
  return {used_bytes_, idle_bytes_};
}

Chunk* ChunkPool::Make(size_t bytes) {
  void* memory = nullptr;
  if (bytes < kHugePage) {
    memory = std::malloc(bytes);
    if (memory == nullptr) return nullptr;
  } else {
    // Map more than is wanted, and cut an aligned part out.
    const size_t reserve = bytes + kHugePage;
    void* area = mmap(nullptr, reserve, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return nullptr;
    const auto start = reinterpret_cast<uintptr_t>(area);
    const uintptr_t aligned = (start + kHugePage - 1) & ~(kHugePage - 1);
    const uintptr_t end = aligned + bytes;
    if (aligned > start) munmap(area, aligned - start);
    if (start + reserve > end) {
      munmap(reinterpret_cast<void*>(end), start + reserve - end);
    }
    memory = reinterpret_cast<void*>(aligned);
    madvise(memory, bytes, MADV_HUGEPAGE);
  }
  auto* chunk = static_cast<Chunk*>(memory);
  chunk->next = nullptr;
  chunk->bytes = bytes;
  return chunk;
}

void ChunkPool::Free(Chunk* chunks) {
  while (chunks != nullptr) {
    Chunk* chunk = chunks;
    chunks = chunk->next;
    if (chunk->bytes < kHugePage) {
      std::free(chunk);
    } else {
      munmap(chunk, chunk->bytes);
    }
  }
}

}  // namespace trilune::vm
