// DictStore: the memory of a dictionary that isolates share. It knows no Lua.
//
// Role       A hash table in shards. Each shard has a lock, a share of the size
//            limit and a least recently used list. Values are scalars, strings,
//            objects of the caller's, and lists of these.
// Threads    any
// Locks      DictShard::mu, rank kChan. Memory is allocated before the lock is
//            taken, and freed after its release.
// Invariants I1. A shard's `used` never exceeds its `capacity`.
//            I2. The bytes of a long string, and objects, never change while
//                their entry lives. So readers use them without the lock, by a
//                reference.
//            I3. The number of buckets never changes, so the number of a bucket
//                is a place in a scan.
// Rejected   One limit for all shards: every write would touch its counter.
// Tests      tests/stdlib/dict_store_test.cc, dict_threads_test.cc

#ifndef TRI_STDLIB_DICT_DICT_STORE_H_
#define TRI_STDLIB_DICT_DICT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sched/sync/handover_lock.h"
#include "sched/sync/thread_annotations.h"
#include "sched/task/g.h"
#include "sched/task/wait_queue.h"

namespace trilune::stdlib {

struct DictEntry;
struct DictShard;
struct DictWait;

struct DictValue {
  enum class Kind : uint8_t {
    kNil,  // none: writing it deletes
    kFalse,
    kTrue,
    kInteger,
    kFloat,
    kString,
    kObject,
    kList,  // read only
  };
  Kind kind = Kind::kNil;
  static bool IsNumber(const DictValue& value) {
    return value.kind == Kind::kInteger || value.kind == Kind::kFloat;
  }
  size_t size = 0;  // of a string; of an object, what it occupies
  union {
    int64_t integer = 0;
    double number;
    const char* bytes;
    void* object;
  };
};

// An element of a list: one that a caller makes to push it, or a popped one.
struct DictNode {
  DictNode* next;
  DictNode* prev;
  DictValue value;  // its bytes lie behind the node

  [[nodiscard]] size_t block_bytes() const;
};

enum class DictStatus : uint8_t {
  kOk,
  kExists,
  kNotFound,
  kNotANumber,
  kNoMemory,
  kIsList,
  kNotList,
  kChanged,
};
const char* DictStatusText(DictStatus status);

// A key with its hash, from DictStore::KeyOf. The bytes belong to the caller.
struct DictKey {
  const char* bytes;
  size_t size;
  uint64_t hash;
};

// A number, as Lua has it.
struct DictNumber {
  bool is_integer = true;
  int64_t integer = 0;
  double number = 0;
};

// How to write, and under which condition.
struct DictWrite {
  enum class Mode : uint8_t {
    kSet,
    kAdd,         // only if there is none
    kReplace,     // only if there is one
    kCas,         // only if it is `*old`, of which kNil means: none
    kCasVersion,  // only if it has `version`; 0 means: none
  };
  Mode mode = Mode::kSet;
  bool safe = false;  // rather fail than evict
  int64_t expires_ns = kNever;
  uint32_t flags = 0;
  const DictValue* old = nullptr;
  uint64_t version = 0;
};

// A G's place in the queue of a key.
struct DictWaiter : WaiterBase {
  enum class For : uint8_t {
    kValue,  // a value whose version is not `version`: all waiting Gs get it
    kPop,    // a list's element: one G gets it, and it never enters the list
  };
  For what = For::kValue;
  uint64_t version = 0;
  DictWait* wait = nullptr;
  DictWait* spare = nullptr;  // not needed: freed when the lock is released
  DictEntry* held = nullptr;  // the value given, with a reference
  DictNode* node = nullptr;   // the element given
  bool front = true;          // where a node goes that it gives back
};

// What a read found. A short string was copied. A longer one, or an object,
// belongs to `held` until DictStore::Release.
struct DictReading {
  static constexpr size_t kCopyBytes = 512;
  DictValue value;
  uint32_t flags = 0;
  uint64_t version = 0;
  bool stale = false;
  DictEntry* held = nullptr;
  char copy[kCopyBytes];
};

// Entries that a scan found, with a reference each, and the place of the scan.
struct DictScan {
  uint32_t shard = 0;
  size_t bucket = 0;
  DictEntry** entries = nullptr;  // malloc'ed
  size_t room = 0;
  size_t count = 0;
};

struct DictStats {
  size_t capacity = 0;  // bytes of the limit that entries may use
  size_t used = 0;
  uint64_t entries = 0;  // expired ones that nobody met yet, too
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t evicted = 0;  // that had not expired
  uint64_t expired = 0;  // removed after their time
  uint32_t shards = 0;
};

class DictStore {
 public:
  static constexpr size_t kMinBytes = 8192;  // a shard
  static constexpr uint32_t kMaxShards = 256;

