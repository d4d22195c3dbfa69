// Shared: an object that several isolates hold, by handles and in messages.
//
// Role       Base of the objects that cross between heaps by reference: shared
//            channels, handles of spawned programs, dictionaries. Counts
//            references. Lua holds one by a userdata. An isolate has one such
//            userdata for each object, so handles are equal if their objects
//            are.
//            An object that holds messages may be reachable only from itself.
//            SharedCycles finds such cycles.
// Threads    any; Push: the running G
// Locks      SharedCycles::mu_ (kCycles)
// Invariants I1. A userdata of a handle is a SharedHandle, and its metatable
//                has kSharedKey. So the writer of messages knows it.
//            I2. An isolate without a handle of an object never touches what
//                the object holds.
//            I3. The list of a SharedCycles has exactly its objects that have
//                references and no handle. Three changes need its lock: an
//                object gets its first handle; it loses its last one while
//                references are left; it loses a reference while it has no
//                handle.
// Docs       shared.cc
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
  // What an isolate needs to make a handle.
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
    // relaxed: the caller holds a reference already.
    refs_.fetch_add(1, std::memory_order_relaxed);
  }
  // Destroys the object with its last reference.
  void Release() { Drop(1); }

  // The same for the reference of a handle. RetainHandle: the caller holds a
  // reference.
  void RetainHandle();
  void ReleaseHandle() { Drop(kHandle); }

  // Whether the caller's handle is the only reference. Then only its isolate
  // can reach the object. A snapshot; exact while no G of that isolate runs,
  // because only a holder of a reference can retain.
  [[nodiscard]] bool IsOnlyHandle() const {
    // relaxed: the answer stands by itself; see LastHandleIsLeft.
    return refs_.load(std::memory_order_relaxed) == kHandle;
  }

  const Type* const type;

 protected:
  virtual ~Shared() = default;

  // Calls `visit` once for each reference in the messages that the object
  // holds.
  virtual void VisitHeld(void (*visit)(Shared* held, void* argument),
                         void* argument);
  // Frees the messages that the object holds.
  virtual void DropHeld() {}
  // The memory of these messages.
  [[nodiscard]] virtual size_t HeldBytes() const { return 0; }
  // Drops `part` of the references, of which there are `word`; one handle is
  // left afterwards. False: the count has changed meanwhile.
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

  // Counts handles in the upper half, other references in the lower one.
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
// them. A search looks at every object without a handle. It comes when their
// number, or the memory of their messages, has doubled since the last one. So
// searching costs in proportion to making them. It also comes before a limit
// refuses.
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

  // RetainHandle and Drop, for objects that have no handle before or
  // afterwards.
  void Adopt(Shared* object) TRI_EXCLUDES(mu_);
  // False: the object has a handle by now, and nothing has happened.
  bool Drop(Shared* object, uint64_t part) TRI_EXCLUDES(mu_);
  void Link(Shared* object) TRI_REQUIRES(mu_);
  void Unlink(Shared* object) TRI_REQUIRES(mu_);
  [[nodiscard]] Shared* TakeUnreached() TRI_REQUIRES(mu_);

  mutable Mutex mu_{LockRank::kCycles};
  Shared* listed_ TRI_GUARDED_BY(mu_) = nullptr;
  size_t count_ TRI_GUARDED_BY(mu_) = 0;
  size_t next_search_ TRI_GUARDED_BY(mu_) = kFirstSearch;
  size_t bytes_ TRI_GUARDED_BY(mu_) = 0;  // that listed objects hold
  size_t next_bytes_ TRI_GUARDED_BY(mu_) = kFirstBytes;
};

// The userdata by which Lua holds an object. It owns a reference. `object` is
// null once its finalizer has run. A script may see that: another finalizer of
// the same collection can bring a handle back before its own one runs.
struct SharedHandle {
  const void* tag;
  Shared* object;
  uint32_t waits;  // of Gs; see BeginHandleWait
};

// Around a wait that the object ends. Until then the handle, at `index` of the
// G's stack, keeps referring to the object, even if a finalizer has brought the
// handle back. Nothing may raise in between.
void BeginHandleWait(lua_State* L, int index);
void EndHandleWait(lua_State* L, int index);

// For a caller that finds null in a handle of `type`.
[[noreturn]] void RaiseCollected(lua_State* L, const Shared::Type& type);

// Marks the metatables of handles: metatable[lightuserdata(&kSharedKey)] =
// true.
extern const char kSharedKey;

// The object of the handle at `index`; null if that is no handle.
Shared* TestShared(lua_State* L, int index);

// Pushes this isolate's handle of `object`. If there is none, makes one and
// retains the object for it. May raise, before it retains.
void PushShared(lua_State* L, Shared* object);

// The __gc of every handle.
int ReleaseSharedHandle(lua_State* L);

// Marks the metatable on top of the stack as that of handles, and sets its
// __gc.
void SetSharedMetatable(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_SHARED_H_
