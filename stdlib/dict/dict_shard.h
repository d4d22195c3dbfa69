// DictShard: one part of a DictStore, with a lock of its own.
//
// Role       Has the table of entries, the list of them by last use, the
//            account of their bytes, and the Gs that wait for keys.
//            dict_shard.cc explains.
// Threads    the thread that holds `mu`
// Locks      mu, rank kChan
// Invariants I1. An entry is in its bucket's chain and in the list. Or it is in
//                neither, and then it is garbage, linked by `newer`.
//            I2. `used` is the sum of the entries' `block`s and of their nodes'
//                blocks.
// Tests      tests/stdlib/dict_store_test.cc

#ifndef TRI_STDLIB_DICT_DICT_SHARD_H_
#define TRI_STDLIB_DICT_DICT_SHARD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sched/base/clock.h"
#include "sched/sync/handover_lock.h"
#include "sched/task/wait_queue.h"
#include "stdlib/dict/dict_store.h"

namespace trilune::stdlib {

// What malloc takes for a block: with its header, in units of 16.
constexpr size_t BlockBytes(size_t bytes) {
  return bytes + sizeof(size_t) <= 32 ? 32
                                      : (bytes + sizeof(size_t) + 15) & ~15UL;
}

// An entry. Behind it lie its key, and room for a string or a DictList.
struct DictEntry {
  DictEntry* chain;  // in its bucket
  DictEntry* newer;
  DictEntry* older;
  int64_t expires_ns;
  uint64_t version;
  size_t block;  // bytes that are accounted for it, without a list's nodes
  uint64_t hash;
  DictValue value;  // its bytes lie behind the key
  uint32_t key_size;
  uint32_t room;  // for a string, behind the key
  uint32_t flags;
  // References: the table's, and one of each reader, which takes it under the
  // lock.
  std::atomic<uint32_t> refs;

  [[nodiscard]] char* key() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] const char* key() const {
    return reinterpret_cast<const char*>(this + 1);
  }
  [[nodiscard]] char* payload() { return key() + PayloadOffset(key_size); }
  [[nodiscard]] struct DictList* list() {
    return reinterpret_cast<struct DictList*>(payload());
  }

  // Makes an entry that is in no table yet. Null without memory. The value may
  // be an empty list.
  static DictEntry* New(const DictKey& key, const DictValue& value);
  // Whether readers copy such a value under the lock, so that writers may
  // overwrite it in place.
  static bool IsShort(const DictValue& value);
  // Requires: the lock. Copies a short value, or takes a reference.
  void ReadInto(DictReading* reading);
  // Requires: `its` is no string longer than `room`.
  void Assign(const DictValue& its);
  static size_t PayloadOffset(size_t key_size) {
    return (key_size + 7) & ~size_t{7};
  }
};

struct DictList {
  DictNode* head;
  DictNode* tail;
  uint64_t length;
  size_t blocks;  // bytes of the nodes
};

// A key for which some G waits. `users` Gs have not left it yet, of which some
// may have been woken already.
struct DictWait {
  DictWait* next;
  DictShard* shard;
  uint64_t hash;
  size_t key_size;
  uint32_t users;
  WaitQueue values;
  WaitQueue pops;

  [[nodiscard]] char* key() { return reinterpret_cast<char*>(this + 1); }
};

// Readies Gs that were won under a lock. Requires: the lock was released.
void MakeReady(GList* woken);

// What a write under the lock leaves to be done after its release.
struct DictChange {
  DictEntry* fresh = nullptr;  // made before; null once it is in the table
  DictEntry* garbage = nullptr;
  GList woken;
  bool needs_entry = false;  // nothing was done: try again, with `fresh`
  bool forcible = false;     // live entries were evicted
};

struct alignas(64) DictShard {
  static constexpr size_t kFewWaits = 16;
  static constexpr size_t kMostWaitBuckets = size_t{1} << 20;

  HandoverLock mu;
  uint32_t wait_count TRI_GUARDED_BY(mu) = 0;
  size_t used TRI_GUARDED_BY(mu) = 0;
  size_t capacity = 0;     // constant
  size_t bucket_mask = 0;  // constant
  DictEntry** buckets TRI_GUARDED_BY(mu) = nullptr;
  DictEntry* newest TRI_GUARDED_BY(mu) = nullptr;
  DictEntry* oldest TRI_GUARDED_BY(mu) = nullptr;
  uint64_t version TRI_GUARDED_BY(mu) = 0;  // the last one given
  uint64_t entries TRI_GUARDED_BY(mu) = 0;
  uint64_t hits TRI_GUARDED_BY(mu) = 0;
  uint64_t misses TRI_GUARDED_BY(mu) = 0;
  uint64_t evicted TRI_GUARDED_BY(mu) = 0;
  uint64_t expired TRI_GUARDED_BY(mu) = 0;
  // Table of the waits. It is malloc'ed unless it is `few_waits`.
  DictWait** waits TRI_GUARDED_BY(mu) = few_waits;
  size_t wait_mask TRI_GUARDED_BY(mu) = kFewWaits - 1;
  DictWait* few_waits[kFewWaits] = {};

