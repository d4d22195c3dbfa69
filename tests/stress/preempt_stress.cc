// A storm of preemptions: slices of 50 us, eight isolates of fifty Gs each, all
// of which compute and check what they compute: sorting with comparators that
// wait, callbacks of gsub, deep recursion, errors, coroutines in coroutines,
// strings, collections, channels. Nothing may be lost, done twice, or wrong.
//
// TRI_STRESS_SECONDS says how long; TRI_STRESS_SEED repeats a storm: a failure
// prints the seed of its storm, which is then the first one.

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/stdlib/host.h"
#include "vm/goroutine/syscall.h"

#ifndef TRI_STRESS_DEFAULT_SECONDS
#define TRI_STRESS_DEFAULT_SECONDS 20
#endif

namespace trilune {
namespace {

using std::chrono::steady_clock;
using test::NewIsolate;
using test::StartRuntime;
using test::Text;

constexpr const char* kProgram = R"lua(
local seed, gs, rounds = ...
local tri, sync = require "trilune", require "trilune.sync"

local function random_of(state)
  return function(n)
    state = (state * 6364136223846793005 + 1442695040888963407)
    return (state >> 33) % n + 1
  end
end

local function wait(random)
  local what = random(12)
  if what == 1 then tri.yield()
  elseif what == 2 then tri.sleep(random(50) * 1e-6)
  elseif what == 3 then tri.sleep(0) end
end

local ops = {}

function ops.sort(random)
  local n, t, sum = random(60), {}, 0
  for i = 1, n do t[i] = random(1000) sum = sum + t[i] end
  table.sort(t, function(a, b)
    if random(20) == 1 then wait(random) end
    return a < b
  end)
  local check = t[1]
  for i = 2, n do assert(t[i - 1] <= t[i], "not sorted") check = check + t[i] end
  assert(#t == n and check == sum, "sort lost something")
end

function ops.gsub(random)
  local n = random(80)
  local text = ("ab"):rep(n)
  local calls = 0
  local result, count = text:gsub("%w", function(c)
    calls = calls + 1
    if random(40) == 1 then wait(random) end
    return c == "a" and "xy" or nil
  end)
  assert(result == ("xyb"):rep(n) and count == 2 * n and calls == 2 * n, "gsub")
end

function ops.recursion(random)
  local function sum(n) if n == 0 then return 0 end return n + sum(n - 1) end
  local function count(n, acc) if n == 0 then return acc end return count(n - 1, acc + 1) end
  local n = random(1500)
  assert(sum(n) == n * (n + 1) // 2, "sum")
  assert(count(n, 0) == n, "tail calls")
  local function fib(k) return k < 2 and k or fib(k - 1) + fib(k - 2) end
  assert(fib(13) == 233, "fib")
end

function ops.errors(random)
  local caught, closed = 0, 0
  local n = random(40)
  for i = 1, n do
    local ok, e = pcall(function()
      local c <close> = setmetatable({}, {__close = function()
        closed = closed + 1
        if random(10) == 1 then wait(random) end
      end})
      if i % 2 == 0 then error({i}) end
      local x = nil + i
    end)
    assert(not ok, "no error")
    if i % 2 == 0 then assert(e[1] == i, "another error")
    else assert(tostring(e):find("arithmetic", 1, true), e) end
    caught = caught + 1
  end
  assert(caught == n and closed == n, "errors")
  local ok, e = xpcall(function() error("deep", 0) end, function(m)
    wait(random)
    return m .. "!"
  end)
  assert(not ok and e == "deep!", "handler")
end

function ops.coroutines(random)
  local function leaf(from, to)
    return coroutine.wrap(function()
      for i = from, to do
        if random(30) == 1 then wait(random) end
        coroutine.yield(i)
      end
    end)
  end
  local function tree(from, to, depth)
    if depth == 0 then return leaf(from, to) end
    return coroutine.wrap(function()
      local middle = (from + to) // 2
      for v in tree(from, middle, depth - 1) do coroutine.yield(v) end
      for v in tree(middle + 1, to, depth - 1) do coroutine.yield(v) end
    end)
  end
  local n, expected = random(60), 1
  for v in tree(1, n, 3) do
    assert(v == expected, "generator")
    expected = expected + 1
  end
  assert(expected == n + 1, "generator ended early")
  -- Closed half way, and one that fails.
  local co = coroutine.create(function()
    local c <close> = setmetatable({}, {__close = function() wait(random) end})
    coroutine.yield(1)
  end)
  assert(select(2, coroutine.resume(co)) == 1)
  assert(coroutine.close(co) and coroutine.status(co) == "dead")
  local ok, e = coroutine.resume(coroutine.create(function() error("in co", 0) end))
  assert(not ok and e == "in co")
end

function ops.strings(random)
  local parts, n = {}, random(200)
  for i = 1, n do parts[i] = tostring(i) .. "," end
  local text = table.concat(parts)
  local sum, count = 0, 0
  for number in text:gmatch("%d+") do
    sum = sum + math.tointeger(number)
    count = count + 1
  end
  assert(sum == n * (n + 1) // 2 and count == n, "gmatch")
  local s = ""
  for i = 1, 50 do s = s .. string.char(96 + i % 26) end
  assert(#s == 50 and s:reverse():reverse() == s, "string")
end

function ops.tables(random)
  local t = {}
  for i = 1, 300 do t["k" .. i] = i end
  local sum = 0
  for _, v in pairs(t) do sum = sum + v end
  assert(sum == 45150, "pairs")
  local q = {}
  for i = 1, 100 do table.insert(q, 1, i) end
  for i = 1, 100 do assert(table.remove(q) == i, "queue") end
  local m = setmetatable({}, {
    __index = function(_, k) if random(9) == 1 then wait(random) end return k * 2 end,
    __add = function(_, n) return n end,
    __eq = function() return true end,
    __lt = function() return true end,
    __len = function() return 7 end,
    __call = function(_, a, ...) return a, select("#", ...) end,
  })
  for i = 1, 20 do assert(m[i] == 2 * i, "index") end
  assert(m + 3 == 3 and #m == 7 and m < m, "metamethods")
  local a, n = m(1, 2, 3)
  assert(a == 1 and n == 2, "call")
  assert(select("#", table.unpack({}, 1, 100)) == 100, "unpack")
end

function ops.collect(random)
  if random(4) == 1 then collectgarbage() else collectgarbage("step", random(100)) end
  local weak = setmetatable({}, {__mode = "k"})
  for i = 1, 50 do weak[{}] = {} end
  local finalized = 0
  for i = 1, 5 do setmetatable({}, {__gc = function() finalized = finalized + 1 end}) end
end

function ops.atomic(random)
  local counter = 0
  tri.atomic(function()
    for i = 1, random(2000) do counter = counter + 1 end
  end)
  assert(counter > 0)
end

function ops.hooks(random)
  local events = 0
  debug.sethook(function() events = events + 1 end, "", 100)
  for i = 1, 5000 do end
  debug.sethook()
  assert(events >= 40 and events <= 400, "count events: " .. events)
  assert(not debug.gethook(), "a hook is left")
  local lines = 0
  debug.sethook(function() lines = lines + 1 end, "l")
  local x = 1
  x = x + 1
  debug.sethook()
  assert(lines >= 3 and lines < 30, "line events: " .. lines)
end

function ops.calls(random)
  for i = 1, random(3) do
    local held = {i}
    assert(syscall(random(3) == 1 and 1 or 0) == 0, "syscall")
    assert(held[1] == i)
  end
  local t = {3, 1, 2}
  table.sort(t, function(a, b) syscall(0) return a < b end)
  assert(t[1] == 1 and t[2] == 2 and t[3] == 3)
  assert(coroutine.wrap(function() return syscall(0) end)() == 0)
end

local names = {}
for name in pairs(ops) do names[#names + 1] = name end
table.sort(names)

-- What is shared: counters that only code without preemption points between
-- reading and writing may touch, which is guarded by a mutex; and a channel.
local mutex, shared = sync.mutex(), 0
local ch, received, sum = tri.chan(3), 0, 0
local consumer = tri.go(function()
  for v in ch:iter() do received = received + 1 sum = sum + v end
end)

local handles = {}
for g = 1, gs do
  handles[g] = tri.go(function()
    local random = random_of(seed * 1000 + g)
    local done = 0
    for round = 1, rounds do
      local name = names[random(#names)]
      local ok, e = xpcall(ops[name], debug.traceback, random)
      if not ok then error(name .. ": " .. tostring(e), 0) end
      mutex:lock()
      local before = shared
      for i = 1, random(50) do end
      shared = before + 1
      mutex:unlock()
      ch:send(g)
      done = done + 1
    end
    return done
  end)
end
local done, expected = 0, 0
for g = 1, gs do
  local ok, n = handles[g]:join()
  if not ok then error(n, 0) end
  done = done + n
  expected = expected + g * rounds
end
ch:close()
assert(consumer:join())
assert(done == gs * rounds and shared == done, "rounds were lost")
assert(received == done and sum == expected, "values were lost")
return done
)lua";

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// syscall(ms): waits in the kernel.
int SysCall(lua_State* L) {
  const auto ms = static_cast<int>(luaL_checkinteger(L, 1));
  auto* held = new std::string(100, 'h');
  vm::Syscall call(L);
  const int result = poll(nullptr, 0, ms);
  const bool goes_on = call.End();
  delete held;
  if (!goes_on) vm::Syscall::LeaveForGood();
  lua_pushinteger(L, result);
  return 1;
}

constexpr int kIsolates = 8;
constexpr int64_t kGs = 50;

Isolate* NewStormIsolate(Runtime& runtime, PreemptMode mode) {
  IsolateOptions options;
  options.preempt = mode;
  options.preempt_count = 97;
  options.report = [](std::string_view text) {
    // With such slices tri.atomic is always reported.
    if (text.find("is in trilune.atomic") != std::string_view::npos) return;
    std::fwrite(text.data(), 1, text.size(), stderr);
  };
  Isolate* isolate = NewIsolate(runtime, options);
  const Status status = isolate->Main(
      [](lua_State* L) {
        lua_pushcfunction(L, &SysCall);
        lua_setglobal(L, "syscall");
        return 0;
      },
      nullptr);
  REQUIRE(Text(status) == "ok");
  return isolate;
}

PreemptMode ModeOf(uint64_t seed, int isolate) {
  if (isolate != kIsolates - 1) return PreemptMode::kSignal;
  return seed % 2 == 0 ? PreemptMode::kCount : PreemptMode::kStrand;
}

// One storm: every isolate does all its rounds. Returns the preemptions.
uint64_t Storm(uint64_t seed, int64_t rounds) {
  Config config;
  config.procs = 1 + static_cast<int>(seed % 4);
  config.slice = std::chrono::microseconds(50);
  auto runtime = StartRuntime(config);
  std::vector<std::thread> threads;
  std::vector<std::string> results(kIsolates);
  for (int i = 0; i < kIsolates; i++) {
    Isolate* isolate = NewStormIsolate(*runtime, ModeOf(seed, i));
    threads.emplace_back([&results, isolate, seed, rounds, i] {
      auto result = isolate->RunString(
          kProgram, "=storm",
          {static_cast<int64_t>(seed % 1'000'000) + i, kGs, rounds});
      results[static_cast<size_t>(i)] =
          result.ok() ? Text(result) : result.status().message();
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (const std::string& result : results)
    REQUIRE(result == std::to_string(kGs * rounds));
  const RuntimeStats stats = runtime->stats();
  CHECK(stats.stuck <= 64);
  CHECK(Text(runtime->Stop()) == "ok");
  return stats.preemptions;
}

TEST_CASE("stress: a storm of preemptions loses and repeats nothing") {
  const auto seconds =
      FromEnvironment("TRI_STRESS_SECONDS", TRI_STRESS_DEFAULT_SECONDS);
  const auto until =
      steady_clock::now() + std::chrono::seconds(static_cast<int64_t>(seconds));
  uint64_t seed = FromEnvironment("TRI_STRESS_SEED", std::random_device()());
  uint64_t preemptions = 0;
  int storms = 0;
  do {
    std::fprintf(stderr, "TRI_STRESS_SEED=%llu\n",
                 static_cast<unsigned long long>(seed));
    INFO("TRI_STRESS_SEED=", seed);
    preemptions += Storm(seed, 5);
    seed++;
    storms++;
  } while (steady_clock::now() < until);
  CHECK(preemptions > 0);
  std::fprintf(stderr, "%d storms, %llu preemptions\n", storms,
               static_cast<unsigned long long>(preemptions));
}

// What is in progress is dumped and stopped at any moment.
TEST_CASE("stress: a storm of preemptions can be dumped and stopped") {
  const auto seconds =
      FromEnvironment("TRI_STRESS_SECONDS", TRI_STRESS_DEFAULT_SECONDS);
  const auto until =
      steady_clock::now() +
      std::chrono::milliseconds(static_cast<int64_t>(seconds)) * 300;
  uint64_t seed = FromEnvironment("TRI_STRESS_SEED", std::random_device()());
  do {
    std::fprintf(stderr, "TRI_STRESS_SEED=%llu\n",
                 static_cast<unsigned long long>(seed));
    Config config;
    config.procs = 1 + static_cast<int>(seed % 4);
    config.slice = std::chrono::microseconds(50);
    config.stop_deadline = std::chrono::seconds(60);
    auto runtime = StartRuntime(config);
    std::vector<std::thread> threads;
    constexpr int kStopped = 4;
    for (int i = 0; i < kStopped; i++) {
      Isolate* isolate =
          NewStormIsolate(*runtime, ModeOf(seed, i + kIsolates - kStopped));
      threads.emplace_back([isolate, seed, i] {
        const auto result = isolate->RunString(
            kProgram, "=storm",
            {static_cast<int64_t>(seed % 1'000'000) + i, kGs, 100'000});
        CHECK_FALSE(result.ok());
      });
    }
    const uint64_t dumps = seed % 7;
    for (uint64_t i = 0; i < dumps; i++)
      CHECK(!runtime->Dump().empty());
    while (runtime->stats().preemptions < seed % 1000)
      std::this_thread::yield();
    CHECK(Text(runtime->Stop()) == "ok");
    for (std::thread& thread : threads)
      thread.join();
    seed++;
  } while (steady_clock::now() < until);
}

}  // namespace
}  // namespace trilune
