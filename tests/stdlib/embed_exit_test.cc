// os.exit seen from the host: what it gets, and what it can still do.

#include <atomic>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Host;
using test::Text;

// Counts the calls of a script's C function.
int Count(lua_State* L) {
  static_cast<std::atomic<int>*>(lua_touserdata(L, lua_upvalueindex(1)))
      ->fetch_add(1);
  return 0;
}

struct Exit {
  const char* chunk;
  int code;
  bool close;
};

TEST_CASE("exit: the host gets code and wish, wherever it was called") {
  for (const Exit& exit : {
           Exit{"os.exit()", 0, false},
           Exit{"os.exit(true)", 0, false},
           Exit{"os.exit(false)", 1, false},
           Exit{"os.exit(7, true)", 7, true},
           Exit{"os.exit(-1)", -1, false},
           Exit{"pcall(os.exit, 3)", 3, false},
           Exit{"coroutine.wrap(function() os.exit(4, true) end)()", 4, true},
           Exit{"table.sort({1, 2}, function() os.exit(5) end)", 5, false},
           Exit{"tri.go(os.exit, 6) tri.chan():recv()", 6, false},
           Exit{"tri.go(os.exit, 6) tri.sleep(1e9)", 6, false},
           Exit{"tri.go(function() table.sort({1, 2}, function() "
                "os.exit(8, true) end) end):join()",
                8, true},
           Exit{"setmetatable({}, {__gc = function() os.exit(9) end}) "
                "collectgarbage()",
                9, false},
       }) {
    CAPTURE(exit.chunk);
    Host host;
    CHECK(host->exit_request().code == 0);
    CHECK(host.Run("tri = require 'trilune' " + std::string(exit.chunk)) ==
          "exit");
    CHECK(host->exit_request().code == exit.code);
    CHECK(host->exit_request().close == exit.close);
    // It is known beyond the isolate's end.
    CHECK(Text(host->Close()) == "ok");
    CHECK(host->exit_request().code == exit.code);
  }
}

TEST_CASE("exit: nothing runs afterwards") {
  std::atomic<int> ran{0};
  Host host;
  host.Register("count", &Count, &ran);
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local ch = tri.chan()
    for i = 1, 100 do
      tri.go(function()
        local c <close> = setmetatable({}, {__close = count})
        ch:recv()
        count()
      end)
    end
    tri.yield()
    for i = 1, 100 do tri.go(count) end
    for i = 1, 50 do ch:send(1) end
    os.exit()
    count())") == "exit");
  CHECK(ran == 0);
  CHECK(host.Run("return 1") == "stopped");
  CHECK(host.Call("count") == "stopped");
  host->Interrupt("nobody");
  CHECK(Text(host->Close()) == "ok");
  CHECK(ran == 0);
}

TEST_CASE("exit: every caller of the host gets it") {
  IsolateOptions options;
  options.host_calls_in = true;
  Host host(options);
  CHECK(host.Run("tri = require 'trilune' up = tri.chan(2) "
                 "function wait() up:send(1) tri.chan():recv() end "
                 "function leave() up:recv() up:recv() os.exit(3) end") == "");
  std::string first;
  std::string second;
  std::thread one([&] { first = host.Call("wait"); });
  std::thread two([&] { second = host.Run("wait()"); });
  CHECK(host.Call("leave") == "exit");
  one.join();
  two.join();
  CHECK(first == "exit");
  CHECK(second == "exit");
  CHECK(host->exit_request().code == 3);
}

// The G that called os.exit is parked for ever: nobody may wake it.
TEST_CASE("exit: finalizers run at the close, and cannot wake a G") {
  std::atomic<int> ran{0};
  Host host;
  host.Register("count", &Count, &ran);
  CHECK(host.Run(R"(
    local tri, sync = require "trilune", require "trilune.sync"
    local ch, mutex = tri.chan(), sync.mutex()
    mutex:lock()
    local gs = {tri.self()}
    gs[2] = tri.go(function() ch:recv() end)
    gs[3] = tri.go(function() table.sort({1, 2}, function() ch:recv() end) end)
    gs[4] = tri.go(function() mutex:lock() end)
    gs[5] = tri.go(function() tri.sleep(1e9) end)
    gs[6] = tri.go(function()
      tri.group(function(g)
        group = g
        g:go(tri.sleep, 1e9)
        tri.sleep(1e9)
      end)
    end)
    tri.yield()
    gs[7] = tri.go(print)   -- never starts
    setmetatable({}, {__gc = function()
      for _, g in ipairs(gs) do
        g:cancel("now")
        g:status()
        assert(not pcall(g.join, g))
      end
      group:cancel()
      mutex:unlock()
      ch:trysend(1)
      assert(not pcall(tri.go, print))
      assert(not pcall(tri.sleep, 0))
      tri.after(0)
      ch:close()
      count()
    end})
    os.exit(0, true))") == "exit");
  CHECK(ran == 0);
  CHECK(Text(host->Close()) == "ok");
  CHECK(ran == 1);
}

TEST_CASE("exit: variables of main are closed at the close") {
  std::atomic<int> ran{0};
  Host host;
  host.Register("count", &Count, &ran);
  CHECK(host.Run("local c <close> = setmetatable({}, {__close = count}) "
                 "os.exit(0, true)") == "exit");
  CHECK(ran == 0);
  CHECK(Text(host->Close()) == "ok");
  CHECK(ran == 1);
}

TEST_CASE("exit: a G that waits for another isolate is dropped with the rest") {
  IsolateOptions options;
  options.host_calls_in = true;
  Host host(options);
  Isolate* other = test::NewIsolate(host.runtime(), options);
  REQUIRE(Text(other->RunString("ch = require('trilune').chan() "
                                "function f() return ch:recv() end "
                                "function wake() ch:send(1) end",
                                "=other")) == "");
  host.Register(
      "callother",
      [](lua_State* L) {
        auto* isolate =
            static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)));
        static_cast<void>(isolate->Call("f"));
        return 0;
      },
      other);
  CHECK(host.Run("local tri = require 'trilune' "
                 "local g = tri.go(callother) "
                 "while g:status() ~= 'waiting' do tri.yield() end "
                 "os.exit()") == "exit");
  CHECK(Text(host->Close()) == "ok");
  // The call ends without its caller.
  CHECK(Text(other->Call("wake")) == "");
  CHECK(Text(other->Close()) == "ok");
}

TEST_CASE("exit: other isolates go on") {
  Host host;
  Isolate* other = test::NewIsolate(host.runtime());
  CHECK(host.Run("os.exit()") == "exit");
  CHECK(Text(other->RunString("return 1", "=other")) == "1");
}

}  // namespace
}  // namespace trilune
