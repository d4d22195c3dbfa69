// What C modules and the states behind the Gs can tell of vm/isolate/isolate.h
// and vm/lua/coroutine.h. What scripts see of them is in tests/lua; calls of
// the host are in tests/stdlib/embed_test.cc.

#include "vm/isolate/isolate.h"

#include <cstdint>
#include <string>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Contains;
using test::Host;

// --- A C module that does what it should not. ---

// state(): the address of the running state. Unlike coroutine.running it does
// not let the thread object out.
int l_state(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(reinterpret_cast<uintptr_t>(L)));
  return 1;
}

// rogue(...): yields, whatever it runs in, and gives what it is resumed with.
int l_rogue(lua_State* L) {
  return lua_yield(L, lua_gettop(L));
}

// roguek(...): the same with a continuation, which gives "continued".
int l_roguek(lua_State* L) {
  return lua_yieldk(L, lua_gettop(L), 0,
                    [](lua_State* state, int, lua_KContext) {
                      lua_pushliteral(state, "continued");
                      return 1;
                    });
}

// roguehook(): the next line yields from inside a hook.
int l_roguehook(lua_State* L) {
  lua_sethook(
      L,
      [](lua_State* state, lua_Debug*) {
        lua_sethook(state, nullptr, 0, 0);
        lua_yield(state, 0);
      },
      LUA_MASKLINE, 0);
  return 0;
}

lua_State* kept_state = nullptr;

// keep(): remembers the running state for callback().
int l_keep(lua_State* L) {
  kept_state = L;
  return 0;
}

// callback(f): calls f on the state that was kept, as a module does that keeps
// one for its callbacks. Gives what pcall gives.
int l_callback(lua_State* L) {
  luaL_checkstack(kept_state, 4, nullptr);
  lua_pushvalue(L, 1);
  lua_xmove(L, kept_state, 1);
  const int status = lua_pcall(kept_state, 0, 1, 0);
  if (L != kept_state) lua_xmove(kept_state, L, 1);
  lua_pushboolean(L, status == LUA_OK);
  lua_insert(L, -2);
  return 2;
}

constexpr luaL_Reg kModule[] = {
    {"state", &l_state},         {"rogue", &l_rogue}, {"roguek", &l_roguek},
    {"roguehook", &l_roguehook}, {"keep", &l_keep},   {"callback", &l_callback},
    {nullptr, nullptr},
};

class IsolateTest {
 public:
  IsolateTest() {
    for (const luaL_Reg* entry = kModule; entry->name != nullptr; entry++) {
      host_.Register(entry->name, entry->func);
    }
    REQUIRE(Run("tri = require 'trilune'") == "");
  }
  std::string Run(const std::string& chunk) { return host_.Run(chunk); }

 private:
  Host host_;
};

// --- Pooling of states. ---

