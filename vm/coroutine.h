// OpenCoroutine: the coroutine library, as stock Lua's, on the scheduler.
//
// Role       Equals of lcorolib's functions that also tell the isolate which
//            coroutine runs, and keep the threads of Gs apart from coroutines:
//            resume, wrap and close refuse another G's thread as the stock
//            functions refuse a normal coroutine.
// Threads    the running G
// Locks      none
// Invariants I1. isolate->frames lists the coroutines being resumed.
//            I2. close, and wrap after an error, nest at most kMaxCloseDepth
//            deep;
//                stock 5.4.4 does not count and overflows the C stack.
// Tests      tests/lua/stock

#ifndef TRI_VM_COROUTINE_H_
#define TRI_VM_COROUTINE_H_

#include <lua.hpp>

namespace trilune::vm {

// Replaces the functions of the global table `coroutine`. A lua_CFunction.
int OpenCoroutine(lua_State* L);

}  // namespace trilune::vm

#endif  // TRI_VM_COROUTINE_H_
