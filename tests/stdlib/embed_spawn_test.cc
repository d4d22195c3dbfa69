// Program isolates through the embedding API: the runtime stops, or the isolate
// that spawned them is closed, in every state that they can be in. Everybody
// ends, and under AddressSanitizer each case also says that nothing leaks.

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Contains;
using test::Host;
using test::NewIsolate;
using test::StartRuntime;
using test::Text;

// None of them takes that long to stop, however busy the machine is: finalizers
// that do not end are ended after half a second.
constexpr auto kPatience = std::chrono::seconds(20);

// Programs of isolates that do not end. `ready` is a channel that each sends to
// once it is about to; `ch` a full one with room for one; `closed` is closed.
constexpr const char* kPrograms[] = {
    "function(ready) ready:send(1) while true do end end",
    "function(ready) ready:send(1) while true do pcall(function() while true "
    "do end end) end end",
    "function(ready) ready:send(1) require('trilune').sleep(1e9) end",
    "function(ready, ch, empty) ready:send(1) empty:recv() end",
    "function(ready, ch) ready:send(1) ch:send(1) end",
    "function(ready, ch, empty) ready:send(1) require('trilune').select{{ch, "
    "'send', 1}, {empty}} end",
    "function(ready, ch, empty) ready:send(1) for v in empty:iter() do end end",
    "function(ready, ch, empty, closed) ready:send(1) while true do "
    "pcall(closed.send, closed, 1) closed:recv() end end",
    "function(ready) local tri = require 'trilune' local g = "
    "tri.spawn(function() require('trilune').sleep(1e9) end) ready:send(1) "
    "g:join() end",
    "function(ready) local tri = require 'trilune' ready:send(1) "
    "tri.group(function(group) group:spawn(function() "
    "require('trilune').sleep(1e9) end) end) end",
    "function(ready) local tri = require 'trilune' for i = 1, 20 do "
    "tri.go(tri.sleep, 1e9) end ready:send(1) table.sort({1, 2}, function() "
    "tri.sleep(1e9) end) end",
    "function(ready) local tri = require 'trilune' ready:send(1) while true do "
    "pcall(tri.spawn, function() end) end end",
    "function(ready) local tri = require 'trilune' ready:send(1) while true do "
    "tri.spawn(function() end):join() end end",
    "function(ready) keep = setmetatable({}, {__gc = function() while true do "
    "end end}) ready:send(1) require('trilune').sleep(1e9) end",
};

constexpr const char* kSetUp = R"(
  tri = require "trilune"
  ready, ch, empty, closed = tri.channel(), tri.channel(1), tri.channel(), tri.channel()
  ch:send(0)
  closed:close()
  function start(n, f)
    gs = gs or {}
    for i = 1, n do gs[#gs + 1] = tri.spawn({ goroutines = 30 }, f, ready, ch, empty, closed) end
    for i = 1, n do ready:recv() end
  end)";

std::string StartOf(const char* program, int n) {
  return "start(" + std::to_string(n) + ", " + program + ")";
}

TEST_CASE("spawn: the runtime stops beside each kind of program") {
  for (const char* program : kPrograms) {
    CAPTURE(std::string(program));
    Config config;
    config.stop_deadline = kPatience;
    Host host({}, config);
    CHECK(host.Run(kSetUp).empty());
    CHECK(host.Run(StartOf(program, 5)).empty());
  }
}

TEST_CASE("spawn: the runtime stops beside all of them") {
  Config config;
  config.stop_deadline = kPatience;
  Host host({}, config);
  CHECK(host.Run(kSetUp).empty());
  for (const char* program : kPrograms)
    CHECK(host.Run(StartOf(program, 3)).empty());
}

TEST_CASE("spawn: the isolate that spawned them is closed first") {
  Config config;
  config.stop_deadline = kPatience;
  for (const char* program : kPrograms) {
    CAPTURE(std::string(program));
    Host host({}, config);
    CHECK(host.Run(kSetUp).empty());
    CHECK(host.Run(StartOf(program, 3)).empty());
    CHECK(Text(host->Close()) == "ok");
  }
}

TEST_CASE("spawn: an isolate is closed while it joins, and is joined") {
  Host host;
  Isolate* second = NewIsolate(host.runtime());
  constexpr char kJoin[] = R"(
    local tri = require "trilune"
    for i = 1, 5 do
      local g = tri.spawn(function() require("trilune").sleep(1e9) end)
      tri.go(function() g:join() end)
      tri.go(function() pcall(g.join, g, 1e9) end)
      tri.go(function() table.sort({ 1, 2 }, function() g:join() end) end)
    end
    tri.yield())";
  CHECK(host.Run(kJoin).empty());
  CHECK(Text(second->RunString(kJoin, "=test")).empty());
  CHECK(Text(second->Close()) == "ok");
  // What it spawned lives on, and the other isolate does not notice.
  CHECK(host.Run("return 1") == "1");
}

TEST_CASE("spawn: isolates that hold handles of each other") {
  for (int round = 0; round < 10; round++) {
    Host host;
    CHECK(host.Run(R"(
      local tri = require "trilune"
      local ready = tri.channel()
      local mail, gs = {}, {}
      for i = 1, 6 do
        mail[i] = tri.channel(10)
        gs[i] = tri.spawn(function(mail, ready)
          local tri = require "trilune"
          local gs = mail:recv()
          for _, g in ipairs(gs) do tri.go(function() pcall(g.join, g) end) end
          ready:send(1)
          mail:recv()
          error({ mail, gs })
        end, mail[i], ready)
      end
      for i = 1, 6 do mail[i]:send(gs) end
      for i = 1, 6 do ready:recv() end
      for i = 1, 3 do mail[i]:send(1) end
      for i = 1, 2 do gs[i]:join() end)")
              .empty());
  }
}

