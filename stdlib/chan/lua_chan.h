// LuaChan: the channel between Gs of one isolate.
//
// Role       ChanCore with Lua values. Nil, booleans and numbers lie unboxed in
//            the ring, other values in a table beside it. A waiting G's value
//            lies on its own Lua stack.
// Threads    the isolate's strand
// Locks      none: the strand is the lock
// Invariants I1. Ring and table are user values 1 and 2 of the channel's
//                userdata, so a dropped channel needs no finalizer.
//            I2. A waiting party has room for one more value on its stack. The
//                partner that wakes it pushes there, and that never raises.
//            I3. While senders wait with values for the table, it exists at
//                full size: moving them into it never allocates.
// Tests      tests/lua/chan

#ifndef TRI_STDLIB_CHAN_LUA_CHAN_H_
#define TRI_STDLIB_CHAN_LUA_CHAN_H_

#include <cstdint>
#include <new>

#include <lua.hpp>

#include "sched/task/chan_core.h"
#include "stdlib/binding.h"
#include "vm/goroutine/lua_g.h"

namespace trilune::stdlib {

struct LuaChan;

// One place of the ring. kTable: the value is in the table, at the slot's
// number plus 1.
struct LuaSlot {
  enum class Kind : uint8_t { kNil, kFalse, kTrue, kInteger, kFloat, kTable };
  Kind kind;
  union {
    lua_Integer integer;
    lua_Number number;
  };
};

struct LuaChanTraits {
  // A channel, and where the active party has the channel's userdata.
  struct Channel {
    LuaChan* chan;
    lua_State* L;
    int index;
  };
  using Item = vm::LuaItem;
  using Waiter = vm::LuaWaiter;
  static void Move(const Channel& channel, Item from, Item to);
  static void Put(const Channel& channel, uint32_t slot, Item from);
  static void Take(const Channel& channel, uint32_t slot, Item to);
};

struct LuaChan {
  static constexpr TypeTag kTag = {"channel"};

  LuaChan() : core(0) {}
  explicit LuaChan(uint32_t capacity) : core(capacity) {}

  const TypeTag* tag = &kTag;
  ChanCore<LuaChanTraits> core;
  LuaSlot* ring = nullptr;
};

// Reads the capacity of a new channel, an argument.
uint32_t CheckCapacity(lua_State* L, int index);

// Pushes a new channel with the metatable at `metatable_index`. T is LuaChan or
// derives from it.
template <class T = LuaChan>
T* NewChan(lua_State* L, uint32_t capacity, int metatable_index) {
  auto* chan =
      new (lua_newuserdatauv(L, sizeof(T), capacity > 0 ? 2 : 0)) T(capacity);
  lua_pushvalue(L, metatable_index);
  lua_setmetatable(L, -2);
  return chan;
}

// Makes room, so that sending the value at `value` into the channel at `index`
// raises nothing more. Raises without memory.
void PrepareSend(lua_State* L, LuaChan* chan, int index, int value);

[[noreturn]] void RaiseClosed(lua_State* L);

// Push what `send` or `recv` returns after a wait, and return the number of
// results; or raise. A received value is already on top of the stack. Both
// serve channels of both kinds.
int PushSent(lua_State* L, WakeResult result);
int PushReceived(lua_State* L, WakeResult result);

// A channel's methods and metamethods, for NewMetatable.
extern const luaL_Reg kChanMethods[];
extern const luaL_Reg kChanMeta[];

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_CHAN_LUA_CHAN_H_
