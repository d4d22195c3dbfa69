// HookCount: how many instructions a Lua state still runs before its next count
// event.
//
// Role       liblua gives a state's count, but not what is left of it, and
//            lua_sethook begins anew. For preemption a script's hook must be
//            called in steps, and yet get each of its events where stock Lua
//            has it. The instructions of the script's own function count, too.
//            So what is left must be read and set. Both numbers are ints of
//            lua_State next to each other, and the program can find out where.
//            They become N when lua_sethook sets N, and the second falls by one
//            with each instruction.
// Threads    Find: any. The others: the thread that runs the state.
// Locks      none
// Source     lstate.h and ldebug.c of Lua 5.4: `basehookcount`, `hookcount`.
// Tests      tests/vm/hook_count_test.cc; tests/lua/stock/hook_count_*.lua

#ifndef TRI_VM_LUA_HOOK_COUNT_H_
#define TRI_VM_LUA_HOOK_COUNT_H_

#include <lua.hpp>

namespace trilune::vm {

// Looks for the two, once in a process. False: the functions below must not be
// used.
bool FindHookCount();

// Instructions until the next count event of `L`. Requires: it has a count
// hook.
int HookCountLeft(lua_State* L);

// Sets both: the next event comes after `left` instructions, each further one
// after `base`.
void SetHookCount(lua_State* L, int base, int left);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_HOOK_COUNT_H_
