#include "vm/lua/protected_call.h"

#include "vm/isolate/isolate.h"
#include "vm/lua/debug_hook.h"

namespace trilune::vm {
namespace {

// Stack: `first - 1` values of our own, then true and the results; or the error
// on top.
int Ended(lua_State* L, int status, lua_KContext first) {
  if (status == LUA_OK || status == LUA_YIELD) {
    return lua_gettop(L) - static_cast<int>(first) + 1;
  }
  Isolate::Of(L)->KeepHooks(L);
  SettleHook(L);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int l_pcall(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  const int arguments = lua_gettop(L) - 2;
  return Ended(L, lua_pcallk(L, arguments, LUA_MULTRET, 0, 1, &Ended), 1);
}

int l_xpcall(lua_State* L) {
  constexpr int kHandler = 2;
  luaL_checktype(L, kHandler, LUA_TFUNCTION);
  const int arguments = lua_gettop(L) - 2;
  // function, handler, true, function, arguments
  lua_pushboolean(L, 1);
  lua_insert(L, 3);
  lua_pushvalue(L, 1);
  lua_insert(L, 4);
  return Ended(L, lua_pcallk(L, arguments, LUA_MULTRET, kHandler, 3, &Ended),
               3);
}

// As the stock function. But what it passes on may have been acquired just now,
// as in `local held <close> = assert(m:lock(1))`. That stays safe from a raise.
int l_assert(lua_State* L) {
  if (lua_toboolean(L, 1) != 0) {
    Isolate::Of(L)->raise_delay.PassOn();
    return lua_gettop(L);
  }
  luaL_checkany(L, 1);
  lua_remove(L, 1);
  lua_pushliteral(L, "assertion failed!");  // if no message was given
  lua_settop(L, 1);
  if (lua_type(L, 1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, 1);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

// The index at which load keeps the piece that its reader has just returned.
constexpr int kPieceIndex = 5;

// Calls the reader function of load for the next piece. Null: the end.
const char* ReadPiece(lua_State* L, void*, size_t* size) {
  luaL_checkstack(L, 2, "too many nested functions");
  lua_pushvalue(L, 1);
  lua_call(L, 0, 1);
  *size = 0;
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return nullptr;
  }
  if (lua_isstring(L, -1) == 0) {
    luaL_error(L, "reader function must return a string");
  }
  lua_replace(L, kPieceIndex);
  return lua_tolstring(L, kPieceIndex, size);
}

int l_load(lua_State* L) {
  constexpr int kEnvironment = 4;
  size_t size = 0;
  const char* chunk = lua_tolstring(L, 1, &size);
  const char* mode = luaL_optstring(L, 3, "bt");
  const bool has_environment = !lua_isnone(L, kEnvironment);
  int status = LUA_OK;
  if (chunk != nullptr) {
    const char* name = luaL_optstring(L, 2, chunk);
    status = luaL_loadbufferx(L, chunk, size, name, mode);
  } else {
    const char* name = luaL_optstring(L, 2, "=(load)");
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, kPieceIndex);
    status = lua_load(L, &ReadPiece, nullptr, name, mode);
  }
  if (status != LUA_OK) {
    Isolate::Of(L)->KeepHooks(L);
    SettleHook(L);
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  if (has_environment) {
    lua_pushvalue(L, kEnvironment);
    if (lua_setupvalue(L, -2, 1) == nullptr) lua_pop(L, 1);
  }
  return 1;
}

}  // namespace

void OpenProtectedCalls(lua_State* L) {
  lua_register(L, "assert", &l_assert);
  lua_register(L, "load", &l_load);
  lua_register(L, "pcall", &l_pcall);
  lua_register(L, "xpcall", &l_xpcall);
}

}  // namespace trilune::vm