  [[nodiscard]] static bool IsLive(const DictEntry* entry) {
    return entry->expires_ns == kNever || entry->expires_ns > NowNs();
  }

  // The bytes accounted for an entry.
  [[nodiscard]] static size_t BytesOf(DictEntry* entry) {
    return entry->block + (entry->value.kind == DictValue::Kind::kList
                               ? entry->list()->blocks
                               : 0);
  }

  [[nodiscard]] DictEntry* Find(const DictKey& key) TRI_REQUIRES(mu);
  // As Find, but null if the entry has expired.
  [[nodiscard]] DictEntry* FindLive(const DictKey& key) TRI_REQUIRES(mu) {
    DictEntry* entry = Find(key);
    return entry != nullptr && IsLive(entry) ? entry : nullptr;
  }
  // As FindLive. An expired entry becomes garbage.
  [[nodiscard]] DictEntry* FindOrRemove(const DictKey& key, DictEntry** garbage)
      TRI_REQUIRES(mu) {
    DictEntry* entry = Find(key);
    if (entry == nullptr || IsLive(entry)) return entry;
    Remove(entry, garbage);
    expired++;
    return nullptr;
  }
  // Puts an entry into table, list and account, as the newest.
  void Insert(DictEntry* entry) TRI_REQUIRES(mu);
  // Takes the entry out of all three, and makes it garbage.
  void Remove(DictEntry* entry, DictEntry** garbage) TRI_REQUIRES(mu);
  // Makes it the newest.
  void Touch(DictEntry* entry) TRI_REQUIRES(mu);
  // Gives the entry a new version, and its value to the Gs that wait for it.
  void NoteChange(DictEntry* entry, GList* woken) TRI_REQUIRES(mu) {
    entry->version = ++version;
    if (wait_count > 0) Give(entry, woken);
  }

  // Makes room for `bytes` more. It removes expired entries near the old end;
  // if that is not enough and not `safe`, it evicts the oldest ones. It never
  // removes `keep`. False: there is no such room; no live entry was evicted.
  [[nodiscard]] bool MakeRoom(size_t bytes, DictEntry* keep, bool safe,
                              bool* forcible, DictEntry** garbage)
      TRI_REQUIRES(mu);
  // Puts change->fresh in the place of `old`, if there is one, and sets
  // change->fresh to null. Returns the new entry. Null: there is no room, and
  // `old` is as it was.
  DictEntry* Replace(DictEntry* old, bool safe, DictChange* change)
      TRI_REQUIRES(mu);
  // See DictStore::Put.
  DictStatus Write(const DictKey& key, const DictValue& value,
                   const DictWrite& write, DictChange* change) TRI_REQUIRES(mu);
  // Removes a few expired entries at the old end.
  void Sweep(DictEntry** garbage) TRI_REQUIRES(mu);

  [[nodiscard]] DictWait* FindWait(const DictKey& key) TRI_REQUIRES(mu);
  // While a G waits for any key, every write looks for a wait of its own key.
  // So the table of waits must not have long chains.
  [[nodiscard]] bool NeedsWaitBuckets() const TRI_REQUIRES(mu) {
    return wait_count / 4 > wait_mask && wait_mask + 1 < kMostWaitBuckets;
  }
  // Enlarges the table of waits, if there is memory.
  void AddWaitBuckets() TRI_EXCLUDES(mu);
  // `entry` has a new value: gives it to all Gs that wait for that.
  void Give(DictEntry* entry, GList* woken) TRI_REQUIRES(mu);
  // Gives an element to the G that has waited longest for one. False: no G
  // waits.
  bool GiveNode(const DictKey& key, DictNode* node, GList* woken)
      TRI_REQUIRES(mu);

 private:
  void Link(DictEntry* entry) TRI_REQUIRES(mu);
  void Unlink(DictEntry* entry) TRI_REQUIRES(mu);
};

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_DICT_DICT_SHARD_H_
