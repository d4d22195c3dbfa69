// Isolates with a memory limit: at it, Lua raises "not enough memory" and
// nothing breaks. Under AddressSanitizer each case also says that nothing
// leaks.

#include <string>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Contains;
using test::Host;
using test::StartRuntime;
using test::Text;

IsolateOptions Limit(size_t bytes) {
  IsolateOptions options;
  options.memory_limit_bytes = bytes;
  options.report = [](std::string_view) {};
  return options;
}

constexpr size_t kMegabyte = size_t{1} << 20;

TEST_CASE("limit: too small for the libraries, at any point of opening them") {
  auto runtime = StartRuntime();
  int failed = 0;
  size_t bytes = 1000;
  for (;; bytes += 500) {
    auto isolate = runtime->NewIsolate(Limit(bytes));
    if (isolate.ok()) break;
    failed++;
    CHECK(Text(isolate.status()) == "no memory");
  }
  CHECK(failed > 10);
  CHECK(bytes < kMegabyte);
  CHECK(Text(runtime->Stop()) == "ok");
}

TEST_CASE("limit: an error that Lua can catch, and the host is told of") {
  Host host(Limit(kMegabyte));
  CHECK(host.Run("return pcall(string.rep, 'x', 1 << 21)") ==
        "false 'not enough memory'");
  auto failed = host->RunString("return string.rep('x', 1 << 21)", "=test");
  CHECK(Text(failed) == "no memory");
  CHECK(Contains(failed.status().message(), "not enough memory"));
  CHECK(host.Call("string.rep", {std::string("x"), int64_t{1} << 21}) ==
        "no memory");
  CHECK(host.Run("return #string.rep('x', 1 << 18)") == "262144");
}

TEST_CASE("limit: reached while a million Gs are made") {
  IsolateOptions options = Limit(16 * kMegabyte);
  options.preempt = PreemptMode::kOff;  // else some would run meanwhile
  Host host(std::move(options));
  CHECK(host.Run(R"(
    tri = require "trilune"
    made, ran = 0, 0
    local ok, message = pcall(function()
      for i = 1, 1000000 do
        tri.go(function() ran = ran + 1 end)
        made = made + 1
      end
    end)
    return ok, message:match 'not enough memory', made > 10000, ran)") ==
        "false 'not enough memory' true 0");
  // Some may find no memory to start; the others run, and give theirs back.
  CHECK(host.Run(R"(
    tri.sleep(0)
    local g = tri.go(function(...) return select("#", ...), ... end, 1, 2)
    local ok, n = g:join()
    collectgarbage()
    return ok, n, ran > 0, ran <= made, collectgarbage("count") < 8 * 1024)") ==
        "true 2 true true true");
  CHECK(host.Run("return 1") == "1");
  CHECK(Text(host->Close()) == "ok");
}

TEST_CASE("limit: reached by the states of Gs that wait") {
  Host host(Limit(16 * kMegabyte));
  CHECK(host.Run(R"(
    tri = require "trilune"
    ch = tri.chan()
    gs = {}
    local reserve = string.rep("x", 1 << 20)
    local ok = pcall(function()
      for i = 1, 1000000 do
        gs[i] = tri.go(function() return (ch:recv()) end)
        if i % 100 == 0 then tri.yield() end
      end
    end)
    reserve = nil
    collectgarbage()
    local n = 0
    for _, g in ipairs(gs) do
      if g:status() == "waiting" then n = n + 1 end
    end
    return ok, n > 1000)") == "false true");
  CHECK(host.Run(R"(
    local right, failed = 0, 0
    while ch:trysend("woken") do end
    for _, g in ipairs(gs) do
      local ok, v = g:join()
      if ok and v == "woken" then
        right = right + 1
      elseif v == "not enough memory" then
        failed = failed + 1
      end
    end
    local n = #gs
    gs = nil
    collectgarbage()
    return right + failed == n, right > 1000)") == "true true");
}

TEST_CASE("limit: reached in every kind of operation, again and again") {
  Host host(Limit(2 * kMegabyte));
  CHECK(host.Run(R"(
    local tri, sync = require "trilune", require "trilune.sync"
    local failures = {}
    local function try(name, f)
      collectgarbage() collectgarbage()
      local held, kept, errors, size = {}, {}, {}, 1 << 18
      for i = 1, 200 do errors[i] = false end
      -- Use the memory up, in ever smaller pieces.
      local function hold() held[#held + 1] = string.rep("x", size) end
      while size > 16 do
        if not pcall(hold) then size = size // 2 end
      end
      for i = 1, 200 do
        local ok, e = pcall(f, kept, i)
        if not ok then errors[i] = e end
      end
      held, kept = nil, nil
      collectgarbage()
      for i = 1, 200 do
        local e = errors[i]
        if e and tostring(e):find("not enough memory") then
          failures[name] = (failures[name] or 0) + 1
        end
      end
    end
    local ch = tri.chan(1 << 20)
    for round = 1, 5 do
      try("go", function(kept) kept[#kept + 1] = tri.go(function() end) end)
      try("args", function() tri.go(print, 1, 2, 3, 4, 5, 6, 7, 8, 9) end)
      try("chan", function(kept) kept[#kept + 1] = tri.chan(10) end)
      try("send", function() ch:trysend({}) end)
      try("select", function() tri.select{{ch, "send", {}}, default = true} end)
      try("after", function(kept) kept[#kept + 1] = tri.after(1e9) end)
      try("group", function() tri.group(function(g) g:go(tri.yield) end) end)
      try("mutex", function(kept) kept[#kept + 1] = sync.mutex() end)
      try("cancel", function(kept)
        local g = tri.go(tri.yield)
        g:cancel("reason " .. #kept)
      end)
      try("yield", function() tri.yield() end)
      try("wrap", function() coroutine.wrap(function() tri.yield() end)() end)
      try("results", function()
        local g = tri.go(function() return 1, 2, 3, {}, {} end)
        g:join()
      end)
      try("error", function() tri.go(error, {}):join() end)
      try("sort", function()
        table.sort({3, 2, 1}, function(a, b) tri.yield() return a < b end)
      end)
    end
    local names = 0
    for _ in pairs(failures) do names = names + 1 end
    return names > 5)") == "true");
  CHECK(host.Run("collectgarbage() return require('trilune').go(select, '#'):"
                 "join()") == "true 0");
}

TEST_CASE("limit: reached while the host calls") {
  Host host(Limit(kMegabyte));
  CHECK(host.Run("held = {} function f(...) return ... end "
                 "function free() held = nil collectgarbage() end "
                 "local size = 1 << 17 "
                 "while size > 16 do "
                 "  if not pcall(function() "
                 "    held[#held + 1] = string.rep('x', size) end) then "
                 "    size = size // 2 "
                 "  end "
                 "end") == "");
  int refused = 0;
  for (int i = 0; i < 100; i++) {
    const std::string text =
        host.Call("f", {std::string(static_cast<size_t>(i) * 100, 'y')});
    refused += text == "no memory" || text == "lua error";
  }
  CHECK(refused > 0);
  host->Interrupt(std::string(100000, 'z'));
  CHECK(host.Run("held = nil collectgarbage() return 1") == "1");
  CHECK(host.Call("f", {std::string("y")}) == "'y'");
}

}  // namespace
}  // namespace trilune
