// Shared channels between two isolates and more: vm/message/shared.h,
// vm/message/shared_wait.h, stdlib/chan/channel.cc. What one isolate can tell
// is in tests/lua/channel.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"
#include "vm/message/shared.h"

namespace trilune {
namespace {

using test::Text;

// Isolates that pass channels to each other by number.
class ChannelTest {
 public:
  ChannelTest() : runtime_(test::StartRuntime()) {}
  ~ChannelTest() {
    for (auto& slot : slots_) {
      vm::Shared* object = slot.exchange(nullptr);
      if (object != nullptr) object->Release();
    }
    CHECK(Text(runtime_->Stop()) == "ok");
  }
  ChannelTest(const ChannelTest&) = delete;
  ChannelTest& operator=(const ChannelTest&) = delete;

  Runtime& runtime() { return *runtime_; }

  Isolate* New() {
    Isolate* isolate = test::NewIsolate(*runtime_);
    const Status status = isolate->Main(
        [](lua_State* L) {
          for (const luaL_Reg& entry : kFunctions) {
            lua_pushvalue(L, 1);
            lua_pushcclosure(L, entry.func, 1);
            lua_setglobal(L, entry.name);
          }
          return 0;
        },
        this);
    REQUIRE(Text(status) == "ok");
    REQUIRE(Run(isolate, "tri = require 'trilune'") == "");
    return isolate;
  }
  static std::string Run(Isolate* isolate, const std::string& chunk,
                         const Values& args = {}) {
    return Text(isolate->RunString(chunk, "=test", args));
  }

  // Runs chunks at once, each in its isolate; gives what they return.
  struct Part {
    Isolate* isolate;
    std::string chunk;
    std::string result = {};
  };
  static void RunAll(std::vector<Part>* parts) {
    std::vector<std::thread> threads;
    for (Part& part : *parts) {
      threads.emplace_back(
          [&part] { part.result = Run(part.isolate, part.chunk); });
    }
    for (std::thread& thread : threads)
      thread.join();
  }

 private:
  static ChannelTest* Self(lua_State* L) {
    return static_cast<ChannelTest*>(lua_touserdata(L, lua_upvalueindex(1)));
  }
  // put(channel, slot), get(slot), drop(slot).
  static int Put(lua_State* L) {
    vm::Shared* object = vm::TestShared(L, 1);
    luaL_argcheck(L, object != nullptr, 1, "no handle");
    object->Retain();
    object = Self(L)->slots_[luaL_checkinteger(L, 2)].exchange(object);
    if (object != nullptr) object->Release();
    return 0;
  }
  static int Get(lua_State* L) {
    vm::PushShared(L, Self(L)->slots_[luaL_checkinteger(L, 1)]);
    return 1;
  }
  static int Drop(lua_State* L) {
    vm::Shared* object =
        Self(L)->slots_[luaL_checkinteger(L, 1)].exchange(nullptr);
    if (object != nullptr) object->Release();
    return 0;
  }
  static constexpr luaL_Reg kFunctions[] = {
      {"put", &Put}, {"get", &Get}, {"drop", &Drop}};

