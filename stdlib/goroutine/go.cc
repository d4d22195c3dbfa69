// tri.go and the methods of a G; also tri.yield, sleep, now, self and procs.
//
// A handle is a userdata that vm/ makes (GHandle). While its G lives, handle->g
// points at the G's record. At the end vm/ moves results or error into the
// handle and sets handle->g to null. So a join first looks at handle->g, and
// waits in the record's queue of joiners only if it is not null.

#include "stdlib/goroutine/go.h"

#include <cstring>

#include "sched/base/clock.h"
#include "stdlib/chan/lua_chan.h"
#include "stdlib/chan/shared_chan.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"
#include "vm/lua/coroutine.h"
#include "vm/lua/debug_guard.h"

namespace trilune::stdlib {
namespace {

using vm::GHandle;
using vm::Isolate;

// Handles belong to vm/ and have no TypeTag. A key in their metatable marks
// them.
const vm::MetatableKey kKey(&kGoroutineKey);
const vm::InternalKind kHandleKind(
    [](lua_State* L, int index) { return TestHandle(L, index) != nullptr; },
    vm::InternalKind::What::kObject);

GHandle* CheckHandle(lua_State* L, int index) {
  GHandle* handle = TestHandle(L, index);
  if (handle == nullptr) luaL_typeerror(L, index, "goroutine");
  return handle;
}

// Whether the value at `index` has a metamethod __call.
bool HasCall(lua_State* L, int index) {
  if (luaL_getmetafield(L, index, "__call") == LUA_TNIL) return false;
  lua_pop(L, 1);
  return true;
}

int l_go(lua_State* L) {
  int at = 1;
  const vm::CoroutineBody body = CheckBody(L, 1, &at);
  luaL_checkstack(L, 8, nullptr);
  Isolate::Of(L)->Go(L, lua_gettop(L) - at + 1, /*in_group=*/false, body);
  return 1;
}

// After a wait for the end: the handle at 1 has the results by now.
int l_join_k(lua_State* L, int, lua_KContext) {
  const int n = EndTimedWait(L, EndWait(L));
  if (n > 0) return n;
  auto* handle = static_cast<GHandle*>(lua_touserdata(L, 1));
  return Isolate::Of(L)->PushResults(L, handle, 1);
}

int l_join(lua_State* L) {
  GHandle* handle = CheckHandle(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  Isolate* iso = Isolate::Of(L);
  if (handle->g == nullptr) return iso->PushResults(L, handle, 1);
  if (handle->g == iso->current) {
    return luaL_error(L, "a goroutine cannot join itself");
  }
  if (now) return PushTimeout(L);
  return WaitIn(L, handle->g->joiners,
                {.reason = WaitReason::kJoin, .deadline_ns = deadline},
                &l_join_k, 0);
}

// cancel([reason]): the reason, or nil, is at 2. False: it has ended, or was
// cancelled before.
int l_cancel(lua_State* L) {
  GHandle* handle = CheckHandle(L, 1);
  lua_settop(L, 2);
  const bool did = handle->g != nullptr && Isolate::Of(L)->Cancel(L, handle->g);
  lua_pushboolean(L, did);
  return 1;
}

int l_status(lua_State* L) {
  const GHandle* handle = CheckHandle(L, 1);
  const char* status = "dead";
  if (handle->g != nullptr) {
    switch (handle->g->word.state()) {
      case GState::kRunning:
        status = "running";
        break;
      case GState::kWaiting:
      case GState::kSyscall:
        status = "waiting";
        break;
      default:
        status = "runnable";
        break;
    }
  }
  lua_pushstring(L, status);
  return 1;
}

int l_id(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(CheckHandle(L, 1)->id));
  return 1;
}

int l_tostring(lua_State* L) {
  lua_pushfstring(L, "goroutine %I",
                  static_cast<LUAI_UACINT>(CheckHandle(L, 1)->id));
  return 1;
}

int l_self(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  if (iso->current == nullptr) {  // in a finalizer between two Gs
    lua_pushnil(L);
    return 1;
  }
  iso->PushHandle(L, iso->current);
  if (lua_isnil(L, -1)) iso->MakeMainHandle(L);
  return 1;
}

int l_done(lua_State*, int, lua_KContext) {
  return 0;
}

int l_yield(lua_State* L) {
  return vm::Yield(L, &l_done);
}

int l_sleep_k(lua_State* L, int, lua_KContext) {
  if (Isolate::Of(L)->current->wake == WakeResult::kCancelled) {
    vm::RaiseCancelled(L);
  }
  return 0;
}

int l_sleep(lua_State* L) {
  const int64_t deadline = DeadlineAfter(NowNs(), CheckSeconds(L, 1));
  const vm::Parking parking = vm::BeginPark(L, WaitReason::kSleep);
  ParkCommit commit;
  commit.deadline_ns = deadline;
  // A sleep without end is still no deadlock, because the script asked for it.
  commit.external = true;
  return vm::Park(L, parking, commit, &l_sleep_k, 0);
}

int l_now(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(NowNs()) / 1e9);
  return 1;
}

int l_procs(lua_State* L) {
  Scheduler* sched = Isolate::Of(L)->sched;
  if (lua_isnoneornil(L, 1)) {
    lua_pushinteger(L, sched->procs());
    return 1;
  }
  if (Isolate::Of(L)->config().budget != nullptr) {
    return luaL_error(L, "cannot change procs in an isolate with limits");
  }
  const lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 1 && n <= kMaxProcs, 1, "procs must be 1 to 256");
  const int before = sched->SetProcs(static_cast<int>(n));
  if (sched->procs() < n && before < n) {
    return luaL_error(L, "not enough memory for %d procs", static_cast<int>(n));
  }
  lua_pushinteger(L, before);
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"join", &l_join}, {"cancel", &l_cancel}, {"status", &l_status},
    {"id", &l_id},     {nullptr, nullptr},
};
constexpr luaL_Reg kMeta[] = {{"__tostring", &l_tostring}, {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {
    {"yield", &l_yield}, {"sleep", &l_sleep}, {"now", &l_now},
    {"self", &l_self},   {"procs", &l_procs}, {nullptr, nullptr},
};

}  // namespace

const char kGoroutineKey = 0;

GHandle* TestHandle(lua_State* L, int index) {
  auto* handle = static_cast<GHandle*>(lua_touserdata(L, index));
  if (handle == nullptr || lua_rawlen(L, index) != sizeof(GHandle) ||
      lua_getmetatable(L, index) == 0) {
    return nullptr;
  }
  lua_rawgetp(L, -1, &kGoroutineKey);
  const bool ours = lua_toboolean(L, -1) != 0;
  lua_pop(L, 2);
  return ours ? handle : nullptr;
}

void CheckCallable(lua_State* L, int index) {
  if (lua_isfunction(L, index)) return;
  if (!HasCall(L, index)) luaL_typeerror(L, index, "function");
}

bool ReadGoOptions(lua_State* L, int index) {
  luaL_checkstack(L, 4, nullptr);
  lua_pushnil(L);  // the channel
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    const char* name = CheckOptionName(L);
    if (std::strcmp(name, "values") != 0) {
      luaL_error(L, "unknown option '%s'", name);
    }
    if (Test<LuaChan>(L, -1) == nullptr && TestChannel(L, -1) == nullptr) {
      luaL_error(L, "bad option 'values' (channel expected, got %s)",
                 luaL_typename(L, -1));
    }
    lua_replace(L, -3);
  }
  lua_replace(L, index);
  return !lua_isnil(L, index);
}

vm::CoroutineBody CheckOtherBody(lua_State* L, int first, int* body) {
  vm::CoroutineBody coroutine;
  if (lua_istable(L, first) && !HasCall(L, first)) {
    *body = first + 1;
    if (ReadGoOptions(L, first)) coroutine.values_index = first;
  }
  coroutine.co = lua_tothread(L, *body);
  if (coroutine.co != nullptr) {
    const char* why = vm::WhyNoGoroutine(L, coroutine.co, 0);
    if (why != nullptr) luaL_argerror(L, *body, why);
  } else if (coroutine.values_index != 0) {
    luaL_argexpected(L, false, *body, "coroutine");
  } else if (!lua_isfunction(L, *body) && !HasCall(L, *body)) {
    luaL_typeerror(L, *body, "function or coroutine");
  }
  return coroutine;
}

void OpenGo(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  NewMetatable(L, "goroutine", kMethods, kMeta);
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &kGoroutineKey);
  iso->SetHandleMetatable(L);
  luaL_setfuncs(L, kFunctions, 0);
  iso->PushHandles(L);
  lua_pushcclosure(L, &l_go, 1);
  lua_setfield(L, -2, "go");
}

}  // namespace trilune::stdlib
