// Running chunks and functions through embed/trilune.h. Closing and stopping
// are in embed_stop_test.cc, memory limits in embed_memory_test.cc.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
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

// A file with `content`, removed in the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    const char* folder = std::getenv("TEST_TMPDIR");
    path_ = std::string(folder != nullptr ? folder : "/tmp") + "/chunk.XXXXXX";
    const int fd = mkstemp(path_.data());
    REQUIRE(fd >= 0);
    const auto size = static_cast<ssize_t>(content.size());
    CHECK(write(fd, content.data(), content.size()) == size);
    close(fd);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("start: refuses a number of procs that makes no sense") {
  for (const int procs : {-1, 257, 1 << 30}) {
    Config config;
    config.procs = procs;
    CHECK(Text(Runtime::Start(config).status()) == "invalid argument");
  }
  Config config;
  config.procs = 256;
  auto runtime = Runtime::Start(config);
  REQUIRE(runtime.ok());
  CHECK(runtime.value()->stats().procs == 256);
}

TEST_CASE("several runtimes with several isolates each run at once") {
  constexpr int kRuntimes = 3;
  constexpr int kIsolates = 3;
  std::vector<std::unique_ptr<Runtime>> runtimes;
  std::vector<std::string> results(kRuntimes * kIsolates);
  std::vector<std::thread> threads;
  for (int r = 0; r < kRuntimes; r++) {
    runtimes.push_back(StartRuntime());
    for (int i = 0; i < kIsolates; i++) {
      Isolate* isolate = NewIsolate(*runtimes.back());
      const int number = r * kIsolates + i;
      threads.emplace_back([isolate, number, &results] {
        results[static_cast<size_t>(number)] =
            Text(isolate->RunString(R"(
          mine = ...
          local tri = require "trilune"
          local ch, sum = tri.chan(), 0
          for i = 1, 100 do tri.go(function() ch:send(mine) end) end
          for i = 1, 100 do sum = sum + ch:recv() end
          return sum)",
                                    "=test", {int64_t{number}}));
      });
    }
  }
  for (std::thread& thread : threads)
    thread.join();
  for (size_t i = 0; i < results.size(); i++) {
    CHECK(results[i] == std::to_string(100 * i));
  }
  for (auto& runtime : runtimes)
    CHECK(Text(runtime->Stop()) == "ok");
}

TEST_CASE("results: of every type, and any number") {
  Host host;
  CHECK(host.Run("return nil, true, false, 42, 1.5, 'text'") ==
        "nil true false 42 float 1.500000 'text'");
  CHECK(host.Run("return") == "");
  CHECK(host.Run("") == "");
  CHECK(host.Run("return math.mininteger, math.maxinteger") ==
        "-9223372036854775808 9223372036854775807");
  CHECK(host.Run("return 'a\\0b'") == std::string("'a\0b'", 5));
  // What has no C++ equal comes as tostring shows it.
  CHECK(host.Run("return setmetatable({}, {__tostring = function() "
                 "return 'me' end})") == "<me>");
  CHECK(host.Run("t = {} return t").starts_with("<table: "));
  CHECK(
      host.Run("return require('trilune').self()").starts_with("<goroutine "));
  auto many = host->RunString("return table.unpack({}, 1, 1000)", "=many");
  REQUIRE(many.ok());
  CHECK(many.value().size() == 1000);
}

TEST_CASE("results: an error in __tostring is the chunk's error") {
  Host host;
  CHECK(host.Run("return setmetatable({}, {__tostring = function() "
                 "error('no text') end})") == "lua error");
  CHECK(host.Run("return 1") == "1");
}

TEST_CASE("arguments: of every type, as the chunk's varargs") {
  Host host;
  const Values args = {std::monostate(), true,
                       int64_t{7},       2.5,
                       std::string("x"), OtherValue{"shown"}};
  CHECK(host.Run("return select('#', ...), ...", args) ==
        "6 nil true 7 float 2.500000 'x' 'shown'");
  const Values many(5000, Value(int64_t{1}));
  CHECK(host.Run("return select('#', ...)", many) == "5000");
}

TEST_CASE("errors: a message with position and traceback") {
  Host host;
  auto failed =
      host->RunString("local function f() error('oops') end\nf()", "=chunk");
  CHECK(Text(failed) == "lua error");
  const std::string message = failed.status().message();
  CHECK(message.starts_with("chunk:1: oops\nstack traceback:\n"));
  CHECK(Contains(message, "chunk:2: in main chunk"));
}

