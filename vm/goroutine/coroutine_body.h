// A coroutine of a script's as the body of a G: what run.cc needs for it.
//
// Role       tri.go makes a G of a suspended coroutine. Its lua_State is that
//            of the G from then on, until the end: the tag says so, hence
//            nobody else resumes or closes it.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. Nothing here raises; the hooks do, in the coroutine.
// Rejected   A G that resumes it: each of its waits would keep a C stack.
// Tests      tests/lua/coroutine

#ifndef TRI_VM_GOROUTINE_COROUTINE_BODY_H_
#define TRI_VM_GOROUTINE_COROUTINE_BODY_H_

#include <lua.hpp>

namespace trilune::vm {

// The coroutine whose handle is at `at` of `data`, and which has not run as a G
// yet. It is left on top; below it is what packs it, if anything does.
lua_State* PushCoroutine(lua_State* data, int at);

// Its G runs for the first time: moves the arguments there, and pops the handle
// from `data`. `*n`: for lua_resume. `is_cancelled`: it had begun before, so it
// has handlers, and shall raise the reason where it yielded.
lua_State* BeginCoroutine(lua_State* data, int at, bool is_cancelled, int* n);

// A C module has yielded in `L`, which is the own state of the G whose handle
// is on top of `data` and is popped; `has_values` were yielded. False: resume
// it at once, and it raises in the frame that yielded.
bool MayYield(lua_State* data, lua_State* L, bool has_values, bool must_raise);

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_COROUTINE_BODY_H_
