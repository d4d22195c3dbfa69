// AddGlobalHint: a hint in the errors of spawned programs.
//
// Role       The first thing that goes wrong in a program: a global of the
//            script that spawned it is nil in its isolate. Lua says which one,
//            but not why.
// Threads    the running G
// Locks      none
// Tests      tests/lua/spawn/globals_of_the_maker.lua

#ifndef TRI_STDLIB_GLOBAL_HINT_H_
#define TRI_STDLIB_GLOBAL_HINT_H_

#include <lua.hpp>

namespace trilune::stdlib {

// For a message handler, with the error at 1. If the error says that a global
// is nil, and the global still is, the message gets a hint. Leaves values above
// 1.
void AddGlobalHint(lua_State* L);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_GLOBAL_HINT_H_
