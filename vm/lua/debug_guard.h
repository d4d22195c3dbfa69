// OpenDebugGuards: the functions of the debug library that could break what C++
// relies on, otherwise as stock Lua's.
//
// Role       Refuses, as stock Lua refuses what is not there: user values of
//            our objects (InternalKind), and the setting of locals and upvalues
//            of C functions. Raises where a metatable of ours would change its
//            object. Stock Lua lets a script break its own C functions in this
//            way. Here they belong to other Gs, too, which wait in them.
// Threads    the running G
// Locks      none
// Tests      tests/lua/bad/debug_*.lua; tests/lua/stock/debug_*.lua

#ifndef TRI_VM_LUA_DEBUG_GUARD_H_
#define TRI_VM_LUA_DEBUG_GUARD_H_

#include <lua.hpp>

namespace trilune::vm {

// Replaces the functions in the global table `debug`. A lua_CFunction.
int OpenDebugGuards(lua_State* L);

// Declares that a metatable with the key lightuserdata(`key`) marks its objects
// as ours. Made by initialisers of the program.
class MetatableKey {
 public:
  explicit MetatableKey(const void* key);
  MetatableKey(const MetatableKey&) = delete;
  MetatableKey& operator=(const MetatableKey&) = delete;

  // Whether the table at `index` has such a key.
  [[nodiscard]] static bool IsIn(lua_State* L, int index);

 private:
  const void* const key_;
  const MetatableKey* const next_;
};

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_DEBUG_GUARD_H_
