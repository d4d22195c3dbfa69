// tri.after and tri.tick: channels on which a timer sends.
//
// The timer is a G that runs no Lua (Isolate::StartTimer). It waits from the
// moment in which it is made. If it is stopped, or its channel is garbage, it
// ends in that moment. Neither needs a dispatch. So a G that makes and stops
// timers without ever waiting leaves none behind.
//
// The channel has room for one value, and its ring is made beforehand. So the
// timer's send neither waits nor allocates. A tick that finds the channel full
// is dropped.

#include <algorithm>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "stdlib/chan/lua_chan.h"
#include "stdlib/modules.h"
#include "vm/memory/pressure.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;

struct TimerChan : LuaChan {
  using LuaChan::LuaChan;

  LuaG* timer = nullptr;  // while it is armed
  int64_t period_ns = 0;  // of a tick; 0: an after
};

// A timer has the tag of a channel, so its size tells it from a plain channel.
TimerChan* CheckTimer(lua_State* L, int index) {
  auto* chan = Test<LuaChan>(L, index);
  if (chan == nullptr || lua_rawlen(L, index) < sizeof(TimerChan)) {
    luaL_typeerror(L, index, "timer");
  }
  return static_cast<TimerChan*>(chan);
}

// The timer's G. Each time its deadline has passed, it tries to send the time
// on its channel, which has room for one. Then it waits again or ends.
Outcome RunTimer(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  auto* chan = static_cast<TimerChan*>(g->timer.target);
  const int64_t now = NowNs();
  if (iso->halted()) chan = nullptr;
  if (chan != nullptr && now >= g->timer.next_ns) {
    lua_State* data = iso->data();
    lua_pushnumber(data, static_cast<double>(now) / 1e9);
    G* woken = nullptr;
    // A number needs no table, so TrySend does not look at the channel's stack
    // index.
    const ChanResult result =
        chan->core.TrySend({chan, data, 0}, {data, lua_gettop(data)}, &woken);
    (void)result;  // kWouldWait: the last tick has not been received yet
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

// Reads the time until a timer fires, an argument. It must not be 0 for a tick.
double CheckWait(lua_State* L, int index, bool is_tick) {
  const double seconds = CheckSeconds(L, index);
  luaL_argcheck(L, seconds > 0 || !is_tick, index,
                "the period must be above 0");
  return seconds;
}

// Arms the timer of the channel at `index`, which has none. May raise, before
// it has armed anything.
void Arm(lua_State* L, TimerChan* chan, int index, double seconds,
         bool is_tick) {
  const int64_t now = NowNs();
  const int64_t wait_ns = DeadlineAfter(0, seconds);
  if (!is_tick && wait_ns == 0) {
    G* woken = nullptr;
    index = lua_absindex(L, index);
    lua_pushnumber(L, static_cast<double>(now) / 1e9);
    const ChanResult result =
        chan->core.TrySend({chan, L, index}, {L, lua_gettop(L)}, &woken);
    (void)result;  // kClosed, kWouldWait: as in RunTimer
    lua_pop(L, 1);
    if (woken != nullptr) ReadyInStrand(woken, /*woken=*/true);
    return;
  }
  const int64_t period_ns = is_tick ? std::max<int64_t>(1, wait_ns) : 0;
  LuaG* g = StartTimer(L, &kTimerKind,
                       {chan, DeadlineAfter(now, seconds), period_ns});
  if (g == nullptr) luaL_error(L, "not enough memory");
  // A finalizer may have armed another one meanwhile.
  if (chan->timer != nullptr) Isolate::StopTimer(chan->timer);
  chan->timer = g;
  chan->period_ns = period_ns;
}

// Stops the timer's G. False: the timer was not armed.
bool Disarm(TimerChan* chan) {
  LuaG* g = chan->timer;
  if (g == nullptr) return false;
  chan->timer = nullptr;
  Isolate::StopTimer(g);
  return true;
}

// Disarms, and takes away what was sent but not received. Returns whether a
// value would have come without that: of an after, its only one; of a tick,
// more.
bool Stop(lua_State* L, TimerChan* chan, int index) {
  const bool was_armed = Disarm(chan);
  if (chan->core.size() == 0) return was_armed;
  G* woken = nullptr;
  const ChanResult result =
      chan->core.TryRecv({chan, L, index}, {L, 0}, &woken);
  if (woken != nullptr) ReadyInStrand(woken, /*woken=*/true);
  if (result == ChanResult::kDone) lua_pop(L, 1);
  return was_armed || chan->period_ns == 0;
}

int NewTimer(lua_State* L, bool is_tick) {
  const double seconds = CheckWait(L, 1, is_tick);
  auto* chan = NewChan<TimerChan>(L, 1, lua_upvalueindex(1));
  // Makes the ring now, because the timer itself must not allocate.
  lua_pushboolean(L, 0);
  PrepareSend(L, chan, lua_gettop(L) - 1, lua_gettop(L));
  lua_pop(L, 1);
  Arm(L, chan, -1, seconds, is_tick);
  return 1;
}

int l_after(lua_State* L) {
  return NewTimer(L, /*is_tick=*/false);
}

int l_tick(lua_State* L) {
  return NewTimer(L, /*is_tick=*/true);
}

int l_stop(lua_State* L) {
  TimerChan* chan = CheckTimer(L, 1);
  lua_pushboolean(L, static_cast<int>(Stop(L, chan, 1)));
  return 1;
}

int l_reset(lua_State* L) {
  TimerChan* chan = CheckTimer(L, 1);
  const bool is_tick = chan->period_ns != 0;
  const double seconds = CheckWait(L, 2, is_tick);
  if (chan->core.closed()) return luaL_error(L, "reset of closed timer");
  const bool was_active = Stop(L, chan, 1);
  Arm(L, chan, 1, seconds, is_tick);
  lua_pushboolean(L, static_cast<int>(was_active));
  return 1;
}

int l_gc(lua_State* L) {
  Disarm(CheckTimer(L, 1));
  return 0;
}

constexpr luaL_Reg kTimerMeta[] = {{"__gc", &l_gc}, {nullptr, nullptr}};

}  // namespace

LuaG* StartTimer(lua_State* L, const GKind* kind, const vm::TimerBody& body) {
  constexpr size_t kOutside = sizeof(LuaG) + 48;  // with its timer entry
  Isolate* iso = Isolate::Of(L);
  vm::PressCollector(L);
  LuaG* g = iso->StartTimer(kind, body, /*own=*/false);
  if (g == nullptr) {
    iso->CollectForLimit(L);
    g = iso->StartTimer(kind, body, /*own=*/false);
  }
  if (g != nullptr) iso->heap().NoteOutside(kOutside);
  return g;
}

void OpenTimer(lua_State* L) {
  NewMetatable(L, "channel", kChanMethods, kChanMeta);
  lua_pushvalue(L, -1);
  luaL_setfuncs(L, kTimerMeta, 1);
  lua_getfield(L, -1, "__index");
  lua_pushcfunction(L, &l_stop);
  lua_setfield(L, -2, "stop");
  lua_pushcfunction(L, &l_reset);
  lua_setfield(L, -2, "reset");
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, &l_after, 1);
  lua_setfield(L, -3, "after");
  lua_pushcclosure(L, &l_tick, 1);
  lua_setfield(L, -2, "tick");
}

}  // namespace trilune::stdlib
