// One shard of a dictionary, under its lock.
//
// Why shards: every operation on a key takes one lock for a short time. With
// several locks, operations on keys of different shards do not meet. The top
// bits of a key's hash choose the shard, the low bits its bucket
// (DictStore::ShardOf). Each shard has its own share of the size limit, so that
// no write touches a counter of all.
//
// Short time under the lock. Nothing is allocated or freed under it, and
// nothing is readied. A write collects that in a DictChange:
// - The entry it may need is made before. Where an old entry can be overwritten
//   in place, the first try is made without one (needs_entry).
// - Removed entries become garbage, linked by `newer`, and are released later.
// - Gs that were won are readied later. The winner owns them until then.
//
// How a reader uses a value outside the lock: a short string is copied under
// the lock, because a writer may overwrite it in place. A long string or an
// object never changes while its entry lives. The reader takes a reference and
// releases it later. The last reference frees the entry, so an entry may be
// removed while it is read.
//
// Size limit. The list by last use goes from `newest` to `oldest`. MakeRoom
// looks for expired entries near the old end, and then evicts from there.
// Nothing runs in the background: expired entries go when a write needs room,
// with each insertion (Sweep), or when their key is written.

#include "stdlib/dict/dict_shard.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "sched/core/loop.h"

namespace trilune::stdlib {
namespace {

using Kind = DictValue::Kind;

// Where room is needed, this many entries at the old end are searched for
// expired ones. After every insertion, kSweep of them.
constexpr int kSearch = 32;
constexpr int kSweep = 2;

// Takes and wins the first waiter. Null: no G waits there.
DictWaiter* Win(WaitQueue& queue, GList* woken) {
  WaiterBase* waiter = queue.PopAndWin();
  if (waiter == nullptr) return nullptr;
  waiter->g->wake = WakeResult::kReady;
  woken->PushTail(waiter->g);
  return static_cast<DictWaiter*>(waiter);
}

// Whether `value` can overwrite the entry's value in place. Only short values
// can, because a reader may be using a long one without the lock.
bool FitsInto(const DictEntry* entry, const DictValue& value) {
  return DictEntry::IsShort(entry->value) && DictEntry::IsShort(value) &&
         (value.kind != Kind::kString || value.size <= entry->room);
}

// As Lua's raw equality.
bool Equal(const DictValue& a, const DictValue& b) {
  if (a.kind != b.kind) {
    if (!DictValue::IsNumber(a) || !DictValue::IsNumber(b)) return false;
    const int64_t integer = a.kind == Kind::kInteger ? a.integer : b.integer;
    const double number = a.kind == Kind::kInteger ? b.number : a.number;
    // Exact: 2^63 is the first float beyond the integers.
    return number >= -0x1p63 && number < 0x1p63 &&
           static_cast<double>(static_cast<int64_t>(number)) == number &&
           static_cast<int64_t>(number) == integer;
  }
  switch (a.kind) {
    case Kind::kInteger:
      return a.integer == b.integer;
    case Kind::kFloat:
      return a.number == b.number;
    case Kind::kString:
      return a.size == b.size && std::memcmp(a.bytes, b.bytes, a.size) == 0;
    case Kind::kNil:
    case Kind::kFalse:
    case Kind::kTrue:
      return true;
    case Kind::kObject:
    case Kind::kList:
      break;
  }
  return false;
}

// Whether the write may be done. `live`: the present entry, or null.
DictStatus Judge(const DictEntry* live, const DictWrite& write) {
  switch (write.mode) {
    case DictWrite::Mode::kSet:
      break;
    case DictWrite::Mode::kAdd:
      if (live != nullptr) return DictStatus::kExists;
      break;
    case DictWrite::Mode::kReplace:
      if (live == nullptr) return DictStatus::kNotFound;
      break;
    case DictWrite::Mode::kCas:
      if (live == nullptr) {
        if (write.old->kind != Kind::kNil) return DictStatus::kNotFound;
        break;
      }
      if (live->value.kind == Kind::kList) return DictStatus::kIsList;
      if (!Equal(live->value, *write.old)) return DictStatus::kChanged;
      break;
    case DictWrite::Mode::kCasVersion:
      if (live == nullptr) {
        if (write.version != 0) return DictStatus::kNotFound;
      } else if (live->version != write.version) {
        return DictStatus::kChanged;
      }
      break;
  }
  return DictStatus::kOk;
}

}  // namespace

bool DictEntry::IsShort(const DictValue& value) {
  return value.kind != Kind::kObject && value.kind != Kind::kList &&
         (value.kind != Kind::kString || value.size <= DictReading::kCopyBytes);
}

void DictEntry::ReadInto(DictReading* reading) {
  reading->value = value;
  reading->flags = flags;
  reading->version = version;
  if (!IsShort(value)) {
    // relaxed: the caller's lock, or its own reference, keeps the entry alive.
    refs.fetch_add(1, std::memory_order_relaxed);
    reading->held = this;
  } else if (value.kind == Kind::kString) {
    std::memcpy(reading->copy, value.bytes, value.size);
    reading->value.bytes = reading->copy;
  }
}

void DictEntry::Assign(const DictValue& its) {
  value = its;
  if (its.kind != Kind::kString) return;
  value.bytes = payload();
  std::memcpy(payload(), its.bytes, its.size);
}

DictEntry* DictEntry::New(const DictKey& key, const DictValue& value) {
  size_t room = value.kind == Kind::kString ? value.size : 0;
  if (value.kind == Kind::kList) room = sizeof(DictList);
  const size_t bytes =
      sizeof(DictEntry) + DictEntry::PayloadOffset(key.size) + room;
  void* memory = bytes < room ? nullptr : std::malloc(bytes);
  if (memory == nullptr) return nullptr;
  auto* entry = new (memory) DictEntry();
  entry->expires_ns = kNever;
  entry->block = BlockBytes(bytes) +
                 (value.kind == Kind::kObject ? BlockBytes(value.size) : 0);
  entry->hash = key.hash;
  entry->key_size = static_cast<uint32_t>(key.size);
  entry->room = static_cast<uint32_t>(std::min(room, DictReading::kCopyBytes));
  entry->refs.store(1, std::memory_order_relaxed);  // nobody else sees it
  std::memcpy(entry->key(), key.bytes, key.size);
  if (value.kind == Kind::kList) {
    new (entry->payload()) DictList();
    entry->value = value;
  } else {
    entry->Assign(value);
  }
  return entry;
}

size_t DictNode::block_bytes() const {
  return BlockBytes(sizeof(DictNode) +
                    (value.kind == Kind::kString ? value.size : 0)) +
         (value.kind == Kind::kObject ? BlockBytes(value.size) : 0);
}

void MakeReady(GList* woken) {
  while (G* g = woken->PopHead())
    Ready(g);
}

DictEntry* DictShard::Find(const DictKey& key) {
  DictEntry* entry = buckets[key.hash & bucket_mask];
  while (entry != nullptr &&
         (entry->hash != key.hash || entry->key_size != key.size ||
          std::memcmp(entry->key(), key.bytes, key.size) != 0)) {
    entry = entry->chain;
  }
  return entry;
}

void DictShard::Link(DictEntry* entry) {
  entry->newer = nullptr;
  entry->older = newest;
  (newest != nullptr ? newest->newer : oldest) = entry;
  newest = entry;
}

void DictShard::Unlink(DictEntry* entry) {
  (entry->newer != nullptr ? entry->newer->older : newest) = entry->older;
  (entry->older != nullptr ? entry->older->newer : oldest) = entry->newer;
}

void DictShard::Insert(DictEntry* entry) {
  DictEntry** bucket = &buckets[entry->hash & bucket_mask];
  entry->chain = *bucket;
  *bucket = entry;
  Link(entry);
  used += entry->block;
  entries++;
}

void DictShard::Remove(DictEntry* entry, DictEntry** garbage) {
  DictEntry** at = &buckets[entry->hash & bucket_mask];
  while (*at != entry)
    at = &(*at)->chain;
  *at = entry->chain;
  Unlink(entry);
  used -= BytesOf(entry);
  entries--;
  entry->newer = *garbage;
  *garbage = entry;
}

void DictShard::Touch(DictEntry* entry) {
  if (entry == newest) return;
  Unlink(entry);
  Link(entry);
}

bool DictShard::MakeRoom(size_t bytes, DictEntry* keep, bool safe,
                         bool* forcible, DictEntry** garbage) {
  const size_t kept = keep == nullptr ? 0 : BytesOf(keep);
  if (bytes > capacity - kept) return false;
  if (used + bytes <= capacity) return true;
  DictEntry* entry = oldest;
  for (int i = 0; i < kSearch && entry != nullptr; i++) {
    DictEntry* following = entry->newer;
    if (entry != keep && !IsLive(entry)) {
      Remove(entry, garbage);
      expired++;
    }
    entry = following;
  }
  if (used + bytes <= capacity) return true;
  if (safe) return false;
  for (entry = oldest; used + bytes > capacity;) {
    DictEntry* following = entry->newer;
    if (entry != keep) {
      if (IsLive(entry)) {
        *forcible = true;
        evicted++;
      } else {
        expired++;
      }
      Remove(entry, garbage);
    }
    entry = following;
  }
  return true;
}

DictEntry* DictShard::Replace(DictEntry* old, bool safe, DictChange* change) {
  DictEntry* fresh = change->fresh;
  // Needs only the bytes by which the new entry is larger. `old` is kept until
  // that has worked, because on failure it must stay.
  const size_t gone = old == nullptr ? 0 : BytesOf(old);
  if (fresh->block > capacity) return nullptr;
  if (fresh->block > gone && !MakeRoom(fresh->block - gone, old, safe,
                                       &change->forcible, &change->garbage)) {
    return nullptr;
  }
  if (old != nullptr) {
    if (!IsLive(old)) expired++;
    Remove(old, &change->garbage);
  }
  Insert(fresh);
  change->fresh = nullptr;
  Sweep(&change->garbage);
  return fresh;
}

DictStatus DictShard::Write(const DictKey& key, const DictValue& value,
                            const DictWrite& write, DictChange* change) {
  DictEntry* old = Find(key);
  DictEntry* live = old != nullptr && IsLive(old) ? old : nullptr;
  const DictStatus status = Judge(live, write);
  if (status != DictStatus::kOk) return status;
  if (value.kind == Kind::kNil) {
    if (old != nullptr) Remove(old, &change->garbage);
    return DictStatus::kOk;
  }
  DictEntry* entry = live;
  if (live != nullptr && change->fresh == nullptr && FitsInto(live, value)) {
    live->Assign(value);
    Touch(live);
  } else if (change->fresh == nullptr) {
    change->needs_entry = true;
    return DictStatus::kOk;
  } else {
    entry = Replace(old, write.safe, change);
    if (entry == nullptr) return DictStatus::kNoMemory;
  }
  entry->expires_ns = write.expires_ns;
  entry->flags = write.flags;
  NoteChange(entry, &change->woken);
  return DictStatus::kOk;
}

void DictShard::Sweep(DictEntry** garbage) {
  for (int i = 0; i < kSweep && oldest != nullptr && !IsLive(oldest); i++) {
    Remove(oldest, garbage);
    expired++;
  }
}

DictWait* DictShard::FindWait(const DictKey& key) {
  if (wait_count == 0) return nullptr;
  DictWait* wait = waits[key.hash & wait_mask];
  while (wait != nullptr &&
         (wait->hash != key.hash || wait->key_size != key.size ||
          std::memcmp(wait->key(), key.bytes, key.size) != 0)) {
    wait = wait->next;
  }
  return wait;
}

void DictShard::AddWaitBuckets() TRI_NO_ANALYSIS {
  // Grows in few, large steps, because each step moves all waits under the
  // lock.
  constexpr size_t kGrowth = 16;
  mu.Lock();
  const size_t size = (wait_mask + 1) * kGrowth;
  mu.Unlock();
  constexpr size_t kPointer = sizeof(void*);
  auto** larger = static_cast<DictWait**>(std::calloc(size, kPointer));
  if (larger == nullptr) return;
  mu.Lock();
  if (wait_mask + 1 < size) {
    for (size_t i = 0; i <= wait_mask; i++) {
      while (DictWait* wait = waits[i]) {
        waits[i] = wait->next;
        wait->next = larger[wait->hash & (size - 1)];
        larger[wait->hash & (size - 1)] = wait;
      }
    }
    std::swap(waits, larger);
    wait_mask = size - 1;
  }
  mu.Unlock();
  if (larger != few_waits) std::free(larger);
}

void DictShard::Give(DictEntry* entry, GList* woken) {
  DictWait* wait = FindWait({entry->key(), entry->key_size, entry->hash});
  if (wait == nullptr) return;
  while (DictWaiter* waiter = Win(wait->values, woken)) {
    // relaxed: as in ReadInto.
    entry->refs.fetch_add(1, std::memory_order_relaxed);
    waiter->held = entry;
  }
}

bool DictShard::GiveNode(const DictKey& key, DictNode* node, GList* woken) {
  DictWait* wait = FindWait(key);
  if (wait == nullptr) return false;
  DictWaiter* waiter = Win(wait->pops, woken);
  if (waiter == nullptr) return false;
  waiter->node = node;
  return true;
}

}  // namespace trilune::stdlib
