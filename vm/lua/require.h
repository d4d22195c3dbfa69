// OpenRequire: require, as stock Lua's, which also counts the modules it has
// loaded.
//
// Role       An equal of loadlib's function. The count tells messages and
//            tracebacks that the names they know may be stale. PushModule is
//            how a message looks up what came by name.
// Threads    the running G
// Locks      none
// Tests      tests/lua/stock/require_*.lua

#ifndef TRI_VM_LUA_REQUIRE_H_
#define TRI_VM_LUA_REQUIRE_H_

#include <cstddef>

#include <lua.hpp>

namespace trilune::vm {

// Replaces the global function `require`. Requires: the stock libraries are
// open.
void OpenRequire(lua_State* L);

// Pushes the module, as require gives it. May raise, and run Lua code.
void PushModule(lua_State* L, const char* name, size_t size);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_REQUIRE_H_
