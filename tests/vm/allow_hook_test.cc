// The one byte of lua_State that vm/lua/allow_hook.cc sets, on states of
// liblua's own: wherever liblua has switched hooks off, they are called again.

#include "vm/lua/allow_hook.h"

#include <doctest/doctest.h>

namespace trilune::vm {
namespace {

int calls = 0;

int Nothing(lua_State*) {
  return 0;
}

void Count(lua_State*, lua_Debug*) {
  calls++;
}

class State {
 public:
  State() : L_(luaL_newstate()) {
    luaL_openlibs(L_);
    calls = 0;
  }
  ~State() { lua_close(L_); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  operator lua_State*() { return L_; }  // NOLINT: as the pointer it stands for

 private:
  lua_State* L_;
};

TEST_CASE("allow hook: liblua's byte is found, and found again") {
  REQUIRE(FindAllowHook());
  CHECK(FindAllowHook());
  State L;
  CHECK(HooksAllowed(L));
  AllowHooks(L);  // changes nothing
  CHECK(HooksAllowed(L));
  CHECK(luaL_dostring(L, "return 1 + 1") == LUA_OK);
  CHECK(lua_tointeger(L, -1) == 2);
}

TEST_CASE("allow hook: in a hook") {
  REQUIRE(FindAllowHook());
  State L;
  lua_sethook(
      L,
      [](lua_State* state, lua_Debug*) {
        calls++;
        if (calls > 2) return;
        CHECK(!HooksAllowed(state));
        if (calls == 1) {
          lua_pushcfunction(state, &Nothing);
          lua_call(state, 0, 0);
          CHECK(calls == 1);  // as liblua does it
        }
        AllowHooks(state);
        CHECK(HooksAllowed(state));
        lua_pushcfunction(state, &Nothing);
        lua_call(state, 0, 0);
      },
      LUA_MASKCALL, 0);
  lua_pushcfunction(L, &Nothing);
  CHECK(lua_pcall(L, 0, 0, 0) == LUA_OK);
  CHECK(calls == 3);
  CHECK(HooksAllowed(L));
}

int Finalizer(lua_State* L) {
  CHECK(!HooksAllowed(L));
  const int before = calls;
  CHECK(luaL_dostring(L, "for i = 1, 1000 do end") == LUA_OK);
  CHECK(calls == before);
  AllowHooks(L);
  CHECK(luaL_dostring(L, "for i = 1, 1000 do end") == LUA_OK);
  CHECK(calls > before);
  return 0;
}

void PushWithFinalizer(lua_State* L) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushcfunction(L, &Finalizer);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
}

TEST_CASE("allow hook: in a finalizer, and hooks are on after it") {
  REQUIRE(FindAllowHook());
  State L;
  lua_sethook(L, &Count, LUA_MASKCOUNT, 10);
  PushWithFinalizer(L);
  lua_pop(L, 1);
  lua_gc(L, LUA_GCCOLLECT);
  CHECK(calls > 0);
  CHECK(HooksAllowed(L));
}

TEST_CASE("allow hook: in a finalizer at the end of the state") {
  REQUIRE(FindAllowHook());
  {
    State L;
    lua_sethook(L, &Count, LUA_MASKCOUNT, 10);
    PushWithFinalizer(L);
    lua_setglobal(L, "kept");
  }
  CHECK(calls > 0);
}

TEST_CASE("allow hook: after an error in a hook") {
  REQUIRE(FindAllowHook());
  State L;
  lua_sethook(
      L, [](lua_State* state, lua_Debug*) { luaL_error(state, "hook"); },
      LUA_MASKCOUNT, 10);
  // The handler still runs where the hook was.
  lua_pushcfunction(L, [](lua_State* state) {
    CHECK(!HooksAllowed(state));
    lua_sethook(state, &Count, LUA_MASKCOUNT, 10);
    CHECK(luaL_dostring(state, "for i = 1, 1000 do end") == LUA_OK);
    CHECK(calls == 0);
    AllowHooks(state);
    CHECK(luaL_dostring(state, "for i = 1, 1000 do end") == LUA_OK);
    CHECK(calls > 0);
    return 1;
  });
  CHECK(luaL_loadstring(L, "while true do end") == LUA_OK);
  CHECK(lua_pcall(L, 0, 0, -2) == LUA_ERRRUN);
  CHECK(HooksAllowed(L));
}

TEST_CASE("allow hook: each state has its own") {
  REQUIRE(FindAllowHook());
  State L;
  lua_sethook(
      L,
      [](lua_State* state, lua_Debug*) {
        lua_sethook(state, nullptr, 0, 0);
        calls++;
        CHECK(!HooksAllowed(state));
        lua_State* co = lua_newthread(state);
        CHECK(HooksAllowed(co));
        lua_pop(state, 1);
      },
      LUA_MASKCALL, 0);
  lua_pushcfunction(L, &Nothing);
  CHECK(lua_pcall(L, 0, 0, 0) == LUA_OK);
  CHECK(calls == 1);
}

}  // namespace
}  // namespace trilune::vm
