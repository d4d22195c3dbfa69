// How a C function of a module waits. Every blocking method of stdlib/ has this
// shape; vm/goroutine/park.h has the rules.
//
// 1. It checks its arguments, and tries the operation. If that can be done now,
//    it returns, and no wait is opened. With timeout 0 it also returns.
// 2. BeginPark opens the wait: it gives the G's word a new ticket. It raises
//    where the G may not wait: when cancelled, in a finalizer, in tri.atomic.
//    So it comes before the function has changed anything.
// 3. The function puts the G's waiter into a queue. Nothing may raise from here
//    on: the waiter would stay linked for a wait that nobody makes. The waiter
//    lies in the G or on the Lua stack, because this frame may be gone during
//    the wait.
// 4. Park leaves the M. It is the last statement: where Lua can yield, Park
//    never returns, and Lua calls `k` instead. Elsewhere Park calls `k`.
// 5. A waker takes the waiter out of the queue and wins the G (PopAndWin). It
//    notes in g->wake how the wait ended, and readies the G. A timer or a
//    cancellation can win as well, and leaves the waiter queued.
// 6. `k` calls EndWait, which unlinks the waiter if it is still queued. Only
//    then may it raise.
//
// No wake-up is lost between the look in step 1 and the queue in step 3. Only
// Gs of this isolate use the queue, and no other one runs meanwhile. Where
// other isolates can reach the queue, a lock takes the place of the strand:
// chan/channel.cc.

#include "stdlib/binding.h"

#include <cmath>

#include "sched/base/clock.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {

double CheckSeconds(lua_State* L, int index) {
  // Everybody writes to:send(from:recv()) once.
  if (lua_isboolean(L, index)) {
    luaL_argerror(L, index,
                  "number expected, got boolean; put a call that gives several "
                  "values in parentheses, as in to:send((from:recv()))");
  }
  const double seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, !std::isnan(seconds), index, "time is not a number");
  luaL_argcheck(L, seconds >= 0, index, "time is negative");
  return seconds;
}

int64_t CheckDeadline(lua_State* L, int index, bool* now) {
  *now = false;
  if (lua_isnoneornil(L, index)) return kNever;
  const double seconds = CheckSeconds(L, index);
  *now = seconds == 0;
  return DeadlineAfter(NowNs(), seconds);
}

const char* CheckOptionName(lua_State* L) {
  if (lua_type(L, -2) != LUA_TSTRING) {
    luaL_error(L, "an option's name is a string, not a %s",
               luaL_typename(L, -2));
  }
  return lua_tostring(L, -2);
}

int PushTimeout(lua_State* L) {
  lua_pushnil(L);
  lua_pushliteral(L, "timeout");
  return 2;
}

void NewMetatable(lua_State* L, const char* name, const luaL_Reg* methods,
                  const luaL_Reg* metamethods) {
  lua_newtable(L);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  // What getmetatable returns. With the real metatable a script could take a
  // finalizer away.
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  if (metamethods != nullptr) {
    lua_pushvalue(L, -1);
    luaL_setfuncs(L, metamethods, 1);
  }
  lua_newtable(L);
  lua_pushvalue(L, -2);
  luaL_setfuncs(L, methods, 1);
  lua_setfield(L, -2, "__index");
}

int WaitIn(lua_State* L, WaitQueue& queue, const WaitOptions& options,
           lua_KFunction k, lua_KContext context) {
  const vm::Parking parking =
      vm::BeginPark(L, options.reason, options.shielded);
  vm::LuaG* g = parking.g;
  g->waiter.index = options.number;
  queue.PushTail(&g->waiter, g);
  ParkCommit commit;
  commit.deadline_ns = options.deadline_ns;
  return vm::Park(L, parking, commit, k, context);
}

int EndTimedWait(lua_State* L, WakeResult result) {
  if (result == WakeResult::kReady) return 0;
  if (result == WakeResult::kTimeout) return PushTimeout(L);
  vm::RaiseCancelled(L);
}

WakeResult EndWait(lua_State* L) {
  vm::LuaG* g = vm::Isolate::Of(L)->current;
  WaitQueue::Remove(&g->waiter);
  return g->wake;
}

}  // namespace trilune::stdlib
