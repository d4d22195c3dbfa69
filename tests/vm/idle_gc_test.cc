// Isolates that are collected while they have nothing to do: after a while,
// and when memory is short.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "sched/base/clock.h"
#include "stdlib/modules.h"
#include "tests/stdlib/host.h"
#include "vm/isolate/host_call.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/memory_watch.h"
#include "vm/runtime/runtime_state.h"

namespace trilune {
namespace {

using test::Host;
using test::Text;

// Makes garbage, after `chunk`, that the script's own collector does not see.
std::string Leave(const std::string& chunk = "") {
  return "collectgarbage('stop') " + chunk +
         " local t = {} for i = 1, 20000 do t[i] = {} end t = nil "
         "collectgarbage('restart')";
}

// Waits, asleep, until `holds`; false: it never did.
template <class Holds>
bool Becomes(Holds holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    const timespec tick = {0, 1'000'000};
    nanosleep(&tick, nullptr);  // allow: sleep, idle time must go by
  }
  return true;
}

Config IdleAfter(std::chrono::milliseconds time) {
  Config config;
  config.idle_gc = time;
  return config;
}

TEST_CASE("idle: garbage goes, and memory with it") {
  Host host({}, IdleAfter(std::chrono::milliseconds(20)));
  CHECK(host.Run(Leave()) == "");
  const size_t before = host->usage().peak_bytes;
  CHECK(before > 1'000'000);
  CHECK(Becomes([&] {
    const IsolateUsage usage = host->usage();
    return usage.memory_bytes < before / 4 && usage.reserved_bytes < before / 2;
  }));
  // The numbers fall while it is under way.
  CHECK(Becomes([&] {
    const IsolateUsage usage = host->usage();
    return usage.collections > 0 && usage.longest_gc.count() > 0 && usage.idle;
  }));
  CHECK(host.Run("return 1") == "1");
}

TEST_CASE("idle: while a G waits; and once only") {
  Host host({}, IdleAfter(std::chrono::milliseconds(5)));
  CHECK(host.Run("tri = require 'trilune' ch = tri.chan() "
                 "g = tri.go(function() ch:recv() end) tri.yield()") == "");
  CHECK(host.Run(Leave()) == "");
  CHECK(Becomes([&] { return host->usage().longest_gc.count() > 0; }));
  CHECK(Becomes([&] { return host->usage().idle; }));
  // Nothing has run since: an isolate beside it sees many idle times go by.
  const uint64_t collections = host->usage().collections;
  auto* other = test::NewIsolate(host.runtime());
  CHECK(Text(other->RunString("require('trilune').sleep(0.1)", "=test")) == "");
  CHECK(host->usage().collections == collections);
  CHECK(host.Run("ch:send(1) return g:join()") == "true");
}

TEST_CASE("idle: finalizers run, and cannot wait") {
  Host host({}, IdleAfter(std::chrono::milliseconds(5)));
  CHECK(host.Run(Leave(R"(
    tri = require "trilune"
    setmetatable({}, {__gc = function()
      own = tri.self()
      ok, message = pcall(tri.sleep, 1)
      ran = true
    end}))")) == "");
  CHECK(Becomes([&] { return host->usage().longest_gc.count() > 0; }));
  CHECK(host.Run("return ran, ok, message, own") ==
        "true false 'cannot block in a finalizer' nil");
}

TEST_CASE("idle: a finalizer that does not end, under a limit") {
  IsolateOptions options;
  options.cpu_limit = std::chrono::milliseconds(200);
  options.report = [](std::string_view) {};
  Host host(std::move(options), IdleAfter(std::chrono::milliseconds(5)));
  CHECK(host.Run(Leave("setmetatable({}, {__gc = function() "
                       "while true do end end})")) == "");
  CHECK(Becomes(
      [&] { return host->usage().limit_exceeded && host->usage().idle; }));
  CHECK(host.Run("return 1") == "limit");
}

TEST_CASE("idle: not if the script has stopped the collector, nor if off") {
  for (const int ms : {5, 0}) {
    Host host({}, IdleAfter(std::chrono::milliseconds(ms)));
    CHECK(host.Run(Leave() + (ms == 0 ? "" : " collectgarbage('stop')")) == "");
    const size_t before = host->usage().memory_bytes;
    auto* other = test::NewIsolate(host.runtime());
    CHECK(Text(other->RunString("require('trilune').sleep(0.1)", "=test")) ==
          "");
    CHECK(host->usage().memory_bytes == before);
    CHECK(host->usage().longest_gc.count() == 0);
  }
}

TEST_CASE("idle: a deadlock is still found, and the end comes at once") {
  Host host({}, IdleAfter(std::chrono::hours(1)));
  CHECK(host.Run(Leave() + " require('trilune').chan():recv()") == "deadlock");
  const int64_t begin = NowNs();
  CHECK(Text(host->Close()) == "ok");
  CHECK(NowNs() - begin < 10'000'000'000);
}

// --- When memory is short. ---

class FakeMemory final : public vm::MemorySource {
 public:
  explicit FakeMemory(std::atomic<int>* percent) : percent_(percent) {}
  vm::MemoryUse Read() override {
    return {static_cast<uint64_t>(*percent_) << 20, uint64_t{100} << 20};
  }

 private:
  std::atomic<int>* const percent_;
};

// A scheduler whose sysmon never looks: the test does.
struct Machine {
  Machine()
      : sched(TwoProcs()),
        all(&sched, &stdlib::OpenAll),
        watch(std::make_unique<FakeMemory>(&percent), &sched, &all.registry()) {
    REQUIRE(sched.Start().ok());
  }
  ~Machine() {
    for (auto& iso : isolates)
      Do(iso.get(), vm::HostCall::Kind::kClose, nullptr);
    isolates.clear();
    all.Stop();
    CHECK(all.AwaitNone(NowNs() + 10'000'000'000));
    CHECK(sched.Stop(NowNs() + 10'000'000'000));
  }

  static SchedulerConfig TwoProcs() {
    SchedulerConfig config;
    config.procs = 2;
    return config;
  }

  vm::Isolate* Add() {
    vm::IsolateConfig config;
    config.runtime = &all;
    config.host_wakes = true;
    auto made = vm::Isolate::Make(&sched, std::move(config), &stdlib::OpenAll);
    REQUIRE(made.ok());
    isolates.push_back(std::move(made.value()));
    return isolates.back().get();
  }

  static void Do(vm::Isolate* iso, vm::HostCall::Kind kind, const char* chunk) {
    vm::HostCall call(
        kind,
        [](lua_State* L) {
          const auto* text = static_cast<const char*>(lua_touserdata(L, 1));
          if (luaL_dostring(L, text) != LUA_OK) lua_error(L);
          return 0;
        },
        const_cast<char*>(chunk));
    iso->Post(&call);
    CHECK(call.Wait(NowNs() + 60'000'000'000));
    CHECK(call.result.ok());
  }
  static void Run(vm::Isolate* iso, const char* chunk) {
    Do(iso, vm::HostCall::Kind::kMain, chunk);
  }

  std::atomic<int> percent{50};
  Scheduler sched;
  vm::RuntimeState all;
  vm::MemoryWatch watch;
  std::vector<std::shared_ptr<vm::Isolate>> isolates;
};

TEST_CASE("short: every idle isolate is collected, and then no more") {
  Machine machine;
  constexpr size_t kCount = 40;
  const std::string chunk = Leave();
  for (size_t i = 0; i < kCount; i++)
    Machine::Run(machine.Add(), chunk.c_str());
  CHECK(Becomes([&] {
    for (auto& iso : machine.isolates) {
      if (!iso->word.LooksIdle()) return false;
    }
    return true;
  }));
  const auto used = [&] {
    size_t bytes = 0;
    for (auto& iso : machine.isolates)
      bytes += iso->heap().used_bytes();
    return bytes;
  };
  const size_t before = used();
  CHECK(before > kCount * 1'000'000);
  int64_t now = NowNs();
  machine.watch.OnWatch(now);  // half is free
  CHECK(machine.all.registry().rounds() == 0);
  CHECK(used() == before);
  machine.percent = 95;
  machine.watch.OnWatch(now);
  CHECK(Becomes([&] { return machine.all.registry().rounds() == 1; }));
  CHECK(used() < before / 4);
  for (auto& iso : machine.isolates) {
    CHECK(iso->usage().longest_gc_ns > 0);
    CHECK_FALSE(iso->MayBeWorthCollecting());
  }
  // Still short, but at this pace; and then nothing is left to do.
  Machine::Run(machine.isolates[0].get(), chunk.c_str());
  machine.watch.OnWatch(now + 1'000'000'000);
  CHECK(machine.all.registry().rounds() == 1);
  now += vm::MemoryWatch::kPauseNs;
  CHECK(Becomes([&] { return machine.isolates[0]->word.LooksIdle(); }));
  machine.watch.OnWatch(now);
  CHECK(Becomes([&] { return machine.all.registry().rounds() == 2; }));
  CHECK(used() < before / 4);
}

TEST_CASE("short: isolates that work, or end meanwhile, hold up nothing") {
  Machine machine;
  const std::string chunk = Leave();
  for (size_t i = 0; i < 20; i++)
    Machine::Run(machine.Add(), chunk.c_str());
  vm::Isolate* busy = machine.Add();
  Machine::Run(busy,
               "tri = require 'trilune' "
               "tri.go(function() while not over do tri.yield() end end)");
  machine.percent = 99;
  int64_t now = NowNs();
  for (int i = 1; i <= 10; i++) {
    const uint64_t rounds = machine.all.registry().rounds();
    machine.watch.OnWatch(now += vm::MemoryWatch::kPauseNs);
    // Closed while it may be its turn.
    machine.Do(machine.isolates.front().get(), vm::HostCall::Kind::kClose,
               nullptr);
    machine.isolates.erase(machine.isolates.begin());
    Machine::Run(machine.isolates.front().get(), chunk.c_str());
    CHECK(Becomes([&] {
      machine.watch.OnWatch(now += vm::MemoryWatch::kPauseNs);
      return machine.all.registry().rounds() > rounds;
    }));
  }
  Machine::Run(busy, "over = true");
}

}  // namespace
}  // namespace trilune
