#include "vm/heap.h"

#include <bit>
#include <cstdlib>
#include <cstring>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {
namespace {

#if defined(TRI_ASAN)
constexpr bool kPlainMalloc = true;
#else
constexpr bool kPlainMalloc = false;
#endif

constexpr size_t kMaxSmallLog = std::countr_zero(Heap::kMaxSmall);
static_assert(Heap::kMaxSmall == size_t{1} << kMaxSmallLog);

constexpr size_t kStillSmall = size_t{64} << 10;
constexpr size_t kHeader = (sizeof(Chunk) + 15) / 16 * 16;

bool IsLarge(size_t bytes) {
  return kPlainMalloc || bytes > Heap::kMaxMedium;
}

}  // namespace

void Heap::Release() {
  if (chunks_ == nullptr) return;
  ChunkPool::Get()->PutAll(chunks_);
  chunks_ = nullptr;
  chunk_bytes_ = 0;
  bump_ = bump_end_ = nullptr;
  std::fill(free_, free_ + kClasses, nullptr);
}

// Small: every kGrain bytes. Medium: 9/8, 10/8 to 16/8 of a power of two.
inline size_t Heap::ClassOf(size_t bytes) {
  if (bytes <= kMaxSmall) return (bytes + kGrain - 1) / kGrain;
  const size_t last = bytes - 1;
  const auto log = static_cast<size_t>(std::bit_width(last)) - 1;
  return kSmallClasses + (log - kMaxSmallLog) * 8 + ((last >> (log - 3)) & 7);
}

size_t Heap::BytesOf(size_t size_class) {
  if (size_class < kSmallClasses) return size_class * kGrain;
  const size_t medium = size_class - kSmallClasses;
  return (medium % 8 + 9) << (medium / 8 + kMaxSmallLog - 3);
}

void* Heap::Allocate(void* heap, void* block, size_t old_bytes,
                     size_t new_bytes) {
  auto* self = static_cast<Heap*>(heap);
  // Without a block, Lua passes the kind of object as the old size.
  if (block == nullptr) return new_bytes == 0 ? nullptr : self->New(new_bytes);
  if (new_bytes == 0) {
    self->used_bytes_ -= old_bytes;
    self->Put(block, old_bytes);
    return nullptr;
  }
  return self->Resize(block, old_bytes, new_bytes);
}

void* Heap::AllocateAtEnd(void* heap, void* block, size_t old_bytes,
                          size_t new_bytes) {
  if (block == nullptr || new_bytes != 0 || IsLarge(old_bytes)) {
    return Allocate(heap, block, old_bytes, new_bytes);
  }
  static_cast<Heap*>(heap)->used_bytes_ -= old_bytes;
  return nullptr;
}

// The sum may wrap around for sizes that GetLarge refuses anyway.
inline void* Heap::New(size_t bytes) {
  const size_t used = used_bytes_ + bytes;
  if (used > limit_bytes_) return Refuse();
  void* result = Get(bytes);
  if (result == nullptr) return Refuse();
  used_bytes_ = used;
  if (used > peak_bytes_) peak_bytes_ = used;
  return result;
}

void* Heap::Refuse() {
  refused_++;
  return nullptr;
}

void* Heap::Resize(void* block, size_t old_bytes, size_t new_bytes) {
  const size_t used = used_bytes_ - old_bytes + new_bytes;
  if (new_bytes > old_bytes && used > limit_bytes_) return Refuse();
  void* result = block;
  if (IsLarge(old_bytes) && IsLarge(new_bytes)) {
    result = ResizeLarge(block, old_bytes, new_bytes);
  } else if (IsLarge(old_bytes) || IsLarge(new_bytes) ||
             ClassOf(old_bytes) != ClassOf(new_bytes)) {
    is_shrinking_ = new_bytes < old_bytes;
    result = Get(new_bytes);
    is_shrinking_ = false;
    if (result != nullptr) {
      std::memcpy(result, block, std::min(old_bytes, new_bytes));
      Put(block, old_bytes);
    } else if (new_bytes < old_bytes) {
      // I2: a smaller block is good enough where the larger one was. A large
      // one then joins a class's free list, and is lost to malloc.
      result = block;
    }
  }
  if (result == nullptr) return Refuse();
  used_bytes_ = used;
  if (used > peak_bytes_) peak_bytes_ = used;
  return result;
}

