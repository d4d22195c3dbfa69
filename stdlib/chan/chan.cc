// tri.chan and the methods of a channel: the channel between Gs of one isolate.
//
// Only the isolate's strand touches such a channel, so it needs no lock. A
// method first tries its operation. If that would wait, the method queues the
// G's own waiter in the channel and parks (binding.cc). A partner moves the
// value itself: straight from the sender's Lua stack to the receiver's.
//
// Two things keep the hand-over from raising in the wrong G. The receiver has a
// free stack slot for the value. And a sender makes room before it touches the
// channel: PrepareSend grows the ring and makes the table for boxed values. So
// no later step allocates.
//
// Allocation may run a finalizer, and a finalizer may use the very same
// channel. So TryGrow and TryMakeTable allocate first, then look whether the
// channel is as it was, and only then change it.

#include <algorithm>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "stdlib/chan/lua_chan.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {
namespace {

using vm::LuaG;

constexpr lua_Integer kMaxCapacity = lua_Integer{1} << 30;
// A ring begins this small and doubles up to the capacity, so that a large
// capacity costs nothing until it is used.
constexpr uint32_t kFirstSlots = 8;
// User values of a channel's userdata.
enum : int { kRingValue = 1, kTableValue = 2 };

const vm::InternalKind kChanKind(
    [](lua_State* L, int index) { return Test<LuaChan>(L, index) != nullptr; },
    vm::InternalKind::What::kObject);

// Whether a value of this Lua type cannot lie in a LuaSlot.
bool NeedsTable(int type) {
  return type != LUA_TNIL && type != LUA_TBOOLEAN && type != LUA_TNUMBER;
}

// Copies the top of `from` to the top of `to`.
void MoveTop(lua_State* from, lua_State* to) {
  if (from != to) lua_xmove(from, to, 1);
}

bool HasTable(lua_State* L, int index) {
  const bool has = lua_getiuservalue(L, index, kTableValue) == LUA_TTABLE;
  lua_pop(L, 1);
  return has;
}

// Doubles the ring, and the table if there is one. Does nothing if a finalizer
// that ran meanwhile has changed either: then the caller must look again.
void TryGrow(lua_State* L, LuaChan* chan, int index) {
  auto& core = chan->core;
  const uint32_t old = core.slots();
  const uint32_t n = std::min(core.capacity(), std::max(kFirstSlots, old * 2));
  const bool has_table = HasTable(L, index);
  const int top = lua_gettop(L);
  auto* ring =
      static_cast<LuaSlot*>(lua_newuserdatauv(L, sizeof(LuaSlot) * n, 0));
  if (has_table) lua_createtable(L, static_cast<int>(n), 0);
  if (core.slots() != old || HasTable(L, index) != has_table) {
    lua_settop(L, top);
    return;
  }
  // Nothing raises, or runs a finalizer, from here on.
  if (has_table) lua_getiuservalue(L, index, kTableValue);
  for (uint32_t i = 0; i < core.size(); i++) {
    const uint32_t from = (core.head() + i) % old;
    ring[i] = chan->ring[from];
    if (ring[i].kind != LuaSlot::Kind::kTable) continue;
    lua_rawgeti(L, -1, from + 1);
    lua_rawseti(L, -3, i + 1);
  }
  if (has_table) {
    lua_pop(L, 1);
    lua_setiuservalue(L, index, kTableValue);
  }
  lua_setiuservalue(L, index, kRingValue);
  chan->ring = ring;
  core.AdoptSlots(n);
}

// Makes the table for values that are not unboxed, if there is none.
void TryMakeTable(lua_State* L, LuaChan* chan, int index) {
  lua_createtable(L, static_cast<int>(chan->core.slots()), 0);
  if (HasTable(L, index)) {
    lua_pop(L, 1);
  } else {
    lua_setiuservalue(L, index, kTableValue);
  }
}

// Readies the partner of an operation, if there was one. `woken`: it may run
// next, with the slice of the caller.
void WakeOne(G* g) {
  if (g != nullptr) ReadyInStrand(g, /*woken=*/true);
}

int l_chan(lua_State* L) {
  NewChan(L, CheckCapacity(L, 1), lua_upvalueindex(1));
  return 1;
}

int l_send_k(lua_State* L, int, lua_KContext) {
  return PushSent(L, EndWait(L));
}

// Tries to send the value at index 2 into the channel at index 1.
ChanResult TrySend(lua_State* L, LuaChan* chan) {
  PrepareSend(L, chan, 1, 2);
  G* woken = nullptr;
  const ChanResult result = chan->core.TrySend({chan, L, 1}, {L, 2}, &woken);
  WakeOne(woken);
  return result;
}

int l_send(lua_State* L) {
  auto* chan = Check<LuaChan>(L, 1);
  int64_t deadline = kNever;
  bool now = false;
  const int top = lua_gettop(L);
  if (top != 2) {
    if (top > 2) deadline = CheckDeadline(L, 3, &now);
    lua_settop(L, 2);
  }
  // The usual case needs no wait, and allocates nothing once the ring has
  // grown.
  switch (TrySend(L, chan)) {
    case ChanResult::kDone:
      lua_pushboolean(L, 1);
      return 1;
    case ChanResult::kClosed:
      RaiseClosed(L);
    case ChanResult::kWouldWait:
      break;
  }
  if (now) return PushTimeout(L);
  // The value stays on the G's own stack, at 2. A receiver takes it from there.
  const vm::Parking parking = vm::BeginPark(L, WaitReason::kChanSend);
  LuaG* g = parking.g;
  g->waiter.L = L;
  g->waiter.stack_index = 2;
  chan->core.QueueSender(&g->waiter, g);
  ParkCommit commit;
  commit.deadline_ns = deadline;
  return vm::Park(L, parking, commit, &l_send_k, 0);
}

int l_trysend(lua_State* L) {
  auto* chan = Check<LuaChan>(L, 1);
  lua_settop(L, 2);
  const ChanResult result = TrySend(L, chan);
  if (result == ChanResult::kClosed) RaiseClosed(L);
  lua_pushboolean(L, result == ChanResult::kDone);
  return 1;
}

// Tries to receive from the channel at `index`; pushes the value on kDone.
ChanResult TryRecv(lua_State* L, LuaChan* chan, int index) {
  G* woken = nullptr;
  const ChanResult result =
      chan->core.TryRecv({chan, L, index}, {L, 0}, &woken);
  WakeOne(woken);
  return result;
}

int l_recv_k(lua_State* L, int, lua_KContext) {
  return PushReceived(L, EndWait(L));  // the sender pushed the value
}

// Receives from the channel at `index`, and waits if it must. `k` is called
// after a wait, with the value on top if there is one.
int Recv(lua_State* L, LuaChan* chan, int index, int64_t deadline, bool now,
         lua_KFunction k) {
  switch (TryRecv(L, chan, index)) {
    case ChanResult::kDone:
      lua_pushboolean(L, 1);
      return 2;
    case ChanResult::kClosed:
      return PushReceived(L, WakeResult::kClosed);
    case ChanResult::kWouldWait:
      break;
  }
  if (now) return PushReceived(L, WakeResult::kTimeout);
  const vm::Parking parking = vm::BeginPark(L, WaitReason::kChanRecv);
  LuaG* g = parking.g;
  g->waiter.L = L;
  chan->core.QueueReceiver(&g->waiter, g);
  ParkCommit commit;
  commit.deadline_ns = deadline;
  return vm::Park(L, parking, commit, k, 0);
}

int l_recv(lua_State* L) {
  auto* chan = Check<LuaChan>(L, 1);
  bool now = false;
  const int64_t deadline =
      lua_gettop(L) == 1 ? kNever : CheckDeadline(L, 2, &now);
  return Recv(L, chan, 1, deadline, now, &l_recv_k);
}

int l_tryrecv(lua_State* L) {
  auto* chan = Check<LuaChan>(L, 1);
  const ChanResult result = TryRecv(L, chan, 1);
  if (result == ChanResult::kWouldWait) {
    lua_pushboolean(L, 0);
    return 1;
  }
  if (result == ChanResult::kClosed) lua_pushnil(L);
  lua_pushboolean(L, 1);
  lua_insert(L, -2);
  lua_pushboolean(L, result == ChanResult::kDone);
  return 3;
}

// The waiters go behind the runnable Gs, because there may be many of them.
int l_close(lua_State* L) {
  auto* chan = Check<LuaChan>(L, 1);
  if (!chan->core.Close()) return luaL_error(L, "close of closed channel");
  while (G* g = chan->core.PopWaiter())
    ReadyInStrand(g, /*woken=*/false);
  return 0;
}

int l_next_k(lua_State* L, int status, lua_KContext context) {
  l_recv_k(L, status, context);
  lua_pop(L, 1);  // a for loop ends at the nil of a closed channel
  return 1;
}

// One step of ch:iter(). Upvalue 1: the channel.
int l_next(lua_State* L) {
  auto* chan = static_cast<LuaChan*>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  return Recv(L, chan, 1, kNever, false, &l_next_k);
}

int l_iter(lua_State* L) {
  Check<LuaChan>(L, 1);
  lua_settop(L, 1);
  lua_pushcclosure(L, &l_next, 1);
  return 1;
}

int l_len(lua_State* L) {
  lua_pushinteger(L, Check<LuaChan>(L, 1)->core.size());
  return 1;
}

int l_cap(lua_State* L) {
  lua_pushinteger(L, Check<LuaChan>(L, 1)->core.capacity());
  return 1;
}

}  // namespace

