// OpenDebugGuards: the functions of the debug library that could break what C++
// relies on, as stock Lua's but for that.
//
// Role       Refuses, as stock Lua refuses what is not there: user values of
//            our objects (InternalKind), locals and upvalues of C functions to
//            be set. Raises where a metatable of ours would change its object.
//            Stock Lua lets a script break its own C functions that way, too;
//            here they belong to other Gs that wait in them.
// Threads    the running G
// Locks      none
// Tests      tests/lua/bad/debug_*.lua; tests/lua/stock/debug_*.lua

#ifndef TRI_VM_LUA_DEBUG_GUARD_H_
#define TRI_VM_LUA_DEBUG_GUARD_H_

#include <lua.hpp>

namespace trilune::vm {

// Replaces the functions in the global table `debug`. A lua_CFunction.
int OpenDebugGuards(lua_State* L);

// Says that metatables with the key lightuserdata(`key`) are those of a kind
// that is known by them. By initialisers of the program.
class MetatableKey {
 public:
  explicit MetatableKey(const void* key);
  MetatableKey(const MetatableKey&) = delete;
  MetatableKey& operator=(const MetatableKey&) = delete;

  // Whether the table at `index` has one.
  [[nodiscard]] static bool IsIn(lua_State* L, int index);

 private:
  const void* const key_;
  const MetatableKey* const next_;
};

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_DEBUG_GUARD_H_
