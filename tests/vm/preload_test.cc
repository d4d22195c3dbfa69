// Isolates that tri.preload prepares (vm/runtime/isolate_pool.h) and what
// spawned ones leave behind (vm/runtime/program.h), where scripts cannot see
// it.

#include <future>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/runtime_state.h"

namespace trilune {
namespace {

using test::Host;

// unreached(): how many shared objects have no handle, after a search.
int l_unreached(lua_State* L) {
  vm::SharedCycles* cycles = vm::Isolate::Of(L)->runtime()->cycles();
  cycles->Collect();
  lua_pushinteger(L, static_cast<lua_Integer>(cycles->size()));
  return 1;
}

TEST_CASE("preload: a runtime stops over a module that does not end") {
  for (const char* body :
       {"require('trilune').sleep(1e9)", "while true do end",
        "while true do pcall(require('trilune').sleep, 1e9) end"}) {
    CAPTURE(body);
    Host host;
    CHECK(host.Run(std::string(R"(
      local tri = require "trilune"
      local ch = tri.channel(1)
      package.preload.slow = function() ch:send(1) )") +
                   body + R"( end
      tri.preload{"slow"}
      ch:recv())") == "");
  }
}

TEST_CASE("preload: other modules come in the place of one that waits") {
  Host host;
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local ch = tri.channel(1)
    package.preload.slow = function() ch:send(1) require("trilune").sleep(1e9) end
    package.preload.quick = function() return 1 end
    tri.preload{"slow"}
    ch:recv()
    tri.preload{"quick"}
    repeat
      local _, ready = tri.spawn(function() return package.loaded.quick end):join()
    until ready
    return "ready")") == "'ready'");
}

TEST_CASE("preload: a module that leaves a goroutine behind is not kept") {
  std::promise<std::string> reported;
  IsolateOptions options;
  options.report = [&reported](std::string_view text) {
    reported.set_value(std::string(text));
  };
  Host host(std::move(options));
  CHECK(host.Run(R"(
    package.preload.busy = function()
      local tri = require "trilune"
      tri.go(tri.sleep, 1e9)
    end
    require("trilune").preload{"busy"})") == "");
  CHECK(reported.get_future().get() ==
        "trilune: cannot preload: a module has left a goroutine that still "
        "runs\n");
  CHECK(host.Run("return require('trilune').spawn(function() "
                 "return package.loaded.busy end):join()") == "true nil");
}

TEST_CASE("spawned: results that hold the handle are freed") {
  Host host;
  host.Register("unreached", &l_unreached);
  CHECK(host.Run(R"(
    local tri = require "trilune"
    for i = 1, 50 do
      local ch = tri.channel(1)
      local g = tri.spawn(function(c) return c end, ch)
      g:join()
      ch:send(g)
    end
    -- One whose body never runs.
    local ch = tri.channel(1)
    local g = tri.spawn({time = 1e-9}, function(c) return c end, ch)
    g:join()
    ch:send(g)
    ch, g = nil, nil
    collectgarbage()
    -- Their isolates may still be closing.
    while unreached() > 0 do tri.yield() end
    return "freed")") == "'freed'");
}

}  // namespace
}  // namespace trilune
