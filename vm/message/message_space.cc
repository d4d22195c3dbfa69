// Memory for messages: blocks, scratch of writers, and lists of what is in use.
//
// Blocks. Most messages are small, and one isolate frees what another has
// allocated. So free blocks would pile up at receivers. Each isolate keeps free
// blocks of two sizes in magazines of up to kBatch, two magazines a size:
// loaded_ and spare_. It fetches and returns whole magazines at the depot,
// under a lock, once in kBatch messages. With two magazines, an isolate whose
// use goes up and down a little does not visit the depot each time.
//
// Lists. A Lua error jumps over C++ frames, and a G may be dropped in the midst
// of a call. So everything that a frame uses is in a list of the isolate:
// scratch in scratches_, messages that are being read in quick_ or reading_.
// The destructor frees what is left.
//
// Scratch. Its entries find a value by address: one by one while there are few,
// by an open hash afterwards.

#include "vm/message/message_space.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "sched/sync/mutex.h"
#include "sched/sync/sanitizers.h"
#include "vm/isolate/isolate.h"
#include "vm/memory/budget.h"
#include "vm/message/message_format.h"

namespace trilune::vm {
namespace {

// Bytes of a block's data, by size class. Blocks of the last class,
// kMallocClass, are malloc's own.
constexpr size_t kClassBytes[] = {80, 272};

#if defined(TRI_ASAN)
constexpr bool kPlainMalloc = true;  // ASan sees each use after free
#else
constexpr bool kPlainMalloc = false;
#endif

constexpr uint32_t kFirstSlots = 64;
constexpr uint32_t kKeptEntries = 1024;

uint32_t ClassFor(size_t bytes) {
  if (kPlainMalloc || bytes > kClassBytes[1]) return MessageSpace::kMallocClass;
  return bytes <= kClassBytes[0] ? 0 : 1;
}

void ReleaseShared(const Message* message) {
  VisitMessage(
      message, [](Shared* object, void*) { object->Release(); }, nullptr);
}

}  // namespace

// The place where senders get back the blocks that receivers have freed. Each
// visits it once in kBatch messages.
class MessageDepot {
 public:
  // Never destroyed: Ms may run until the process ends.
  static MessageDepot& Get() {
    alignas(MessageDepot) static char memory[sizeof(MessageDepot)];
    static auto* depot = new (memory) MessageDepot();
    return *depot;
  }

  // A full magazine, or an empty one.
  MessageSpace::Magazine Take(uint32_t size_class) TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    Shelf& shelf = shelves_[size_class];
    if (shelf.count == 0) return {};
    return shelf.full[--shelf.count];
  }

  void Put(uint32_t size_class, MessageSpace::Magazine magazine)
      TRI_EXCLUDES(mu_) {
    {
      MutexLock lock(mu_);
      Shelf& shelf = shelves_[size_class];
      if (shelf.count < kShelf) {
        shelf.full[shelf.count++] = magazine;
        return;
      }
    }
    FreeAll(magazine);
  }

  void PutOne(Message* message) TRI_EXCLUDES(mu_) {
    MessageSpace::Magazine full;
    const uint32_t size_class = message->size_class;
    {
      MutexLock lock(mu_);
      MessageSpace::Magazine& open = open_[size_class];
      message->next = open.first;
      open.first = message;
      if (++open.count < MessageSpace::kBatch) return;
      full = open;
      open = {};
    }
    Put(size_class, full);
  }

  static void FreeAll(MessageSpace::Magazine magazine) {
    while (magazine.first != nullptr) {
      Message* message = magazine.first;
      magazine.first = message->next;
      std::free(message);
    }
  }

 private:
  static constexpr uint32_t kShelf = 128;
  struct Shelf {
    MessageSpace::Magazine full[kShelf];
    uint32_t count = 0;
  };

  Mutex mu_{LockRank::kMessages};
  Shelf shelves_[MessageSpace::kClasses] TRI_GUARDED_BY(mu_);
  MessageSpace::Magazine open_[MessageSpace::kClasses] TRI_GUARDED_BY(mu_);
};

template <class T>
T* RawArray<T>::AddMany(size_t n) {
  constexpr size_t kMost = size_t{1} << 30;
  if (n > capacity - count) {
    if (n > kMost - count) return nullptr;
    const auto larger = static_cast<uint32_t>(
        std::max({size_t{capacity} * 2, count + n, size_t{16}}));
    constexpr size_t kBytes = sizeof(T);  // NOLINT(bugprone-sizeof-expression)
    void* memory = std::realloc(at, larger * kBytes);
    if (memory == nullptr) return nullptr;
    at = static_cast<T*>(memory);
    capacity = larger;
  }
  T* first = at + count;
  count += static_cast<uint32_t>(n);
  return first;
}

