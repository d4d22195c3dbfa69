// HookCount: how many instructions a Lua state still runs before its next count
// event.
//
// Role       liblua tells a state's count, but not what is left of it, and
//            lua_sethook begins anew. Without that a hook of a script's cannot
//            be called in steps, as it must for preemption, and still get each
//            of its events where stock Lua has it: what the script's function
//            itself runs counts, too. The two are ints of lua_State next to
//            each other, and where they are can be found out: those that become
//            N when lua_sethook sets N, of which the second falls by one with
//            each instruction.
// Threads    Find: any. The others: the thread that runs the state.
// Locks      none
// Source     lstate.h and ldebug.c of Lua 5.4: `basehookcount`, `hookcount`.
// Tests      tests/vm/hook_count_test.cc; tests/lua/stock/hook_count_*.lua

#ifndef TRI_VM_LUA_HOOK_COUNT_H_
#define TRI_VM_LUA_HOOK_COUNT_H_

#include <lua.hpp>

namespace trilune::vm {

// Looks for the two, once in a process. False: what follows must not be used.
bool FindHookCount();

// Instructions until the next count event of `L`. Requires: it has a count
// hook.
int HookCountLeft(lua_State* L);

// The next event comes after `left` instructions, the others after `base` each.
void SetHookCount(lua_State* L, int base, int left);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_HOOK_COUNT_H_
