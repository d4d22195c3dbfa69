// The allocator of one Lua state. One M at a time runs in it, so nothing here
// is locked or atomic.
//
// - A block of up to kMaxMedium bytes has a size class. Freed blocks are in one
//   list for each class; they have no header, because Lua passes the old size
//   to each free.
// - A new block is cut from the current chunk (bump_ to bump_end_). When a
//   chunk is used up, what remains becomes free blocks (PutRest). Before
//   another chunk is taken, a free block of 288 bytes or more is cut up instead
//   (ReuseMedium).
// - A larger block is malloc's own, with a head that links it in a list.
//
// Freed blocks never join with their neighbours. So a script could scatter its
// blocks, and reserve much more than it uses. I3 bounds that: before a chunk or
// a large block would pass the bound, Trim gives back the chunks in which
// nothing is in use. It finds them by counting free blocks for each chunk, as
// nothing else knows the chunk of a block.
//
// At the end lua_close frees every object. The chunks go back as a whole, so
// those frees do nothing (AllocateAtEnd).

#include "vm/memory/heap.h"

#include <bit>
#include <cstdlib>
#include <cstring>

#include "sched/sync/sanitizers.h"
#include "vm/memory/budget.h"

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
// A smaller heap is not worth a look for empty chunks.
constexpr size_t kWorthTrimming = size_t{1} << 20;
constexpr size_t kHeader = (sizeof(Chunk) + 15) / 16 * 16;

bool IsLarge(size_t bytes) {
  return kPlainMalloc || bytes > Heap::kMaxMedium;
}

}  // namespace

