// System calls of Lua Gs, as a C module makes them. What the libraries make of
// this is in tests/lua; native Gs are in tests/sched/sysmon_test.cc.

#include "vm/goroutine/syscall.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"
#include "tests/support/hang.h"

namespace trilune {
namespace {

using test::Await;
using test::Contains;
using test::Host;
using test::Text;

// What the module's functions work on; upvalue 1.
struct World {
  World() { REQUIRE(pipe(ends) == 0); }
  ~World() {
    close(ends[0]);
    close(ends[1]);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  void Write(int n = 1) const {
    for (int i = 0; i < n; i++)
      CHECK(write(ends[1], "x", 1) == 1);
  }

  int ends[2] = {-1, -1};
  std::atomic<int> calling{0};
  std::atomic<int> returned{0};
  std::atomic<int> left{0};  // for good
  std::atomic<int> marks{0};
};

World* Of(lua_State* L) {
  return static_cast<World*>(lua_touserdata(L, lua_upvalueindex(1)));
}

// block(): waits for a byte; gives "read". What the frame holds in C++ memory
// must be freed whatever happens.
int l_block(lua_State* L) {
  World* world = Of(L);
  auto* held = new std::string(1000, 'h');
  bool ok = false;
  {
    vm::Syscall call(L);
    world->calling++;
    char byte = 0;
    ok = read(world->ends[0], &byte, 1) == 1;
    world->returned++;
    if (!call.End()) {
      delete held;
      world->left++;
      vm::Syscall::LeaveForGood();
    }
  }
  delete held;
  lua_pushstring(L, ok ? "read" : "failed");
  return 1;
}

// fail(): a call that fails, after it was long enough to lose everything.
int l_fail(lua_State* L) {
  const World* world = Of(L);
  vm::Syscall call(L);
  char byte = 0;
  const bool ok = read(world->ends[0], &byte, 1) == 1 && close(-1) == -1;
  const int error = errno;
  if (!call.End()) vm::Syscall::LeaveForGood();
  lua_pushboolean(L, ok && error == EBADF);
  return 1;
}

// quick(): a call that ends at once.
int l_quick(lua_State* L) {
  vm::Syscall call(L);
  const auto pid = getppid();
  if (!call.End()) vm::Syscall::LeaveForGood();
  lua_pushinteger(L, pid);
  return 1;
}

// release([n]): ends n calls. mark(): counts.
int l_release(lua_State* L) {
  Of(L)->Write(static_cast<int>(luaL_optinteger(L, 1, 1)));
  return 0;
}
int l_mark(lua_State* L) {
  Of(L)->marks++;
  return 0;
}
// returned(n): waits, with the strand, until n calls have returned.
int l_returned(lua_State* L) {
  const auto n = luaL_checkinteger(L, 1);
  const World* world = Of(L);
  Await([&] { return world->returned >= n; });
  return 0;
}
// calling(): how many calls were made.
int l_calling(lua_State* L) {
  lua_pushinteger(L, Of(L)->calling.load());
  return 1;
}

constexpr luaL_Reg kModule[] = {
    {"block", &l_block},       {"fail", &l_fail},  {"quick", &l_quick},
    {"release", &l_release},   {"mark", &l_mark},  {"calling", &l_calling},
    {"returned", &l_returned}, {nullptr, nullptr},
};

Config WithProcs(int procs, int stop_ms = 5000) {
  Config config;
  config.procs = procs;
  config.stop_deadline = std::chrono::milliseconds(stop_ms);
  return config;
}

class CallTest {
 public:
  explicit CallTest(const Config& config = WithProcs(1)) : host_({}, config) {
    for (const luaL_Reg* entry = kModule; entry->name != nullptr; entry++) {
      host_.Register(entry->name, entry->func, &world_);
    }
    REQUIRE(Run("tri, sync = require 'trilune', require 'trilune.sync'") == "");
  }
  std::string Run(const std::string& chunk) { return host_.Run(chunk); }
  World& world() { return world_; }
  Host& host() { return host_; }