template <class T>
void RawArray<T>::Free() {
  std::free(at);
  *this = {};
}

template struct RawArray<WriteEntry>;
template struct RawArray<WriteFrame>;
template struct RawArray<Shared*>;
template struct RawArray<char>;

// --- Scratch. ---

// Puts all entries into a table of so many slots. The entries themselves stay:
// their numbers are their identity.
bool WriteScratch::Rehash(uint32_t slots_needed) {
  if (slots_needed > slots_capacity) {
    void* memory = std::realloc(slots, slots_needed * sizeof(uint32_t));
    if (memory == nullptr) return false;
    slots = static_cast<uint32_t*>(memory);
    slots_capacity = slots_needed;
  }
  mask = slots_needed - 1;
  std::memset(slots, 0, slots_needed * sizeof(uint32_t));
  for (uint32_t i = 0; i < entries.count; i++) {
    uint32_t slot = HashOfAddress(entries.at[i].address) & mask;
    while (slots[slot] != 0)
      slot = (slot + 1) & mask;
    slots[slot] = i + 1;
  }
  return true;
}

// Few values are searched one by one, which is faster than a hash.
uint32_t WriteScratch::FindOrAdd(const void* address, bool* is_new) {
  *is_new = false;
  uint32_t slot = 0;
  if (mask == 0 && entries.count < kLinear) {
    for (uint32_t i = 0; i < entries.count; i++) {
      if (entries.at[i].address == address) return i;
    }
  } else {
    // The hash is at most half full, with the new entry.
    if (mask == 0 || (entries.count + 1) * 2 > mask) {
      const uint32_t larger = mask == 0 ? kFirstSlots : (mask + 1) * 2;
      if (larger == 0 || !Rehash(larger)) return kNone;
    }
    slot = HashOfAddress(address) & mask;
    while (slots[slot] != 0) {
      const uint32_t i = slots[slot] - 1;
      if (entries.at[i].address == address) return i;
      slot = (slot + 1) & mask;
    }
  }
  WriteEntry* entry = entries.Add();
  if (entry == nullptr) return kNone;
  if (mask != 0) slots[slot] = entries.count;
  *is_new = true;
  entry->address = address;
  entry->detail = kPlainEntry;
  return entries.count - 1;
}

bool WriteScratch::AddText(const char* bytes, size_t size) {
  if (size == 0) return true;
  char* to = text.AddMany(size);
  if (to == nullptr) return false;
  std::memcpy(to, bytes, size);
  return true;
}

void WriteScratch::Reset() {
  for (uint32_t i = 0; i < shared.count; i++)
    shared.at[i]->Release();
  shared.count = 0;
  if (block != nullptr) {
    std::free(block);
    block = nullptr;
  }
  MemoryCharge::Give(charge);
  charge = nullptr;
  if (entries.capacity > kKeptEntries) entries.Free();
  if (frames.capacity > kKeptEntries) frames.Free();
  if (slots_capacity > kKeptEntries * 2) FreeSlots();
  entries.count = 0;
  frames.count = 0;
  mask = 0;
}

void WriteScratch::FreeSlots() {
  std::free(slots);
  slots = nullptr;
  slots_capacity = 0;
}

void WriteScratch::FreeAll() {
  Reset();
  entries.Free();
  frames.Free();
  shared.Free();
  text.Free();
  FreeSlots();
}

// --- The space. ---

MessageSpace* MessageSpace::Of(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  if (iso->messages == nullptr) {
    iso->messages = new (std::nothrow) MessageSpace();
  }
  return iso->messages;
}

MessageSpace::~MessageSpace() {
  while (quick_ != nullptr)
    DropFirst();
  while (reading_ != nullptr) {
    Message* message = reading_;
    EndRead(message);
    ReleaseShared(message);
    Free(message);
  }
  while (scratches_ != nullptr) {
    WriteScratch* scratch = scratches_;
    scratches_ = scratch->next;
    scratch->FreeAll();
    std::free(scratch);
  }
  for (uint32_t i = 0; i < kClasses; i++) {
    for (Magazine* magazine : {&loaded_[i], &spare_[i]}) {
      if (magazine->count == kBatch) {
        MessageDepot::Get().Put(i, *magazine);
      } else {
        MessageDepot::FreeAll(*magazine);
      }
    }
  }
}

WriteScratch* MessageSpace::TakeScratch() {
  WriteScratch* scratch = free_scratches_;
  if (scratch != nullptr) {
    free_scratches_ = scratch->next_free;
    return scratch;
  }
  scratch = static_cast<WriteScratch*>(std::malloc(sizeof(WriteScratch)));
  if (scratch == nullptr) return nullptr;
  // Clears all but the buffer.
  std::memset(static_cast<void*>(scratch), 0, offsetof(WriteScratch, fixed));
  scratch->next = scratches_;
  scratches_ = scratch;
  return scratch;
}