  // Makes a store of `bytes` in all, its tables included. Null without memory.
  // `shards`: a power of two; 0: as the size suggests. `free_object` frees an
  // object of a value, and is never called with a lock held. Requires: bytes /
  // shards >= kMinBytes.
  static std::unique_ptr<DictStore> Make(size_t bytes, uint32_t shards,
                                         void (*free_object)(void*));
  ~DictStore();
  DictStore(const DictStore&) = delete;
  DictStore& operator=(const DictStore&) = delete;

  [[nodiscard]] DictKey KeyOf(const char* bytes, size_t size) const;

  // Writes. With kOk the store owns the object of `value`. Otherwise the caller
  // still does, and nothing has changed. `*forcible`: live entries were
  // evicted.
  DictStatus Put(const DictKey& key, const DictValue& value,
                 const DictWrite& write, bool* forcible);
  // Adds to a number, in place. If the key has none and `init` is given, it
  // adds to `*init`, and the entry expires at `init_expires_ns`.
  DictStatus Increment(const DictKey& key, const DictNumber& by,
                       const DictNumber* init, int64_t init_expires_ns,
                       DictNumber* result, bool* forcible);
  // Reads. May return kNotFound or kIsList. `stale`: an expired value will do.
  DictStatus Get(const DictKey& key, bool stale, DictReading* reading);
  // Requires: reading->held != null. The value is not valid afterwards.
  void Release(DictEntry* held);

  // Reads the deadline of an entry: kNever if it has none.
  DictStatus Expiry(const DictKey& key, int64_t* expires_ns);
  DictStatus Expire(const DictKey& key, int64_t expires_ns);

  // Makes a node for Push. Null without memory. FreeNode frees a popped node,
  // or one that was not pushed; `with_object`: its object, too.
  static DictNode* NewNode(const DictValue& value);
  void FreeNode(DictNode* node, bool with_object);
  // With kOk the store owns the node. Never evicts.
  DictStatus Push(const DictKey& key, DictNode* node, bool front,
                  uint64_t* length);
  // kNotFound: the list is empty.
  DictStatus Pop(const DictKey& key, bool front, DictNode** node);
  DictStatus Length(const DictKey& key, uint64_t* length);

  void Clear();
  // Removes up to `max` expired entries (0: all). Returns how many.
  uint64_t RemoveExpired(uint64_t max);
  // Fills scan->entries with the next live entries. False: none is left. The
  // caller releases them, and frees scan->entries with free(). `*no_memory`:
  // the array could not grow.
  bool Scan(DictScan* scan, bool* no_memory);
  [[nodiscard]] static DictKey KeyOf(const DictEntry* entry);
  [[nodiscard]] DictStats Stats();

  // --- Waiting: see dict_store_wait.cc. ---

  // Makes a place to wait for `key`. Null without memory.
  static DictWait* NewWait(const DictKey& key);
  static void FreeWait(DictWait* wait);  // null is allowed
  // Queues `waiter` of the running `g`, whose wait is open. It does not, and
  // returns false, if what the waiter waits for is there; for kPop also if the
  // key has a value that is no list. If true, it keeps the lock, and `*commit`
  // gets the lock released after the G is public. It takes `wait` over in
  // either case.
  bool Queue(const DictKey& key, G* g, DictWaiter* waiter, DictWait* wait,
             ParkCommit* commit);
  // For the G of an ended wait: unlinks the waiter. A value that it was given,
  // of kind kList too, goes into `*reading`; a node is in waiter->node.
  // Requires: Queue returned true.
  void Leave(DictWaiter* waiter, DictReading* reading);
  // For a G that never runs again. Gives a node that it got to the next waiting
  // G, or back to the list.
  void Drop(DictWaiter* waiter);

 private:
  DictStore(uint32_t shards, void (*free_object)(void*));
  [[nodiscard]] DictShard& ShardOf(const DictKey& key) const;
  DictStatus PushNode(const DictKey& key, DictNode* node, bool front, bool safe,
                      uint64_t* length);
  [[nodiscard]] DictWait* UnlinkWaiter(DictWaiter* waiter);
  void Destroy(DictEntry* garbage);
  void Finish(struct DictChange* change);

  const uint32_t shard_count_;
  void (*const free_object_)(void*);
  const uint64_t seed_;
  std::unique_ptr<DictShard[]> shards_;
};

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_DICT_DICT_STORE_H_
