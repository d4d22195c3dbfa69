// tri.atomic and tri.shield: what must not be interrupted.
//
// Both call a function in the calling G and must notice when its frame is left,
// however that happens: by a return, an error, a cancellation, or because a
// coroutine is closed. So each puts a value with __close at the bottom of its
// frame.
//
// The frame of a shield can also be dropped: in a generator that nobody closed.
// Then only the finalizer notices. tri.atomic needs none: nothing in it can
// yield to a generator's resumer, so its frame is never suspended.
//
// A shield has a limit of time. A G that runs no Lua is its timer, as in
// timer.cc.

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;

// --- atomic ---

struct Atomic {
  const TypeTag* tag;
  static constexpr TypeTag kTag = {"atomic"};
  vm::AtomicCall call;
};

int l_atomic_close(lua_State* L) {
  auto* atomic = Check<Atomic>(L, 1);
  Isolate::Of(L)->EndAtomic(L, &atomic->call);
  return 0;
}

// A coroutine.yield cannot leave the call, because lua_call has no
// continuation.
int l_atomic(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  Isolate* iso = Isolate::Of(L);
  luaL_checkstack(L, 4, nullptr);
  auto* atomic = New<Atomic>(L, 0, lua_upvalueindex(1));
  atomic->tag = &Atomic::kTag;
  lua_insert(L, 1);
  lua_toclose(L, 1);
  if (iso->current != nullptr) iso->BeginAtomic(&atomic->call);
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

// --- shield ---

struct ShieldBox {
  vm::Shield core;  // first: vm/ knows only this part
  const TypeTag* tag;
  static constexpr TypeTag kTag = {"shield"};
};

const vm::InternalKind kShieldKind(
    [](lua_State* L, int index) {
      return Test<ShieldBox>(L, index) != nullptr;
    },
    vm::InternalKind::What::kHidden);

// The timer's G: ends the shield, unless the shield has ended before.
Outcome RunShieldTimer(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  auto* shield = static_cast<vm::Shield*>(g->timer.target);
  if (iso->halted()) shield = nullptr;
  if (shield == nullptr || NowNs() >= g->timer.next_ns) {
    if (shield != nullptr) {
      iso->shields().Expire(shield);
    }
    return iso->EndTimer(g);
  }
  return iso->ParkTimer(g);
}

constexpr GKind kShieldTimerKind = {&RunShieldTimer};

int l_shield_close(lua_State* L) {
  Isolate::Of(L)->shields().End(&Check<ShieldBox>(L, 1)->core);
  // Otherwise the state would stay until the finalizer has run.
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 1);
  return 0;
}

int l_shield_gc(lua_State* L) {
  Isolate::Of(L)->shields().Forget(&Check<ShieldBox>(L, 1)->core);
  return 0;
}

int l_shield_k(lua_State* L, int, lua_KContext) {
  return lua_gettop(L) - 1;
}

int l_shield(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  const double seconds = CheckSeconds(L, 2);
  lua_settop(L, 1);
  Isolate* iso = Isolate::Of(L);
  luaL_checkstack(L, 4, nullptr);
  auto* box = new (lua_newuserdatauv(L, sizeof(ShieldBox), 1)) ShieldBox();
  box->tag = &ShieldBox::kTag;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  lua_pushthread(L);
  lua_setiuservalue(L, -2, 1);
  lua_insert(L, 1);
  lua_toclose(L, 1);
  if (iso->current != nullptr) {
    const int64_t deadline = DeadlineAfter(NowNs(), seconds);
    if (deadline != kNever) {
      LuaG* timer = StartTimer(L, &kShieldTimerKind, {&box->core, deadline, 0});
      if (timer == nullptr) return luaL_error(L, "not enough memory");
      box->core.timer = timer;
    }
    iso->shields().Begin(&box->core, L);
  }
  lua_callk(L, 0, LUA_MULTRET, 0, &l_shield_k);
  return l_shield_k(L, LUA_OK, 0);
}

constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};
constexpr luaL_Reg kAtomicMeta[] = {{"__close", &l_atomic_close},
                                    {nullptr, nullptr}};
// __gc: the frame was dropped, in a generator that nobody closed.
constexpr luaL_Reg kShieldMeta[] = {
    {"__close", &l_shield_close}, {"__gc", &l_shield_gc}, {nullptr, nullptr}};

}  // namespace

void OpenCritical(lua_State* L) {
  NewMetatable(L, Atomic::kTag.name, kNoMethods, kAtomicMeta);
  lua_pushcclosure(L, &l_atomic, 1);
  lua_setfield(L, -2, "atomic");
  NewMetatable(L, ShieldBox::kTag.name, kNoMethods, kShieldMeta);
  lua_pushcclosure(L, &l_shield, 1);
  lua_setfield(L, -2, "shield");
}

}  // namespace trilune::stdlib
