// Isolate::Close and Runtime::Stop in every state of the Gs. What os.exit
// leaves behind is in embed_exit_test.cc. Under AddressSanitizer each case also
// says that nothing leaks.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune {
namespace {

using test::Host;
using test::NewIsolate;
using test::StartRuntime;
using test::Text;

int Count(lua_State* L) {
  static_cast<std::atomic<int>*>(lua_touserdata(L, lua_upvalueindex(1)))
      ->fetch_add(1);
  return 0;
}

// Ways to wait for ever; `held` is a locked mutex, `rw` a locked rwmutex.
constexpr const char* kWaits[] = {
    "ch:recv()",
    "ch:recv(1e9)",
    "full:send(1)",
    "tri.select{{ch}, {full, 'send', 1}}",
    "tri.select{{ch}, timeout = 1e9}",
    "tri.sleep(1e9)",
    "tri.sleep(math.huge)",
    "forever:join()",
    "forever:join(1e9)",
    "tri.group(function(g) g:go(tri.sleep, 1e9) end)",
    "held:lock()",
    "rw:lock()",
    "rw:rlock()",
    "semaphore:acquire()",
    "waitgroup:wait()",
    "local m = sync.mutex():lock() sync.cond(m):wait()",
    "once:call(print)",
    "for _ in ch:iter() do end",
    "tri.after(1e9):recv()",
};

// Where to wait: %s is the wait.
constexpr const char* kPlaces[] = {
    "%s",
    "table.sort({1, 2}, function() %s end)",
    "local s = ('x'):gsub('x', function() %s end)",
    "coroutine.wrap(function() coroutine.wrap(function() %s end)() end)()",
    "local n = #setmetatable({}, {__len = function() %s end})",
    "local ok, e = pcall(function() %s end) error(e, 0)",
    "load(function() %s end)",
    "do local c <close> = setmetatable({}, {__close = function() %s end}) end",
};

std::string Place(const char* place, const char* wait) {
  std::string text = place;
  return text.replace(text.find("%s"), 2, wait);
}

constexpr const char* kSetUp = R"(
  tri, sync = require "trilune", require "trilune.sync"
  ch, full = tri.chan(), tri.chan()
  forever = tri.go(function() tri.chan():recv() end)
  held, rw = sync.mutex(), sync.rwmutex()
  held:lock() rw:lock()
  semaphore, waitgroup, once = sync.semaphore(0), sync.waitgroup(), sync.once()
  waitgroup:add(1)
  tri.go(once.call, once, function() tri.chan():recv() end)
  tri.yield()
  -- Makes n Gs that run f, and waits until they wait.
  function park(n, f)
    local gs = {}
    for i = 1, n do gs[i] = tri.go(f) end
    for i = 1, n do
      while gs[i]:status() ~= "waiting" do
        assert(gs[i]:status() ~= "dead", "a G has ended")
        tri.yield()
      end
    end
  end)";

TEST_CASE("close: idle, twice, and before a stop") {
  Host host;
  CHECK(Text(host->Close()) == "ok");
  CHECK(Text(host->Close()) == "ok");
  Isolate* second = NewIsolate(host.runtime());
  CHECK(Text(second->RunString("return 1", "=test")) == "1");
  CHECK(Text(second->Close()) == "ok");
  CHECK(Text(host.runtime().Stop()) == "ok");
  CHECK(Text(host.runtime().Stop()) == "ok");
}

TEST_CASE("close: whatever is called afterwards says so") {
  Host host;
  CHECK(Text(host->Close()) == "ok");
  CHECK(host.Run("return 1") == "stopped");
  CHECK(host.Call("print") == "stopped");
  CHECK(Text(host->RunFile("/dev/null")) == "stopped");
  CHECK(Text(host->Main([](lua_State*) { return 0; }, nullptr)) == "stopped");
  host->Interrupt("nobody");
  CHECK(host->exit_request().code == 0);
  CHECK(Text(host.runtime().Stop()) == "ok");
  CHECK(Text(host.runtime().NewIsolate().status()) == "stopped");
  CHECK(host.runtime().stats().procs == 2);
}