void Heap::Release() {
  if (budget_ != nullptr) {
    budget_->GiveMemory(allowed_bytes_);
    budget_->GiveReserved(reserved_bytes());
    budget_ = nullptr;
  }
  while (large_ != nullptr) {
    LargeHead* head = large_;
    large_ = head->next;
    std::free(head);
  }
  large_bytes_ = 0;
  if (chunks_ == nullptr) return;
  ChunkPool::Get()->PutAll(chunks_);
  chunks_ = nullptr;
  chunk_bytes_ = 0;
  trimmed_at_ = 0;
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
  // If there is no block, Lua passes the kind of object as the old size.
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
  if (used > allowed_bytes_ && !Extend(used)) return Refuse();
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

// Four cases: both sizes large (realloc); the same class (nothing moves);
// another class, or one of the two large (a new block, and a copy); and no
// memory for a smaller block, which must not fail.
void* Heap::Resize(void* block, size_t old_bytes, size_t new_bytes) {
  const size_t used = used_bytes_ - old_bytes + new_bytes;
  if (new_bytes > old_bytes && used > allowed_bytes_ && !Extend(used)) {
    return Refuse();
  }
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
      // I2: if there is no memory for a smaller block, the larger one serves.
      // What is left of a large one joins a free list when it is freed, until
      // Release.
      result = IsLarge(old_bytes)
                   ? ResizeLarge(block, old_bytes, BytesOf(ClassOf(new_bytes)))
                   : block;
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
  if (!MakeRoom(bytes)) return nullptr;
  auto* head = static_cast<LargeHead*>(std::malloc(sizeof(LargeHead) + bytes));
  if (head == nullptr) {
    Unreserve(bytes);
    return nullptr;
  }
  *head = {large_, nullptr};
  if (large_ != nullptr) large_->prev = head;
  large_ = head;
  large_bytes_ += bytes;
  return head + 1;
}

void* Heap::ResizeLarge(void* block, size_t old_bytes, size_t new_bytes) {
  const size_t more = new_bytes > old_bytes ? new_bytes - old_bytes : 0;
  if (more > 0 && !MakeRoom(more)) return nullptr;
  auto* head = static_cast<LargeHead*>(std::realloc(
      static_cast<LargeHead*>(block) - 1, sizeof(LargeHead) + new_bytes));
  if (head == nullptr) {
    Unreserve(more);
    return new_bytes < old_bytes ? block : nullptr;
  }
  (head->prev != nullptr ? head->prev->next : large_) = head;
  if (head->next != nullptr) head->next->prev = head;
  if (new_bytes < old_bytes) Unreserve(old_bytes - new_bytes);
  large_bytes_ += new_bytes - old_bytes;
  return head + 1;
}

void Heap::PutLarge(void* block, size_t bytes) {
  large_bytes_ -= bytes;
  Unreserve(bytes);
  LargeHead* head = static_cast<LargeHead*>(block) - 1;
  (head->prev != nullptr ? head->prev->next : large_) = head->next;
  if (head->next != nullptr) head->next->prev = head->prev;
  std::free(head);
}

// Cuts a block from the chunk. `bytes` is the full size of its class.
void* Heap::Refill(size_t bytes) {
  if (static_cast<size_t>(bump_end_ - bump_) < bytes && !AddChunk(bytes)) {
    return nullptr;
  }
  char* block = bump_;
  bump_ += bytes;
  return block;
}

// Makes free blocks, of the classes that fit, of what is left of the chunk.
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

void Heap::SetBudget(Budget* budget) {
  if (!budget->limits_memory()) return;
  budget_ = budget;
  limit_bytes_ = budget->max_memory_bytes();
  allowed_bytes_ = 0;
  static_cast<void>(budget_->TakeReserved(reserved_bytes(), /*force=*/true));
  // If more is in use already than the limit, only growing fails.
  if (!Extend(used_bytes_)) allowed_bytes_ = 0;
}

// Takes so much more from the budget that `used` bytes may be in use. The sum
// may have wrapped around: such sizes GetLarge would refuse anyway.
bool Heap::Extend(size_t used) {
  if (budget_ == nullptr || used > PTRDIFF_MAX) return false;
  const size_t need = used - allowed_bytes_;
  for (const size_t step : {need + kStep, need}) {
    if (!budget_->TakeMemory(step)) continue;
    allowed_bytes_ += step;
    return true;
  }
  return false;
}

void Heap::GiveBack(size_t keep) {
  const size_t more = allowed_bytes_ - used_bytes_ - keep;
  budget_->GiveMemory(more);
  allowed_bytes_ -= more;
}

// Once it was true, it is false until an eighth of the limit more is in use. A
// collection that frees little must not be made each time.
bool Heap::IsShort() {
  const size_t limit = limit_bytes_;
  if (limit == SIZE_MAX || used_bytes_ <= limit / 2) {
    short_at_ = 0;
    return false;
  }
  if (used_bytes_ < short_at_) return false;
  short_at_ = used_bytes_ + limit / 8;
  return true;
}

// Takes `bytes` more if I3 permits. I2 goes before I3.
bool Heap::Reserve(size_t bytes) {
  if (budget_ != nullptr) return budget_->TakeReserved(bytes, is_shrinking_);
  constexpr size_t kSpare = Budget::kSpare;
  const size_t reserved = reserved_bytes() + bytes;
  return is_shrinking_ || reserved <= kSpare ||
         (reserved - kSpare) / 2 <= limit_bytes_;
}

void Heap::Unreserve(size_t bytes) {
  if (budget_ != nullptr) budget_->GiveReserved(bytes);
}

// Makes a free medium block the current chunk, so that blocks are cut from it.
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

// Reserves room for a large block, or for the growth of one.
bool Heap::MakeRoom(size_t bytes) {
  if (bytes > PTRDIFF_MAX) return false;
  return Reserve(bytes) || (Trim() && Reserve(bytes));
}

// The size of the next chunk. Chunks grow with the heap. At first they are an
// eighth of it or less, so that a small heap has little to spare; later up to a
// quarter. In a heap with a limit they are small parts of the limit, so that
// some of them get empty.
size_t Heap::NextChunkBytes() const {
  if (chunk_bytes_ == 0) return kFirstChunk;
  const size_t part = chunk_bytes_ < kStillSmall ? 8 : 4;
  const size_t most = std::clamp(std::bit_floor(limit_bytes() / 64),
                                 kStillSmall, ChunkPool::kMaxChunk);
  return std::clamp(std::bit_floor(chunk_bytes_ / part), ChunkPool::kMinChunk,
                    most);
}

// Whether to look for empty chunks before another one is taken. Not again until
// the heap has grown by a quarter.
bool Heap::IsMostlyFree() const {
  return chunk_bytes_ >= kWorthTrimming &&
         used_bytes_ - std::min(used_bytes(), large_bytes_.get()) <
             chunk_bytes_ / 2 &&
         chunk_bytes_ >= trimmed_at_ + trimmed_at_ / 4;
}

Chunk* Heap::TakeChunk(size_t bytes) {
  if (!Reserve(bytes)) return nullptr;
  Chunk* chunk = ChunkPool::Get()->Take(bytes);
  if (chunk == nullptr) Unreserve(bytes);
  return chunk;
}

// Where the next blocks are cut from. Tries, in this order: a free block that
// is larger; a new chunk, of the size that fits the heap; smaller ones, if the
// limit or the system refuses; a chunk after Trim has given others back.
bool Heap::AddChunk(size_t least) {
  PutRest();
  if (ReuseMedium(least)) return true;
  bump_ = bump_end_ = nullptr;
  if (IsMostlyFree()) {
    Trim();
    trimmed_at_ = chunk_bytes_;
  }
  const size_t least_chunk =
      std::max(std::bit_ceil(least + kHeader), ChunkPool::kMinChunk);
  Chunk* chunk = nullptr;
  for (size_t bytes = std::max(NextChunkBytes(), least_chunk);
       chunk == nullptr && bytes >= least_chunk; bytes /= 2) {
    chunk = TakeChunk(bytes);
  }
  if (chunk == nullptr && Trim()) chunk = TakeChunk(least_chunk);
  if (chunk == nullptr) return false;
  chunk->next = chunks_;
  chunks_ = chunk;
  chunk_bytes_ += chunk->bytes;
  bump_ = reinterpret_cast<char*>(chunk) + kHeader;
  bump_end_ = reinterpret_cast<char*>(chunk) + chunk->bytes;
  return true;
}

namespace {

// How much of a chunk is in free blocks. If that is all but the header, the
// chunk is empty.
struct Use {
  Chunk* chunk;
  size_t free_bytes;
};

// Of the chunks from `uses` to `end`, the one that contains `block`. Null for a
// block that was malloc's once: see Resize.
Use* FindUse(Use* uses, Use* end, const void* block) {
  Use* after =
      std::upper_bound(uses, end, block, [](const void* at, const Use& use) {
        return at < static_cast<const void*>(use.chunk);
      });
  if (after == uses) return nullptr;
  Use* use = after - 1;
  const char* limit =
      reinterpret_cast<const char*>(use->chunk) + use->chunk->bytes;
  return block < static_cast<const void*>(limit) ? use : nullptr;
}

}  // namespace

bool Heap::Trim() {
  PutRest();
  bump_ = bump_end_ = nullptr;
  size_t count = 0;
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next)
    count++;
  auto* uses = static_cast<Use*>(std::malloc(count * sizeof(Use)));
  if (uses == nullptr) return false;
  // First, count the free bytes in each chunk. The chunks are sorted by
  // address, so that a block's chunk is found by a binary search.
  Use* end = uses;
  for (Chunk* chunk = chunks_; chunk != nullptr; chunk = chunk->next)
    *end++ = {chunk, 0};
  std::sort(uses, end,
            [](const Use& a, const Use& b) { return a.chunk < b.chunk; });
  const auto find = [uses, end](const void* block) {
    return FindUse(uses, end, block);
  };
  const auto is_empty = [](const Use* use) {
    return use->free_bytes + kHeader == use->chunk->bytes;
  };
  for (size_t i = 1; i < kClasses; i++) {
    for (FreeBlock* block = free_[i]; block != nullptr; block = block->next) {
      Use* use = find(block);
      if (use != nullptr) use->free_bytes += BytesOf(i);
    }
  }
  // Second, take the free blocks of empty chunks out of their lists.
  const bool found = std::any_of(
      uses, end, [&is_empty](const Use& use) { return is_empty(&use); });
  for (size_t i = 1; found && i < kClasses; i++) {
    FreeBlock** link = &free_[i];
    for (FreeBlock* block = *link; block != nullptr; block = block->next) {
      const Use* use = find(block);
      if (use != nullptr && is_empty(use)) continue;
      *link = block;
      link = &block->next;
    }
    *link = nullptr;
  }
  // Third, sort the chunks into those that stay and those that go.
  Chunk* empty = nullptr;
  chunks_ = nullptr;
  for (const Use* use = uses; use != end; use++) {
    Chunk** list = is_empty(use) ? &empty : &chunks_;
    if (is_empty(use)) {
      chunk_bytes_ -= use->chunk->bytes;
      Unreserve(use->chunk->bytes);
    }
    use->chunk->next = *list;
    *list = use->chunk;
  }
  std::free(uses);
  ChunkPool::Get()->PutAll(empty);
  return found;
}

}  // namespace trilune::vm