TEST_CASE("errors: objects of any type are shown") {
  Host host;
  const auto message = [&host](const char* chunk) {
    auto result = host->RunString(chunk, "=test");
    CHECK(Text(result) == "lua error");
    const std::string text = result.status().message();
    return text.substr(0, text.find('\n'));
  };
  CHECK(message("error(42, 0)") == "42");
  CHECK(message("error(nil)") == "nil");
  CHECK(message("error(setmetatable({}, {__tostring = function() "
                "return 'an object' end}))") == "an object");
  CHECK(message("error({})").starts_with("table: "));
}

TEST_CASE("errors: after one, the isolate is as before") {
  Host host;
  CHECK(host.Run("x = 1; error('oops')") == "lua error");
  CHECK(host.Run("return x") == "1");
}

TEST_CASE("syntax errors: are told from others, and nothing runs") {
  Host host;
  auto failed = host->RunString("ran = true\nlocal = 3", "=chunk");
  CHECK(Text(failed) == "syntax error");
  CHECK(failed.status().message().starts_with("chunk:2: "));
  CHECK(host.Run("return ran") == "nil");
}

TEST_CASE("files: run with arguments and results; a missing one is not found") {
  Host host;
  const TemporaryFile file(
      "#!a first line that is skipped\nreturn 'file', ...");
  CHECK(Text(host->RunFile(file.path(), {int64_t{1}})) == "'file' 1");
  const TemporaryFile broken("return +");
  CHECK(Text(host->RunFile(broken.path())) == "syntax error");
  auto missing = host->RunFile("/no/such/file.lua");
  CHECK(Text(missing) == "not found");
  CHECK(Contains(missing.status().message(), "/no/such/file.lua"));
}

TEST_CASE("files: '-' is standard input") {
  const TemporaryFile file("return 'from stdin'");
  REQUIRE(std::freopen(file.path().c_str(), "r", stdin) != nullptr);
  Host host;
  CHECK(Text(host->RunFile("-")) == "'from stdin'");
}

TEST_CASE("call: a global function, by a dotted name") {
  Host host;
  CHECK(host.Run("function add(a, b) return a + b end "
                 "a = {b = {c = function(...) return select('#', ...) end}}") ==
        "");
  CHECK(host.Call("add", {int64_t{1}, int64_t{2}}) == "3");
  CHECK(host.Call("a.b.c", {true, true, true}) == "3");
  CHECK(host.Call("string.rep", {std::string("ab"), int64_t{2}}) == "'abab'");
}

TEST_CASE("call: what is no function is not found") {
  Host host;
  CHECK(host.Run("t = {n = 1}") == "");
  for (const char* name :
       {"", ".", "f", "t", "t.n", "t.n.x", "t.x.y", "t.", ".t", "print.x",
        "print.", "..print", "no such.name"}) {
    CAPTURE(name);
    CHECK(host.Call(name) == "not found");
  }
  CHECK(Contains(host->Call("f.g").status().message(), "'f.g'"));
}

TEST_CASE("call: an error has message and traceback") {
  Host host;
  CHECK(host.Run("function fail() error('oops') end") == "");
  auto failed = host->Call("fail");
  CHECK(Text(failed) == "lua error");
  CHECK(failed.status().message().starts_with(
      "test:1: oops\nstack traceback:\n"));
}