TEST_CASE("stop: a runtime that was never used") {
  CHECK(Text(StartRuntime()->Stop()) == "ok");
}

TEST_CASE("close: each kind of wait in each kind of place ends") {
  Config config;
  config.stop_deadline = std::chrono::seconds(60);  // for a busy machine
  for (const char* place : kPlaces) {
    Host host({}, config);
    std::atomic<int> closed{0};
    host.Register("closed", &Count, &closed);
    REQUIRE(host.Run(kSetUp) == "");
    for (const char* wait : kWaits) {
      const std::string body = Place(place, wait);
      CAPTURE(body);
      REQUIRE(
          host.Run("park(3, function() "
                   "local c <close> = setmetatable({}, {__close = closed}) " +
                   body + " end)") == "");
    }
    CHECK(Text(host->Close()) == "ok");
    CHECK(closed == 3 * std::size(kWaits));
  }
}

TEST_CASE("close: a thousand Gs parked without and a thousand with a stack") {
  Config config;
  config.stop_deadline = std::chrono::seconds(60);  // for a busy machine
  for (const char* place : {kPlaces[0], kPlaces[1]}) {
    Host host({}, config);
    std::atomic<int> closed{0};
    host.Register("closed", &Count, &closed);
    REQUIRE(host.Run(kSetUp) == "");
    REQUIRE(host.Run("park(1000, function() "
                     "local c <close> = setmetatable({}, {__close = closed}) " +
                     Place(place, "ch:recv()") + " end)") == "");
    CHECK(Text(host.runtime().Stop()) == "ok");
    CHECK(closed == 1000);
  }
}

TEST_CASE("close: Gs that have not started never do") {
  IsolateOptions options;
  options.preempt = PreemptMode::kOff;  // else some would start meanwhile
  Host host(std::move(options));
  std::atomic<int> ran{0};
  host.Register("count", &Count, &ran);
  // The end of a program cancels those that are left in the same moment.
  const Status status = host->Main(
      [](lua_State* L) {
        return luaL_dostring(L,
                             "local tri = require 'trilune' "
                             "for i = 1, 10000 do tri.go(count, i, {}) end") ==
                       LUA_OK
                   ? 0
                   : lua_error(L);
      },
      nullptr, Isolate::AtEnd::kStopOthers);
  CHECK(Text(status) == "ok");
  CHECK(Text(host->Close()) == "ok");
  CHECK(ran == 0);
}

