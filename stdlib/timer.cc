// trilune.after and trilune.tick: channels that a timer sends on.

#include <algorithm>

#include "sched/clock.h"
#include "sched/loop.h"
#include "stdlib/lua_chan.h"
#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;

// The timer's G: each time its deadline has passed, it tries to send the time
// on its channel, which has room for one, and waits again or ends.
Outcome RunTimer(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  auto* chan = static_cast<LuaChan*>(g->timer.target);
  const int64_t now = NowNs();
  if (iso->halted()) chan = nullptr;
  if (chan != nullptr && now >= g->timer.next_ns) {
    lua_State* data = iso->data();
    lua_pushnumber(data, static_cast<double>(now) / 1e9);
    G* woken = nullptr;
    // A number needs no table, so the channel's place on a stack is not used.
    const ChanResult result =
        chan->core.TrySend({chan, data, 0}, {data, lua_gettop(data)}, &woken);
    (void)result;  // kWouldWait: nobody took the last tick yet
    lua_pop(data, 1);
    if (woken != nullptr) ReadyInStrand(woken, /*woken=*/true);
    if (g->timer.period_ns == 0) {
      chan->timer = nullptr;
      chan = nullptr;
    } else {
      const int64_t missed = (now - g->timer.next_ns) / g->timer.period_ns;
      g->timer.next_ns += (missed + 1) * g->timer.period_ns;
    }
  }
  if (chan == nullptr) {
    return iso->EndTimer(g);
  }
  return iso->ParkTimer(g);
}

constexpr GKind kTimerKind = {&RunTimer};

void Stop(LuaChan* chan) {
  LuaG* g = chan->timer;
  if (g == nullptr) return;
  chan->timer = nullptr;
  Isolate::StopTimer(g);
}

int NewTimer(lua_State* L, int64_t period_ns) {
  const double seconds = CheckSeconds(L, 1);
  Isolate* iso = Isolate::Of(L);
  LuaChan* chan = NewChan(L, 1, lua_upvalueindex(1));
  // Makes the ring: the timer itself must not allocate.
  lua_pushboolean(L, 0);
  PrepareSend(L, chan, lua_gettop(L) - 1, lua_gettop(L));
  lua_pop(L, 1);
  LuaG* g = iso->NewTimerG(&kTimerKind, /*own=*/false);
  if (g == nullptr) return luaL_error(L, "not enough memory");
  g->timer.target = chan;
  g->timer.next_ns = DeadlineAfter(NowNs(), seconds);
  g->timer.period_ns = period_ns;
  chan->timer = g;
  return 1;
}

int l_after(lua_State* L) {
  return NewTimer(L, 0);
}

int l_tick(lua_State* L) {
  const double seconds = CheckSeconds(L, 1);
  luaL_argcheck(L, seconds > 0, 1, "the period must be above 0");
  return NewTimer(L, std::max<int64_t>(1, DeadlineAfter(0, seconds)));
}

int l_stop(lua_State* L) {
  Stop(Check<LuaChan>(L, 1));
  return 0;
}

constexpr luaL_Reg kTimerMeta[] = {{"__gc", &l_stop}, {nullptr, nullptr}};

}  // namespace

void OpenTimer(lua_State* L) {
  NewMetatable(L, "channel", kChanMethods, kChanMeta);
  lua_pushvalue(L, -1);
  luaL_setfuncs(L, kTimerMeta, 1);
  lua_getfield(L, -1, "__index");
  lua_pushcfunction(L, &l_stop);
  lua_setfield(L, -2, "stop");
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, &l_after, 1);
  lua_setfield(L, -3, "after");
  lua_pushcclosure(L, &l_tick, 1);
  lua_setfield(L, -2, "tick");
}

}  // namespace trilune::stdlib
