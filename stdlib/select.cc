// trilune.select.

#include <cstring>

#include "sched/loop.h"
#include "stdlib/lua_chan.h"
#include "stdlib/modules.h"
#include "vm/park.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;

struct SelectCase {
  LuaChan* chan;  // null: never ready
  bool send;
  vm::LuaWaiter waiter;
};

// Stack of a select: the argument at 1, the cases' memory at 2, then two values
// a case: its channel and what it sends.
constexpr int kCasesIndex = 2;
constexpr int ChanIndex(int i) {
  return kCasesIndex + 1 + 2 * i;
}
constexpr int ValueIndex(int i) {
  return kCasesIndex + 2 + 2 * i;
}

SelectCase* Cases(lua_State* L) {
  return static_cast<SelectCase*>(lua_touserdata(L, kCasesIndex));
}

// Reads case `i` (from 0) of the argument, and pushes its channel and value.
void ReadCase(lua_State* L, int i, SelectCase* one) {
  *one = {};
  if (lua_rawgeti(L, 1, i + 1) != LUA_TTABLE) {
    luaL_error(L, "bad argument #1 to 'select' (case %d is a %s, not a table)",
               i + 1, luaL_typename(L, -1));
  }
  const int at = lua_gettop(L);
  lua_rawgeti(L, at, 1);
  if (lua_toboolean(L, -1) != 0) {
    one->chan = Test<LuaChan>(L, -1);
    if (one->chan == nullptr) {
      luaL_error(
          L, "bad argument #1 to 'select' (case %d has a %s, not a channel)",
          i + 1, luaL_typename(L, -1));
    }
  }
  lua_rawgeti(L, at, 2);
  if (!lua_isnil(L, -1)) {
    const char* op = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    one->send = std::strcmp(op, "send") == 0;
    if (!one->send && std::strcmp(op, "recv") != 0) {
      luaL_error(L,
                 "bad argument #1 to 'select' (case %d: 'send' or 'recv' "
                 "expected, got %s)",
                 i + 1, luaL_tolstring(L, -1, nullptr));
    }
  }
  lua_pop(L, 1);
  lua_rawgeti(L, at, 3);
  lua_remove(L, at);
}

// A ready case, each with the same probability, or -1. Reservoir sampling: the
// k-th ready case replaces the choice with probability 1/k.
int Choose(Isolate* iso, const SelectCase* cases, int n) {
  int chosen = -1;
  uint32_t ready = 0;
  for (int i = 0; i < n; i++) {
    const SelectCase& one = cases[i];
    if (one.chan == nullptr) continue;
    if (!(one.send ? one.chan->core.CanSend() : one.chan->core.CanRecv())) {
      continue;
    }
    ready++;
    if (iso->Random() % ready == 0) chosen = i;
  }
  return chosen;
}

// What select gives for case `i`; a received value is on top of the stack.
int PushOutcome(lua_State* L, int i, bool send, bool closed) {
  if (send && closed) RaiseClosed(L);
  const bool has_value = !send && !closed;
  if (!has_value) lua_pushnil(L);
  lua_pushinteger(L, i + 1);
  lua_insert(L, -2);
  lua_pushboolean(L, send || has_value);
  return 3;
}

// Runs a ready case, if there is one; the number of results, or -1.
int TryCases(lua_State* L, SelectCase* cases, int n) {
  Isolate* iso = Isolate::Of(L);
  // A choice can fail: its partner's wait may just have ended otherwise.
  for (int i = Choose(iso, cases, n); i >= 0; i = Choose(iso, cases, n)) {
    SelectCase& one = cases[i];
    const LuaChanTraits::Channel channel = {one.chan, L, ChanIndex(i)};
    G* woken = nullptr;
    ChanResult result = ChanResult::kWouldWait;
    if (one.send) {
      PrepareSend(L, one.chan, ChanIndex(i), ValueIndex(i));
      result = one.chan->core.TrySend(channel, {L, ValueIndex(i)}, &woken);
    } else {
      result = one.chan->core.TryRecv(channel, {L, 0}, &woken);
    }
    if (woken != nullptr) ReadyInStrand(woken, /*woken=*/true);
    if (result == ChanResult::kWouldWait) continue;
    return PushOutcome(L, i, one.send, result == ChanResult::kClosed);
  }
  return -1;
}

int l_select_k(lua_State* L, int, lua_KContext context) {
  const auto n = static_cast<int>(context);
  SelectCase* cases = Cases(L);
  for (int i = 0; i < n; i++)
    WaitQueue::Remove(&cases[i].waiter);
  const LuaG* g = Isolate::Of(L)->current;
  const int chosen = g->wake_index;
  switch (g->wake) {
    case WakeResult::kReady:
      return PushOutcome(L, chosen, cases[chosen].send, false);
    case WakeResult::kClosed:
      return PushOutcome(L, chosen, cases[chosen].send, true);
    case WakeResult::kTimeout:
      lua_pushliteral(L, "timeout");
      return 1;
    case WakeResult::kCancelled:
      break;
  }
  vm::RaiseCancelled(L);
}

int Wait(lua_State* L, SelectCase* cases, int n, int64_t deadline) {
  LuaG* g = vm::BeginPark(L, WaitReason::kSelect);
  for (int i = 0; i < n; i++) {
    SelectCase& one = cases[i];
    if (one.chan == nullptr) continue;
    one.waiter.L = L;
    one.waiter.stack_index = ValueIndex(i);
    one.waiter.index = i;
    if (one.send) {
      one.chan->core.QueueSender(&one.waiter, g);
    } else {
      one.chan->core.QueueReceiver(&one.waiter, g);
    }
  }
  ParkCommit commit;
  commit.deadline_ns = deadline;
  return vm::Park(L, commit, &l_select_k, n);
}

int l_select(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "default");
  const bool has_default = lua_toboolean(L, -1) != 0;
  lua_getfield(L, 1, "timeout");
  if (has_default && !lua_isnil(L, -1)) {
    return luaL_argerror(L, 1, "default and timeout exclude each other");
  }
  bool now = false;
  int64_t deadline = kNever;
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TNUMBER) {
      return luaL_argerror(L, 1, "timeout is not a number");
    }
    const double seconds = lua_tonumber(L, -1);
    if (!(seconds >= 0)) {
      return luaL_argerror(L, 1, "timeout is negative or not a number");
    }
    deadline = CheckDeadline(L, -1, &now);
  }
  lua_settop(L, 1);
  const auto n = static_cast<int>(lua_rawlen(L, 1));
  luaL_checkstack(L, 2 * n + 10, "too many cases");
  auto* cases = static_cast<SelectCase*>(
      lua_newuserdatauv(L, sizeof(SelectCase) * static_cast<size_t>(n), 0));
  for (int i = 0; i < n; i++)
    ReadCase(L, i, cases + i);
  // What a send may need is made first: it may run finalizers, which may use
  // the very channels. From the look at the cases to the wait nothing may.
  for (int i = 0; i < n; i++) {
    if (cases[i].chan != nullptr && cases[i].send) {
      PrepareSend(L, cases[i].chan, ChanIndex(i), ValueIndex(i));
    }
  }
  const int results = TryCases(L, cases, n);
  if (results >= 0) return results;
  if (has_default) {
    lua_pushliteral(L, "default");
    return 1;
  }
  if (now) {
    lua_pushliteral(L, "timeout");
    return 1;
  }
  return Wait(L, cases, n, deadline);
}

}  // namespace

void OpenSelect(lua_State* L) {
  lua_pushcfunction(L, &l_select);
  lua_setfield(L, -2, "select");
}

}  // namespace trilune::stdlib
