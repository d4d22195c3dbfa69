// pcall, xpcall, load, assert: equals of the base library's.
//
// Role       assert passes on what was just acquired: see raise_delay.h. The
//            others leave hooks on. After a call that has failed, liblua sets a
//            state's hooks back to what they were before. In a finalizer that
//            is off, and a loop around pcall would hide there from the limit
//            that has just ended the call.
// Threads    the running G
// Locks      none
// Source     lbaselib.c of Lua 5.4: arguments, results and messages as there.
// Tests      tests/lua/limits; tests/lua/stock

#ifndef TRI_VM_LUA_PROTECTED_CALL_H_
#define TRI_VM_LUA_PROTECTED_CALL_H_

#include <lua.hpp>

namespace trilune::vm {

// Replaces the four in the globals.
void OpenProtectedCalls(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_PROTECTED_CALL_H_
