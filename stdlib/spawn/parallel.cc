// trilune.parallel: loads parallel.lua and parallel_worker.lua, and has their
// helpers that are written in C for speed.

#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "sched/base/clock.h"
#include "stdlib/modules.h"
#include "stdlib/spawn/spawn.h"

namespace trilune::stdlib {

// The text of parallel.lua and parallel_worker.lua, in files that BUILD makes.
extern const char kParallelLua[];
extern const char kParallelWorkerLua[];

namespace {

// clock() -> seconds
int l_clock(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(NowNs()) * 1e-9);
  return 1;
}

// array(n) -> an empty table with room for n items
int l_array(lua_State* L) {
  const lua_Integer n = lua_tointeger(L, 1);
  lua_createtable(L, n < INT_MAX ? static_cast<int>(n) : INT_MAX, 0);
  return 1;
}

// count_steps(from, to, step) -> how many steps lead from `from` to the last
// number that is not beyond `to`. Requires: `to` does not lie before `from`.
// nil: too many.
int l_count_steps(lua_State* L) {
  constexpr auto kMost = static_cast<double>(uint64_t{1} << 53);
  bool are_integers = true;
  for (int i = 1; i <= 3; i++)
    are_integers = are_integers && lua_isinteger(L, i) != 0;
  double steps = 0;
  if (are_integers) {
    // The distance between the ends may be larger than an integer can be.
    const auto from = static_cast<uint64_t>(lua_tointeger(L, 1));
    const auto to = static_cast<uint64_t>(lua_tointeger(L, 2));
    const auto step = static_cast<uint64_t>(lua_tointeger(L, 3));
    const bool is_up = lua_tointeger(L, 3) > 0;
    steps = static_cast<double>(is_up ? (to - from) / step
                                      : (from - to) / (0 - step));
  } else {
    const lua_Number size = lua_tonumber(L, 2) - lua_tonumber(L, 1);
    steps = std::floor(size / lua_tonumber(L, 3));
  }
  if (!(steps < kMost - 1)) return 0;
  lua_pushinteger(L, static_cast<lua_Integer>(steps));
  return 1;
}

// Numbers of one subtype travel as the bytes of a string, behind a byte that
// names the subtype. So there is one value to write and to read instead of
// many.
constexpr char kIntegers = 'i';
constexpr char kFloats = 'f';

// Pushes `n` items of the table at `index`, from `first` on, in that form.
// False: they are something else.
bool PushPacked(lua_State* L, int index, lua_Integer first, lua_Integer n) {
  static_assert(sizeof(lua_Integer) == sizeof(lua_Number));
  constexpr size_t kSize = sizeof(lua_Integer);
  if (n < 1) return false;
  const bool is_number = lua_rawgeti(L, index, first) == LUA_TNUMBER;
  const bool are_integers = is_number && lua_isinteger(L, -1) != 0;
  lua_pop(L, 1);
  if (!is_number) return false;
  const size_t size = 1 + static_cast<size_t>(n) * kSize;
  auto* bytes = static_cast<char*>(lua_newuserdatauv(L, size, 0));
  bytes[0] = are_integers ? kIntegers : kFloats;
  char* at = bytes + 1;
  for (lua_Integer i = 0; i < n; i++, at += kSize) {
    if (lua_rawgeti(L, index, first + i) != LUA_TNUMBER ||
        (lua_isinteger(L, -1) != 0) != are_integers) {
      lua_pop(L, 2);
      return false;
    }
    if (are_integers) {
      const lua_Integer value = lua_tointeger(L, -1);
      std::memcpy(at, &value, kSize);
    } else {
      const lua_Number value = lua_tonumber(L, -1);
      std::memcpy(at, &value, kSize);
    }
    lua_pop(L, 1);
  }
  lua_pushlstring(L, bytes, size);
  lua_remove(L, -2);
  return true;
}

// Puts the `n` numbers in the string `bytes` into the table at `index`, behind
// the place `base`.
void Unpack(lua_State* L, const char* bytes, int index, lua_Integer base,
            lua_Integer n) {
  const bool are_integers = bytes[0] == kIntegers;
  const char* at = bytes + 1;
  for (lua_Integer i = 1; i <= n; i++, at += sizeof(lua_Integer)) {
    if (are_integers) {
      lua_Integer value = 0;
      std::memcpy(&value, at, sizeof(value));
      lua_pushinteger(L, value);
    } else {
      lua_Number value = 0;
      std::memcpy(&value, at, sizeof(value));
      lua_pushnumber(L, value);
    }
    lua_rawseti(L, index, base + i);
  }
}

// pack(values, n) -> the values packed, or themselves
int l_pack(lua_State* L) {
  if (!PushPacked(L, 1, 1, lua_tointeger(L, 2))) lua_pushvalue(L, 1);
  return 1;
}

// unpack(values, n) -> a table, from what pack or slice returned
int l_unpack(lua_State* L) {
  lua_settop(L, 2);
  if (lua_type(L, 1) != LUA_TSTRING) {
    lua_pushvalue(L, 1);
    return 1;
  }
  const lua_Integer n = lua_tointeger(L, 2);
  lua_createtable(L, static_cast<int>(n), 0);
  Unpack(L, lua_tostring(L, 1), 3, 0, n);
  return 1;
}

// slice(list, first, n) -> list[first] and the n - 1 items behind it, perhaps
// packed
int l_slice(lua_State* L) {
  const lua_Integer first = lua_tointeger(L, 2);
  const lua_Integer n = lua_tointeger(L, 3);
  const bool is_raw = lua_getmetatable(L, 1) == 0;
  lua_settop(L, 3);
  if (is_raw && PushPacked(L, 1, first, n)) return 1;
  lua_createtable(L, static_cast<int>(n), 0);
  for (lua_Integer i = 0; i < n; i++) {
    if (is_raw) {
      lua_rawgeti(L, 1, first + i);
    } else {
      lua_geti(L, 1, first + i);
    }
    lua_rawseti(L, 4, i + 1);
  }
  return 1;
}

// store(results, base, values, n): results[base + i] = values[i]
int l_store(lua_State* L) {
  const lua_Integer base = lua_tointeger(L, 2);
  const lua_Integer n = lua_tointeger(L, 4);
  if (lua_type(L, 3) == LUA_TSTRING) {
    Unpack(L, lua_tostring(L, 3), 1, base, n);
    return 0;
  }
  for (lua_Integer i = 1; i <= n; i++) {
    // A nil gets no key, because that would make the table grow for nothing.
    if (lua_rawgeti(L, 3, i) == LUA_TNIL) {
      lua_pop(L, 1);
    } else {
      lua_rawseti(L, 1, base + i);
    }
  }
  return 0;
}

// acquired(value) -> the value. A function ends with a tail call of this if its
// caller must close the value: see vm/goroutine/raise_delay.h.
int l_acquired(lua_State* L) {
  vm::Isolate::Of(L)->raise_delay.NoteAcquired();
  return lua_gettop(L);
}

// Pushes the function that `source` is, without line numbers. A script may get
// errors with positions, by level 2 or through a coroutine.wrap. Those must not
// name lines of a module that the script's author did not write.
void PushChunk(lua_State* L, const char* source) {
  constexpr char kName[] = "=trilune.parallel";
  struct Dump {
    bool is_begun = false;
    luaL_Buffer buffer;
  } dump;
  const auto write = [](lua_State* state, const void* piece, size_t size,
                        void* to) {
    auto* into = static_cast<Dump*>(to);
    if (!into->is_begun) {
      into->is_begun = true;
      luaL_buffinit(state, &into->buffer);
    }
    luaL_addlstring(&into->buffer, static_cast<const char*>(piece), size);
    return 0;
  };
  const int at = lua_gettop(L) + 1;
  if (luaL_loadbufferx(L, source, std::strlen(source), kName, "t") != LUA_OK) {
    lua_error(L);
  }
  lua_dump(L, write, &dump, /*strip=*/1);
  luaL_pushresult(&dump.buffer);
  size_t size = 0;
  const char* code = lua_tolstring(L, -1, &size);
  if (luaL_loadbufferx(L, code, size, kName, "b") != LUA_OK) lua_error(L);
  lua_replace(L, at);
  lua_settop(L, at);
}

}  // namespace

int OpenParallel(lua_State* L) {
  PushChunk(L, kParallelLua);
  PushChunk(L, kParallelWorkerLua);
  constexpr lua_CFunction kWorkerHelpers[] = {&l_clock, &l_array, &l_pack,
                                              &l_unpack};
  for (lua_CFunction helper : kWorkerHelpers)
    lua_pushcfunction(L, helper);
  lua_call(L, static_cast<int>(std::size(kWorkerHelpers)), 1);
  constexpr lua_CFunction kHelpers[] = {
      &l_clock,          &l_array,       &l_pack,       &l_slice,
      &l_store,          &l_count_steps, &WatchProgram, &ExpectWatcher,
      &ReadSpawnOptions, &l_acquired};
  for (lua_CFunction helper : kHelpers)
    lua_pushcfunction(L, helper);
  lua_call(L, static_cast<int>(std::size(kHelpers)) + 1, 1);
  return 1;
}

}  // namespace trilune::stdlib
