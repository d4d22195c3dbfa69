// What other modules need to know about goroutines' handles and bodies.
//
// Role       go.cc has tri.go and the methods of a goroutine. Here is what
//            group.cc, select.cc, scheduler.cc and timeout.cc share with it.
// Threads    the running G
// Locks      none
// Tests      tests/lua/go, tests/lua/coroutine

#ifndef TRI_STDLIB_GOROUTINE_GO_H_
#define TRI_STDLIB_GOROUTINE_GO_H_

#include <lua.hpp>

#include "vm/isolate/isolate.h"

namespace trilune::stdlib {

// The handle at `index`, or null if the value there is no handle.
vm::GHandle* TestHandle(lua_State* L, int index);

// Raises unless the value at `index` is a function or has __call.
void CheckCallable(lua_State* L, int index);

// Checks the arguments of a `go` from `first` on: [options,] body, arguments.
// The body, at `*body`, is a function, has __call, or is a suspended coroutine.
// For a coroutine the result names it.
vm::CoroutineBody CheckOtherBody(lua_State* L, int first, int* body);
inline vm::CoroutineBody CheckBody(lua_State* L, int first, int* body) {
  *body = first;
  if (lua_isfunction(L, first)) return {};
  return CheckOtherBody(L, first, body);
}

// Reads the options at `index`, a table. Replaces the table by the channel for
// what a coroutine yields. False: there is no channel, and nil stands there.
bool ReadGoOptions(lua_State* L, int index);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_GOROUTINE_GO_H_