TEST_CASE("close: timers that are still to come") {
  Host host;
  CHECK(host.Run(R"(
    local tri = require "trilune"
    kept = {}
    for i = 1, 100 do
      kept[#kept + 1] = tri.after(1e6)
      kept[#kept + 1] = tri.tick(1e6)
      kept[#kept + 1] = tri.tick(1e-6)
      tri.after(1e6) tri.tick(1e-6)   -- dropped
      tri.after(0)
    end
    kept[3]:recv())") == "");
  CHECK(Text(host->Close()) == "ok");
}

TEST_CASE("close: clean-up code runs, but cannot wait") {
  Host host;
  std::atomic<int> ran{0};
  host.Register("count", &Count, &ran);
  REQUIRE(host.Run(kSetUp) == "");
  REQUIRE(host.Run(R"(
    park(10, function()
      local c <close> = setmetatable({}, {__close = function()
        assert(not pcall(tri.sleep, 0))
        assert(not pcall(tri.go, print))
        count()
      end})
      ch:recv()
    end))") == "");
  CHECK(Text(host->Close()) == "ok");
  CHECK(ran == 10);
}

// A cancelled cond:wait() waits for its mutex, which nobody will unlock.
TEST_CASE("close: a G that waits on beyond the deadline is dropped") {
  Config config;
  config.stop_deadline = std::chrono::milliseconds(300);
  Host host({}, config);
  CHECK(host.Run(R"(
    local tri, sync = require "trilune", require "trilune.sync"
    local m = sync.mutex()
    for i = 1, 200 do
      tri.go(function()
        table.sort({1, 2}, function() m:lock() sync.cond(m):wait() end)
      end)
    end
    for i = 1, 200 do tri.yield() end
    m:lock()
    kept = m)") == "");
  CHECK(Text(host->Close()) == "ok");
}

TEST_CASE("close: by one of the isolate's own Gs is refused") {
  Host host;
  Status close;
  Status stop;
  struct Both {
    Host& host;
    Status& close;
    Status& stop;
  } both = {host, close, stop};
  host.Register(
      "closeself",
      [](lua_State* L) {
        auto* it = static_cast<Both*>(lua_touserdata(L, lua_upvalueindex(1)));
        it->close = it->host->Close();
        it->stop = it->host.runtime().Stop();
        return 0;
      },
      &both);
  CHECK(host.Run("closeself() return 1") == "1");
  CHECK(Text(close) == "invalid argument");
  CHECK(Text(stop) == "invalid argument");
  CHECK(host.Run("return 2") == "2");
}

TEST_CASE("close: by a G of another isolate parks that G") {
  Host host;
  Isolate* other = NewIsolate(host.runtime());
  CHECK(Text(other->RunString("local tri = require 'trilune' "
                              "tri.go(tri.sleep, 1e9) tri.yield()",
                              "=other")) == "");
  host.Register(
      "closeother",
      [](lua_State* L) {
        auto* isolate =
            static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)));
        lua_pushboolean(L, isolate->Close().ok());
        return 1;
      },
      other);
  CHECK(host.Run("return closeother()") == "true");
  CHECK(Text(other->Call("print")) == "stopped");
}

TEST_CASE("close: several threads at once") {
  for (int round = 0; round < 20; round++) {
    Host host;
    REQUIRE(host.Run(kSetUp) == "");
    REQUIRE(host.Run("park(20, function() ch:recv() end)") == "");
    std::vector<std::thread> threads;
    std::atomic<int> fine{0};
    for (int t = 0; t < 4; t++) {
      threads.emplace_back([&host, &fine, t] {
        const Status status = t == 0 ? host.runtime().Stop() : host->Close();
        fine += status.ok();
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    CHECK(fine == 4);
  }
}

TEST_CASE("stop: while other threads call") {
  for (int round = 0; round < 20; round++) {
    IsolateOptions options;
    options.host_calls_in = true;
    Host host(options);
    CHECK(host.Run("tri = require 'trilune' "
                   "function f(n) tri.yield() return n end "
                   "function g() tri.sleep(1e9) end") == "");
    std::atomic<bool> started[4] = {};
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++) {
      threads.emplace_back([&host, &wrong, &started, t] {
        const char* name = t % 2 == 0 ? "f" : "g";
        for (;;) {
          started[t] = true;
          const auto result = host->Call(name, {int64_t{t}});
          const std::string text = Text(result);
          if (text == "stopped" || text == "lua error") return;  // cancelled
          wrong += text != std::to_string(t);
        }
      });
    }
    for (const std::atomic<bool>& one : started) {
      while (!one)
        std::this_thread::yield();
    }
    CHECK(Text(host.runtime().Stop()) == "ok");
    for (std::thread& thread : threads)
      thread.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("stop: while the main G runs and waits") {
  IsolateOptions options;
  options.host_calls_in = true;
  Host host(options);
  CHECK(host.Run("tri = require 'trilune' up = tri.chan(1) "
                 "function isup() return (up:recv()) end") == "");
  std::string main;
  std::thread thread(
      [&] { main = host.Run("up:send(1) tri.sleep(1e9) return 'slept'"); });
  CHECK(host.Call("isup") == "1");
  CHECK(Text(host.runtime().Stop()) == "ok");
  thread.join();
  CHECK(main == "lua error");  // its wait was cancelled
}

TEST_CASE("stop: several isolates that call each other") {
  auto runtime = StartRuntime();
  constexpr int kIsolates = 4;
  IsolateOptions options;
  options.host_calls_in = true;
  std::vector<Isolate*> isolates;
  for (int i = 0; i < kIsolates; i++)
    isolates.push_back(NewIsolate(*runtime, options));
  for (size_t i = 0; i < kIsolates; i++) {
    struct Names {
      Isolate* next;
    } names = {isolates[(i + 1) % kIsolates]};
    REQUIRE(isolates[i]
                ->Main(
                    [](lua_State* L) {
                      auto* it = static_cast<Names*>(lua_touserdata(L, 1));
                      lua_pushlightuserdata(L, it->next);
                      lua_pushcclosure(
                          L,
                          [](lua_State* state) {
                            auto* next = static_cast<Isolate*>(
                                lua_touserdata(state, lua_upvalueindex(1)));
                            lua_pushboolean(state, next->Call("f").ok());
                            return 1;
                          },
                          1);
                      lua_setglobal(L, "callnext");
                      return luaL_dostring(L, R"(
                        local tri = require "trilune"
                        function f() tri.yield() end
                        for i = 1, 10 do
                          tri.go(function()
                            table.sort({1, 2}, function()
                              while callnext() do tri.yield() end
                            end)
                          end)
                        end)") == LUA_OK
                                 ? 0
                                 : lua_error(L);
                    },
                    &names)
                .ok());
  }
  CHECK(Text(runtime->Stop()) == "ok");
}

// --- A G that never ends. Its isolate, and with it its memory, is left behind,
// so this runs in a process of its own. ---

constexpr const char* kChildVariable = "TRI_TEST_CHILD";

bool IsChild() {
  return std::getenv(kChildVariable) != nullptr;
}

// Runs this executable again with this case only; true if it succeeded.
bool RunInChild(const char* test_case) {
  const std::string filter = std::string("--test-case=") + test_case;
  const pid_t pid = fork();
  if (pid == 0) {
    setenv(kChildVariable, "1", 1);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    unsetenv("TESTBRIDGE_TEST_ONLY");
    unsetenv("TRI_TEST_FILTER");
    execl("/proc/self/exe", "child", filter.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_CASE("stop: a G that swallows its cancellation is ended") {
  Config config;
  config.stop_deadline = std::chrono::seconds(60);
  Host host({}, config);
  CHECK(host.Run("tri = require 'trilune' "
                 "tri.go(function() while true do pcall(tri.sleep, 1) end end) "
                 "tri.go(function() while true do pcall(next) end end) "
                 "tri.yield()") == "");
  CHECK(Text(host->Close()) == "ok");
}

TEST_CASE("stop: C code that does not come back makes it a timeout") {
  if (!IsChild()) {
    CHECK(RunInChild("stop: C code that does not come back makes it a*"));
    return;
  }
  Config config;
  config.stop_deadline = std::chrono::milliseconds(300);
  IsolateOptions options;
  options.host_calls_in = true;
  auto runtime = StartRuntime(config);
  Isolate* isolate = NewIsolate(*runtime, options);
  Isolate* other = NewIsolate(*runtime);
  CHECK(Text(isolate->RunString("function answer() return 42 end", "=test")) ==
        "");
  static std::atomic<bool> is_up{false};
  CHECK(Text(isolate->Main(
            [](lua_State* L) {
              lua_register(L, "spin", [](lua_State*) -> int {
                for (;;)
                  is_up.store(true);
              });
              return 0;
            },
            nullptr)) == "ok");
  std::string called;
  std::thread thread([&] { called = Text(isolate->Call("spin")); });
  while (!is_up.load())
    std::this_thread::yield();
  CHECK(Text(isolate->Close()) == "timeout");
  // Its caller goes on all the same.
  thread.join();
  CHECK(called == "stopped");
  CHECK(Text(isolate->Close()) == "timeout");
  CHECK(Text(isolate->Call("answer")) == "stopped");
  // Another isolate is none the worse.
  CHECK(Text(other->RunString("return 1", "=other")) == "1");
  CHECK(Text(runtime->Stop()) == "timeout");
  CHECK(Text(runtime->Stop()) == "timeout");
  runtime.reset();
}

}  // namespace
}  // namespace trilune
