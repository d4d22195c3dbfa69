// pcall, xpcall, load, assert: equals of the base library's.
//
// Role       assert passes on what was just acquired, see
//            raise_delay.h. The others leave hooks on: liblua puts a
//            state's hooks back to what they were before a call that failed. In
//            a finalizer that is off, and a loop around pcall would hide there
//            from the limits that just ended the call.
// Threads    the running G
// Locks      none
// Source     lbaselib.c of Lua 5.4: arguments, results and messages as there.
// Tests      tests/lua/limits; tests/lua/stock

#ifndef TRI_VM_LUA_PROTECTED_CALL_H_
#define TRI_VM_LUA_PROTECTED_CALL_H_

#include <lua.hpp>

namespace trilune::vm {

// Replaces them in the globals.
void OpenProtectedCalls(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_PROTECTED_CALL_H_
