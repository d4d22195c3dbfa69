// AllowHooks: switches the hooks of a Lua state on where liblua has them off.
//
// Role       While a hook or a finalizer runs, liblua 5.4 calls no hooks of
//            that state. After an error in a hook it calls none until a pcall
//            ends. So a script in a loop there could not be stopped. liblua has
//            no function for this. But the switch is one byte of lua_State, 1
//            or 0, and the program can find out which: it is the only byte that
//            is 1 before and after a hook, and 0 inside it. Nothing else of
//            liblua is touched. If no such byte is found, nothing is done.
// Threads    FindAllowHook: any. AllowHooks: the thread that runs the state,
//            also its signal handler.
// Locks      none
// Source     lstate.h and ldo.c of Lua 5.4: `allowhook`.
// Tests      tests/vm/allow_hook_test.cc; tests/lua/limits

#ifndef TRI_VM_LUA_ALLOW_HOOK_H_
#define TRI_VM_LUA_ALLOW_HOOK_H_

#include <lua.hpp>

namespace trilune::vm {

// Looks for the byte, once in a process. True: AllowHooks works.
bool FindAllowHook();

// Requires: FindAllowHook was called before.
void AllowHooks(lua_State* L);
// Whether hooks are on; true if the byte was not found.
bool HooksAllowed(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_ALLOW_HOOK_H_
