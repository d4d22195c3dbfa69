// Random values go to another isolate and back, and are compared with what was
// sent: all types, cycles, shared parts, shared upvalues, extreme numbers, long
// strings, embedded zeros, deep nesting, metatables. The comparison is Lua code
// of its own, which follows both graphs side by side and knows nothing of
// messages.
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
#include "vm/isolate.h"
#include "vm/message.h"

#ifndef TRI_STRESS_DEFAULT_SECONDS
#define TRI_STRESS_DEFAULT_SECONDS 20
#endif

namespace trilune {
namespace {

using std::chrono::steady_clock;

constexpr const char* kProgram = R"lua(
local function random_of(state)
  return function(n)
    state = state * 6364136223846793005 + 1442695040888963407
    return (state >> 33) % n + 1
  end
end

-- What every isolate has: it arrives as the same value.
local everywhere = {print, math.random, string.rep, io.stdout, string, _G,
  table, require, coroutine.wrap}
local is_everywhere = {}
for _, value in ipairs(everywhere) do is_everywhere[value] = true end

local numbers = {0, -1, 1, 127, 128, -128, -129, math.maxinteger,
  math.mininteger, 0.0, -0.0, 1.0, 1 / 0, -1 / 0, 0 / 0, -(0 / 0), 5e-324,
  1.7976931348623157e308, 2^53, 0.1}

local function scalar(random)
  local what = random(8)
  if what == 1 then return random(2) == 1 end
  if what == 2 then return numbers[random(#numbers)] end
  if what == 3 then return random(1 << 30) * random(1 << 30) end
  if what == 4 then return random(1000) / 7 end
  if what == 5 then return ("a\0b\255"):rep(random(20)) end
  if what == 6 then return "s" .. random(50) end
  if what == 7 then return ("long\0"):rep(40 + random(200)) end
  return everywhere[random(#everywhere)]
end

local function closures(a, b)
  local function get() return a, b end
  local function set(x) a, b = b, x return get end
  return get, set
end
local function counter()
  local n, _ENV = 0, {}
  return function() n = n + 1 return n end
end
local stripped = load(string.dump(function(...) local x = ... return x end,
  true))

function make(seed)
  local random = random_of(seed)
  local all, tables, keys = {}, {}, 0
  for _ = 1, random(30) do
    if random(5) == 1 then
      local f, g = closures()
      all[#all + 1], all[#all + 2] = f, g
    elseif random(20) == 1 then
      all[#all + 1] = random(2) == 1 and counter() or stripped
    else
      local t = {}
      all[#all + 1], tables[#tables + 1] = t, t
    end
  end
  if #tables == 0 then tables[1] = {} all[#all + 1] = tables[1] end
  local function value()
    if random(3) == 1 then return all[random(#all)] end
    local v = scalar(random)
    if random(40) ~= 1 then return v end
    for _ = 1, random(200) do
      v = random(2) == 1 and {v} or {next = v, random(9)}
    end
    return v
  end
  local function key()
    local what = random(8)
    if what == 1 then
      keys = keys + 1
      local k = tables[random(#tables)]
      k.kid = k.kid or keys
      return k
    end
    if what == 2 then return random(20) end
    if what == 3 then return random(100) + 0.5 end
    if what == 4 then return random(2) == 1 end
    if what == 5 then return print end
    local v = scalar(random)
    return v == v and v or "NaN"
  end
  for _, object in ipairs(all) do
    if type(object) == "table" then
      for i = 1, random(12) - 1 do
        if random(10) > 1 then object[i] = value() end
      end
      for _ = 1, random(8) - 1 do object[key()] = value() end
      if random(6) == 1 then
        setmetatable(object, tables[random(#tables)])
      end
    elseif object ~= stripped then
      for i = 1, 2 do
        local name = debug.getupvalue(object, i)
        if (name == "a" or name == "b") and random(2) == 1 then
          debug.setupvalue(object, i, value())
        end
      end
    end
  end
  for _, t in ipairs(tables) do t.__transfer, t.__gc, t.__mode = nil end
  return all[random(#all)], all
end

-- Where the two differ, or nothing. `with`: metatables have been sent.
function difference(first, second, with)
  local there, back, ids, ids_back, work = {}, {}, {}, {}, {}
  local function differ(a, b)
    if type(a) ~= type(b) then return type(a) .. " and " .. type(b) end
    if is_everywhere[a] then return a ~= b and "another value" or nil end
    if type(a) == "number" then
      if math.type(a) ~= math.type(b) then return "number types" end
      if a ~= a then return b == b and "no NaN" or nil end
      if a ~= b or (a == 0 and 1 / a ~= 1 / b) then return "numbers" end
    elseif type(a) == "table" or type(a) == "function" then
      if there[a] == nil and back[b] == nil then
        if rawequal(a, b) then return "no copy" end
        there[a], back[b] = b, a
        work[#work + 1] = {a, b}
      elseif there[a] ~= b or back[b] ~= a then
        return "identities"
      end
    elseif a ~= b then
      return type(a) .. "s"
    end
  end
  local function tables(a, b)
    local by_kid, count = {}, 0
    for k in next, b do
      count = count + 1
      if type(k) == "table" and not is_everywhere[k] then
        by_kid[k.kid] = k
      end
    end
    for k, v in next, a do
      count = count - 1
      local other = k
      if type(k) == "table" and not is_everywhere[k] then
        other = by_kid[k.kid]
        if other == nil then return "a key is lost" end
        local why = differ(k, other)
        if why then return "key: " .. why end
      end
      local why = differ(v, rawget(b, other))
      if why then return "[" .. tostring(k) .. "]: " .. why end
    end
    if count ~= 0 then return "number of keys" end
    local meta = debug.getmetatable(b)
    if not with then return meta and "a metatable" or nil end
    return differ(debug.getmetatable(a), meta)
  end
  local function functions(a, b)
    if string.dump(a) ~= string.dump(b) then return "bytecode" end
    for i = 1, math.maxinteger do
      local name, value = debug.getupvalue(a, i)
      local name_b, value_b = debug.getupvalue(b, i)
      if name ~= name_b then return "upvalue names" end
      if name == nil then return nil end
      local why = differ(value, value_b)
      if why then return "upvalue " .. name .. ": " .. why end
      local id, id_b = debug.upvalueid(a, i), debug.upvalueid(b, i)
      if ids[id] == nil and ids_back[id_b] == nil then
        ids[id], ids_back[id_b] = id_b, id
      elseif ids[id] ~= id_b or ids_back[id_b] ~= id then
        return "shared upvalues"
      end
    end
  end
  local why = differ(first, second)
  while not why and #work > 0 do
    local pair = table.remove(work)
    if type(pair[1]) == "table" then
      why = tables(pair[1], pair[2])
    else
      why = functions(pair[1], pair[2])
    end
  end
  return why
end
)lua";

struct Trip {
  const char* chunk = nullptr;  // makes the value; else make(seed)
  int64_t seed = 0;
  bool metatables = false;
  vm::Message* message = nullptr;
  std::string difference;
};

// Keeps the value as a global of the registry, and sends it.
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
  vm::WriteOptions options;
  options.metatables = trip->metatables;
  trip->message = vm::WriteMessage(L, -1, 1, options);
  return 0;
}

int Relay(lua_State* L) {
  auto* trip = static_cast<Trip*>(lua_touserdata(L, 1));
  vm::Message* message = trip->message;
  trip->message = nullptr;
  vm::ReadMessage(L, message);
  vm::WriteOptions options;
  options.metatables = trip->metatables;
  trip->message = vm::WriteMessage(L, -1, 1, options);
  return 0;
}

int Compare(lua_State* L) {
  auto* trip = static_cast<Trip*>(lua_touserdata(L, 1));
  vm::Message* message = trip->message;
  trip->message = nullptr;
  lua_getglobal(L, "difference");
  lua_getfield(L, LUA_REGISTRYINDEX, "sent");
  vm::ReadMessage(L, message);
  lua_pushboolean(L, static_cast<int>(trip->metatables));
  lua_call(L, 3, 1);
  if (lua_isnil(L, -1) == 0) trip->difference = lua_tostring(L, -1);
  return 0;
}

class Pair {
 public:
  Pair() {
    REQUIRE(here_.Run(kProgram).empty());
    there_ = test::NewIsolate(here_.runtime());
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
    REQUIRE_MESSAGE(status.ok(), "seed ", trip->seed, ": ", status.message());
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