TEST_CASE("call: a table on the way may have metamethods that wait and fail") {
  Host host;
  CHECK(host.Run(R"(
    local tri = require "trilune"
    slow = setmetatable({}, {__index = function(_, name)
      tri.sleep(0.001)
      if name == "bad" then error("no " .. name) end
      return function(...) return name, ... end
    end}))") == "");
  CHECK(host.Call("slow.f", {std::string(100, 'x')}) ==
        "'f' '" + std::string(100, 'x') + "'");
  CHECK(host.Call("slow.bad") == "lua error");
}

TEST_CASE("call: several host threads at once, each with its own results") {
  Host host;
  CHECK(host.Run(R"(
    local tri = require "trilune"
    total = 0
    function work(a, b)
      tri.yield()
      total = total + 1
      if b % 7 == 0 then table.sort({3, 1, 2}, function(x, y)
        tri.yield()
        return x < y
      end) end
      return a, b
    end)") == "");
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  int right[kThreads] = {};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&host, &right, t] {
      for (int i = 0; i < kCalls; i++) {
        const std::string expected =
            std::to_string(t) + " " + std::to_string(i);
        right[t] += host.Call("work", {int64_t{t}, int64_t{i}}) == expected;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (const int count : right)
    CHECK(count == kCalls);
  CHECK(host.Run("return total") == std::to_string(kThreads * kCalls));
}

// A C function for scripts: calls "f" of another isolate, from inside a G.
int CallOther(lua_State* L) {
  auto* other = static_cast<Isolate*>(lua_touserdata(L, lua_upvalueindex(1)));
  int64_t n = -1;
  {
    auto result = other->Call("f", {int64_t{luaL_checkinteger(L, 1)}});
    if (result.ok()) n = std::get<int64_t>(result.value()[0]);
  }
  lua_pushinteger(L, n);
  return 1;
}

TEST_CASE("call: inside a G of another isolate it parks that G only") {
  Config config;
  config.procs = 1;  // nobody else could run the other isolate
  Host host({}, config);
  Isolate* other = NewIsolate(host.runtime());
  REQUIRE(
      Text(other->RunString("local tri = require 'trilune' "
                            "function f(n) tri.sleep(0.001) return 2 * n end",
                            "=other")) == "");
  host.Register("callother", &CallOther, other);
  CHECK(host.Run(R"(
    local tri = require "trilune"
    local gs, order = {}, {}
    for i = 1, 50 do gs[i] = tri.go(function() return callother(i) end) end
    local beside = tri.go(function() order[#order + 1] = "beside" end)
    local sum = callother(1000)
    order[#order + 1] = "main"
    for i = 1, 50 do
      local ok, n = gs[i]:join()
      sum = sum + n
    end
    -- In a sort comparator too.
    local t = {3, 1, 2}
    table.sort(t, function(a, b) return callother(a) < callother(b) end)
    return sum, order[1], table.concat(t))") ==
        std::to_string(2000 + 50 * 51) + " 'beside' '123'");
}

TEST_CASE("call: inside a G of the same isolate") {
  Host host;
  host.Register("callself", &CallOther, host.isolate());
  CHECK(host.Run("function f(n) return n == 0 and 0 or 1 + callself(n - 1) end "
                 "return f(20)") == "20");
}

TEST_CASE("call: a G of one runtime calls an isolate of another") {
  Host host;
  Host other;
  REQUIRE(other.Run("function f(n) return n + 1 end") == "");
  host.Register("callother", &CallOther, other.isolate());
  CHECK(host.Run("local n = 0 for i = 1, 100 do n = callother(n) end "
                 "return n") == "100");
}

TEST_CASE("main: twice in a row, other Gs going on in between") {
  Host host;
  CHECK(host.Run(R"(
    tri = require "trilune"
    requests, replies = tri.chan(), tri.chan()
    g = tri.go(function()
      for n in requests:iter() do replies:send(n * n) end
      return "ended"
    end)
    first = tri.self():id())") == "");
  for (int64_t n = 1; n <= 10; n++) {
    CHECK(host.Run("requests:send(...) return (replies:recv())", {n}) ==
          std::to_string(n * n));
  }
  CHECK(host.Run("return tri.self():id() > first, g:status()") ==
        "true 'waiting'");
  CHECK(host.Run("requests:close() return g:join()") == "true 'ended'");
}

TEST_CASE("main: while one runs, a second is refused") {
  IsolateOptions options;
  options.host_calls_in = true;
  Host host(options);
  CHECK(host.Run("tri = require 'trilune' ch, up = tri.chan(), tri.chan(1) "
                 "function wake() ch:send(1) end "
                 "function isup() return up:recv() end") == "");
  std::string first;
  std::thread thread(
      [&host, &first] { first = host.Run("up:send('up') return ch:recv()"); });
  CHECK(host.Call("isup") == "'up' true");
  CHECK(host.Run("return 2") == "invalid argument");
  CHECK(host.Call("wake") == "");
  thread.join();
  CHECK(first == "1 true");
  CHECK(host.Run("return 2") == "2");
}

TEST_CASE("main: with kStopOthers, its end is the end of the others") {
  Host host;
  struct Seen {
    int closed = 0;
  } seen;
  host.Register(
      "closed",
      [](lua_State* L) {
        static_cast<Seen*>(lua_touserdata(L, lua_upvalueindex(1)))->closed++;
        return 0;
      },
      &seen);
  const Status status = host->Main(
      [](lua_State* L) {
        if (luaL_dostring(L, R"(
          local tri = require "trilune"
          for i = 1, 10 do
            tri.go(function()
              local c <close> = setmetatable({}, {__close = closed})
              tri.chan():recv()
            end)
          end
          tri.yield())") != LUA_OK) {
          lua_error(L);
        }
        return 0;
      },
      nullptr, Isolate::AtEnd::kStopOthers);
  CHECK(Text(status) == "ok");
  CHECK(host.Run("return 1") == "stopped");
  CHECK(host.Call("print") == "stopped");
  CHECK(Text(host->Close()) == "ok");
  CHECK(seen.closed == 10);
}

TEST_CASE("main: an error outside of all protection comes back") {
  Host host;
  const Status status = host->Main(
      [](lua_State* L) { return luaL_error(L, "raised by C"); }, nullptr);
  CHECK(Text(status) == "lua error");
  CHECK(status.message() == "raised by C");
  const Status number = host->Main(
      [](lua_State* L) {
        lua_pushinteger(L, 42);
        return lua_error(L);
      },
      nullptr);
  CHECK(Text(number) == "lua error");
}

TEST_CASE("interrupt: ends each kind of wait of the main G with its reason") {
  IsolateOptions options;
  options.host_calls_in = true;
  Host host(options);
  CHECK(host.Run(R"(
    tri = require "trilune"
    up = tri.chan(1)
    function isup() return (up:recv()) end)") == "");
  for (const char* wait :
       {"tri.sleep(1e9)", "tri.chan():recv()", "tri.chan():send(1)",
        "tri.select{{tri.chan()}}", "tri.select{timeout = 1e9}",
        "table.sort({1, 2}, function() tri.sleep(1e9) end)",
        "coroutine.wrap(function() tri.sleep(1e9) end)()",
        "tri.group(function(g) g:go(tri.sleep, 1e9) end)"}) {
    CAPTURE(wait);
    std::string message;
    std::thread thread([&host, &message, wait] {
      auto result =
          host->RunString("up:send(true) " + std::string(wait), "=test");
      message = result.status().message();
    });
    CHECK(host.Call("isup") == "true");
    host->Interrupt("stop that!");
    thread.join();
    CHECK(Contains(message, "stop that!"));
    CHECK(host.Run("tri.sleep(0) return 1") == "1");
  }
}

TEST_CASE("interrupt: without a main G it does nothing to the next one") {
  Host host;
  host->Interrupt("too early");
  CHECK(host.Run("require('trilune').sleep(0.001) return 1") == "1");
}

TEST_CASE("deadlock: is told with a dump, and the isolate goes on") {
  Host host;
  auto result = host->RunString(R"(
    tri = require "trilune"
    ch = tri.chan()
    g = tri.go(function() table.sort({1, 2}, function() ch:recv() end) end)
    local v = ch:recv()
    return v)",
                                "=test");
  CHECK(Text(result) == "deadlock");
  const std::string dump = result.status().message();
  CAPTURE(dump);
  CHECK(dump.starts_with("fatal: all goroutines are asleep - deadlock!\n\n"));
  CHECK(Contains(dump, "[chan recv, "));
  CHECK(Contains(dump, "in function 'table.sort'"));
  CHECK(Contains(dump, "test:5: in main chunk"));
  CHECK(host.Call("tostring", {int64_t{1}}) == "'1'");
}

// The caller's memory is gone by the time its G goes on.
TEST_CASE("deadlock: a G that goes on afterwards harms nobody") {
  Host host;
  CHECK(host.Run(R"(
    tri = require "trilune"
    ch = tri.chan()
    function recv(text) return ch:recv(), text end
    function send(v) ch:send(v) tri.yield() return "sent", v end
    function fail() ch:recv() error("late") end)") == "");
  for (int64_t i = 0; i < 20; i++) {
    CHECK(host.Call("recv", {std::string(200, 'x')}) == "deadlock");
    CHECK(host.Call("send", {i}) == "'sent' " + std::to_string(i));
    CHECK(host.Call("fail") == "deadlock");
    CHECK(host.Call("send", {i}) == "'sent' " + std::to_string(i));
  }
  // The main G, too; until it ends there is no other.
  CHECK(host.Run("return ch:recv(), string.rep('y', 200)") == "deadlock");
  CHECK(host.Run("return 1") == "invalid argument");
  CHECK(host.Call("send", {true}) == "'sent' true");
  CHECK(host.Run("return 1") == "1");
}

// Each deadlock anew, also of what the main G catches, and of a group's end.
TEST_CASE("deadlock: is raised in the main G, if the host wants that") {
  Host host;
  const auto run = [&host](const char* text) {
    return host->Main(
        [](lua_State* L) {
          const auto* chunk = static_cast<const char*>(lua_touserdata(L, 1));
          if (luaL_dostring(L, chunk) != LUA_OK) lua_error(L);
          return 0;
        },
        const_cast<char*>(text), Isolate::AtEnd::kOthersGoOn,
        Isolate::AtDeadlock::kRaise);
  };
  for (int i = 0; i < 10; i++) {
    const Status raised = run("require('trilune').chan():recv()");
    CHECK(raised.code() == StatusCode::kLuaError);
    CHECK(Contains(raised.message(), "all goroutines are asleep - deadlock!"));
    CHECK(run("caught = {} local ch = require('trilune').chan() "
              "for i = 1, 3 do caught[i] = pcall(ch.recv, ch) end")
              .ok());
    CHECK(host.Run("return #caught, caught[3]") == "3 false");
  }
  CHECK(run("local tri = require 'trilune' tri.group(function(group) "
            "group:go(function() tri.chan():recv() end) end)")
            .code() == StatusCode::kLuaError);
  CHECK(host.Run("return 1") == "1");
}

TEST_CASE("deadlock: host_calls_in says that a call may come") {
  IsolateOptions options;
  options.host_calls_in = true;
  Host host(options);
  CHECK(host.Run("ch = require('trilune').chan() "
                 "function send(v) ch:send(v) end") == "");
  std::string main;
  std::thread thread([&host, &main] { main = host.Run("return ch:recv()"); });
  CHECK(host.Call("send", {int64_t{5}}) == "");
  thread.join();
  CHECK(main == "5 true");
}

TEST_CASE("report: gets the errors that nobody joined, with their traceback") {
  std::string reports;
  {
    IsolateOptions options;
    options.report = [&reports](std::string_view text) { reports += text; };
    Host host(options);
    CHECK(host.Run(R"(
      local tri = require "trilune"
      local joined = tri.go(function() error("joined") end)
      joined:join()
      kept = tri.go(function() error("kept until the end") end)
      tri.go(function() error("dropped") end)
      tri.go(function() coroutine.wrap(function() error("nested") end)() end)
      tri.yield())") == "");
    CHECK(host.Run("collectgarbage() collectgarbage()") == "");
    CHECK(Contains(reports, ": test:6: dropped\nstack traceback:\n"));
    CHECK(Contains(reports, "nested"));
    CHECK(Contains(reports, "resumed by:"));
    CHECK_FALSE(Contains(reports, "kept"));
  }
  CHECK(Contains(reports, "kept until the end"));
  CHECK_FALSE(Contains(reports, "joined"));
}

TEST_CASE("report: calls of the host do not go there") {
  std::string reports;
  {
    IsolateOptions options;
    options.report = [&reports](std::string_view text) { reports += text; };
    Host host(options);
    CHECK(host.Call("error", {std::string("mine")}) == "lua error");
    CHECK(host.Run("error('mine too')") == "lua error");
  }
  CHECK(reports.empty());
}

TEST_CASE("stats: are what one expects of an idle and of a busy runtime") {
  Config config;
  config.procs = 3;
  Host host({}, config);
  CHECK(host.Run("local tri = require 'trilune' "
                 "for i = 1, 100 do tri.sleep(0) end") == "");
  const RuntimeStats stats = host.runtime().stats();
  CHECK(stats.procs == 3);
  CHECK(stats.threads >= 1);
  CHECK(stats.idle_procs <= 3);
  CHECK(stats.spinning <= stats.threads);
  REQUIRE(stats.schedticks.size() == 3);
  CHECK(stats.schedticks[0] + stats.schedticks[1] + stats.schedticks[2] > 0);
  CHECK(host.Run("return require('trilune').procs(2)") == "3");
  CHECK(host.runtime().stats().procs == 2);
}

TEST_CASE("version: is three numbers") {
  int parts[3] = {};
  CHECK(std::sscanf(Version(), "%d.%d.%d", &parts[0], &parts[1], &parts[2]) ==
        3);
}

}  // namespace
}  // namespace trilune