inline void* Heap::Get(size_t bytes) {
  if (IsLarge(bytes)) return GetLarge(bytes);
  const size_t size_class = ClassOf(bytes);
  FreeBlock* block = free_[size_class];
  if (block == nullptr) return Refill(BytesOf(size_class));
  free_[size_class] = block->next;
  return block;
}

inline void Heap::Put(void* block, size_t bytes) {
  if (IsLarge(bytes)) {
    PutLarge(block, bytes);
    return;
  }
  const size_t size_class = ClassOf(bytes);
  auto* freed = static_cast<FreeBlock*>(block);
  freed->next = free_[size_class];
  free_[size_class] = freed;
}

void* Heap::GetLarge(size_t bytes) {
  void* block = bytes > PTRDIFF_MAX ? nullptr : std::malloc(bytes);
  if (block != nullptr) large_bytes_ += bytes;
  return block;
}

void* Heap::ResizeLarge(void* block, size_t old_bytes, size_t new_bytes) {
  void* result =
      new_bytes > PTRDIFF_MAX ? nullptr : std::realloc(block, new_bytes);
  if (result == nullptr) return new_bytes < old_bytes ? block : nullptr;
  large_bytes_ += new_bytes - old_bytes;
  return result;
}

void Heap::PutLarge(void* block, size_t bytes) {
  large_bytes_ -= bytes;
  std::free(block);
}

// The next `bytes` of the chunk, which are all of a block.
void* Heap::Refill(size_t bytes) {
  if (static_cast<size_t>(bump_end_ - bump_) < bytes && !AddChunk(bytes)) {
    return nullptr;
  }
  char* block = bump_;
  bump_ += bytes;
  return block;
}

// What is left of the chunk becomes blocks of the classes that fit.
void Heap::PutRest() {
  auto rest = static_cast<size_t>(bump_end_ - bump_);
  while (rest >= kGrain) {
    size_t size_class = ClassOf(std::min(rest, kMaxMedium));
    if (BytesOf(size_class) > rest) size_class--;
    const size_t bytes = BytesOf(size_class);
    Put(bump_, bytes);
    bump_ += bytes;
    rest -= bytes;
  }
}

// Invariant I3.
bool Heap::MayReserve(size_t bytes) const {
  const size_t reserved = reserved_bytes() + bytes;
  return reserved <= kSpare || (reserved - kSpare) / 2 <= limit_bytes_;
}

// Blocks of what is left of a larger block that is free.
bool Heap::ReuseMedium(size_t least) {
  for (size_t i = kClasses; --i >= kSmallClasses && BytesOf(i) >= least;) {
    if (free_[i] == nullptr) continue;
    bump_ = reinterpret_cast<char*>(free_[i]);
    bump_end_ = bump_ + BytesOf(i);
    free_[i] = free_[i]->next;
    return true;
  }
  return false;
}

// Chunks grow with the heap: by an eighth or less at first, so that a small one
// has little to spare, later by up to a quarter.
bool Heap::AddChunk(size_t least) {
  const size_t part = chunk_bytes_ < kStillSmall ? 8 : 4;
  size_t bytes =
      chunk_bytes_ == 0 ? kFirstChunk : std::bit_floor(chunk_bytes_ / part);
  bytes = std::clamp(bytes, ChunkPool::kMinChunk, ChunkPool::kMaxChunk);
  const size_t least_chunk = std::bit_ceil(least + kHeader);
  bytes = std::max(bytes, least_chunk);
  PutRest();
  if (ReuseMedium(least)) return true;
  bump_ = bump_end_ = nullptr;
  Chunk* chunk = nullptr;
  for (; chunk == nullptr && bytes >= std::max(least_chunk,
                                               ChunkPool::kMinChunk);
       bytes /= 2) {
    if (!is_shrinking_ && !MayReserve(bytes)) continue;
    chunk = ChunkPool::Get()->Take(bytes);
  }
  if (chunk == nullptr) return false;
  chunk->next = chunks_;
  chunks_ = chunk;
  chunk_bytes_ += chunk->bytes;
  bump_ = reinterpret_cast<char*>(chunk) + kHeader;
  bump_end_ = reinterpret_cast<char*>(chunk) + chunk->bytes;
  return true;
}

}  // namespace trilune::vm
