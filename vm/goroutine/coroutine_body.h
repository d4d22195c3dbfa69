// A coroutine of a script as the body of a G: what run.cc needs for it.
//
// Role       tri.go makes a G of a suspended coroutine. Its lua_State becomes
//            the G's own, until the end. The state's tag names the G, so nobody
//            else resumes or closes it. Waits of the G then park without a
//            stack.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. Nothing here raises. The hooks that are set here raise, in the
//                coroutine.
// Rejected   A G that resumes the coroutine: each of its waits would keep a C
//            stack.
// Tests      tests/lua/coroutine

#ifndef TRI_VM_GOROUTINE_COROUTINE_BODY_H_
#define TRI_VM_GOROUTINE_COROUTINE_BODY_H_

#include <lua.hpp>

namespace trilune::vm {

// Pushes the coroutine of the handle at index `at` of `data`; its G has not run
// yet. If arguments were packed, the table that holds them lies below it.
lua_State* PushCoroutine(lua_State* data, int at);

// The G runs for the first time. Moves the arguments to the coroutine, and pops
// the handle from `data`. `*n` becomes their number, for lua_resume.
// `is_cancelled`: the coroutine had begun before, so it has handlers. It must
// raise the reason where it yielded.
lua_State* BeginCoroutine(lua_State* data, int at, bool is_cancelled, int* n);

// A C module has yielded in `L`, the own state of a G. The G's handle is on top
// of `data`, and is popped. `has_values`: it yielded values. False: resume `L`
// at once; it raises in the frame that yielded.
bool MayYield(lua_State* data, lua_State* L, bool has_values, bool must_raise);

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_COROUTINE_BODY_H_