const luaL_Reg kChanMethods[] = {
    {"send", &l_send},       {"recv", &l_recv},   {"trysend", &l_trysend},
    {"tryrecv", &l_tryrecv}, {"close", &l_close}, {"iter", &l_iter},
    {"cap", &l_cap},         {nullptr, nullptr},
};
const luaL_Reg kChanMeta[] = {{"__len", &l_len}, {nullptr, nullptr}};

int PushSent(lua_State* L, WakeResult result) {
  switch (result) {
    case WakeResult::kReady:
      break;
    case WakeResult::kClosed:
      RaiseClosed(L);
    case WakeResult::kTimeout:
      return PushTimeout(L);
    case WakeResult::kCancelled:
      vm::RaiseCancelled(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}

int PushReceived(lua_State* L, WakeResult result) {
  switch (result) {
    case WakeResult::kReady:
      break;
    case WakeResult::kClosed:
      lua_pushnil(L);
      lua_pushboolean(L, 0);
      return 2;
    case WakeResult::kTimeout:
      lua_pushnil(L);
      PushTimeout(L);
      return 3;
    case WakeResult::kCancelled:
      vm::RaiseCancelled(L);
  }
  lua_pushboolean(L, 1);
  return 2;
}

void RaiseClosed(lua_State* L) {
  luaL_error(L, "send on closed channel");
  __builtin_unreachable();
}

uint32_t CheckCapacity(lua_State* L, int index) {
  const lua_Integer capacity = luaL_optinteger(L, index, 0);
  luaL_argcheck(L, capacity >= 0, index, "capacity is negative");
  luaL_argcheck(L, capacity <= kMaxCapacity, index, "capacity is above 2^30");
  return static_cast<uint32_t>(capacity);
}

void PrepareSend(lua_State* L, LuaChan* chan, int index, int value) {
  if (chan->core.capacity() == 0) return;
  const bool needs_table = NeedsTable(lua_type(L, value));
  // Each step may run finalizers, and a finalizer may send here. So look again.
  for (;;) {
    if (chan->core.NeedsSlots()) {
      TryGrow(L, chan, index);
    } else if (needs_table && !HasTable(L, index)) {
      TryMakeTable(L, chan, index);
    } else {
      return;
    }
  }
}

void LuaChanTraits::Move(const Channel&, Item from, Item to) {
  lua_pushvalue(from.L, from.index);
  MoveTop(from.L, to.L);
}

// Moves a value into slot `slot`. It allocates nothing: PrepareSend has made
// the table, with room for every slot.
void LuaChanTraits::Put(const Channel& channel, uint32_t slot, Item from) {
  LuaSlot& to = channel.chan->ring[slot];
  switch (lua_type(from.L, from.index)) {
    case LUA_TNIL:
      to.kind = LuaSlot::Kind::kNil;
      return;
    case LUA_TBOOLEAN:
      to.kind = lua_toboolean(from.L, from.index) != 0 ? LuaSlot::Kind::kTrue
                                                       : LuaSlot::Kind::kFalse;
      return;
    case LUA_TNUMBER:
      if (lua_isinteger(from.L, from.index) != 0) {
        to.kind = LuaSlot::Kind::kInteger;
        to.integer = lua_tointegerx(from.L, from.index, nullptr);
      } else {
        to.kind = LuaSlot::Kind::kFloat;
        to.number = lua_tonumberx(from.L, from.index, nullptr);
      }
      return;
    default:
      break;
  }
  to.kind = LuaSlot::Kind::kTable;
  lua_State* L = channel.L;
  lua_pushvalue(from.L, from.index);
  MoveTop(from.L, L);
  lua_getiuservalue(L, channel.index, kTableValue);
  lua_insert(L, -2);
  lua_rawseti(L, -2, slot + 1);
  lua_pop(L, 1);
}

void LuaChanTraits::Take(const Channel& channel, uint32_t slot, Item) {
  lua_State* L = channel.L;
  const LuaSlot& from = channel.chan->ring[slot];
  switch (from.kind) {
    case LuaSlot::Kind::kNil:
      lua_pushnil(L);
      return;
    case LuaSlot::Kind::kFalse:
      lua_pushboolean(L, 0);
      return;
    case LuaSlot::Kind::kTrue:
      lua_pushboolean(L, 1);
      return;
    case LuaSlot::Kind::kInteger:
      lua_pushinteger(L, from.integer);
      return;
    case LuaSlot::Kind::kFloat:
      lua_pushnumber(L, from.number);
      return;
    case LuaSlot::Kind::kTable:
      break;
  }
  lua_getiuservalue(L, channel.index, kTableValue);
  lua_rawgeti(L, -1, slot + 1);
  lua_pushnil(L);
  lua_rawseti(L, -3, slot + 1);
  lua_remove(L, -2);
}

void OpenChan(lua_State* L) {
  NewMetatable(L, "channel", kChanMethods, kChanMeta);
  lua_pushcclosure(L, &l_chan, 1);
  lua_setfield(L, -2, "chan");
}

}  // namespace trilune::stdlib
