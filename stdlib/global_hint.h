// A hint in the errors of spawned programs.
//
// Role       The first thing that goes wrong in a program: a global of its
//            maker's is nil in its isolate. Lua says which, not why.
// Threads    the running G
// Locks      none
// Tests      tests/lua/spawn/globals_of_the_maker.lua

#ifndef TRI_STDLIB_GLOBAL_HINT_H_
#define TRI_STDLIB_GLOBAL_HINT_H_

#include <lua.hpp>

namespace trilune::stdlib {

// For a message handler, with the error at 1: if that says that a global is
// nil, and it still is, the message says what to do. Leaves values above it.
void AddGlobalHint(lua_State* L);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_GLOBAL_HINT_H_
