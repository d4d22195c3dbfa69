// What the modules for scripts share: typed userdata, argument checks, waits.
//
// Role       Every C function of stdlib/ checks its arguments here, and most
//            wait here; binding.cc says how.
//            THE RULE: liblua is C and raises errors by longjmp. No object with
//            a destructor may be alive across a call that can raise.
// Threads    the running G
// Locks      none
// Tests      tests/lua/bad

#ifndef TRI_STDLIB_BINDING_H_
#define TRI_STDLIB_BINDING_H_

#include <cstdint>

#include <lua.hpp>

#include "vm/isolate/isolate.h"
#include "vm/lua/internal.h"
#include "vm/message/shared.h"

namespace trilune::stdlib {

// A member of every userdata of ours, the first unless vm/ knows the beginning.
// Its address tells the type by one comparison, where luaL_checkudata looks up
// a name.
struct TypeTag {
  const char* name;  // for error messages
};

// The userdata of type `T` at `index`, or null. T has a member `const TypeTag*
// tag` and a static member `kTag`. A script may call a finalizer with anything,
// so the size is compared before the tag is read.
template <class T>
T* Test(lua_State* L, int index) {
  auto* object = static_cast<T*>(lua_touserdata(L, index));
  // A light userdata has no length.
  if (object == nullptr || lua_rawlen(L, index) < sizeof(T)) return nullptr;
  return object->tag == &T::kTag ? object : nullptr;
}

// As Test, but raises an argument error.
template <class T>
T* Check(lua_State* L, int index) {
  T* object = Test<T>(L, index);
  if (object == nullptr) luaL_typeerror(L, index, T::kTag.name);
  return object;
}

// The object of type `T` that the handle at `index` holds; null if that is no
// handle of `type`. Raises if the handle's finalizer has run.
template <class T>
T* TestSharedOf(lua_State* L, int index, const vm::Shared::Type& type) {
  const auto* handle = static_cast<vm::SharedHandle*>(lua_touserdata(L, index));
  if (handle == nullptr || lua_rawlen(L, index) != sizeof(*handle) ||
      handle->tag != type.tag) {
    return nullptr;
  }
  if (handle->object == nullptr) vm::RaiseCollected(L, type);
  return static_cast<T*>(handle->object);
}

// Declares that the insides of every type that New makes are not for scripts.
template <class T>
inline const vm::InternalKind kInternalKind(
    [](lua_State* L, int index) { return Test<T>(L, index) != nullptr; },
    vm::InternalKind::What::kObject);

// Pushes a new T with `values` user values and the metatable at
// `metatable_index` (an upvalue). Raises without memory.
template <class T>
T* New(lua_State* L, int values, int metatable_index) {
  static_cast<void>(&kInternalKind<T>);  // instantiates it
  auto* object = new (lua_newuserdatauv(L, sizeof(T), values)) T();
  lua_pushvalue(L, metatable_index);
  lua_setmetatable(L, -2);
  return object;
}

// Reads an optional timeout in seconds as a deadline: kNever if absent or
// infinite. `*now`: whether it is 0. Raises if it is no time.
int64_t CheckDeadline(lua_State* L, int index, bool* now);

// Reads a time in seconds. Raises if it is negative or NaN.
double CheckSeconds(lua_State* L, int index);

// For a loop over a table of options by lua_next: returns the name of the
// option. Raises if the key is no string.
const char* CheckOptionName(lua_State* L);

// Pushes nil, "timeout" and returns 2.
int PushTimeout(lua_State* L);
// For a wait that ends well only by what it waited for. Returns 0 if that ended
// it, 2 after a timeout, with the results pushed. Raises if cancelled.
int EndTimedWait(lua_State* L, WakeResult result);

// Pushes a new metatable with `methods` as __index and `name` as __name. Each
// function gets the metatable as upvalue 1.
void NewMetatable(lua_State* L, const char* name, const luaL_Reg* methods,
                  const luaL_Reg* metamethods);

// How a G waits in a queue.
struct WaitOptions {
  WaitReason reason = WaitReason::kNone;
  int64_t deadline_ns = kNever;
  int32_t number = 0;     // of the waiter; tells the waker what it wants
  bool shielded = false;  // cancellation does not end it
};

// Waits in `queue` until a waker, the deadline or a cancellation ends the wait.
// Then calls `k`. May raise, before the G is queued.
int WaitIn(lua_State* L, WaitQueue& queue, const WaitOptions& options,
           lua_KFunction k, lua_KContext context);

// For `k`: unlinks the waiter and returns how the wait ended.
WakeResult EndWait(lua_State* L);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_BINDING_H_
