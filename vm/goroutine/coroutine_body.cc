// How a suspended coroutine begins as a G, and what happens when a C module
// yields in a G's own state.
//
// An error must often rise in a frame that is suspended in lua_yield, so that
// its handlers run. Nothing can raise there from outside. So a hook is set on
// the state, for the return of the function that yielded or for the next
// instruction. lua_resume then runs into the hook, and the hook raises.

#include "vm/goroutine/coroutine_body.h"

#include "vm/goroutine/park.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {
namespace {

// A C module yielded in a G's own state, where nobody resumes it. Raises as
// lua_yield does on the main thread, in the frame that yielded.
void RaiseYieldOutside(lua_State* L, lua_Debug*) {
  Isolate::Of(L)->preempter().Set(L, {});
  lua_pushliteral(L, "attempt to yield from outside a coroutine");
  lua_error(L);
}

// Raises the reason in the frame that yielded. The coroutine had begun, and was
// cancelled before it ran as a G, or after a C module yielded in it.
void RaiseReasonInFrame(lua_State* L, lua_Debug*) {
  Isolate::Of(L)->preempter().Set(L, {});
  RaiseCancelled(L);
}

// Raises there for a coroutine that was to send what it yields.
void RaiseCannotSend(lua_State* L, lua_Debug*) {
  Isolate::Of(L)->preempter().Set(L, {});
  lua_pushliteral(L, "a C function that yields by itself cannot send values");
  lua_error(L);
}

// Makes `hook` raise when the function that has yielded in `L` returns, or at
// the next instruction.
void RaiseBy(lua_State* L, lua_Hook hook) {
  lua_sethook(L, hook, LUA_MASKRET | LUA_MASKCOUNT, 1);
}

}  // namespace

lua_State* PushCoroutine(lua_State* data, int at) {
  const auto* handle = static_cast<const GHandle*>(lua_touserdata(data, at));
  lua_getiuservalue(data, at, 1);
  if (handle->is_packed) lua_rawgeti(data, -1, 2);
  return lua_tothread(data, -1);
}

lua_State* BeginCoroutine(lua_State* data, int at, bool is_cancelled, int* n) {
  lua_State* co = PushCoroutine(data, at);
  const auto* handle = static_cast<const GHandle*>(lua_touserdata(data, at));
  *n = handle->count - 1;
  if (is_cancelled) {
    *n = 0;
    RaiseBy(co, &RaiseReasonInFrame);
  }
  // Isolate::Go has made room for the arguments.
  for (int i = 3; i <= *n + 2; i++) {
    lua_rawgeti(data, at + 1, i);
    lua_xmove(data, co, 1);
  }
  // The first user value anchors the coroutine from now on.
  lua_setiuservalue(data, at, 1);
  lua_settop(data, at - 1);
  return co;
}

// Three reasons to raise instead: nobody could resume a function's own state;
// the G must raise anyway; the values were to be sent, and only coroutine.yield
// can do that.
bool MayYield(lua_State* data, lua_State* L, bool has_values, bool must_raise) {
  const auto* handle = static_cast<const GHandle*>(lua_touserdata(data, -1));
  const bool is_coroutine = handle->state == GHandle::kCoroutine;
  const bool sends = is_coroutine && lua_getiuservalue(data, -1, 2) != LUA_TNIL;
  lua_pop(data, is_coroutine ? 2 : 1);
  lua_Hook hook = nullptr;
  if (!is_coroutine) {
    hook = &RaiseYieldOutside;
  } else if (must_raise) {
    hook = &RaiseReasonInFrame;
  } else if (sends && has_values) {
    hook = &RaiseCannotSend;
  }
  if (hook != nullptr) RaiseBy(L, hook);
  return hook == nullptr;
}

}  // namespace trilune::vm
