// DictStore: chooses the shard of a key, and does what must be done outside its
// lock. dict_shard.cc explains the shards.
//
// Every write has the same frame: make what it may need, lock, write, unlock;
// repeat if it needs an entry after all; then Finish. Finish frees what was not
// needed, releases garbage, and readies the Gs that were won.
//
// The hash has a random seed for each store.

#include "stdlib/dict/dict_store.h"

#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "sched/core/loop.h"
#include "stdlib/dict/dict_shard.h"

namespace trilune::stdlib {
namespace {

using Kind = DictValue::Kind;

constexpr size_t kShardBytes = size_t{256} << 10;  // at least, by default
constexpr uint32_t kDefaultShards = 16;
constexpr size_t kBytesPerBucket = 128;
constexpr size_t kPointer = sizeof(void*);

uint64_t RandomSeed() {
  uint64_t seed = 0;
  if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
    seed = static_cast<uint64_t>(NowNs());
  }
  return seed;
}

// Folds the product of 128 bits, as wyhash does.
uint64_t Mix(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// As wyhash does: sixteen bytes for each multiplication.
uint64_t Hash(const char* bytes, size_t size, uint64_t seed) {
  constexpr uint64_t kOne = 0xa0761d6478bd642fU;
  constexpr uint64_t kTwo = 0xe7037ed1a0b428dbU;
  uint64_t hash = seed ^ Mix(seed ^ size, kOne);
  while (size > 0) {
    uint64_t words[2] = {};
    const size_t n = std::min(size, sizeof(words));
    std::memcpy(words, bytes, n);
    hash = Mix(words[0] ^ kTwo, words[1] ^ hash);
    bytes += n;
    size -= n;
  }
  return Mix(hash ^ kOne, kTwo);
}

void Add(DictValue* value, const DictNumber& by) {
  if (value->kind == Kind::kInteger && by.is_integer) {
    // Wraps around, as Lua's integers do.
    value->integer =
        static_cast<int64_t>(static_cast<uint64_t>(value->integer) +
                             static_cast<uint64_t>(by.integer));
    return;
  }
  const double sum =
      (value->kind == Kind::kInteger ? static_cast<double>(value->integer)
                                     : value->number) +
      (by.is_integer ? static_cast<double>(by.integer) : by.number);
  value->kind = Kind::kFloat;
  value->number = sum;
}

DictValue ValueOf(const DictNumber& number) {
  DictValue value;
  value.kind = number.is_integer ? Kind::kInteger : Kind::kFloat;
  if (number.is_integer) {
    value.integer = number.integer;
  } else {
    value.number = number.number;
  }
  return value;
}

DictNumber NumberOf(const DictValue& value) {
  DictNumber number;
  number.is_integer = value.kind == Kind::kInteger;
  if (number.is_integer) {
    number.integer = value.integer;
  } else {
    number.number = value.number;
  }
  return number;
}

size_t LengthOf(const DictEntry* chain) {
  size_t length = 0;
  for (; chain != nullptr; chain = chain->chain)
    length++;
  return length;
}

// Adds to the number of `key`. If there is none, puts change->fresh there, if
// that is given.
DictStatus Add(DictShard* shard, const DictKey& key, const DictNumber& by,
               DictNumber* result, DictChange* change) TRI_REQUIRES(shard->mu) {
  DictEntry* old = shard->Find(key);
  DictEntry* entry = old != nullptr && DictShard::IsLive(old) ? old : nullptr;
  if (entry != nullptr) {
    if (!DictValue::IsNumber(entry->value)) return DictStatus::kNotANumber;
    Add(&entry->value, by);
    shard->Touch(entry);
  } else {
    if (change->fresh == nullptr) return DictStatus::kNotFound;
    entry = shard->Replace(old, /*safe=*/false, change);
    if (entry == nullptr) return DictStatus::kNoMemory;
  }
  *result = NumberOf(entry->value);
  shard->NoteChange(entry, &change->woken);
  return DictStatus::kOk;
}

}  // namespace

const char* DictStatusText(DictStatus status) {
  switch (status) {
    case DictStatus::kOk:
      return "ok";
    case DictStatus::kExists:
      return "exists";
    case DictStatus::kNotFound:
      return "not found";
    case DictStatus::kNotANumber:
      return "not a number";
    case DictStatus::kNoMemory:
      return "no memory";
    case DictStatus::kIsList:
      return "value is a list";
    case DictStatus::kNotList:
      return "value not a list";
    case DictStatus::kChanged:
      return "changed";
  }
  return "?";
}

// --- The store. ---

DictStore::DictStore(uint32_t shards, void (*free_object)(void*))
    : shard_count_(shards),
      free_object_(free_object),
      seed_(RandomSeed()),
      shards_(new (std::nothrow) DictShard[shards]) {}

std::unique_ptr<DictStore> DictStore::Make(
    size_t bytes, uint32_t shards, void (*free_object)(void*)) TRI_NO_ANALYSIS {
  if (shards == 0) {
    shards = kDefaultShards;
    while (shards > 1 && bytes / shards < kShardBytes)
      shards /= 2;
  }
  std::unique_ptr<DictStore> store(new (std::nothrow)
                                       DictStore(shards, free_object));
  if (store == nullptr || store->shards_ == nullptr) return nullptr;
  const size_t share = bytes / shards;
  const size_t buckets = std::bit_floor(share / kBytesPerBucket);
  const size_t table = BlockBytes(buckets * kPointer);
  for (uint32_t i = 0; i < shards; i++) {
    DictShard& shard = store->shards_[i];
    // For a large table the kernel provides pages only as they are touched.
    shard.buckets = static_cast<DictEntry**>(std::calloc(buckets, kPointer));
    if (shard.buckets == nullptr) return nullptr;
    shard.bucket_mask = buckets - 1;
    shard.capacity = share - table;
  }
  return store;
}

DictStore::~DictStore() TRI_NO_ANALYSIS {
  if (shards_ == nullptr) return;
  for (uint32_t i = 0; i < shard_count_; i++) {
    Destroy(shards_[i].oldest);  // the list by `newer`
    std::free(shards_[i].buckets);
    if (shards_[i].waits != shards_[i].few_waits) std::free(shards_[i].waits);
  }
}

DictKey DictStore::KeyOf(const char* bytes, size_t size) const {
  return {bytes, size, Hash(bytes, size, seed_)};
}

DictKey DictStore::KeyOf(const DictEntry* entry) {
  return {entry->key(), entry->key_size, entry->hash};
}

DictShard& DictStore::ShardOf(const DictKey& key) const {
  // The top bits; the low bits choose the bucket.
  return shards_[key.hash >> 56 & (shard_count_ - 1)];
}

void DictStore::Release(DictEntry* held) {
  // release: the thread that frees it comes after every reader's use.
  if (held->refs.fetch_sub(1, std::memory_order_release) != 1) return;  // [DR1]
  static_cast<void>(held->refs.load(std::memory_order_acquire));        // [DR1]
  if (held->value.kind == Kind::kObject) {
    free_object_(held->value.object);
  } else if (held->value.kind == Kind::kList) {
    DictNode* node = held->list()->head;
    while (node != nullptr) {
      DictNode* following = node->next;
      FreeNode(node, /*with_object=*/true);
      node = following;
    }
  }
  std::free(held);
}

// Gives up the table's reference of each entry. One that a reader still holds
// is freed by the reader.
void DictStore::Destroy(DictEntry* garbage) {
  while (garbage != nullptr) {
    DictEntry* following = garbage->newer;
    Release(garbage);
    garbage = following;
  }
}

DictStatus DictStore::Put(const DictKey& key, const DictValue& value,
                          const DictWrite& write, bool* forcible) {
  DictShard& shard = ShardOf(key);
  DictChange change;
  DictStatus status = DictStatus::kOk;
  // If a short value may fit into the old entry, the first try is without a new
  // one.
  change.needs_entry = !DictEntry::IsShort(value);
  do {
    if (change.needs_entry) {
      change.fresh = DictEntry::New(key, value);
      if (change.fresh == nullptr) return DictStatus::kNoMemory;
      change.fresh->expires_ns = kNever;
      change.needs_entry = false;
    }
    shard.mu.Lock();
    status = shard.Write(key, value, write, &change);
    shard.mu.Unlock();
  } while (change.needs_entry);
  *forcible = change.forcible;
  Finish(&change);
  return status;
}

DictStatus DictStore::Increment(const DictKey& key, const DictNumber& by,
                                const DictNumber* init, int64_t init_expires_ns,
                                DictNumber* result, bool* forcible) {
  DictShard& shard = ShardOf(key);
  DictChange change;
  DictStatus status = DictStatus::kOk;
  do {
    if (change.needs_entry) {
      DictValue first = ValueOf(*init);
      Add(&first, by);
      change.fresh = DictEntry::New(key, first);
      if (change.fresh == nullptr) return DictStatus::kNoMemory;
      change.fresh->expires_ns = init_expires_ns;
      change.needs_entry = false;
    }
    shard.mu.Lock();
    status = Add(&shard, key, by, result, &change);
    shard.mu.Unlock();
    if (status == DictStatus::kNotFound && init != nullptr) {
      change.needs_entry = true;
    }
  } while (change.needs_entry);
  *forcible = change.forcible;
  Finish(&change);
  return status;
}

void DictStore::Finish(DictChange* change) {
  std::free(change->fresh);
  Destroy(change->garbage);
  MakeReady(&change->woken);
}

// A read makes the entry the newest: it changes the shard as a write does. So
// readers share no lock.
DictStatus DictStore::Get(const DictKey& key, bool stale,
                          DictReading* reading) {
  DictShard& shard = ShardOf(key);
  shard.mu.Lock();
  DictEntry* entry = shard.Find(key);
  if (entry != nullptr && !DictShard::IsLive(entry)) {
    reading->stale = true;
    if (!stale) entry = nullptr;
  }
  if (entry == nullptr) {
    shard.misses++;
    shard.mu.Unlock();
    return DictStatus::kNotFound;
  }
  shard.hits++;
  shard.Touch(entry);
  const bool is_list = entry->value.kind == Kind::kList;
  if (!is_list) entry->ReadInto(reading);
  shard.mu.Unlock();
  return is_list ? DictStatus::kIsList : DictStatus::kOk;
}

DictStatus DictStore::Expiry(const DictKey& key, int64_t* expires_ns) {
  DictShard& shard = ShardOf(key);
  shard.mu.Lock();
  const DictEntry* entry = shard.FindLive(key);
  if (entry != nullptr) *expires_ns = entry->expires_ns;
  shard.mu.Unlock();
  return entry == nullptr ? DictStatus::kNotFound : DictStatus::kOk;
}

DictStatus DictStore::Expire(const DictKey& key, int64_t expires_ns) {
  DictShard& shard = ShardOf(key);
  shard.mu.Lock();
  DictEntry* entry = shard.FindLive(key);
  if (entry != nullptr) entry->expires_ns = expires_ns;
  shard.mu.Unlock();
  return entry == nullptr ? DictStatus::kNotFound : DictStatus::kOk;
}

// --- All of it. ---

void DictStore::Clear() {
  for (uint32_t i = 0; i < shard_count_; i++) {
    DictShard& shard = shards_[i];
    // With a new table, if there is memory, a large one need not be cleared
    // under the lock.
    const size_t size = shard.bucket_mask + 1;
    auto** empty = static_cast<DictEntry**>(std::calloc(size, kPointer));
    shard.mu.Lock();
    // The list, linked by `newer`, becomes the garbage.
    DictEntry* garbage = shard.oldest;
    shard.newest = shard.oldest = nullptr;
    shard.used = 0;
    shard.entries = 0;
    if (empty != nullptr) {
      std::swap(shard.buckets, empty);
    } else {
      std::memset(shard.buckets, 0, size * kPointer);
    }
    shard.mu.Unlock();
    std::free(empty);
    Destroy(garbage);
  }
}

uint64_t DictStore::RemoveExpired(uint64_t max) {
  constexpr size_t kBatch = 256;  // buckets looked at under the lock
  uint64_t removed = 0;
  for (uint32_t i = 0; i < shard_count_; i++) {
    DictShard& shard = shards_[i];
    for (size_t bucket = 0; bucket <= shard.bucket_mask;) {
      DictEntry* garbage = nullptr;
      const size_t end = std::min(bucket + kBatch, shard.bucket_mask + 1);
      shard.mu.Lock();
      for (; bucket < end; bucket++) {
        DictEntry* entry = shard.buckets[bucket];
        while (entry != nullptr && (max == 0 || removed < max)) {
          DictEntry* following = entry->chain;
          if (!DictShard::IsLive(entry)) {
            shard.Remove(entry, &garbage);
            shard.expired++;
            removed++;
          }
          entry = following;
        }
      }
      shard.mu.Unlock();
      Destroy(garbage);
      if (max != 0 && removed == max) return removed;
    }
  }
  return removed;
}

bool DictStore::Scan(DictScan* scan, bool* no_memory) {
  constexpr size_t kBatch = 64;
  *no_memory = false;
  scan->count = 0;
  size_t wanted = kBatch;
  while (scan->shard < shard_count_) {
    if (scan->room < wanted) {
      auto* grown = static_cast<DictEntry**>(
          std::realloc(scan->entries, wanted * kPointer));
      if (grown == nullptr) {
        *no_memory = true;
        return false;
      }
      scan->entries = grown;
      scan->room = wanted;
    }
    DictShard& shard = shards_[scan->shard];
    size_t looked = 0;
    shard.mu.Lock();
    // Takes a whole bucket at a time, so that the scan meets each entry once.
    for (; scan->bucket <= shard.bucket_mask && looked < 4 * kBatch;
         looked++, scan->bucket++) {
      DictEntry* first = shard.buckets[scan->bucket];
      const size_t length = LengthOf(first);
      if (scan->count + length > scan->room) {
        wanted = std::max(wanted, length);
        break;
      }
      for (DictEntry* entry = first; entry != nullptr; entry = entry->chain) {
        if (!DictShard::IsLive(entry)) continue;
        entry->refs.fetch_add(1, std::memory_order_relaxed);  // as in Get
        scan->entries[scan->count++] = entry;
      }
    }
    const bool ended = scan->bucket > shard.bucket_mask;
    shard.mu.Unlock();
    if (ended) {
      scan->shard++;
      scan->bucket = 0;
    }
    if (scan->count > 0) return true;
  }
  return false;
}

DictStats DictStore::Stats() {
  DictStats stats;
  stats.shards = shard_count_;
  for (uint32_t i = 0; i < shard_count_; i++) {
    DictShard& shard = shards_[i];
    shard.mu.Lock();
    stats.capacity += shard.capacity;
    stats.used += shard.used;
    stats.entries += shard.entries;
    stats.hits += shard.hits;
    stats.misses += shard.misses;
    stats.evicted += shard.evicted;
    stats.expired += shard.expired;
    shard.mu.Unlock();
  }
  return stats;
}

}  // namespace trilune::stdlib
