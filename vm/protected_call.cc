#include "vm/protected_call.h"

#include "vm/isolate.h"

namespace trilune::vm {
namespace {

// Stack: `first - 1` values of our own, true, the results; or the error on top.
int Ended(lua_State* L, int status, lua_KContext first) {
  if (status == LUA_OK || status == LUA_YIELD) {
    return lua_gettop(L) - static_cast<int>(first) + 1;
  }
  Isolate::Of(L)->KeepHooks(L);
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
  return Ended(
      L, lua_pcallk(L, arguments, LUA_MULTRET, kHandler, 3, &Ended), 3);
}

}  // namespace

void OpenProtectedCalls(lua_State* L) {
  lua_register(L, "pcall", &l_pcall);
  lua_register(L, "xpcall", &l_xpcall);
}

}  // namespace trilune::vm
