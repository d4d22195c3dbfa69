// OpenDebugHooks: debug.sethook and debug.gethook, as stock Lua's, beside
// preemption.
//
// Role       Equals of ldblib's two functions. A script sees only its own
//            hooks, and each of their events where stock Lua has it, whatever
//            the scheduler does with hooks meanwhile. A count hook of N is
//            called in steps of at most kMaxStep instructions that add up to N.
//            At each step the G can be stopped. A hook of the scheduler's own
//            could not do that without losing count.
// Threads    the running G
// Locks      none
// Docs       debug_hook.cc
// Tests      tests/lua/preempt; tests/lua/stock

#ifndef TRI_VM_LUA_DEBUG_HOOK_H_
#define TRI_VM_LUA_DEBUG_HOOK_H_

#include <lua.hpp>

namespace trilune::vm {

// Replaces the two functions in the global table `debug`. A lua_CFunction.
int OpenDebugHooks(lua_State* L);

// A protected call in `L` has failed. If that ended a hook's function, the
// counting that the function had put off goes on.
void SettleHook(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_DEBUG_HOOK_H_
