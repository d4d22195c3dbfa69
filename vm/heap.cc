#include "vm/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSmallChunk = size_t{64} << 10;  // when memory is short
constexpr size_t kMaxChunk = size_t{8} << 20;

#if defined(TRI_ASAN)
constexpr bool kPlainMalloc = true;
#else
constexpr bool kPlainMalloc = false;
#endif

}  // namespace

Heap::~Heap() {
  while (chunks_ != nullptr) {
    Chunk* chunk = chunks_;
    chunks_ = chunk->next;
    if (chunk->is_mapped) {
      munmap(chunk, chunk->bytes);
    } else {
      std::free(chunk);
    }
  }
}

void* Heap::Allocate(void* heap, void* block, size_t old_bytes,
                     size_t new_bytes) {
  auto* self = static_cast<Heap*>(heap);
  // Without a block, Lua passes the kind of object as the old size.
  if (block == nullptr) old_bytes = 0;
  if (new_bytes > old_bytes && self->limit_bytes_ != 0 &&
      self->used_bytes_ + (new_bytes - old_bytes) > self->limit_bytes_) {
    return nullptr;
  }
  void* result = nullptr;
  if (new_bytes == 0) {
    if (block != nullptr) self->Put(block, old_bytes);
  } else if (block == nullptr) {
    result = self->Get(new_bytes);
    if (result == nullptr) return nullptr;
  } else {
    result = self->Realloc(block, old_bytes, new_bytes);
    if (result == nullptr) return nullptr;
  }
  self->used_bytes_ += new_bytes - old_bytes;
  return result;
}

void* Heap::Realloc(void* block, size_t old_bytes, size_t new_bytes) {
  const bool was_large = kPlainMalloc || old_bytes > kMaxSmall;
  const bool is_large = kPlainMalloc || new_bytes > kMaxSmall;
  if (was_large && is_large) {
    void* result = std::realloc(block, new_bytes);
    return result == nullptr && new_bytes < old_bytes ? block : result;
  }
  if (!was_large && !is_large && ClassOf(old_bytes) == ClassOf(new_bytes)) {
    return block;
  }
  void* result = Get(new_bytes);
  if (result == nullptr) {
    // I2: a smaller block is good enough where the larger one was. A large one
    // then joins a class's free list, and is lost to malloc.
    return new_bytes < old_bytes ? block : nullptr;
  }
  std::memcpy(result, block, std::min(old_bytes, new_bytes));
  Put(block, old_bytes);
  return result;
}

inline void* Heap::Get(size_t bytes) {
  if (kPlainMalloc || bytes > kMaxSmall) return std::malloc(bytes);
  const size_t size_class = ClassOf(bytes);
  FreeBlock* block = free_[size_class];
  if (block == nullptr) return Refill(size_class);
  free_[size_class] = block->next;
  return block;
}

inline void Heap::Put(void* block, size_t bytes) {
  if (kPlainMalloc || bytes > kMaxSmall) {
    std::free(block);
    return;
  }
  const size_t size_class = ClassOf(bytes);
  auto* freed = static_cast<FreeBlock*>(block);
  freed->next = free_[size_class];
  free_[size_class] = freed;
}

void* Heap::Refill(size_t size_class) {
  const size_t bytes = size_class * kGrain;
  if (static_cast<size_t>(bump_end_ - bump_) < bytes && !AddChunk()) {
    return nullptr;
  }
  char* block = bump_;
  bump_ += bytes;
  return block;
}

bool Heap::AddChunk() {
  // What is left of the old chunk is a block of some class, too.
  const auto rest = static_cast<size_t>(bump_end_ - bump_);
  if (rest >= kGrain) Put(bump_, rest);
  return AddChunk(next_chunk_bytes_) ||
         AddChunk(std::min(next_chunk_bytes_, kSmallChunk));
}

bool Heap::AddChunk(size_t bytes) {
  const bool map = bytes >= kHugePage;
  void* memory = nullptr;
  if (map) {
    // Twice the size to cut an aligned part out, for huge pages.
    const size_t reserve = bytes + kHugePage;
    void* area = mmap(nullptr, reserve, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) {
      bump_ = bump_end_ = nullptr;
      return false;
    }
    const auto start = reinterpret_cast<uintptr_t>(area);
    const uintptr_t aligned = (start + kHugePage - 1) & ~(kHugePage - 1);
    if (aligned > start) munmap(area, aligned - start);
    const uintptr_t end = aligned + bytes;
    if (start + reserve > end) {
      munmap(reinterpret_cast<void*>(end), start + reserve - end);
    }
    memory = reinterpret_cast<void*>(aligned);
    madvise(memory, bytes, MADV_HUGEPAGE);
  } else {
    memory = std::malloc(bytes);
    if (memory == nullptr) {
      bump_ = bump_end_ = nullptr;
      return false;
    }
  }
  auto* chunk = static_cast<Chunk*>(memory);
  chunk->next = chunks_;
  chunk->bytes = bytes;
  chunk->is_mapped = map;
  chunks_ = chunk;
  constexpr size_t kHeader = (sizeof(Chunk) + kGrain - 1) / kGrain * kGrain;
  bump_ = static_cast<char*>(memory) + kHeader;
  bump_end_ = static_cast<char*>(memory) + bytes;
  next_chunk_bytes_ = std::min(bytes * 2, kMaxChunk);
  return true;
}

}  // namespace trilune::vm