TEST_CASE("spawn: stopped while it starts programs") {
  for (int round = 0; round < 30; round++) {
    auto runtime = StartRuntime();
    std::atomic<bool> reported{false};
    IsolateOptions options;
    options.report = [&reported](std::string_view) { reported = true; };
    Isolate* isolate = NewIsolate(*runtime, options);
    std::thread caller([isolate] {
      static_cast<void>(isolate->RunString(R"(
        local tri = require "trilune"
        for i = 1, 3 do
          tri.go(function()
            while true do
              local g = tri.spawn(function(x) return x end, {})
              tri.spawn(function(g) return g:join() end, g)
              if i == 2 then g:join() elseif i == 3 then g:cancel() end
            end
          end)
        end
        tri.sleep(1e9))",
                                           "=test"));
    });
    while (runtime->stats().schedticks.empty() ||
           runtime->stats().schedticks[0] <
               20u * static_cast<unsigned>(round)) {
      std::this_thread::yield();
    }
    CHECK(Text(runtime->Stop()) == "ok");
    caller.join();
    CHECK(!reported);
  }
}

TEST_CASE("spawn: threads that dump and call while programs come and go") {
  Host host;
  CHECK(host.Run(R"(
    tri = require "trilune"
    function churn()
      for i = 1, 50 do
        local g = tri.spawn({ name = "churn" }, function() return 1 end)
        if i % 2 == 0 then g:join() end
      end
    end)")
            .empty());
  std::atomic<bool> done{false};
  std::thread dumper([&host, &done] {
    while (!done)
      CHECK(Contains(host.runtime().Dump(), "isolate main:"));
  });
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; i++)
    callers.emplace_back([&host] { CHECK(host.Call("churn").empty()); });
  for (std::thread& caller : callers)
    caller.join();
  done = true;
  dumper.join();
}

TEST_CASE("spawn: a dump names each isolate and what it does") {
  Host host;
  CHECK(host.Run(R"(
    local tri = require "trilune"
    ready = tri.channel()
    g = tri.spawn({ name = "worker" }, function(ready)
      ready:send(1)
      require("trilune").sleep(1e9)
    end, ready)
    ready:recv()
    while g:status() ~= "waiting" do tri.yield() end)")
            .empty());
  const std::string dump = host.runtime().Dump();
  CHECK(Contains(dump, "isolate worker:\n\ngoroutine "));
  CHECK(Contains(dump, "[sleep, "));
}

TEST_CASE("spawn: errors go to the report of the isolate that spawned") {
  static std::mutex mutex;  // allow: the host's own
  static std::string text;
  text.clear();
  IsolateOptions options;
  options.report = [](std::string_view part) {
    const std::lock_guard<std::mutex> lock(mutex);  // allow: the host's own
    text += part;
  };
  {
    Host host(options);
    CHECK(host.Run(R"(
      local tri = require "trilune"
      local done = tri.channel()
      tri.spawn({ name = "outer" }, function(done)
        require("trilune").spawn({ name = "inner" }, function(done)
          done:send(1)
          error("deep down")
        end, done)
      end, done)
      done:recv())")
              .empty());
    while ([] {
      const std::lock_guard<std::mutex> lock(mutex);  // allow: the host's own
      return text.empty();
    }()) {
      CHECK(host.Run("collectgarbage()").empty());
    }
  }
  CHECK(Contains(text, "(isolate 'inner'): [string \"test\"]") ==
        Contains(text, "[string"));
  CHECK(Contains(text, "deep down"));
  CHECK(Contains(text, "stack traceback:"));
}

TEST_CASE("spawn: os.exit in a spawned isolate ends the host's call") {
  Host host;
  CHECK(host.Run(R"(
    local tri = require "trilune"
    tri.spawn(function()
      require("trilune").spawn(function() os.exit(5) end):join()
    end)
    tri.sleep(1e9))") == "exit");
  CHECK(host->exit_request().requested);
  CHECK(host->exit_request().code == 5);
  CHECK(!host->exit_request().close);
  CHECK(Text(host->Close()) == "ok");
  CHECK(host->exit_request().code == 5);
}

TEST_CASE("spawn: os.exit of several at once, and beside a close") {
  for (int round = 0; round < 20; round++) {
    Host host;
    std::thread caller([&host] {
      const std::string result = host.Run(R"(
        local tri = require "trilune"
        for i = 1, 4 do tri.spawn(function(i) os.exit(i) end, i) end
        while true do end)");
      CHECK((result == "exit" || result == "stopped" || result == "lua error"));
    });
    if (round % 2 == 0) static_cast<void>(host->Close());
    caller.join();
  }
}

TEST_CASE(
    "spawn: a memory limit of the host's isolate is its children's, too") {
  IsolateOptions options;
  options.memory_limit_bytes = 4 << 20;
  Host host(options);
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local ok, e = tri.spawn(function()
      local t = {}
      for i = 1, 1e9 do t[i] = i end
    end):join()
    return ok, e)") == "false 'not enough memory'");
  CHECK(host.Run("return 'usable'") == "'usable'");
}

}  // namespace
}  // namespace trilune
