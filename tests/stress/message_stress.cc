// Random values go to another isolate and back, and are compared with what was
// sent: all types, cycles, shared parts, shared upvalues, extreme numbers, long
// strings, embedded zeros, deep nesting, metatables, handles, members of
// modules, values with a __transfer. The comparison is Lua code of its own,
// which follows both graphs side by side and knows nothing of messages;
// constructors look at what they are called with, which must be complete.
//
// TRI_STRESS_SECONDS says how long; TRI_STRESS_SEED repeats a value: a failure
// prints the seed of its value, which is then the first one.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "tests/stdlib/host.h"
#include "vm/isolate/isolate.h"
#include "vm/message/message.h"

#ifndef TRI_STRESS_DEFAULT_SECONDS
#define TRI_STRESS_DEFAULT_SECONDS 20
#endif

namespace trilune {

extern const char kMessageStressLua[];  // message_stress.lua

namespace {

using std::chrono::steady_clock;

constexpr size_t kNoLimit = size_t{1} << 30;

struct Trip {
  const char* chunk = nullptr;  // makes the value; else make(seed)
  int64_t seed = 0;
  bool metatables = false;
  size_t limit = kNoLimit;
  vm::Message* message = nullptr;
  std::string difference;
};

void Write(lua_State* L, int index, Trip* trip) {
  vm::WriteOptions options;
  options.metatables = trip->metatables;
  options.max_bytes = trip->limit;
  trip->message = vm::WriteMessage(L, index, 1, options);
}

int WriteValue(lua_State* L) {
  Write(L, 2, static_cast<Trip*>(lua_touserdata(L, 1)));
  return 0;
}

// Writes the value on top anew, with a limit.
void WriteWithLimit(lua_State* L, Trip* trip, size_t limit, bool must_fit) {
  if (trip->message != nullptr) {
    vm::FreeMessage(trip->message, vm::Isolate::Of(L));
    trip->message = nullptr;
  }
  trip->limit = limit;
  lua_pushcfunction(L, &WriteValue);
  lua_pushlightuserdata(L, trip);
  lua_pushvalue(L, -3);
  const bool fits = lua_pcall(L, 2, 0, 0) == LUA_OK;
  if (fits == must_fit &&
      (fits ||
       std::strstr(lua_tostring(L, -1), "message too large: ") != nullptr)) {
    if (!fits) lua_pop(L, 1);
    return;
  }
  luaL_error(L, "limit of %I bytes: %s", static_cast<LUAI_UACINT>(limit),
             fits ? "not kept" : lua_tostring(L, -1));
}

// Keeps the value in the registry, and sends it. Every fourth time with limits:
// the message is refused if it is larger by a byte, and else arrives.
int Send(lua_State* L) {
  auto* trip = static_cast<Trip*>(lua_touserdata(L, 1));
  if (trip->chunk != nullptr) {
    if (luaL_dostring(L, trip->chunk) != LUA_OK) return lua_error(L);
  } else {
    lua_getglobal(L, "make");
    lua_pushinteger(L, trip->seed);
    lua_call(L, 1, 1);
  }
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "sent");
  Write(L, lua_gettop(L), trip);
  if (trip->seed % 4 == 0) {
    const size_t bytes = trip->message->bytes;
    const auto seed = static_cast<uint64_t>(trip->seed);
    WriteWithLimit(L, trip, bytes, /*must_fit=*/true);
    WriteWithLimit(L, trip, bytes - 1, /*must_fit=*/false);
    WriteWithLimit(L, trip, seed / 4 % bytes, /*must_fit=*/false);
    WriteWithLimit(L, trip, bytes, /*must_fit=*/true);
    trip->limit = kNoLimit;
  }
  return 0;
}

// Pushes the value of the message, which has arrived.
void Receive(lua_State* L, Trip* trip) {
  vm::Message* message = trip->message;
  trip->message = nullptr;
  vm::ReadMessage(L, message);
  lua_getglobal(L, "found_incomplete");
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1) == 0) lua_error(L);
  lua_pop(L, 1);
}

int Relay(lua_State* L) {
  auto* trip = static_cast<Trip*>(lua_touserdata(L, 1));
  Receive(L, trip);
  Write(L, -1, trip);
  return 0;
}

int Compare(lua_State* L) {
  auto* trip = static_cast<Trip*>(lua_touserdata(L, 1));
  lua_getglobal(L, "difference");
  lua_getfield(L, LUA_REGISTRYINDEX, "sent");
  Receive(L, trip);
  lua_pushboolean(L, static_cast<int>(trip->metatables));
  lua_call(L, 3, 1);
  if (lua_isnil(L, -1) == 0) trip->difference = lua_tostring(L, -1);
  return 0;
}

class Pair {
 public:
  Pair() {
    REQUIRE(here_.Run(kMessageStressLua).empty());
    there_ = test::NewIsolate(here_.runtime());
    REQUIRE(there_->RunString(kMessageStressLua, "=test", {}).ok());
  }