void MessageSpace::GiveScratch(WriteScratch* scratch) {
  // One scratch keeps its memory for the next message. That memory is counted
  // nowhere until then, so no other scratch keeps any.
  if (free_scratches_ == nullptr) {
    scratch->Reset();
  } else {
    scratch->FreeAll();
  }
  scratch->next_free = free_scratches_;
  free_scratches_ = scratch;
}

Message* MessageSpace::Allocate(size_t bytes) {
  const uint32_t size_class = ClassFor(bytes);
  if (size_class != MessageSpace::kMallocClass) {
    Magazine& loaded = loaded_[size_class];
    if (loaded.count == 0) {
      // Take from the spare magazine first, and only then from the depot.
      std::swap(loaded, spare_[size_class]);
      if (loaded.count == 0) loaded = MessageDepot::Get().Take(size_class);
    }
    if (loaded.count != 0) {
      Message* message = loaded.first;
      loaded.first = message->next;
      loaded.count--;
      return message;
    }
    bytes = kClassBytes[size_class];
  }
  auto* message = static_cast<Message*>(std::malloc(sizeof(Message) + bytes));
  if (message != nullptr) message->size_class = size_class;
  return message;
}

void MessageSpace::Free(Message* message) {
  MemoryCharge::Give(message->charge);
  const uint32_t size_class = message->size_class;
  if (size_class == MessageSpace::kMallocClass) {
    std::free(message);
    return;
  }
  Magazine& loaded = loaded_[size_class];
  if (loaded.count == kBatch) {
    Magazine& spare = spare_[size_class];
    if (spare.count == kBatch) {
      MessageDepot::Get().Put(size_class, spare);
      spare = {};
    }
    std::swap(loaded, spare);  // the spare one is full or empty
  }
  message->next = loaded.first;
  loaded.first = message;
  loaded.count++;
}

void MessageSpace::FreeToDepot(Message* message) {
  MemoryCharge::Give(message->charge);
  if (message->size_class == MessageSpace::kMallocClass) {
    std::free(message);
  } else {
    MessageDepot::Get().PutOne(message);
  }
}

void MessageSpace::DropFirst() {
  Message* message = quick_;
  quick_ = message->next;
  Free(message);
}

void MessageSpace::DropStale(lua_State* L) {
  // Inside a finalizer, the messages in the list are being read by the code
  // that it has interrupted. Elsewhere nobody reads them: memory errors have
  // left them.
  if (lua_gc(L, LUA_GCCOUNT) == -1) return;
  while (quick_ != nullptr)
    DropFirst();
}

void MessageSpace::BeginRead(Message* message) {
  message->prev = nullptr;
  message->next = reading_;
  if (reading_ != nullptr) reading_->prev = message;
  reading_ = message;
}

void MessageSpace::EndRead(Message* message) {
  if (message->prev != nullptr) {
    message->prev->next = message->next;
  } else {
    reading_ = message->next;
  }
  if (message->next != nullptr) message->next->prev = message->prev;
}

bool IsPlain(const Message* message) {
  return (message->flags & kIsDemanding) == 0;
}

size_t MessageBytes(const Message* message) {
  const size_t room = message->size_class == MessageSpace::kMallocClass
                          ? 0
                          : kClassBytes[message->size_class];
  return sizeof(Message) + std::max(message->bytes, room);
}

Message* CopyMessage(const Message* message, const Isolate* reader) {
  const size_t bytes = sizeof(Message) + message->bytes;
  MemoryCharge* charge = nullptr;
  if (reader != nullptr && !IsPlain(message) &&
      !MemoryCharge::Grow(reader->config().budget, bytes, &charge)) {
    return nullptr;
  }
  void* memory = std::malloc(bytes);
  if (memory == nullptr) {
    MemoryCharge::Give(charge);
    return nullptr;
  }
  auto* copy = new (memory) Message(*message);
  copy->next = copy->prev = nullptr;
  copy->charge = charge;
  copy->size_class = MessageSpace::kMallocClass;
  std::memcpy(copy->data(), message->data(), message->bytes);
  VisitMessage(
      copy, [](Shared* object, void*) { object->Retain(); }, nullptr);
  return copy;
}

Message* CopyToRead(lua_State* L, const Message* message) {
  Isolate* iso = Isolate::Of(L);
  Message* copy = CopyMessage(message, iso);
  if (copy != nullptr) return copy;
  iso->CollectForLimit(L);
  return CopyMessage(message, iso);
}

void FreeMessage(Message* message, Isolate* isolate) {
  ReleaseShared(message);
  if (isolate != nullptr && isolate->messages != nullptr) {
    isolate->messages->Free(message);
  } else {
    MessageSpace::FreeToDepot(message);
  }
}

}  // namespace trilune::vm