  std::unique_ptr<Runtime> runtime_;
  std::atomic<vm::Shared*> slots_[8] = {};
};

TEST_CASE_FIXTURE(ChannelTest, "channel: values go from heap to heap") {
  Isolate* a = New();
  Isolate* b = New();
  CHECK(Run(a,
            "ch = tri.channel(8) put(ch, 0) ch:send('x') ch:send(1.5) "
            "ch:send(nil) return #ch, ch:cap()") == "3 8");
  CHECK(Run(b, "ch = get(0) return ch == get(0), #ch, ch:recv()") ==
        "true 3 'x' true");
  CHECK(Run(b, "return ch:recv(), ch:recv()") == "float 1.500000 nil true");
  CHECK(Run(b, "ch:close()") == "");
  CHECK(Run(a, "return pcall(ch.send, ch, 1)") ==
        "false 'send on closed channel'");
  CHECK(Run(a, "return ch:recv()") == "nil false");
}

TEST_CASE_FIXTURE(ChannelTest, "channel: each side waits for the other") {
  for (const char* capacity : {"0", "1", "3", "1000"}) {
    Isolate* a = New();
    Isolate* b = New();
    Run(a, std::string("put(tri.channel(") + capacity + "), 0)");
    std::vector<Part> parts = {
        {a, "local ch = get(0) for i = 1, 20000 do ch:send(i) end ch:close()"},
        {b,
         "local n = 0 for i in get(0):iter() do n = n + 1 assert(i == n) end "
         "return n"},
    };
    RunAll(&parts);
    CHECK(parts[0].result == "");
    CHECK(parts[1].result == "20000");
    Run(a, "drop(0)");
  }
}

// Every value sent is received once, with timeouts, tries, selects and
// cancelled Gs on both sides.
TEST_CASE_FIXTURE(ChannelTest, "channel: many Gs of many isolates") {
  constexpr int kIsolates = 3;
  std::vector<Part> parts;
  for (int i = 0; i < kIsolates; i++) {
    parts.push_back({New(), R"(
      local a, b, own = get(0), get(1), tri.chan()
      local sent, received = 0, 0
      local function sender(i)
        local ch = i % 2 == 0 and a or b
        for v = 1, 200 do
          local way, ok = v % 4
          if way == 0 then ok = ch:send(v)
          elseif way == 1 then ok = ch:send(v, 0.0001) == true
          elseif way == 2 then ok = ch:trysend(v)
          else
            local i = tri.select{{a, "send", v}, {own, "recv"},
                                 {b, "send", v}, timeout = 0.0001}
            ok = i ~= "timeout"
          end
          if ok then sent = sent + v end
        end
      end
      local function receiver(i)
        local ch = i % 2 == 0 and a or b
        while true do
          local v, ok, _, third
          if i % 3 == 0 then
            _, v, ok = tri.select{{a, "recv"}, {own, "recv"}, {b, "recv"}}
          elseif i % 3 == 1 then v, ok, third = ch:recv(0.0001)
          else v, ok = ch:recv() end
          if ok then received = received + v
          elseif third ~= "timeout" and ok == false then return end
        end
      end
      local senders, receivers = {}, {}
      for i = 1, 12 do
        senders[i] = tri.go(sender, i)
        receivers[i] = tri.go(receiver, i)
      end
      for i = 1, 12 do assert(senders[i]:join()) end
      get(2):send(0)
      for i = 1, 12 do assert(receivers[i]:join()) end
      return sent, received)"});
  }
  Run(parts[0].isolate,
      "put(tri.channel(), 0) put(tri.channel(5), 1) put(tri.channel(), 2)");
  parts.push_back({New(), R"(
    for i = 1, 3 do get(2):recv() end
    get(0):close() get(1):close())"});
  RunAll(&parts);
  int64_t sent = 0;
  int64_t received = 0;
  for (int i = 0; i < kIsolates; i++) {
    long long s = 0;
    long long r = 0;
    INFO(parts[i].result);
    REQUIRE(std::sscanf(parts[i].result.c_str(), "%lld %lld", &s, &r) == 2);
    sent += s;
    received += r;
  }
  CHECK(sent == received);
  CHECK(sent > 0);
}

TEST_CASE_FIXTURE(ChannelTest,
                  "channel: an isolate is closed while its Gs wait and others "
                  "send and receive") {
  for (int round = 0; round < 30; round++) {
    Isolate* stays = New();
    Isolate* goes = New();
    Run(stays, "put(tri.channel(" + std::to_string(round % 3) +
                   "), 0) put(tri.channel(1), 1)");
    Run(goes, R"(
      local a, b = get(0), get(1)
      for i = 1, 20 do
        tri.go(function() while true do a:recv() end end)
        tri.go(function() while true do b:send(i) end end)
        tri.go(function() while true do pcall(a.send, a, "x", 0.0001) end end)
        tri.go(function()
          while true do tri.select{{a, "recv"}, {b, "send", "y"}} end
        end)
        tri.go(function() tri.shield(function() b:recv() end, 1) end)
      end)");
    std::thread closer([goes] { static_cast<void>(goes->Close()); });
    CHECK(Run(stays, R"(
      local a, b = get(0), get(1)
      for i = 1, 300 do
        a:send(i, 0.0001) b:recv(0.0001)
        tri.select{{a, "send", i}, {b, "recv"}, timeout = 0.0001}
      end
      return "on")") == "'on'");
    closer.join();
    // What is left works as before.
    CHECK(Run(stays, R"(
      local a, b = get(0), get(1)
      while b:recv(0) do end
      assert(b:trysend(1) and b:recv() == 1)
      tri.go(a.send, a, "end")
      repeat local v = a:recv() until v == "end"
      drop(0) drop(1)
      return a:recv(0))") == "nil nil 'timeout'");
    CHECK(Text(stays->Close()) == "ok");
  }
}

TEST_CASE_FIXTURE(ChannelTest,
                  "channel: the runtime stops while isolates wait for each "
                  "other") {
  for (int i = 0; i < 4; i++) {
    Isolate* isolate = New();
    if (i == 0) Run(isolate, "put(tri.channel(), 0) put(tri.channel(3), 1)");
    Run(isolate, R"(
      local a, b = get(0), get(1)
      for i = 1, 10 do
        tri.go(function() while true do a:send(i) end end)
        tri.go(function() while true do tri.select{{a, "recv"}, {b, "recv"}} end end)
        tri.go(function() while true do b:send(i) end end)
      end)");
  }
}

TEST_CASE_FIXTURE(ChannelTest,
                  "channel: who waits for nobody but its own isolate is in a "
                  "deadlock") {
  // The main G waits on after it was told of.
  CHECK(Run(New(), "tri.channel():recv()") == "deadlock");
  CHECK(Run(New(), "tri.channel():send(1)") == "deadlock");
  CHECK(Run(New(),
            "local ch = tri.channel() "
            "tri.select{{ch, 'recv'}, {tri.chan(), 'recv'}}") == "deadlock");
  CHECK(Run(New(),
            "local ch = tri.channel() tri.go(ch.recv, ch) "
            "tri.channel():recv()") == "deadlock");
  CHECK(Run(New(), "return tri.channel():recv(0.001)") == "nil nil 'timeout'");
}

TEST_CASE_FIXTURE(ChannelTest,
                  "channel: the end of the last other handle makes a wait a "
                  "deadlock") {
  for (int round = 0; round < 20; round++) {
    Isolate* a = New();
    Isolate* b = New();
    Run(a, "put(tri.channel(), 0) put(tri.channel(), 1)");
    std::vector<Part> parts = {
        {a,
         "local ch, ready = get(0), get(1) tri.go(ready.send, ready, 1) "
         "ch:recv()"},
        {b, R"(
          do
            local ch = get(0)
            get(1):recv()
            drop(0)
          end
          collectgarbage())"}};
    RunAll(&parts);
    CHECK(parts[0].result == "deadlock");
    CHECK(parts[1].result == "");
  }
}

TEST_CASE_FIXTURE(ChannelTest, "channel: os.exit leaves no waiters behind") {
  Isolate* a = New();
  Isolate* b = New();
  Run(a, "put(tri.channel(), 0)");
  CHECK(Run(b, R"(
    local ch = get(0)
    tri.go(ch.recv, ch)
    tri.go(function() tri.select{{ch, "recv"}} end)
    tri.sleep(0)
    os.exit(3))") == "exit");
  CHECK(Run(a, "return get(0):trysend(1)") == "false");
}

}  // namespace
}  // namespace trilune
