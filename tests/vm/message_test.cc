// Unit tests for vm/message/message.h: what scripts cannot see, or not well.
// What they can is in tests/lua/transfer; random values are in
// tests/stress/message_stress.cc.

#include "vm/message/message.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"
#include "vm/isolate/isolate.h"
#include "vm/message/message_format.h"
#include "vm/message/message_reader.h"
#include "vm/message/message_space.h"
#include "vm/message/shared.h"

namespace trilune {
namespace {

using test::Contains;
using test::Host;
using vm::FreeMessage;
using vm::Message;
using vm::ReadMessage;
using vm::WriteMessage;

// --- Shared objects that count. ---

std::atomic<int> live_things{0};

constexpr char kThingTag = 0;

void PushThingMetatable(lua_State* L) {
  lua_newtable(L);
  vm::SetSharedMetatable(L);
}

constexpr vm::Shared::Type kThingType = {"thing", &kThingTag,
                                         &PushThingMetatable};

class Thing final : public vm::Shared {
 public:
  Thing() : Shared(&kThingType) { live_things++; }

 private:
  ~Thing() override { live_things--; }
};

int l_thing(lua_State* L) {
  auto* thing = new Thing();
  vm::PushShared(L, thing);
  thing->Release();
  return 1;
}

// --- Functions for scripts. ---

// write(...): a message of the arguments, as a light userdata.
int l_write(lua_State* L) {
  lua_pushlightuserdata(L, WriteMessage(L, 1, lua_gettop(L)));
  return 1;
}

// read(message): its values.
int l_read(lua_State* L) {
  return ReadMessage(L, static_cast<Message*>(lua_touserdata(L, 1)));
}

// drop(message): frees it, as an isolate that does not read it; or, with a
// second argument, as a thread without one.
int l_drop(lua_State* L) {
  FreeMessage(static_cast<Message*>(lua_touserdata(L, 1)),
              lua_gettop(L) == 1 ? vm::Isolate::Of(L) : nullptr);
  return 0;
}

int l_light(lua_State* L) {
  lua_pushlightuserdata(L, const_cast<char*>(&kThingTag));
  return 1;
}

// A C function with an upvalue, and one without.
int l_plain(lua_State* L) {
  lua_pushliteral(L, "plain");
  return 1;
}
int l_closure(lua_State* L) {
  lua_pushinteger(L, 1);
  lua_pushcclosure(L, &l_plain, 1);
  return 1;
}

void Register(Host& host, const char* name, lua_CFunction function) {
  struct Entry {
    const char* name;
    lua_CFunction function;
  } entry = {name, function};
  REQUIRE(host->Main(
                  [](lua_State* L) {
                    const auto* it = static_cast<Entry*>(lua_touserdata(L, 1));
                    lua_pushcfunction(L, it->function);
                    lua_setglobal(L, it->name);
                    return 0;
                  },
                  &entry)
              .ok());
}

void RegisterAll(Host& host) {
  Register(host, "write", &l_write);
  Register(host, "read", &l_read);
  Register(host, "drop", &l_drop);
  Register(host, "thing", &l_thing);
  Register(host, "light", &l_light);
  Register(host, "plain", &l_plain);
  Register(host, "closure", &l_closure);
}

TEST_CASE("several values make a message, nil and none among them") {
  Host host;
  RegisterAll(host);
  CHECK(host.Run("return read(write(1, nil, 'a', nil))") == "1 nil 'a' nil");
  CHECK(host.Run("return select('#', read(write()))") == "0");
  CHECK(host.Run("local t = {} local a, b = read(write(t, t)) "
                 "return a == b, a ~= t") == "true true");
  CHECK(
      host.Run("return select('#', read(write(table.unpack({}, 1, 5000))))") ==
      "5000");
  const std::string refused =
      host.Run("return pcall(write, 1, {x = coroutine.create(print)})");
  CHECK(refused == "false 'cannot send a thread (at argument #2.x)'");
}

TEST_CASE("pointers cross as they are, and C functions with upvalues do not") {
  Host host;
  RegisterAll(host);
  CHECK(host.Run("return read(write(light())) == light()") == "true");
  CHECK(host.Run("return read(write(plain)) == plain, read(write(plain))()") ==
        "true 'plain'");
  CHECK(host.Run("return pcall(write, {f = closure()})") ==
        "false 'cannot send a C function with upvalues (at value.f)'");
}

TEST_CASE("a handle crosses by reference, and who drops the message lets go") {
  {
    Host host;
    RegisterAll(host);
    CHECK(host.Run("local t = thing() return read(write(t, {t})) == t") ==
          "true");
    CHECK(host.Run("local m = write({thing(), thing()}) "
                   "collectgarbage() drop(m) m = write(thing()) "
                   "collectgarbage() drop(m, true)") == "");
    CHECK(host.Run("collectgarbage()") == "");
    CHECK(live_things == 0);
    // Refused after a handle was written.
    CHECK(Contains(host.Run("return pcall(write, {thing(), {closure()}})"),
                   "cannot send"));
    CHECK(host.Run("kept = write(thing()) collectgarbage()") == "");
    CHECK(live_things == 1);
    CHECK(host.Run("local t = read(kept) return type(t)") == "'userdata'");
  }
  CHECK(live_things == 0);
}

TEST_CASE("an isolate's messages are read by another one") {
  Host host;
  RegisterAll(host);
  Isolate* other = test::NewIsolate(host.runtime());
  Message* message = nullptr;
  REQUIRE(
      host->Main(
              [](lua_State* L) {
                auto** out = static_cast<Message**>(lua_touserdata(L, 1));
                const char* chunk =
                    "local n = 0 local function add() n = n + 1 return n "
                    "end local f f = function() return add(), f ~= nil, "
                    "print ~= nil, math.random end return {f, add, io = io, "
                    "sync = require 'trilune.sync', mutex = "
                    "require 'trilune.sync'.mutex, "
                    "g = _G, out = io.stdout}";
                if (luaL_dostring(L, chunk) != LUA_OK) return lua_error(L);
                *out = WriteMessage(L, lua_gettop(L), 1);
                return 0;
              },
              &message)
          .ok());
  REQUIRE(other
              ->Main(
                  [](lua_State* L) {
                    auto** in = static_cast<Message**>(lua_touserdata(L, 1));
                    ReadMessage(L, *in);
                    lua_setglobal(L, "got");
                    return 0;
                  },
                  &message)
              .ok());
  const char* chunk =
      "local n, f, p, r = got[1]() "
      "return n, f, p, r == math.random, got[2](), got.io == io, "
      "got.g == _G, got.out == io.stdout, "
      "got.sync == package.loaded['trilune.sync'], "
      "got.mutex == got.sync.mutex";
  CHECK(test::Text(other->RunString(chunk, "=test", {})) ==
        "1 true true true 2 true true true true true");
}

TEST_CASE("a module that the reader lacks is an error, and nothing leaks") {
  Host host;
  RegisterAll(host);
  CHECK(host.Run("package.loaded.lost = {1} kept = {write(package.loaded.lost),"
                 " write({('x'):rep(1e5), package.loaded.lost, thing()})} "
                 "package.loaded.lost = nil") == "");
  for (const char* read :
       {"return pcall(read, kept[1])", "return pcall(read, kept[2])"}) {
    const std::string error = host.Run(read);
    CHECK(Contains(error, "false"));
    CHECK(Contains(error, "module 'lost' not found:"));
  }
  CHECK(host.Run("collectgarbage()") == "");
  CHECK(live_things == 0);
}

TEST_CASE("neither side leaks anything when memory runs out") {
  IsolateOptions options;
  options.memory_limit_bytes = size_t{4} << 20;
  Host host(options);
  RegisterAll(host);
  // The limit strikes in every place in turn: what is left shrinks.
  const std::string result = host.Run(R"lua(
    return pcall(function()
    local values = {
      {id = 1, tags = {1, 2, 3}}, ("x"):rep(200), ("y"):rep(100000),
      function() return print end, {thing(), {{}, {}}}, setmetatable({},
        {__transfer = function() return function(x) return {x} end, {1} end}),
    }
    local deep = {}
    for i = 1, 500 do deep = {deep} end
    values[#values + 1] = deep
    local failures, successes = 0, 0
    local hoard, n, size = {}, 0, 0
    local function fill()
      while true do
        hoard[n + 1] = ("h"):rep(size)
        n = n + 1
      end
    end
    for round = 1, 60 do
      n, size = 0, 1000 - round
      pcall(fill)
      for i = 1, round do hoard[i] = false end
      for i = 1, #values do
        local ok, message = pcall(write, values[i])
        if ok then ok, message = pcall(read, message) end
        if ok then
          successes = successes + 1
        else
          failures = failures + 1
          -- The second is Lua's word for a stack that could not grow.
          if not message:find("not enough memory", 1, true) and
            not message:find("stack overflow", 1, true) then
            hoard = nil
            error(message)
          end
        end
      end
      for i = 1, n do hoard[i] = false end
    end
    hoard = nil
    collectgarbage()
    return failures > 10, successes > 10, read(write({{"still"}}))[1][1]
    end)
  )lua");
  CHECK(result == "true true true 'still'");
  CHECK(host.Run("collectgarbage() collectgarbage()") == "");
  CHECK(live_things == 0);
}

TEST_CASE("a finalizer that runs while a message is read reads others") {
  Host host;
  RegisterAll(host);
  CHECK(host.Run(R"lua(
    local reads = 0
    local function again()
      setmetatable({}, {__gc = function()
        local t = read(write({{reads}, "x"}))
        assert(t[1][1] == reads and t[2] == "x")
        reads = reads + 1
        again()
      end})
    end
    again()
    collectgarbage("setpause", 0)
    for i = 1, 20000 do
      local t = read(write({id = i, tags = {i, i}}))
      assert(t.id == i and t.tags[2] == i)
    end
    return reads > 0
  )lua") == "true");
}

TEST_CASE("hooks that wait let others send meanwhile") {
  Host host;
  RegisterAll(host);
  CHECK(host.Run(R"lua(
    local tri = require "trilune"
    local gs = {}
    for i = 1, 20 do
      gs[i] = tri.go(function()
        local slow = setmetatable({}, {__transfer = function()
          tri.yield()
          return function(n) require("trilune").yield() return n end, i
        end})
        for round = 1, 10 do
          local t = read(write({slow, {i}, slow}))
          assert(t[1] == i and t[2][1] == i and t[3] == i)
        end
      end)
    end
    for i = 1, 20 do assert(gs[i]:join()) end
  )lua") == "");
}

TEST_CASE("an isolate that is closed inside a hook frees what it had begun") {
  {
    Host host;
    RegisterAll(host);
    CHECK(host.Run(R"lua(
      local tri = require "trilune"
      local forever = tri.chan()
      local function stop() forever:recv() end
      local writing = setmetatable({}, {__transfer = stop})
      local reading = setmetatable({}, {__transfer = function()
        return function()
          require("trilune").sleep(1e6)
        end
      end})
      tri.go(write, {thing(), ("x"):rep(1e5), writing})
      tri.go(function() read(write({thing(), ("x"):rep(1e5), reading})) end)
      tri.yield()
    )lua") == "");
  }
  CHECK(live_things == 0);
}

TEST_CASE("wrong data is an error") {
  Host host;
  struct Data {
    std::string bytes;
    vm::ReadOptions options;
    bool was_read;
  };
  const auto is_read = [&host](std::string bytes, uint32_t flags = 0,
                               bool trusted = false) {
    Data data = {std::move(bytes), {}, false};
    data.options.count = 1;
    data.options.flags = flags;
    data.options.trusted = trusted;
    const Status status = host->Main(
        [](lua_State* L) {
          auto* it = static_cast<Data*>(lua_touserdata(L, 1));
          vm::ReadData(L, it->bytes.data(), it->bytes.size(), it->options);
          it->was_read = true;
          return 0;
        },
        &data);
    CHECK(status.ok() == data.was_read);
    if (!status.ok()) CHECK(Contains(status.message(), "malformed message"));
    return data.was_read;
  };
  const auto tag = [](vm::Tag value) {
    return std::string(1, static_cast<char>(value));
  };
  const auto head = [](uint32_t items, uint32_t array, uint32_t pairs) {
    const vm::TableHead value = {items, array, pairs};
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  using vm::Tag;
  CHECK(is_read(tag(Tag::kTrue)));
  CHECK_FALSE(is_read(""));
  CHECK_FALSE(is_read(tag(Tag::kTrue) + "x"));
  CHECK_FALSE(is_read("\x7f"));
  CHECK(is_read(tag(Tag::kShortString) + "\x02" + "ab"));
  CHECK_FALSE(is_read(tag(Tag::kShortString) + "\x03" + "ab"));
  CHECK(is_read(tag(Tag::kTable) + head(1, 1, 0) + tag(Tag::kNil)));
  CHECK_FALSE(is_read(tag(Tag::kTable) + head(2, 2, 0) + tag(Tag::kNil)));
  CHECK_FALSE(is_read(tag(Tag::kTable) + head(1U << 30, 1U << 30, 0)));
  CHECK_FALSE(is_read(tag(Tag::kTable) + head(0, 100, 0)));
  const std::string nothing(sizeof(uint64_t), '\0');
  CHECK_FALSE(is_read(tag(Tag::kReference) + nothing));
  CHECK_FALSE(is_read(tag(Tag::kReference) + nothing, vm::kHasReferences));
  for (const Tag untrusted :
       {Tag::kLightUserdata, Tag::kCFunction, Tag::kFunction, Tag::kModule,
        Tag::kMember, Tag::kShared, Tag::kTransferred}) {
    CHECK_FALSE(is_read(tag(untrusted) + nothing + nothing, 15));
  }
  CHECK(is_read(tag(Tag::kLightUserdata) + nothing, 15, /*trusted=*/true));
  // A function that has one upvalue, and as many as the data says: its own, and
  // the same again.
  auto dumped = host->RunString(
      "local a = 1 return string.dump(function() return a end)", "=test", {});
  REQUIRE(dumped.ok());
  const auto code = std::get<std::string>(dumped.value().front());
  const auto number = [](auto value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  const auto function = [&](uint32_t upvalues) {
    std::string bytes(1,
                      static_cast<char>(static_cast<uint8_t>(Tag::kFunction) |
                                        vm::kReferenced));
    bytes += number(upvalues) + number(uint64_t{code.size()}) + code;
    if (upvalues == 0) return bytes;
    bytes += number(vm::Upvalue::kOwn) + tag(Tag::kTrue);
    for (uint32_t i = 1; i < upvalues; i++)
      bytes += number(vm::Upvalue::kSame) + nothing + '\x01';
    return bytes;
  };
  CHECK(is_read(function(0), 15, /*trusted=*/true));
  CHECK(is_read(function(1), 15, /*trusted=*/true));
  CHECK_FALSE(is_read(function(2), 15, /*trusted=*/true));
}

TEST_CASE("blocks of small messages are used again") {
  Host host;
  RegisterAll(host);
  // Between two isolates, so that they go through the depot.
  struct Log {
    int64_t count = 0;
    Message* messages[1000];
  } log;
  Isolate* other = test::NewIsolate(host.runtime());
  for (int round = 0; round < 20; round++) {
    REQUIRE(host->Main(
                    [](lua_State* L) {
                      auto* it = static_cast<Log*>(lua_touserdata(L, 1));
                      lua_pushliteral(L, "small");
                      for (Message*& message : it->messages)
                        message = WriteMessage(L, -1, 1);
                      return 0;
                    },
                    &log)
                .ok());
    REQUIRE(other
                ->Main(
                    [](lua_State* L) {
                      auto* it = static_cast<Log*>(lua_touserdata(L, 1));
                      for (Message* message : it->messages) {
                        ReadMessage(L, message);
                        it->count += static_cast<int64_t>(lua_rawlen(L, -1));
                        lua_pop(L, 1);
                      }
                      return 0;
                    },
                    &log)
                .ok());
  }
  CHECK(log.count == 20 * 1000 * 5);
}

}  // namespace
}  // namespace trilune
