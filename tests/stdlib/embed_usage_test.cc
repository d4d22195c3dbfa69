// What a host sees of the use of isolates, and the limits that it gives them.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Contains;
using test::Host;
using test::Text;

IsolateOptions Quiet() {
  IsolateOptions options;
  options.report = [](std::string_view) {};
  return options;
}

// The status of a run, and whether its message says `words`.
std::string End(Host& host, const char* chunk, const char* words) {
  const auto result = host->RunString(chunk, "=test");
  if (!Contains(result.status().message(), words)) {
    return result.status().message();
  }
  return Text(result.status());
}

TEST_CASE("usage: memory, its peak, goroutines, collections") {
  Host host;
  CHECK(host.Run("tri = require 'trilune' ch = tri.chan() "
                 "for i = 1, 3 do tri.go(function() ch:recv() end) end "
                 "kept = string.rep('x', 1 << 20)") == "");
  IsolateUsage usage = host->usage();
  CHECK(usage.name == "main");
  CHECK(usage.id == 1);
  CHECK(usage.goroutines == 3);
  CHECK(usage.memory_bytes > 1 << 20);
  CHECK(usage.peak_bytes >= usage.memory_bytes);
  CHECK(usage.reserved_bytes >= usage.memory_bytes);
  CHECK(usage.limit_bytes == 0);
  CHECK(usage.instructions == 0);
  CHECK(usage.age.count() > 0);
  CHECK_FALSE(usage.limit_exceeded);
  CHECK(host.Run("kept = nil for i = 1, 5 do collectgarbage() end") == "");
  const uint64_t before = usage.collections;
  usage = host->usage();
  CHECK(usage.collections >= before + 5);
  CHECK(usage.memory_bytes < 1 << 20);
  CHECK(usage.peak_bytes > 1 << 20);
  CHECK(Text(host->Close()) == "ok");
  usage = host->usage();
  CHECK(usage.name == "main");
  CHECK(usage.memory_bytes == 0);
  CHECK(usage.goroutines == 0);
  CHECK(usage.peak_bytes > 1 << 20);
}

TEST_CASE("usage: collections are counted in each mode of the collector") {
  for (const char* mode : {"incremental", "generational"}) {
    Host host;
    CHECK(host.Run(std::string("collectgarbage('") + mode + "')") == "");
    const uint64_t before = host->usage().collections;
    CHECK(host.Run("for i = 1, 1000000 do local t = {} end") == "");
    const uint64_t some = host->usage().collections;
    CHECK(some > before + 10);
    CHECK(host.Run("collectgarbage()") == "");
    CHECK(host->usage().collections >= some + 1);
  }
}

