// Shared: an object that several isolates hold, by handles and in messages.
//
// Role       Base of what crosses between heaps by reference: shared channels,
//            spawned isolates' handles, dictionaries. Counts references; Lua
//            holds one by a userdata, of which an isolate has one per object,
//            so that handles are equal if their objects are.
// Threads    any; Push: the running G
// Locks      none
// Invariants I1. A userdata of a handle is a SharedHandle, and its metatable
//                has kSharedKey: so the writer of messages knows it.
// Tests      tests/vm/shared_test.cc

#ifndef TRI_VM_SHARED_H_
#define TRI_VM_SHARED_H_

#include <atomic>
#include <cstdint>

#include <lua.hpp>

namespace trilune::vm {

class Shared {
 public:
  // What an isolate has to know to make a handle.
  struct Type {
    const char* name;  // for error messages: "channel"
    const void* tag;   // first member of the handle, see stdlib/binding.h
    // Pushes the handles' metatable, made at first use. May raise.
    void (*push_metatable)(lua_State* L);
  };

  explicit Shared(const Type* of) : type(of) {}
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  void Retain() {
    // relaxed: who retains holds a reference already.
    refs_.fetch_add(1, std::memory_order_relaxed);
  }
  // Destroys the object with its last reference.
  void Release() {
    // [SR1] acq_rel: the destructor sees what every other holder did.
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  const Type* const type;

 protected:
  virtual ~Shared() = default;

 private:
  std::atomic<uint32_t> refs_{1};
};

// The userdata by which Lua holds one. It owns a reference; null once its
// finalizer has run.
struct SharedHandle {
  const void* tag;
  Shared* object;
};

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

#endif  // TRI_VM_SHARED_H_
