// OpenRequire: require, as stock Lua's, that tells when it has loaded a module.
//
// Role       An equal of loadlib's function, so that messages know by name what
//            modules hold; and how they look up what came by name.
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

// Pushes the module as require gives it. May raise, and run Lua code.
void PushModule(lua_State* L, const char* name, size_t size);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_REQUIRE_H_
