// Calls of the host that a G makes, from where it can wait and from where not.

#include <string>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Host;
using test::NewIsolate;
using test::Text;

// For scripts: calls "f" of the isolate in upvalue 1. Gives its result, or what
// went wrong and the message.
int Ask(lua_State* L) {
  auto* other = static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)));
  bool ok = false;
  {
    auto result = other->Call("f", {});
    ok = result.ok();
    const std::string text =
        ok ? Text(result.value()[0])
           : Text(result.status()) + ": " + result.status().message();
    lua_pushlstring(L, text.data(), text.size());
  }
  return 1;
}

// An isolate whose "f" lets others run before it answers.
Isolate* NewOther(Host& host) {
  Isolate* other = NewIsolate(host.runtime());
  REQUIRE(Text(other->RunString("local tri = require 'trilune' "
                                "function f() tri.yield() return 7 end",
                                "=other")) == "");
  return other;
}

TEST_CASE("nested: a call inside tri.atomic is refused, and no other G runs") {
  Host host;
  host.Register("ask", &Ask, NewOther(host));
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local others = 0
    local g = tri.go(function() while true do others = others + 1 tri.yield() end end)
    tri.yield()
    local before = others
    local answer, after
    tri.atomic(function() answer = ask() after = others end)
    g:cancel()
    return answer, after - before, ask())") ==
        "'invalid argument: cannot wait inside trilune.atomic' 0 '7'");
}

TEST_CASE("nested: a call in a finalizer is refused") {
  Host host;
  host.Register("ask", &Ask, NewOther(host));
  CHECK(host.Run(R"(
    local answer
    setmetatable({}, {__gc = function() answer = ask() end})
    collectgarbage()
    return answer, ask())") ==
        "'invalid argument: cannot block in a finalizer' '7'");
}

TEST_CASE("nested: closing another isolate is refused where calls are") {
  Host host;
  Isolate* other = NewOther(host);
  host.Register(
      "shut",
      [](lua_State* L) {
        auto* it =
            static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)));
        {
          const std::string text = Text(it->Close());
          lua_pushlstring(L, text.data(), text.size());
        }
        return 1;
      },
      other);
  CHECK(host.Run("return require 'trilune'.atomic(shut)") ==
        "'invalid argument'");
  CHECK(Text(other->Call("f")) == "7");
  CHECK(host.Run("return shut()") == "'ok'");
  CHECK(Text(other->Call("f")) == "stopped");
}

// Interrupts the isolate itself: not even its main G, in atomic, waits for it.
TEST_CASE("nested: an interrupt is sent from anywhere") {
  Host host;
  host.Register(
      "interrupt",
      [](lua_State* L) {
        static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)))
            ->Interrupt("stop here");
        return 0;
      },
      host.isolate());
  CHECK(host.Run(R"(
    local tri = require "trilune"
    tri.atomic(interrupt)
    return pcall(function() while true do tri.yield() end end))") ==
        "false 'stop here'");
}

// Nothing counts the instructions of a hook, so they are charged for by time:
// also those after a wait inside the hook.
TEST_CASE("nested: a hook that has called another isolate is charged for") {
  IsolateOptions options;
  options.instruction_limit = uint64_t{1} << 50;
  Host host(std::move(options));
  host.Register("ask", &Ask, NewOther(host));
  CHECK(host.Run(R"(
    local answer
    debug.sethook(function()
      debug.sethook()
      answer = ask()
      for i = 1, 1e7 do end
    end, "", 1000)
    while not answer do end
    return answer)") == "'7'");
  CHECK(host->usage().instructions > 1'000'000);
}

// A cancelled G finishes the call that it is in: its frame holds it.
TEST_CASE("nested: a cancel comes after the call") {
  Host host;
  IsolateOptions options;
  options.host_calls_in = true;  // "f" waits until "go" is called
  Isolate* other = NewIsolate(host.runtime(), std::move(options));
  REQUIRE(Text(other->RunString("ch = require 'trilune'.chan() "
                                "function f() waiting = true return ch:recv() "
                                "end "
                                "function go() local tri = require 'trilune' "
                                "while not waiting do tri.yield() end "
                                "ch:send(7) end",
                                "=other")) == "");
  host.Register("ask", &Ask, other);
  host.Register(
      "release",
      [](lua_State* L) {
        auto* it =
            static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)));
        static_cast<void>(it->Call("go"));
        return 0;
      },
      other);
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local answer
    local g = tri.go(function() answer = ask() tri.sleep(60) end)
    tri.yield()
    g:cancel()
    tri.yield()
    release()
    local ok, why = g:join()
    return answer, ok, tostring(why))") == "'7' false 'cancelled'");
}

}  // namespace
}  // namespace trilune
