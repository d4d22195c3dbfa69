// References, cycles of them, and handles.
//
// The count is one word: handles above, other references below. So "one handle
// and nothing else" is a single value, which IsOnlyHandle looks for.
//
// Cycles. A channel may lie in its own buffer, or two in each other's. Their
// counts never fall to 0. But nobody can use an object without a handle, so
// only objects without one need a search. They are in a list (SharedCycles). A
// search first takes each object's count, and subtracts the references that
// come from messages inside listed objects. If something is left, something
// outside of the list refers to the object: it is reached, and so is everything
// in its messages. The others are emptied.
//
// Nothing listed changes during a search. To send or receive needs a handle,
// and the first handle is made under the lock of the list (Adopt). So
// RetainHandle and Drop take that lock where an object has references but no
// handle, before or afterwards. With handles on both sides they are one
// compare-and-swap.
//
// Destruction is a loop, not a recursion: an object may hold the last reference
// of the next one, and so on without end (Dying).

#include "vm/message/shared.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "vm/isolate/isolate.h"
#include "vm/lua/debug_guard.h"
#include "vm/lua/internal.h"
#include "vm/memory/pressure.h"
#include "vm/message/message.h"

namespace trilune::vm {
namespace {

// Objects that this thread is destroying. One may hold the last reference of
// the next, and so on without end.
struct Dying {
  Shared* first = nullptr;
  bool at_work = false;
};
thread_local Dying dying;

// Registry key of a table with weak values: the isolate's handles by object.
constexpr char kHandlesKey = 0;

void PushHandlesTable(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHandlesKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHandlesKey);
}

}  // namespace

// --- References. ---

void Shared::RetainHandle() {
  uint64_t word = refs_.load(std::memory_order_relaxed);
  do {
    if (cycles_ != nullptr && word < kHandle) {
      cycles_->Adopt(this);
      return;
    }
    // relaxed: as Retain.
  } while (!refs_.compare_exchange_weak(word, word + kHandle,
                                        std::memory_order_relaxed));
}

void Shared::Drop(uint64_t part) {
  uint64_t word = refs_.load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t left = word - part;
    if (cycles_ != nullptr && left < kHandle && word != kHandle) {
      if (cycles_->Drop(this, part)) return;
      word = refs_.load(std::memory_order_relaxed);
      continue;
    }
    if (left == kHandle) {
      if (DropToOnlyHandle(word, part)) return;
      word = refs_.load(std::memory_order_relaxed);
    } else if (TryDrop(&word, part)) {
      if (left == 0) Destroy();
      return;
    }
  }
}

void Shared::Destroy() {
  next_dying_ = dying.first;
  dying.first = this;
  if (dying.at_work) return;
  dying.at_work = true;
  while (Shared* object = dying.first) {
    dying.first = object->next_dying_;
    delete object;
  }
  dying.at_work = false;
}

void Shared::VisitHeld(void (*)(Shared* held, void* argument), void*) {}

void VisitMessage(const Message* message,
                  void (*visit)(Shared* held, void* argument), void* argument) {
  constexpr size_t kPointer = sizeof(void*);
  const char* at = message->data() + message->bytes;
  for (uint32_t i = 0; i < message->shared; i++) {
    at -= kPointer;
    Shared* held = nullptr;
    std::memcpy(&held, at, kPointer);
    visit(held, argument);
  }
}

// --- Cycles. ---

void SharedCycles::Link(Shared* object) {
  object->listed_ = true;
  object->prev_ = nullptr;
  object->next_ = listed_;
  if (listed_ != nullptr) listed_->prev_ = object;
  listed_ = object;
  count_++;
  object->listed_bytes_ = object->HeldBytes();
  bytes_ += object->listed_bytes_;
}

void SharedCycles::Unlink(Shared* object) {
  if (!object->listed_) return;
  object->listed_ = false;
  if (object->next_ != nullptr) object->next_->prev_ = object->prev_;
  (object->prev_ != nullptr ? object->prev_->next_ : listed_) = object->next_;
  count_--;
  bytes_ -= object->listed_bytes_;
}

void SharedCycles::Adopt(Shared* object) {
  MutexLock lock(mu_);
  // relaxed: the lock orders it.
  object->refs_.fetch_add(Shared::kHandle, std::memory_order_relaxed);
  Unlink(object);
}

bool SharedCycles::Drop(Shared* object, uint64_t part) {
  bool search = false;
  bool last = false;
  {
    MutexLock lock(mu_);
    // The object may have been adopted meanwhile. Then exactly one handle may
    // be left, and DropToOnlyHandle must be told of that. Handles dropped
    // without the lock do not reach 0.
    uint64_t word = object->refs_.load(std::memory_order_relaxed);
    do {
      if (word - part >= Shared::kHandle) return false;
    } while (!object->TryDrop(&word, part));
    const uint64_t left = word - part;
    last = left == 0;
    if (last) {
      Unlink(object);
    } else if (left < Shared::kHandle && !object->listed_) {
      Link(object);
      search = count_ >= next_search_ || bytes_ >= next_bytes_;
    }
  }
  if (last) object->Destroy();
  if (search) Collect();
  return true;
}

