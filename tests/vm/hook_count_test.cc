// The two ints of lua_State that vm/lua/hook_count.cc reads and sets, on states
// of liblua's own.

#include "vm/lua/hook_count.h"

#include <doctest/doctest.h>

namespace trilune::vm {
namespace {

int calls = 0;

void Count(lua_State*, lua_Debug*) {
  calls++;
}

class State {
 public:
  State() : L_(luaL_newstate()) {
    calls = 0;
    REQUIRE(luaL_loadstring(
                L_, "local n = 0 for i = 1, 100 do n = n + i end") == LUA_OK);
  }
  ~State() { lua_close(L_); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  operator lua_State*() { return L_; }  // NOLINT: as the pointer it stands for

  void Run() {
    lua_pushvalue(L_, 1);
    lua_call(L_, 0, 0);
  }

 private:
  lua_State* L_;
};

TEST_CASE("hook count: liblua's ints are found, and found again") {
  REQUIRE(FindHookCount());
  CHECK(FindHookCount());
  State L;
  lua_sethook(L, &Count, LUA_MASKCOUNT, 12345);
  CHECK(HookCountLeft(L) == 12345);
  L.Run();
  CHECK(HookCountLeft(L) < 12345 - 200);
  CHECK(lua_gethookcount(L) == 12345);
  CHECK(calls == 0);
}

TEST_CASE("hook count: what is left comes first, then the base") {
  REQUIRE(FindHookCount());
  State L;
  lua_sethook(L, &Count, LUA_MASKCOUNT, 1 << 20);
  L.Run();
  const int length = (1 << 20) - HookCountLeft(L);
  SetHookCount(L, 1 << 20, length);
  L.Run();
  CHECK(calls == 1);
  CHECK(HookCountLeft(L) == 1 << 20);
  SetHookCount(L, 10, length - 25);
  L.Run();
  CHECK(calls == 1 + 1 + 2);
  CHECK(HookCountLeft(L) == 5);
  CHECK(lua_gethookcount(L) == 10);
}

TEST_CASE("hook count: of a coroutine") {
  REQUIRE(FindHookCount());
  State L;
  lua_State* co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_sethook(co, &Count, LUA_MASKCOUNT, 1 << 20);
  SetHookCount(co, 50, 1);
  int results = 0;
  CHECK(lua_resume(co, L, 0, &results) == LUA_OK);
  const int left = HookCountLeft(co);
  CHECK(calls > 3);
  CHECK(left >= 1);
  CHECK(left <= 50);
}

}  // namespace
}  // namespace trilune::vm
