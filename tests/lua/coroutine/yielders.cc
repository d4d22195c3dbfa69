// yielders: C functions that yield by themselves, as C modules do.

#include <lua.hpp>

namespace {

// Yields its arguments; the resumer's are its results.
int l_yield(lua_State* L) {
  return lua_yield(L, lua_gettop(L));
}

// The same with a continuation, which counts what it was resumed with.
int l_yieldk(lua_State* L) {
  const auto k = [](lua_State* state, int, lua_KContext) {
    lua_pushinteger(state, lua_gettop(state));
    return 1;
  };
  return lua_yieldk(L, lua_gettop(L), 0, k);
}

constexpr luaL_Reg kFunctions[] = {
    {"yield", &l_yield}, {"yieldk", &l_yieldk}, {nullptr, nullptr}};

}  // namespace

extern "C" __attribute__((visibility("default"))) int luaopen_yielders(
    lua_State* L) {
  luaL_newlib(L, kFunctions);
  return 1;
}