// Takes out of the list all objects that nothing from outside can reach. While
// the lock is held, nobody touches listed objects or what they hold: I2 and I3.
// A reference to a listed object that comes from no message in another listed
// object comes from outside.
Shared* SharedCycles::TakeUnreached() {
  for (Shared* object = listed_; object != nullptr; object = object->next_) {
    object->from_outside_ = object->refs_.load(std::memory_order_relaxed);
    object->reached_ = false;
  }
  for (Shared* object = listed_; object != nullptr; object = object->next_) {
    object->VisitHeld(
        [](Shared* held, void*) {
          if (held->listed_) held->from_outside_--;
        },
        nullptr);
  }
  // Objects that are reached, and not yet looked into, are linked by
  // next_dying_.
  Shared* pending = nullptr;
  for (Shared* object = listed_; object != nullptr; object = object->next_) {
    if (object->from_outside_ == 0) continue;
    object->reached_ = true;
    object->next_dying_ = pending;
    pending = object;
  }
  while (pending != nullptr) {
    Shared* object = pending;
    pending = object->next_dying_;
    object->VisitHeld(
        [](Shared* held, void* argument) {
          if (!held->listed_ || held->reached_) return;
          auto* list = static_cast<Shared**>(argument);
          held->reached_ = true;
          held->next_dying_ = *list;
          *list = held;
        },
        &pending);
  }
  Shared* unreached = nullptr;
  for (Shared* object = listed_; object != nullptr;) {
    Shared* following = object->next_;
    if (!object->reached_) {
      Unlink(object);
      object->Retain();  // until all of them are empty
      // It looks as if it were listed, so that Drop does not list it again.
      object->listed_ = true;
      object->prev_ = object->next_ = nullptr;
      object->next_dying_ = unreached;
      unreached = object;
    }
    object = following;
  }
  return unreached;
}

void SharedCycles::Collect() {
  Shared* unreached = nullptr;
  {
    MutexLock lock(mu_);
    unreached = TakeUnreached();
    next_search_ = std::max(kFirstSearch, 2 * count_);
    next_bytes_ = std::max(kFirstBytes, 2 * bytes_);
  }
  for (Shared* object = unreached; object != nullptr;
       object = object->next_dying_) {
    object->DropHeld();
  }
  while (unreached != nullptr) {
    Shared* object = unreached;
    unreached = object->next_dying_;
    {
      MutexLock lock(mu_);
      object->listed_ = false;
    }
    object->Release();
  }
}

size_t SharedCycles::size() const {
  MutexLock lock(mu_);
  return count_;
}

// --- Handles. ---

const char kSharedKey = 0;

namespace {

SharedHandle* TestHandle(lua_State* L, int index) {
  auto* handle = static_cast<SharedHandle*>(lua_touserdata(L, index));
  if (handle == nullptr || lua_rawlen(L, index) != sizeof(SharedHandle) ||
      lua_getmetatable(L, index) == 0) {
    return nullptr;
  }
  lua_rawgetp(L, -1, &kSharedKey);
  const bool is_handle = lua_toboolean(L, -1) != 0;
  lua_pop(L, 2);
  return is_handle ? handle : nullptr;
}

const MetatableKey kKey(&kSharedKey);
const InternalKind kHandleKind(
    [](lua_State* L, int index) { return TestHandle(L, index) != nullptr; },
    InternalKind::What::kObject);

}  // namespace

Shared* TestShared(lua_State* L, int index) {
  const SharedHandle* handle = TestHandle(L, index);
  return handle != nullptr ? handle->object : nullptr;
}

void PushShared(lua_State* L, Shared* object) {
  // An object without its messages, which count elsewhere.
  constexpr size_t kOutside = 256;
  PressCollector(L);
  luaL_checkstack(L, 5, nullptr);
  PushHandlesTable(L);
  const int handles = lua_gettop(L);
  if (lua_rawgetp(L, handles, object) == LUA_TUSERDATA) {
    lua_remove(L, handles);
    return;
  }
  lua_pop(L, 1);
  // In lua_close no finalizer of a new handle would be called.
  if (Isolate::Of(L)->closing()) {
    luaL_error(L, "cannot make a %s: the isolate is closing",
               object->type->name);
  }
  auto* handle =
      static_cast<SharedHandle*>(lua_newuserdatauv(L, sizeof(SharedHandle), 0));
  handle->tag = object->type->tag;
  handle->object = nullptr;  // until nothing raises any more
  handle->waits = 0;
  object->type->push_metatable(L);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, handles, object);
  object->RetainHandle();
  handle->object = object;
  Isolate::Of(L)->heap().NoteOutside(kOutside);
  lua_remove(L, handles);
}

void BeginHandleWait(lua_State* L, int index) {
  static_cast<SharedHandle*>(lua_touserdata(L, index))->waits++;
}

void EndHandleWait(lua_State* L, int index) {
  static_cast<SharedHandle*>(lua_touserdata(L, index))->waits--;
}

void RaiseCollected(lua_State* L, const Shared::Type& type) {
  luaL_error(L, "the %s's handle has been collected", type.name);
  std::abort();  // luaL_error does not return
}

int ReleaseSharedHandle(lua_State* L) {
  SharedHandle* handle = TestHandle(L, 1);
  if (handle == nullptr) return 0;  // called by a script
  // The handle was brought back, and a wait uses it: it is to be finalized
  // again when that is over. In an isolate that closes, the waits have been
  // dropped.
  if (handle->waits > 0 && !Isolate::Of(L)->closing()) {
    if (lua_getmetatable(L, 1) != 0) lua_setmetatable(L, 1);
    return 0;
  }
  Shared* object = handle->object;
  handle->object = nullptr;
  if (object != nullptr) object->ReleaseHandle();
  return 0;
}

void SetSharedMetatable(lua_State* L) {
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &kSharedKey);
  lua_pushcfunction(L, &ReleaseSharedHandle);
  lua_setfield(L, -2, "__gc");
}

}  // namespace trilune::vm