TEST_CASE_FIXTURE(IsolateTest,
                  "pool: a G that ended well leaves its state to "
                  "the next one") {
  CHECK(Run(R"(
    local function run(f, ...)
      local ok, state = tri.go(f, ...):join()
      return state
    end
    local first = run(state)
    for i = 1, 10 do assert(run(state) == first) end
    assert(run(function() pcall(error, "caught") return state() end) == first)
    assert(run(function() tri.sleep(0) return state() end) == first)
    assert(run(function(...) return state(), ... end, 1, 2, 3) == first)
    return run(state) == first)") == "true");
}

TEST_CASE_FIXTURE(IsolateTest,
                  "pool: a state that failed, was cancelled, "
                  "escaped or has a hook is never used again") {
  // With the collector stopped, no address is used twice.
  CHECK(Run(R"(
    collectgarbage("stop")
    local used = {}
    local function check(f)
      local own
      local g = tri.go(function()
        own = state()
        return f()
      end)
      tri.yield()
      g:cancel()
      g:join()
      local ok, following = tri.go(state):join()
      used[own] = true
      return not used[following]
    end
    local r = {
      check(function() error("fails") end),
      check(function() local x <close> = setmetatable({}, {__close = error}) end),
      check(function() tri.sleep(1e9) end),
      check(function() coroutine.running() end),
      check(function() return coroutine.running() end),
      check(function() debug.sethook(print, "", 1000000) end),
    }
    collectgarbage("restart")
    return table.unpack(r))") == "true true true true true true");
}

TEST_CASE_FIXTURE(IsolateTest, "pool: a state that is used again is as new") {
  CHECK(Run(R"(
    local states = {}
    local function run(f)
      local ok, a, b = tri.go(function() states[state()] = true return f() end)
          :join()
      assert(ok, a)
      return a, b
    end
    -- An error in a hook leaves hooks off in a state that is reset.
    run(function()
      pcall(function()
        debug.sethook(function() debug.sethook() error("in a hook") end, "l")
        local x = 1
      end)
    end)
    local events = run(function()
      local n = 0
      debug.sethook(function() n = n + 1 end, "", 1)
      for i = 1, 10 do end
      debug.sethook()
      return n
    end)
    assert(events > 10)
    -- A message handler that is on the way out, a deep stack.
    run(function()
      return xpcall(function() error("x") end, function(m) return m end)
    end)
    assert(run(function() return select(2, pcall(error, "plain")) end) == "plain")
    run(function() return pcall(function()
      local function deep(n) return n == 0 and error("deep") or 1 + deep(n - 1) end
      deep(10000)
    end) end)
    assert(not run(function() return debug.gethook() end))
    assert(run(function() return debug.traceback("t") end)
           :find("^t\nstack traceback:"))
    local n = 0
    for _ in pairs(states) do n = n + 1 end
    return n)") == "1");
}

TEST_CASE_FIXTURE(IsolateTest, "pool: a thread that escaped stays dead") {
  CHECK(Run(R"(
    local thread
    tri.go(function() thread = coroutine.running() end):join()
    for i = 1, 100 do
      tri.go(function() assert(coroutine.status(thread) == "dead") end):join()
    end
    local ok, message = coroutine.resume(thread)
    return coroutine.status(thread), ok, message, coroutine.close(thread))") ==
        "'dead' false 'cannot resume dead coroutine' true");
}

// --- A yield that nobody asked for. ---

constexpr const char* kOutside = "attempt to yield from outside a coroutine";

TEST_CASE_FIXTURE(IsolateTest, "rogue yield: in a G it is an error there") {
  const std::string expected = std::string("false '") + kOutside + "'";
  const auto join = [this](const std::string& arguments) {
    return Run("return table.unpack({tri.go(" + arguments + "):join()}, 1, 2)");
  };
  CHECK(join("rogue") == expected);
  CHECK(join("rogue, 1, 2, 3") == expected);
  CHECK(join("function() rogue() return 1 end") == expected);
  CHECK(join("function() return rogue(1, {}) end") == expected);
  CHECK(join("roguek, 1") == expected);
}

TEST_CASE_FIXTURE(IsolateTest, "rogue yield: a G can catch it and goes on") {
  CHECK(Run(R"(
    local ch = tri.chan()
    local g = tri.go(function()
      local n = 0
      for i = 1, 20 do
        local ok, message = pcall(i % 2 == 0 and rogue or roguek, i, {})
        if not ok and message == ")" +
            std::string(kOutside) + R"(" then
          n = n + 1
        end
        n = n + ch:recv()
      end
      assert(not debug.gethook())
      return n, coroutine.wrap(function() return rogue(5) end)()
    end)
    for i = 1, 20 do ch:send(10) end
    return g:join())") == "true 220 5");
}

TEST_CASE_FIXTURE(IsolateTest, "rogue yield: from a hook it is an error, too") {
  CHECK(Run(R"(
    local ok, message = tri.go(function()
      roguehook()
      local x = 1
      local y = 2
      return x + y
    end):join()
    return ok, message)") == std::string("false '") + kOutside + "'");
}

TEST_CASE_FIXTURE(IsolateTest, "rogue yield: in main it is as in stock Lua") {
  CHECK(Run("return pcall(rogue, 1)") ==
        std::string("false '") + kOutside + "'");
  CHECK(Run("return coroutine.wrap(function() return rogue(1, 2) end)()") ==
        "1 2");
}

// --- Callbacks on a state that is not the running G's. ---

constexpr const char* kElsewhere =
    "cannot block in a callback on another goroutine's state";

TEST_CASE_FIXTURE(IsolateTest, "callback: on main's state a G cannot wait") {
  for (const char* wait : {"tri.sleep(0)", "tri.yield()", "tri.chan():recv()",
                           "tri.chan():send(1)", "tri.select{{tri.chan()}}",
                           "tri.go(print):join()"}) {
    CAPTURE(wait);
    CHECK(Contains(Run("keep() return tri.go(callback, function() " +
                       std::string(wait) + " end):join()"),
                   kElsewhere));
  }
  // What does not wait works.
  CHECK(Run("keep() local ch = tri.chan(1) "
            "return tri.go(callback, function() return ch:trysend(1) end)"
            ":join()") == "true true true");
}

TEST_CASE_FIXTURE(IsolateTest, "callback: on its own state main can wait") {
  CHECK(Run("keep() return callback(function() tri.sleep(0) tri.yield() "
            "return 'waited' end)") == "true 'waited'");
}

TEST_CASE_FIXTURE(IsolateTest, "callback: on the state of a G that waits") {
  // It waits in a comparator: its state is not suspended, and may be called.
  CHECK(Run(R"(
    local ch = tri.chan()
    local sleeper = tri.go(function()
      local t = {2, 1}
      table.sort(t, function(a, b) keep() ch:recv() return a < b end)
      return t[1], t[2]
    end)
    tri.yield()
    local ok, called, message = tri.go(callback, function() tri.sleep(0) end)
        :join()
    ch:close()
    message = message:match("cannot.*")
    return ok, called, message, sleeper:join())") ==
        std::string("true false '") + kElsewhere + "' true 1 2");
}

TEST_CASE_FIXTURE(IsolateTest, "callback: on the state of a G below") {
  // The coroutine is the G's own: it may wait on any state it runs.
  CHECK(Run(R"(
    return tri.go(function()
      keep()
      return coroutine.wrap(function()
        return callback(function() tri.sleep(0) return "waited" end)
      end)()
    end):join())") == "true true 'waited'");
}

// --- Nesting. ---

constexpr const char* kChains = R"(
  local function chain(n)
    local inner
    for i = 1, n do
      local following = inner
      inner = coroutine.create(function()
        local c <close> = setmetatable({}, {__close = function()
          if following then
            local ok, message = coroutine.close(following)
            if not ok then error(message, 0) end
          end
        end})
        coroutine.yield()
      end)
      assert(coroutine.resume(inner))
    end
    return inner
  end
  local function try(n)
    local ok, message = coroutine.close(chain(n))
    return ok, message and message:match("C stack overflow")
  end)";

TEST_CASE_FIXTURE(IsolateTest, "close: long chains are an error, no crash") {
  for (const std::string call : {"try", "coroutine.wrap(try)"}) {
    for (const std::string place : {
             "",
             "tri.go(function(...) return ",
         }) {
      CAPTURE(call);
      CAPTURE(place);
      const auto run = [&](const char* n) {
        const std::string inner = call + "(" + n + ")";
        return Run(kChains + (place.empty() ? " return true, " + inner
                                            : " return " + place + inner +
                                                  " end):join()"));
      };
      CHECK(run("100") == "true true nil");
      CHECK(run("1500") == "true false 'C stack overflow'");
      CHECK(run("20000") == "true false 'C stack overflow'");
    }
  }
}

TEST_CASE_FIXTURE(IsolateTest, "close: wraps that fail nest no deeper") {
  CHECK(Run(R"(
    local function chain(n)
      local f = function() error("innermost", 0) end
      for i = 1, n do
        local inner = f
        local w = coroutine.wrap(function()
          local c <close> = setmetatable({}, {__close = function() inner() end})
          error("outer", 0)
        end)
        f = w
      end
      return pcall(f)
    end
    local ok, message = chain(20)
    local deep, overflow = chain(5000)
    return ok, message:match("innermost"), deep,
           overflow:match("C stack overflow"))") ==
        "false 'innermost' false 'C stack overflow'");
}

TEST_CASE_FIXTURE(IsolateTest, "close: the count is of one G's nesting") {
  // 100 Gs wait in handlers 50 deep at the same time.
  CHECK(Run(std::string(R"(
    local ch, done = tri.chan(), 0
    local function deep(n)
      local co = coroutine.create(function()
        local c <close> = setmetatable({}, {__close = function()
          if n == 0 then ch:recv() else deep(n - 1) end
        end})
        coroutine.yield()
      end)
      coroutine.resume(co)
      local ok, message = coroutine.close(co)
      if not ok then error(message, 0) end
    end
    local gs = {}
    for i = 1, 100 do gs[i] = tri.go(deep, 50) end
    for i = 1, 100 do ch:send(i) end
    for i = 1, 100 do
      local ok, message = gs[i]:join()
      assert(ok, message)
      done = done + 1
    end
    return done)")) == "100");
}

// How deep calls of each kind nest before "C stack overflow".
constexpr const char* kDepths = R"(
  local function depth(nest)
    local n = 0
    local function go()
      n = n + 1
      return nest(go)
    end
    local ok, message = pcall(go)
    assert(not ok and tostring(message):find("overflow"), message)
    return n
  end
  local function depths()
    return depth(function(f) return coroutine.wrap(f)() end),
           depth(function(f)
             local ok, message = coroutine.resume(coroutine.create(f))
             if not ok then error(message, 0) end
           end),
           depth(function(f) table.sort({1, 2}, function() f() end) end),
           depth(function(f) return (("x"):gsub("x", f)) end)
  end)";

TEST_CASE_FIXTURE(IsolateTest, "nesting: is limited as in stock Lua") {
  lua_State* L = luaL_newstate();
  REQUIRE(L != nullptr);
  luaL_openlibs(L);
  const std::string program = std::string(kDepths) + " return depths()";
  REQUIRE(luaL_dostring(L, program.c_str()) == LUA_OK);
  lua_Integer stock[4];
  for (int i = 0; i < 4; i++)
    stock[i] = lua_tointeger(L, i + 1);
  lua_close(L);
  for (const char* call : {"return depths()", "return tri.go(depths):join()"}) {
    CAPTURE(call);
    const bool joined = Contains(call, "join");
    const std::string text = Run(std::string(kDepths) + " local d = {" +
                                 std::string(call).substr(7) + "} " +
                                 (joined ? "table.remove(d, 1) " : "") +
                                 "return table.concat(d, ' ')");
    long long found[4] = {};
    REQUIRE(std::sscanf(text.c_str(), "'%lld %lld %lld %lld'", &found[0],
                        &found[1], &found[2], &found[3]) == 4);
    for (int i = 0; i < 4; i++) {
      CAPTURE(i);
      // The host's own calls below the chunk count, too.
      CHECK(found[i] <= stock[i] + 2);
      CHECK(found[i] >= stock[i] - 10);
    }
  }
}

}  // namespace
}  // namespace trilune
