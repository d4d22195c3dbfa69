// tri.timeout: a call with a limit of time.
//
// The function runs in the calling G, so that what it owns, waits for and
// yields to stays as it was. When the time is over, a timer's G interrupts the
// function, as a group does after a member has failed. From then on each wait
// of the function raises, and so does its code, until it has ended.
//
// Rejected: the function in a G of its own, cancelled at the end of the time.
// Then tri.self, thread locks and yields to a coroutine's resumer would mean
// another G.

#include <cstring>

#include "sched/base/clock.h"
#include "stdlib/goroutine/go.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;

struct Timeout {
  static constexpr TypeTag kTag = {"timeout"};
  const TypeTag* tag = &kTag;
  vm::GroupCore core;     // without members
  LuaG* timer = nullptr;  // while it is armed
  bool is_over = false;   // the time ended before the function did
};

// The timer's G.
Outcome RunTimeout(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  auto* timeout = static_cast<Timeout*>(g->timer.target);
  if (iso->halted()) timeout = nullptr;
  if (timeout == nullptr || NowNs() >= g->timer.next_ns) {
    if (timeout != nullptr) {
      timeout->timer = nullptr;
      timeout->is_over = true;
      iso->groups().Interrupt(&timeout->core);
    }
    return iso->EndTimer(g);
  }
  return iso->ParkTimer(g);
}

constexpr GKind kTimeoutKind = {&RunTimeout};

// Stops the timer, if it is still armed. Then it can interrupt nothing any
// more.
void StopTimer(Timeout* timeout) {
  LuaG* timer = timeout->timer;
  if (timer == nullptr) return;
  timeout->timer = nullptr;
  Isolate::StopTimer(timer);
}

// The function has ended. The timeout is at index 1.
void End(lua_State* L, Timeout* timeout) {
  StopTimer(timeout);
  Isolate::Of(L)->groups().EndFunction(&timeout->core);
  // Otherwise the state would stay until the finalizer has run.
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 1);
}

int l_close(lua_State* L) {
  End(L, Check<Timeout>(L, 1));
  return 0;
}

// The frame was dropped, in a generator that nobody closed.
int l_gc(lua_State* L) {
  auto* timeout = Check<Timeout>(L, 1);
  StopTimer(timeout);
  Isolate::Of(L)->groups().Forget(&timeout->core);
  return 0;
}

// Whether the error on top is what an interruption raises, perhaps with words
// before it. Such words are a position, which coroutine.wrap and error add, or
// the function's own. Any other error is the function's own.
bool IsInterruption(lua_State* L) {
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  constexpr char kReason[] = "cancelled";
  constexpr size_t kLength = sizeof(kReason) - 1;
  size_t length = 0;
  const char* text = lua_tolstring(L, -1, &length);
  return length >= kLength &&
         std::memcmp(text + length - kLength, kReason, kLength) == 0;
}

// Stack: the timeout, to be closed; then results, or the error.
int l_timeout_k(lua_State* L, int status, lua_KContext) {
  auto* timeout = static_cast<Timeout*>(lua_touserdata(L, 1));
  Isolate* iso = Isolate::Of(L);
  End(L, timeout);
  if (status == LUA_OK || status == LUA_YIELD) {
    lua_pushboolean(L, 1);
    lua_insert(L, 2);
    return lua_gettop(L) - 1;
  }
  // The G may have been cancelled as well, or a group around this call may have
  // interrupted its function. Then the error must go on up.
  if (timeout->is_over && IsInterruption(L) && !iso->MustRaise()) {
    return PushTimeout(L);
  }
  return lua_error(L);
}

int l_timeout(lua_State* L) {
  const double seconds = CheckSeconds(L, 1);
  CheckCallable(L, 2);
  luaL_checkstack(L, 8, nullptr);
  Isolate* iso = Isolate::Of(L);
  auto* timeout = New<Timeout>(L, 1, lua_upvalueindex(1));
  // Keeps the state alive, so that no address in the core outlives it: see
  // vm/goroutine/group.h.
  lua_pushthread(L);
  lua_setiuservalue(L, -2, 1);
  lua_replace(L, 1);
  lua_toclose(L, 1);
  if (iso->current != nullptr) {
    const int64_t deadline = DeadlineAfter(NowNs(), seconds);
    if (deadline != kNever) {
      timeout->timer = StartTimer(L, &kTimeoutKind, {timeout, deadline, 0});
      if (timeout->timer == nullptr) return luaL_error(L, "not enough memory");
    }
    iso->groups().Begin(&timeout->core, L);
  }
  const int status =
      lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, &l_timeout_k);
  return l_timeout_k(L, status, 0);
}

constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kTimeoutMeta[] = {
    {"__close", &l_close}, {"__gc", &l_gc}, {nullptr, nullptr}};

}  // namespace

void OpenTimeout(lua_State* L) {
  NewMetatable(L, Timeout::kTag.name, kNoMethods, kTimeoutMeta);
  lua_pushcclosure(L, &l_timeout, 1);
  lua_setfield(L, -2, "timeout");
}

}  // namespace trilune::stdlib
