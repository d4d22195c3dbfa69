// OpenCoroutine: the coroutine library, as stock Lua's, on the scheduler.
//
// Role       Equals of lcorolib's functions. They also tell the isolate which
//            coroutine runs, and keep the own states of Gs apart from
//            coroutines: resume, wrap and close refuse another G's state, as
//            the stock functions refuse a normal coroutine. A coroutine that
//            tri.go has made a goroutine keeps its state. There yield lets
//            others run first, and sends its values if that was asked for.
// Threads    the running G
// Locks      none
// Invariants I1. isolate->frames lists the coroutines being resumed.
//            I2. close, and wrap after an error, nest at most kMaxCloseDepth
//                deep; stock 5.4.4 does not count and overflows the C stack.
// Tests      tests/lua/stock, tests/lua/coroutine

#ifndef TRI_VM_LUA_COROUTINE_H_
#define TRI_VM_LUA_COROUTINE_H_

#include <lua.hpp>

namespace trilune::vm {

// Why `co` cannot become a goroutine with `n` arguments, in words; null if it
// can. Cannot raise. `L`: the state in which the caller runs.
const char* WhyNoGoroutine(lua_State* L, lua_State* co, int n);

// Replaces the functions of the global table `coroutine`. A lua_CFunction.
int OpenCoroutine(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_COROUTINE_H_
