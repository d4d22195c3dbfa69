// Files at the end of an isolate: its Gs may be in the kernel then, and the
// FILEs that they use must outlive the handles.

#include <string>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Host;
using test::Text;

// A FIFO that is open at both ends is silent for ever.
const std::string kSilent = R"(
  local tri = require "trilune"
  local name = os.tmpname()
  os.remove(name)
  assert(os.execute("mkfifo " .. name))
  local silent = assert(io.open(name, "r+"))
  os.remove(name)
)";

TEST_CASE("io: an isolate ends while a G reads from a silent pipe") {
  Host host;
  CHECK(host.Run(kSilent + R"(
    tri.go(function() silent:read() end)
    local second = tri.go(function() silent:read("a") end)
    while second:status() ~= "waiting" do tri.yield() end
  )") == "");
  CHECK(Text(host->Close()) == "ok");
}

TEST_CASE("io: os.exit in the same place closes the heap, too") {
  Host host;
  CHECK(host.Run(kSilent + R"(
    tri.go(function() local mine <close> = silent silent:read(1) end)
    local second = tri.go(function() silent:read("a") end)
    while second:status() ~= "waiting" do tri.yield() end
    os.exit(3, true)
  )") == "exit");
  CHECK(Text(host->Close()) == "ok");
}

TEST_CASE("io: each isolate reads and closes handles of its own") {
  Host host;
  CHECK(host.Run(R"(
    for _ = 1, 100 do
      local f <close> = assert(io.tmpfile())
      f:write(("x"):rep(100000))
      f:seek("set")
      assert(#f:read("a") == 100000)
    end
    open = io.tmpfile()
    open:write("left open")
  )") == "");
  CHECK(Text(host->Close()) == "ok");
}

}  // namespace
}  // namespace trilune
