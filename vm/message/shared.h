// Shared: an object that several isolates hold, by handles and in messages.
//
// Role       Base of what crosses between heaps by reference: shared channels,
//            spawned isolates' handles, dictionaries. Counts references; Lua
//            holds one by a userdata, of which an isolate has one per object,
//            so that handles are equal if their objects are.
//            An object that holds messages may be reachable from nothing but
//            itself: such cycles are found by SharedCycles.
// Threads    any; Push: the running G
// Locks      SharedCycles::mu_ (kCycles)
// Invariants I1. A userdata of a handle is a SharedHandle, and its metatable
//                has kSharedKey: so the writer of messages knows it.
//            I2. Who has no handle of an object never touches what it holds.
//            I3. Exactly the objects that have a SharedCycles, references and
//                no handle are in its list. Only under its lock an object gets
//                its first handle, loses its last one while references are
//                left, or loses a reference while it has no handle.
// Tests      tests/vm/shared_test.cc

#ifndef TRI_VM_MESSAGE_SHARED_H_
#define TRI_VM_MESSAGE_SHARED_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <lua.hpp>

#include "sched/sync/mutex.h"

namespace trilune::vm {

class SharedCycles;
struct Message;

class Shared {
 public:
  // What an isolate has to know to make a handle.
  struct Type {
    const char* name;  // for error messages: "channel"
    const void* tag;   // first member of the handle, see stdlib/binding.h
    // Pushes the handles' metatable, made at first use. May raise.
    void (*push_metatable)(lua_State* L);
  };

  // The caller has one reference. `cycles`: for an object that holds messages.
  explicit Shared(const Type* of, SharedCycles* cycles = nullptr)
      : type(of), cycles_(cycles) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  void Retain() {
    // relaxed: who retains holds a reference already.
    refs_.fetch_add(1, std::memory_order_relaxed);
  }
  // Destroys the object with its last reference.
  void Release() { Drop(1); }

  // The same for the reference of a handle. Who makes one holds a reference.
  void RetainHandle();
  void ReleaseHandle() { Drop(kHandle); }

  // Whether the caller's handle is the only reference: then nobody but its
  // isolate can reach the object. A snapshot, exact while no G of that isolate
  // runs: who could retain has to hold a reference.
  [[nodiscard]] bool IsOnlyHandle() const {
    // relaxed: the answer stands by itself; see LastHandleIsLeft.
    return refs_.load(std::memory_order_relaxed) == kHandle;
  }

  const Type* const type;

 protected:
  virtual ~Shared() = default;

  // Calls `visit` for each reference in the messages it holds, once each.
  virtual void VisitHeld(void (*visit)(Shared* held, void* argument),
                         void* argument);
  // Frees the messages it holds.
  virtual void DropHeld() {}
  // The memory of those.
  [[nodiscard]] virtual size_t HeldBytes() const { return 0; }
  // Gives `part` of the references up, `word` in all, after which one handle
  // is left. False: the count has changed meanwhile.
  virtual bool DropToOnlyHandle(uint64_t word, uint64_t part) {
    return TryDrop(&word, part);
  }
  // [SR1] acq_rel: the destructor sees what every other holder did.
  bool TryDrop(uint64_t* word, uint64_t part) {
    return refs_.compare_exchange_weak(*word, *word - part,
                                       std::memory_order_acq_rel,  // [SR1]
                                       std::memory_order_relaxed);
  }

 private:
  friend class SharedCycles;
  static constexpr uint64_t kHandle = uint64_t{1} << 32;

  void Drop(uint64_t part);
  void Destroy();

  // Handles in the upper half, other references in the lower one.
  std::atomic<uint64_t> refs_{1};
  SharedCycles* const cycles_;
  Shared* next_dying_ = nullptr;
  // Under the lock of cycles_.
  Shared* next_ = nullptr;
  Shared* prev_ = nullptr;
  size_t listed_bytes_ = 0;    // HeldBytes, while it is listed
  uint64_t from_outside_ = 0;  // during a search: references not yet explained
  bool listed_ = false;
  bool reached_ = false;
};

// Calls `visit` for each reference in `message`.
void VisitMessage(const Message* message,
                  void (*visit)(Shared* held, void* argument), void* argument);

// Finds objects that only messages inside such objects refer to, and empties
// them. A search looks at every object without a handle; it comes when their
// number, or the memory of their messages, has doubled since the last one, so
// that its cost is that of making them; and before a limit refuses.
class SharedCycles {
 public:
  SharedCycles() = default;
  // Requires: no isolate is left.
  ~SharedCycles() { Collect(); }
  SharedCycles(const SharedCycles&) = delete;
  SharedCycles& operator=(const SharedCycles&) = delete;

  void Collect() TRI_EXCLUDES(mu_);
  // Objects without a handle; for tests.
  [[nodiscard]] size_t size() const TRI_EXCLUDES(mu_);

 private:
  friend class Shared;
  static constexpr size_t kFirstSearch = 64;
  static constexpr size_t kFirstBytes = size_t{1} << 20;

  // RetainHandle and Drop, for objects that have no handle before or after it.
  void Adopt(Shared* object) TRI_EXCLUDES(mu_);
  // False: it has a handle by now, and nothing has happened.
  bool Drop(Shared* object, uint64_t part) TRI_EXCLUDES(mu_);
  void Link(Shared* object) TRI_REQUIRES(mu_);
  void Unlink(Shared* object) TRI_REQUIRES(mu_);
  [[nodiscard]] Shared* TakeUnreached() TRI_REQUIRES(mu_);

  mutable Mutex mu_{LockRank::kCycles};
  Shared* listed_ TRI_GUARDED_BY(mu_) = nullptr;
  size_t count_ TRI_GUARDED_BY(mu_) = 0;
  size_t next_search_ TRI_GUARDED_BY(mu_) = kFirstSearch;
  size_t bytes_ TRI_GUARDED_BY(mu_) = 0;  // that they hold
  size_t next_bytes_ TRI_GUARDED_BY(mu_) = kFirstBytes;
};

// The userdata by which Lua holds one. It owns a reference; null once its
// finalizer has run, which a script may see: another finalizer of the same
// collection can bring a handle back before its own one runs.
struct SharedHandle {
  const void* tag;
  Shared* object;
  uint32_t waits;  // of Gs, see BeginHandleWait
};

// Around a wait that ends by the object: until then its handle, which lies at
// `index` of the G's stack, refers to it, whatever brought the handle back.
// Without a raise in between.
void BeginHandleWait(lua_State* L, int index);
void EndHandleWait(lua_State* L, int index);

// For who finds null in a handle of `type`.
[[noreturn]] void RaiseCollected(lua_State* L, const Shared::Type& type);

// Marks the metatables of handles: metatable[lightuserdata(&kSharedKey)] =
// true.
extern const char kSharedKey;

// The object of the handle at `index`, or null if it is none.
Shared* TestShared(lua_State* L, int index);

// Pushes this isolate's handle of `object`, which is made if there is none, and
// then retains it. May raise, before it retains.
void PushShared(lua_State* L, Shared* object);

// __gc of every handle.
int ReleaseSharedHandle(lua_State* L);

// Marks the metatable on top of the stack as one of handles, and sets __gc.
void SetSharedMetatable(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_SHARED_H_