 private:
  World world_;
  Host host_;
};

TEST_CASE_FIXTURE(CallTest, "syscall: Gs of the same isolate go on meanwhile") {
  CHECK(Run(R"(
    local turns = 0
    local g = tri.go(block)
    tri.go(function()
      while turns < 1000 do turns = turns + 1 tri.yield() end
      release()
    end)
    local ok, what = g:join()
    return ok, what, turns)") == "true 'read' 1000");
  CHECK(host().runtime().stats().retakes >= 1);
}

TEST_CASE_FIXTURE(CallTest, "syscall: other isolates go on meanwhile") {
  Isolate* other = test::NewIsolate(host().runtime());
  std::thread thread([&] {
    Await([&] { return world().calling == 1; });
    for (int i = 0; i < 20; i++)
      CHECK(Text(other->RunString("return 1", "=other")) == "1");
    world().Write();
  });
  CHECK(Run("return block()") == "'read'");
  thread.join();
}

TEST_CASE_FIXTURE(CallTest, "syscall: the host's calls are served meanwhile") {
  std::thread thread([&] {
    Await([&] { return world().calling == 1; });
    for (int i = 0; i < 20; i++)
      CHECK(host().Call("tostring", {int64_t{5}}) == "'5'");
    const std::string dump = host()->Dump();
    CHECK_MESSAGE(Contains(dump, "in function 'block'"), dump);
    world().Write();
  });
  CHECK(Run("return block()") == "'read'");
  thread.join();
}

TEST_CASE_FIXTURE(CallTest, "syscall: errno is that of the call") {
  CHECK(Run(R"(
    for i = 1, 20 do
      local g = tri.go(fail)
      tri.yield()
      release()
      local ok, fine = g:join()
      assert(ok and fine)
    end
    return 'fine')") == "'fine'");
}

TEST_CASE_FIXTURE(CallTest, "syscall: a thousand short ones") {
  CHECK(Run(R"(
    local pid, n = quick(), 0
    local function calls()
      for i = 1, 1000 do
        if quick() == pid then n = n + 1 end
        if i % 7 == 0 then tri.yield() end
      end
    end
    local gs = {}
    for i = 1, 4 do gs[i] = tri.go(calls) end
    for i = 1, 4 do assert(gs[i]:join()) end
    return n)") == "4000");
}

TEST_CASE_FIXTURE(CallTest, "syscall: many Gs of one isolate at once") {
  CHECK(Run(R"(
    local n, done = 60, 0
    local gs = {}
    for i = 1, n do
      gs[i] = tri.go(function() assert(block() == "read") done = done + 1 end)
    end
    while calling() < n do tri.yield() end
    local before = done
    release(n)
    for i = 1, n do assert(gs[i]:join()) end
    return before, done)") == "0 60");
}

TEST_CASE_FIXTURE(CallTest, "syscall: wherever Lua calls from") {
  for (const char* place : {
           "return block()",
           "local t = {2, 1} local r "
           "table.sort(t, function(a, b) r = r or block() return a < b end) "
           "assert(t[1] == 1 and t[2] == 2) return r",
           "return (('x'):gsub('x', block))",
           "return select(2, pcall(block))",
           "return select(2, xpcall(block, print))",
           "return select(2, pcall(pcall, block)) and 'read'",
           "return coroutine.wrap(function() return coroutine.wrap(function() "
           "return block() end)() end)()",
           "local co = coroutine.wrap(function() "
           "coroutine.yield(block()) return 'over' end) "
           "local r = co() assert(co() == 'over') return r",
           "return setmetatable({}, {__index = block}).x",
           "local r do local c <close> = setmetatable({}, "
           "{__close = function() r = block() end}) end return r",
           "for r in block do return r end",
           "return tri.shield(block, 1e3)",
           "local r tri.group(function(g) g:go(function() r = block() end) end)"
           " return r",
       }) {
    for (const std::string call :
         {"local ok, r = true, f()", "local ok, r = tri.go(f):join()"}) {
      CAPTURE(place);
      CAPTURE(call);
      // The byte is there only after others have run.
      CHECK(Run("local before = calling() "
                "local g = tri.go(function() "
                "while calling() == before do tri.yield() end "
                "collectgarbage() release() end) "
                "local function f() " +
                std::string(place) + " end " + call +
                " g:join() return ok, r") == "true 'read'");
    }
  }
}

TEST_CASE_FIXTURE(CallTest, "syscall: in a finalizer it blocks the isolate") {
  std::thread thread([&] {
    Await([&] { return world().calling == 1; });
    world().Write();
  });
  CHECK(Run(R"(
    local other, r = 0, nil
    tri.go(function() while not r do other = other + 1 tri.yield() end end)
    local before, after
    setmetatable({}, {__gc = function()
      before = other
      r = block()
      after = other
    end})
    collectgarbage()
    return r, before == after)") == "'read' true");
  thread.join();
}

TEST_CASE_FIXTURE(CallTest, "syscall: in tri.atomic it blocks the isolate") {
  std::thread thread([&] {
    Await([&] { return world().calling == 1; });
    world().Write();
  });
  CHECK(Run(R"(
    local other, r = 0, nil
    tri.go(function() while not r do other = other + 1 tri.yield() end end)
    local before, after
    tri.atomic(function()
      before = other
      r = block()
      after = other
    end)
    return r, before == after)") == "'read' true");
  thread.join();
}

TEST_CASE_FIXTURE(CallTest, "syscall: cancellation waits for the call's end") {
  CHECK(Run(R"(
    local after, again
    local g = tri.go(function()
      block()
      after = true
      for i = 1, 1e9 do end
    end)
    while calling() < 1 do tri.yield() end
    g:cancel("enough")
    for i = 1, 50 do tri.yield() end
    assert(g:status() ~= "dead" and not after)
    release()
    local ok, e = g:join()
    return after, ok, e)") == "nil false 'enough'");
}

TEST_CASE_FIXTURE(CallTest, "syscall: one that computes next is cancelled") {
  CHECK(Run(R"(
    local g = tri.go(function()
      block()
      while true do end
    end)
    while calling() < 1 do tri.yield() end
    g:cancel("enough")
    release()
    return g:join())") == "false 'enough'");
}

TEST_CASE_FIXTURE(CallTest, "syscall: that all wait but one is no deadlock") {
  std::thread thread([&] {
    Await([&] {
      const RuntimeStats stats = host().runtime().stats();
      return stats.retakes > 0 && stats.idle_procs == stats.procs;
    });
    world().Write();
  });
  CHECK(Run(R"(
    local ch = tri.chan()
    tri.go(function() ch:send(block()) end)
    return ch:recv())") == "'read' true");
  thread.join();
}

TEST_CASE_FIXTURE(CallTest, "syscall: a deadlock afterwards is one") {
  CHECK(Run("release() block() tri.chan():recv()") == "deadlock");
}

// --- The end. ---

TEST_CASE("syscall: closing waits for calls that end in time") {
  CallTest test(WithProcs(2));
  REQUIRE(test.Run(R"(
    for i = 1, 20 do
      tri.go(function()
        local c <close> = setmetatable({}, {__close = mark})
        block()
        tri.sleep(1e9)
      end)
    end
    while calling() < 20 do tri.yield() end)") == "");
  test.world().Write(20);
  CHECK(Text(test.host()->Close()) == "ok");
  CHECK(test.world().marks == 20);
  CHECK(test.world().left == 0);
}

TEST_CASE("syscall: after the deadline its G leaves for good") {
  for (const int procs : {1, 3}) {
    for (const char* where :
         {"block()", "table.sort({1, 2}, block)",
          "coroutine.wrap(function() pcall(block) end)()"}) {
      CAPTURE(where);
      // Closing waits for the calls, after it has closed the Lua state.
      CallTest test(WithProcs(procs, 20));
      REQUIRE(test.Run(R"(
        for i = 1, 10 do
          tri.go(function()
            local c <close> = setmetatable({}, {__close = mark})
            )" + std::string(where) +
                       R"(
          end)
        end
        while calling() < 10 do tri.yield() end
        -- Its finalizer tells that the state is closed.
        kept = setmetatable({}, {__gc = function() release(10) end}))") == "");
      CHECK(Text(test.host()->Close()) == "ok");
      CHECK(test.world().left == 10);
      CHECK(test.world().marks == 0);
    }
  }
}

TEST_CASE("syscall: os.exit while others are in calls") {
  CallTest test(WithProcs(2, 20));
  CHECK(test.Run(R"(
    for i = 1, 10 do tri.go(block) end
    while calling() < 10 do tri.yield() end
    os.exit(3))") == "exit");
  test.world().Write(10);
  CHECK(Text(test.host()->Close()) == "ok");
  CHECK(test.world().left == 10);
}

// They are runnable then, and hold what only they can free.
TEST_CASE("syscall: os.exit while others have just returned from calls") {
  CallTest test(WithProcs(2, 20));
  CHECK(test.Run(R"(
    for i = 1, 10 do tri.go(block) end
    while calling() < 10 do tri.yield() end
    tri.atomic(function()  -- so none of them has a turn
      release(10)
      returned(10)
      for i = 1, 1e6 do end
      os.exit(3)
    end))") == "exit");
  CHECK(Text(test.host()->Close()) == "ok");
  Await([&] { return test.world().left == 10; });
}

TEST_CASE("syscall: catching its cancellation around calls saves no G") {
  CallTest test(WithProcs(1, 10'000));
  REQUIRE(test.Run(R"(
    tri.go(function()
      while true do
        pcall(function() block() end)
        mark()
      end
    end)
    while calling() < 1 do tri.yield() end)") == "");
  std::atomic<bool> closed{false};
  std::thread thread([&] {
    // Each call lasts until P and strand were retaken.
    uint64_t retakes = 0;
    while (!closed) {
      const uint64_t now = test.host().runtime().stats().retakes;
      if (now > retakes) {
        retakes = now;
        test.world().Write();
      }
      std::this_thread::yield();
    }
  });
  CHECK(Text(test.host()->Close()) == "ok");
  closed = true;
  thread.join();
  CHECK(test.world().left == 0);
}

}  // namespace
}  // namespace trilune