  // What differs after a trip, or nothing. `flip`: spoils a byte on the way.
  std::string Travel(Trip trip, const char* flip = nullptr) {
    Do(here_.isolate(), &Send, &trip);
    Do(there_, &Relay, &trip);
    if (flip != nullptr) Flip(trip.message, flip);
    Do(here_.isolate(), &Compare, &trip);
    return trip.difference;
  }
  std::string Run(std::string_view chunk) { return here_.Run(chunk); }

 private:
  static void Do(Isolate* isolate, lua_CFunction function, Trip* trip) {
    const Status status = isolate->Main(function, trip);
    if (!status.ok()) trip->difference = status.message();
    REQUIRE_MESSAGE(status.ok(), "TRI_STRESS_SEED=", trip->seed, ": ",
                    status.message());
  }
  static void Flip(vm::Message* message, const char* text) {
    char* data = message->data();
    for (size_t i = 0; i + std::strlen(text) <= message->bytes; i++) {
      if (std::memcmp(data + i, text, std::strlen(text)) == 0) {
        data[i] ^= 1;
        return;
      }
    }
    FAIL("nothing to flip");
  }

  test::Host here_;
  Isolate* there_ = nullptr;
};

int64_t Number(const char* name, int64_t otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoll(text, nullptr, 10);
}

TEST_CASE("the comparison finds a byte that was flipped on the way") {
  Pair pair;
  Trip trip;
  trip.chunk = "return {a = {'flip me'}, 7}";
  CHECK(pair.Travel(trip).empty());
  CHECK(pair.Travel(trip, "flip me") == "[1]: strings");
}

TEST_CASE("the comparison tells values apart that look alike") {
  Pair pair;
  CHECK(pair.Run(R"lua(
    local function check(expected, a, b, with)
      local found = difference(a, b, with)
      if found ~= expected then error(tostring(found), 2) end
    end
    local t = {}
    check("number types", 1, 1.0)
    check("numbers", 0.0, -0.0)
    check(nil, 0 / 0, 0 / 0)
    check("[2]: identities", {t, t}, {{}, {}})
    check("[2]: identities", {{}, {}}, {t, t})
    local cycle, unrolled = {}, {{}}
    cycle[1], unrolled[1][1] = cycle, unrolled
    check("[1]: identities", cycle, unrolled)
    check("number of keys", {}, {1})
    check("[1]: no copy", {t}, {t})
    check("a metatable", {}, setmetatable({}, {}))
    check("table and nil", setmetatable({}, {}), {}, true)
    local x, y = 1, 1
    local function f() return x end
    local function g() return y end
    check("bytecode", f, g)
    local function pair(shared)
      local a = 1
      local function first() return a end
      if shared then return {first, function() return a end} end
      local b = load(string.dump(pair(true)[2]))
      debug.setupvalue(b, 1, 1)
      return {first, b}
    end
    check("shared upvalues", pair(true), pair(false))
    check("shared upvalues", pair(false), pair(true))
    local made = require "pieces".new
    check(nil, made(1, {2}), made(1, {2}))
    check("[1]: numbers", made(1, 2), made(1, 3))
    check("table and nil", made(1), {kid = 1, n = 0})
    check("[1]: identities", {t, made(1, t)}, {{}, made(1, {})})
  )lua") == "");
}

TEST_CASE("constructors notice what is incomplete and no part of theirs") {
  Pair pair;
  CHECK(pair.Run(R"lua(
    local made = require "pieces".new
    local function check(expected, ...)
      made(1, ...)
      local found = found_incomplete()
      if found ~= expected then error(tostring(found), 2) end
    end
    local incomplete = "an argument is incomplete"
    local a, b = nil, _G
    check(nil, {size = 0}, {size = 1, {size = 1, x = 0}}, print)
    check(incomplete, {})
    check(incomplete, 1, {size = 1, {size = 1}})
    check(incomplete, {size = 1, [{}] = 1})
    check(incomplete, function() return a end)
    check(incomplete, function() return b end)
    check(incomplete, made(1, {}))
    local whole = {size = 2}
    whole[1] = made(2, whole)
    check(incomplete, whole)
    whole[2] = made(3, whole)
    whole.size = 3
    whole[3] = made(4, whole)
    if found_incomplete() then error("not a part") end
  )lua") == "");
}

TEST_CASE("random values come back as they were sent") {
  const auto until = steady_clock::now() +
                     std::chrono::seconds(Number("TRI_STRESS_SECONDS",
                                                 TRI_STRESS_DEFAULT_SECONDS));
  Pair pair;
  Trip trip;
  trip.seed = Number("TRI_STRESS_SEED",
                     static_cast<int64_t>(std::random_device{}()) << 16);
  std::printf("seed %lld\n", static_cast<long long>(trip.seed));
  int64_t values = 0;
  do {
    trip.metatables = trip.seed % 2 != 0;
    const std::string difference = pair.Travel(trip);
    REQUIRE_MESSAGE(difference.empty(), "TRI_STRESS_SEED=", trip.seed, ": ",
                    difference);
    trip.seed++;
    values++;
  } while (steady_clock::now() < until);
  std::printf("%lld values\n", static_cast<long long>(values));
}

}  // namespace
}  // namespace trilune
