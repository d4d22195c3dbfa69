// tri.scheduler: runs a list of coroutines as goroutines, to their ends.
//
// It makes a G of each coroutine, then joins them in the order of the list. A
// guard with __close lies in its frame. If an error or a cancellation leaves
// the frame early, the guard cancels the Gs that are left. Then it waits for
// them, so that no G of the call outlives it.

#include "stdlib/goroutine/go.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"
#include "vm/lua/coroutine.h"

namespace trilune::stdlib {
namespace {

using vm::GHandle;
using vm::Isolate;

// A value to be closed in the frame of the call: no goroutine of the call
// outlives it. Its user value is the list of their handles.
struct Guard {
  static constexpr TypeTag kTag = {"scheduler"};
  const TypeTag* tag = &kTag;
};

// Stack of a call. kValues: the channel for yielded values, or nil.
enum : int { kList = 1, kValues, kGuard, kHandles, kResults };

// Pushes handle `i` of the table at `list`, and returns it.
GHandle* HandleAt(lua_State* L, int list, lua_Integer i) {
  lua_rawgeti(L, list, i);
  return static_cast<GHandle*>(lua_touserdata(L, -1));
}

// Whether the value on top is a function that coroutine.wrap returned.
bool IsWrapped(lua_State* L) {
  if (lua_iscfunction(L, -1) == 0 || lua_getupvalue(L, -1, 1) == nullptr) {
    return false;
  }
  const bool is_wrapped = lua_isthread(L, -1);
  lua_pop(L, 1);
  return is_wrapped;
}

// Checks all coroutines before the first G is made, so that a bad list starts
// nothing.
void CheckList(lua_State* L, int n) {
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, kList, i);
    lua_State* co = lua_tothread(L, -1);
    if (co == nullptr) {
      luaL_error(
          L,
          "bad argument #1 to 'scheduler' (%d: coroutine expected, "
          "got %s)",
          i,
          IsWrapped(L) ? "a function of coroutine.wrap" : luaL_typename(L, -1));
    }
    const char* why = vm::WhyNoGoroutine(L, co, 0);
    if (why != nullptr) {
      luaL_error(L, "bad argument #1 to 'scheduler' (%d: %s)", i, why);
    }
    lua_pop(L, 1);
  }
}

// Packs the `n` values on top into a table, with their number as field `n`.
void Pack(lua_State* L, int n) {
  lua_createtable(L, n, 1);
  lua_insert(L, -n - 1);
  for (int i = n; i >= 1; i--)
    lua_rawseti(L, -i - 1, i);
  lua_pushinteger(L, n);
  lua_setfield(L, -2, "n");
}

// Waits for number `i` and all behind it.
int JoinFrom(lua_State* L, lua_Integer i);

int l_joined_k(lua_State* L, int, lua_KContext i) {
  if (EndWait(L) == WakeResult::kCancelled) vm::RaiseCancelled(L);
  return JoinFrom(L, i);
}

int JoinFrom(lua_State* L, lua_Integer i) {
  const auto n = static_cast<lua_Integer>(lua_rawlen(L, kHandles));
  for (; i <= n; i++) {
    lua_settop(L, kResults);
    GHandle* handle = HandleAt(L, kHandles, i);
    if (handle->g != nullptr) {
      return WaitIn(L, handle->g->joiners, {.reason = WaitReason::kJoin},
                    &l_joined_k, i);
    }
    Pack(L, Isolate::Of(L)->PushResults(L, handle, kResults + 1));
    lua_rawseti(L, kResults, i);
  }
  lua_settop(L, kResults);
  return 1;
}

int l_scheduler(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    ReadGoOptions(L, 2);
  }
  luaL_checkstack(L, 12, nullptr);
  const auto n = static_cast<int>(lua_rawlen(L, kList));
  CheckList(L, n);
  New<Guard>(L, 1, lua_upvalueindex(2));
  lua_createtable(L, n, 0);
  lua_pushvalue(L, kHandles);
  lua_setiuservalue(L, kGuard, 1);
  lua_toclose(L, kGuard);
  lua_createtable(L, n, 0);
  const int values_index = lua_isnil(L, kValues) ? 0 : kValues;
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, kList, i);
    lua_State* co = lua_tothread(L, -1);
    // Finalizers may have changed the list meanwhile. Go checks the coroutine
    // again.
    if (co == nullptr) return luaL_error(L, "the list has changed meanwhile");
    Isolate::Of(L)->Go(L, 1, /*in_group=*/false, {co, values_index});
    lua_rawseti(L, kHandles, i);
    lua_settop(L, kResults);
  }
  return JoinFrom(L, 1);
}

// Cancels the Gs that still run. Their handles are in the table at `list`.
void CancelAll(lua_State* L, int list) {
  const auto n = static_cast<lua_Integer>(lua_rawlen(L, list));
  for (lua_Integer i = 1; i <= n; i++) {
    GHandle* handle = HandleAt(L, list, i);
    if (handle->g != nullptr) Isolate::Of(L)->CancelQuietly(handle->g);
    lua_pop(L, 1);
  }
}

// Waits for all from number `i` on. Stack: the list of handles.
int AwaitAll(lua_State* L, lua_Integer i) {
  const auto n = static_cast<lua_Integer>(lua_rawlen(L, 1));
  for (; i <= n; i++) {
    lua_settop(L, 1);
    GHandle* handle = HandleAt(L, 1, i);
    if (handle->g == nullptr) continue;
    const auto k = [](lua_State* state, int, lua_KContext at) {
      EndWait(state);
      return AwaitAll(state, at);
    };
    return WaitIn(L, handle->g->joiners,
                  {.reason = WaitReason::kJoin, .shielded = true}, k, i);
  }
  return 0;
}

// The call's frame is left: either all have ended, or an error or a
// cancellation ends them now. The frame is never dropped, because nothing in it
// yields to a generator's resumer.
int l_guard_close(lua_State* L) {
  Check<Guard>(L, 1);
  lua_settop(L, 1);
  luaL_checkstack(L, 8, nullptr);
  lua_getiuservalue(L, 1, 1);
  lua_replace(L, 1);
  if (Isolate::Of(L)->current == nullptr) return 0;
  CancelAll(L, 1);
  return AwaitAll(L, 1);
}

constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kGuardMeta[] = {{"__close", &l_guard_close},
                                   {nullptr, nullptr}};

}  // namespace

void OpenScheduler(lua_State* L) {
  Isolate::Of(L)->PushHandles(L);
  NewMetatable(L, Guard::kTag.name, kNoMethods, kGuardMeta);
  lua_pushcclosure(L, &l_scheduler, 2);
  lua_setfield(L, -2, "scheduler");
}

}  // namespace trilune::stdlib
