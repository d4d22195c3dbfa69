// trilune.parallel: the loader of parallel.lua, and what of it is written in C
// for speed.

#include <climits>

#include "sched/clock.h"
#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

constexpr char kSource[] =
#include "stdlib/parallel_lua.inc"
    ;

// clock() -> seconds
int l_clock(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(NowNs()) * 1e-9);
  return 1;
}

// array(n) -> an empty table with room for n items
int l_array(lua_State* L) {
  const lua_Integer n = lua_tointeger(L, 1);
  lua_createtable(L, n < INT_MAX ? static_cast<int>(n) : INT_MAX, 0);
  return 1;
}

// slice(list, first, last) -> {list[first], ..., list[last]}
int l_slice(lua_State* L) {
  const lua_Integer first = lua_tointeger(L, 2);
  const lua_Integer n = lua_tointeger(L, 3) - first + 1;
  lua_createtable(L, static_cast<int>(n), 0);
  const bool is_raw = lua_getmetatable(L, 1) == 0;
  if (!is_raw) lua_pop(L, 1);
  for (lua_Integer i = 0; i < n; i++) {
    if (is_raw) {
      lua_rawgeti(L, 1, first + i);
    } else {
      lua_geti(L, 1, first + i);
    }
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

// store(results, base, values, n): results[base + i] = values[i]
int l_store(lua_State* L) {
  const lua_Integer base = lua_tointeger(L, 2);
  const lua_Integer n = lua_tointeger(L, 4);
  for (lua_Integer i = 1; i <= n; i++) {
    // No key for nil: it would make the table grow for nothing.
    if (lua_rawgeti(L, 3, i) == LUA_TNIL) {
      lua_pop(L, 1);
    } else {
      lua_rawseti(L, 1, base + i);
    }
  }
  return 0;
}

}  // namespace

int OpenParallel(lua_State* L) {
  if (luaL_loadbufferx(L, kSource, sizeof(kSource) - 1, "=trilune.parallel",
                       "t") != LUA_OK) {
    return lua_error(L);
  }
  for (lua_CFunction f : {&l_clock, &l_array, &l_slice, &l_store})
    lua_pushcfunction(L, f);
  lua_call(L, 4, 1);
  return 1;
}

}  // namespace trilune::stdlib