TEST_CASE("usage: the sentinel is seen by nobody, and costs little") {
  Host host;
  CHECK(host.Run(R"(
    for i = 1, 10 do collectgarbage() end
    local before = collectgarbage("count")
    for i = 1, 100 do collectgarbage() end
    local growth = (collectgarbage("count") - before) * 1024
    local userdata = 0
    for _, v in pairs(debug.getregistry()) do
      local meta = type(v) == "userdata" and debug.getmetatable(v)
      if meta and meta.__gc and next(meta, next(meta)) == nil then
        userdata = userdata + 1
      end
    end
    return growth < 512, userdata)") == "true 0");
}

TEST_CASE("usage: read while C code keeps the isolate busy") {
  Host host;
  // A loop that nothing stops; its isolate answers nobody.
  host.Register(
      "look",
      [](lua_State* L) {
        auto* h = static_cast<Host*>(lua_touserdata(L, lua_upvalueindex(1)));
        const IsolateUsage usage = h->isolate()->usage();
        lua_pushboolean(L, !usage.idle && usage.goroutines == 1 &&
                               usage.memory_bytes > 10'000);
        return 1;
      },
      &host);
  CHECK(host.Run("return look()") == "true");
}

TEST_CASE("usage: of all isolates, spawned ones too") {
  Host host;
  auto* other = test::NewIsolate(host.runtime());
  CHECK(Text(other->RunString("return 1", "=test")) == "1");
  CHECK(host.Run(R"(
    tri = require "trilune"
    ch, done = tri.channel(1), tri.channel()
    g = tri.spawn({name = "parser", memory = "16M"}, function(ch, done)
      local kept = string.rep("x", 1 << 20)
      ch:send(#kept)
      done:recv()
      return #kept
    end, ch, done)
    return ch:recv() == 1 << 20)") == "true");
  std::vector<IsolateUsage> all = host.runtime().usage();
  CHECK(all.size() == 3);
  CHECK(host.runtime().stats().isolates == 3);
  const auto at = std::find_if(
      all.begin(), all.end(),
      [](const IsolateUsage& one) { return one.name == "parser"; });
  REQUIRE(at != all.end());
  CHECK(at->memory_bytes > 1 << 20);
  CHECK(at->limit_bytes == 16 << 20);
  CHECK(at->messages_sent == 1);
  CHECK(at->messages_received == 1);  // what it was started with
  CHECK(host.Run("return g:id()") == std::to_string(at->id));
  CHECK(host.Run("done:send(1) return select('#', g:join())") == "2");
  const RuntimeStats stats = host.runtime().stats();
  CHECK(stats.spare_hits + stats.spare_misses == 1);
  CHECK(Text(other->Close()) == "ok");
  for (const IsolateUsage& one : host.runtime().usage())
    CHECK(one.id != other->usage().id);
}

TEST_CASE("limit: of instructions") {
  IsolateOptions options = Quiet();
  options.instruction_limit = 1'000'000;
  Host host(std::move(options));
  CHECK(host.Run("for i = 1, 1000 do end") == "");
  const uint64_t some = host->usage().instructions;
  CHECK(some > 500);
  CHECK(some < 100'000);
  CHECK(End(host, "while true do pcall(function() while true do end end) end",
            "instruction limit (1000000) exceeded") == "limit");
  CHECK(host->usage().limit_exceeded);
  CHECK(host->usage().instructions > 1'000'000);
  // It stays so, and says why.
  CHECK(End(host, "return 1", "instruction limit") == "limit");
  CHECK(host.Call("print") == "limit");
}

TEST_CASE("limit: of CPU time, and of time") {
  IsolateOptions options = Quiet();
  options.cpu_limit = std::chrono::milliseconds(50);
  {
    Host host(options);
    CHECK(host.Run("require('trilune').sleep(0.1) return 1") == "1");
    CHECK(End(host, "while true do end", "CPU time limit (0.05 s) exceeded") ==
          "limit");
    CHECK(host->usage().cpu >= options.cpu_limit);
  }
  options.cpu_limit = {};
  options.time_limit = std::chrono::milliseconds(50);
  Host host(options);
  CHECK(End(host, "require('trilune').sleep(100)",
            "time limit (0.05 s) exceeded") == "limit");
}

TEST_CASE("limit: a call gets it, and Main") {
  IsolateOptions options = Quiet();
  options.time_limit = std::chrono::milliseconds(50);
  Host host(std::move(options));
  CHECK(host.Run("function f() error('own') end "
                 "function g() pcall(require('trilune').sleep, 100) "
                 "error('own') end") == "");
  CHECK(host.Call("f") == "lua error");
  auto failed = host->Call("g");
  CHECK(Text(failed) == "limit");
  CHECK(Contains(failed.status().message(), "time limit (0.05 s) exceeded"));
  const Status status = host->Main([](lua_State*) { return 0; }, nullptr);
  CHECK(Text(status) == "limit");
}

TEST_CASE("limit: of goroutines, messages and memory: the script catches it") {
  IsolateOptions options = Quiet();
  options.goroutine_limit = 4;
  options.message_limit_bytes = 10'000;
  options.memory_limit_bytes = 8 << 20;
  Host host(std::move(options));
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local made = 0
    local ok, message = pcall(function()
      for i = 1, 10 do tri.go(tri.sleep, 10) made = made + 1 end
    end)
    local sends, why = pcall(tri.channel(1).send, tri.channel(1),
                             string.rep("x", 20000))
    return ok, made, message:match("limit %d+"), sends,
           why:match("message too large"))") ==
        "false 4 'limit 4' false 'message too large'");
  CHECK(host.Run("return pcall(string.rep, 'x', 1 << 24)") ==
        "false 'not enough memory'");
  CHECK(host->usage().limit_bytes == 8 << 20);
  CHECK_FALSE(host->usage().limit_exceeded);
}

TEST_CASE("limit: one isolate's end is nobody else's") {
  IsolateOptions options = Quiet();
  options.time_limit = std::chrono::milliseconds(20);
  Host host(std::move(options));
  auto* other = test::NewIsolate(host.runtime());
  CHECK(End(host, "while true do end", "time limit") == "limit");
  CHECK(Text(other->RunString("return 1", "=test")) == "1");
  CHECK_FALSE(other->usage().limit_exceeded);
}

TEST_CASE("limit: that makes no sense") {
  auto runtime = test::StartRuntime();
  IsolateOptions options;
  options.cpu_limit = std::chrono::nanoseconds(-1);
  CHECK(Text(runtime->NewIsolate(options).status()) == "invalid argument");
  options.cpu_limit = {};
  options.time_limit = std::chrono::nanoseconds(-1);
  CHECK(Text(runtime->NewIsolate(options).status()) == "invalid argument");
  Config config;
  config.idle_gc = std::chrono::nanoseconds(-1);
  CHECK(Text(Runtime::Start(config).status()) == "invalid argument");
}

}  // namespace
}  // namespace trilune
