// C stacks of Gs that wait inside C calls: they are given back when a heap goes
// in which such Gs are left, they count in limits, and preemption has a
// reserve. What a pool of stacks does is tested in tests/sched/fiber_test.cc.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "sched/sync/sanitizers.h"
#include "stdlib/modules.h"
#include "vm/isolate/host_call.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/runtime_state.h"

namespace trilune {
namespace {

#if defined(TRI_ASAN) || defined(TRI_TSAN)
constexpr bool kSanitized = true;  // it keeps freed memory; but finds leaks
#else
constexpr bool kSanitized = false;
#endif

constexpr size_t kStacks = 64;

// Pages of address space that this process uses.
size_t PagesUsed() {
  size_t pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  REQUIRE(file != nullptr);
  REQUIRE(std::fscanf(file, "%zu", &pages) == 1);
  std::fclose(file);
  return pages;
}

// Why the running G could not wait for a call of the host.
int WhyNotCall(lua_State* L) {
  const Status status = vm::HostCall::MayWait();
  lua_pushlstring(L, status.message().data(), status.message().size());
  return 1;
}

struct Fixture {
  explicit Fixture(int procs)
      : sched([procs] {
          SchedulerConfig config;
          config.procs = procs;
          config.max_fibers = kStacks;
          config.slice_ns = 1'000'000;
          return config;
        }()),
        all(&sched, &stdlib::OpenAll) {
    REQUIRE(sched.Start().ok());
  }
  ~Fixture() {
    all.Stop();
    CHECK(all.AwaitNone(NowNs() + 60'000'000'000));
    CHECK(sched.Stop(NowNs() + 60'000'000'000));
  }

  // What the chunk returns, a string, or its error.
  std::string Run(const std::string& chunk,
                  std::shared_ptr<vm::Budget> budget = nullptr) {
    vm::IsolateConfig config;
    config.runtime = &all;
    config.budget = std::move(budget);
    auto made = vm::Isolate::Make(&sched, std::move(config), &stdlib::OpenAll);
    REQUIRE(made.ok());
    std::pair<std::string, std::string> text = {chunk, ""};
    {
      vm::HostCall call(
          vm::HostCall::Kind::kMain,
          [](lua_State* L) {
            auto* in = static_cast<std::pair<std::string, std::string>*>(
                lua_touserdata(L, 1));
            lua_register(L, "whynot", &WhyNotCall);
            if (luaL_dostring(L, in->first.c_str()) != LUA_OK) lua_error(L);
            in->second = luaL_tolstring(L, -1, nullptr);
            return 0;
          },
          &text);
      made.value()->Post(&call);
      REQUIRE(call.Wait(NowNs() + 60'000'000'000));
      if (!call.result.ok()) text.second = call.result.message();
    }
    vm::HostCall close(vm::HostCall::Kind::kClose, nullptr, nullptr);
    made.value()->Post(&close);
    REQUIRE(close.Wait(NowNs() + 60'000'000'000));
    return text.second;
  }

  Scheduler sched;
  vm::RuntimeState all;
};

// `n` Gs that wait in a callback, where they could not yield; how many could.
std::string Waiters(int n) {
  return "local tri = require 'trilune' local ch = tri.chan() "
         "local waiting, failed, why = 0, 0 "
         "for _ = 1, " +
         std::to_string(n) +
         " do tri.go(function() "
         "  local ok, e = pcall(string.gsub, 'a', 'a', function() "
         "    waiting = waiting + 1 ch:recv() end) "
         "  if not ok then waiting = waiting - 1 failed = failed + 1 why = e "
         "end "
         "end) end "
         "for _ = 1, 1000 do "
         "  if waiting + failed == " +
         std::to_string(n) +
         " then break end "
         "  tri.yield() end ";
}

TEST_CASE("stacks: those of Gs that a closed heap leaves are given back") {
  for (const int procs : {1, 2, 4}) {
    Fixture f(procs);
    for (int i = 0; i < 20; i++)
      CHECK(f.Run(Waiters(40) + "return waiting") == "40");
    CHECK(f.sched.fibers().made() <= kStacks + 2 * 9);
  }
}

TEST_CASE("stacks: beyond their number a wait in a callback is an error") {
  Fixture f(1);
  CHECK(f.Run(Waiters(100) + "return waiting < 70 and why:match ': (.*)'") ==
        "too many coroutines blocked inside C calls");
  CHECK(f.Run(Waiters(40) + "return waiting") == "40");
}

TEST_CASE("stacks: without one a G's call of the host is refused") {
  Fixture f(1);
  CHECK(f.Run("local tri = require 'trilune' local ch = tri.chan() "
              "local waiting, why = 0, nil "
              "for _ = 1, 100 do tri.go(string.gsub, 'a', 'a', function() "
              "  local refused = whynot() "
              "  if refused ~= '' then why = refused return end "
              "  waiting = waiting + 1 ch:recv() end) end "
              "while not why do tri.yield() end "
              "return waiting > 30 and why") ==
        "too many coroutines blocked inside C calls");
}

TEST_CASE("stacks: Gs that have all of them do not switch preemption off") {
  Fixture f(1);
  CHECK(f.Run(Waiters(100) +
              "local turns, stop = 0, false "
              "for _ = 1, 10 do tri.go(function() "
              "  while not stop do end turns = turns + 1 end) end "
              "tri.yield() tri.yield() stop = true "
              "while turns < 10 do tri.yield() end "
              "return why ~= nil and turns") == "10");
}

TEST_CASE("stacks: they count in the limit of memory") {
  Fixture f(2);
  vm::Limits limits;
  limits.memory_bytes = size_t{400} << 10;
  const auto budget = std::make_shared<vm::Budget>(nullptr, limits, NowNs());
  for (int i = 0; i < 3; i++) {
    CHECK(f.Run(Waiters(40) + "return waiting > 5 and waiting < 40 and "
                              "why:find 'not enough memory' ~= nil",
                budget) == "true");
  }
  // What deep calls have on it counts as well.
  limits.memory_bytes = size_t{4} << 20;
  const auto larger = std::make_shared<vm::Budget>(nullptr, limits, NowNs());
  CHECK(f.Run("local tri = require 'trilune' local ch = tri.chan() "
              "local waiting, why = 0 "
              "local function down(n) "
              "  if n == 0 then waiting = waiting + 1 ch:recv() return end "
              "  local _ = ('a'):gsub('a', function() down(n - 1) end) "
              "end "
              "for _ = 1, 40 do tri.go(function() "
              "  local ok, e = pcall(down, 150) "
              "  if not ok then waiting = waiting - 1 why = e end end) end "
              "for _ = 1, 3 do tri.yield() end "
              "return waiting < 40 and why",
              larger)
            .find("not enough memory") != std::string::npos);
}

TEST_CASE("stacks: a heap takes along what frames on them have of it") {
  // A parser's buffer, of which nobody but the parser knows.
  Fixture f(2);
  const auto run = [&f] {
    CHECK(f.Run("local tri = require 'trilune' local ch = tri.chan() "
                "local waits = tri.chan() "
                "tri.go(function() "
                "  local piece, n = ('x'):rep(1 << 20), 0 "
                "  load(function() "
                "    n = n + 1 "
                "    if n == 1 then return 'return [[' end "
                "    if n < 12 then return piece end "
                "    waits:send(n) ch:recv() "
                "  end) end) "
                "return (waits:recv())") == "12");
  };
  run();
  const size_t before = PagesUsed();
  for (int i = 0; i < 8; i++)
    run();
  if (!kSanitized) CHECK(PagesUsed() < before + (size_t{24} << 20) / 4096);
}

}  // namespace
}  // namespace trilune
