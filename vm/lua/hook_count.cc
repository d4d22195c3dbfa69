#include "vm/lua/hook_count.h"

#include <atomic>
#include <cstddef>
#include <cstring>

namespace trilune::vm {
namespace {

// The ints are searched for within the first words of the state.
constexpr size_t kBytes = 208;
constexpr int kFirst = 0x3a5c71e;
constexpr int kSecond = 0x51d2b96;

// The place of `basehookcount`; 0: not found. relaxed: constant once
// FindHookCount has returned.
std::atomic<size_t> place{0};

int IntAt(lua_State* L, size_t at) {
  int value = 0;
  std::memcpy(&value, reinterpret_cast<char*>(L) + at, sizeof(value));
  return value;
}

void SetIntAt(lua_State* L, size_t at, int value) {
  std::memcpy(reinterpret_cast<char*>(L) + at, &value, sizeof(value));
}

void Nothing(lua_State* L, lua_Debug* ar) {
  static_cast<void>(L);
  static_cast<void>(ar);
}

void CountCalls(lua_State* L, lua_Debug*) {
  lua_getfield(L, LUA_REGISTRYINDEX, "calls");
  lua_pushinteger(L, lua_tointeger(L, -1) + 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "calls");
  lua_pop(L, 1);
}

// Runs the chunk on top of the stack, which stays there. Returns the number of
// events.
int Events(lua_State* L) {
  lua_pushinteger(L, 0);
  lua_setfield(L, LUA_REGISTRYINDEX, "calls");
  lua_pushvalue(L, -1);
  lua_call(L, 0, 0);
  lua_getfield(L, LUA_REGISTRYINDEX, "calls");
  const auto calls = static_cast<int>(lua_tointeger(L, -1));
  lua_pop(L, 1);
  return calls;
}

// Whether the int at `at` and the one after it do what their names say.
bool Works(lua_State* L, size_t at) {
  lua_sethook(L, &CountCalls, LUA_MASKCOUNT, kFirst);
  SetIntAt(L, at, 1000);
  SetIntAt(L, at + sizeof(int), 1000);
  if (Events(L) != 0) return false;
  const int ran = 1000 - IntAt(L, at + sizeof(int));
  // Runs the same instructions again. With `ran` left, the event comes with the
  // last of them; with one more left, it does not come.
  SetIntAt(L, at + sizeof(int), ran);
  if (ran < 5 || Events(L) != 1 || IntAt(L, at + sizeof(int)) != 1000) {
    return false;
  }
  SetIntAt(L, at + sizeof(int), ran + 1);
  return Events(L) == 0 && IntAt(L, at + sizeof(int)) == 1 &&
         lua_gethookcount(L) == 1000;
}

// In protected mode. Returns the place, or 0.
int Search(lua_State* L) {
  if (luaL_loadstring(L, "local n = 0 for i = 1, 10 do n = n + i end") !=
      LUA_OK) {
    return lua_error(L);
  }
  size_t found = 0;
  for (size_t at = sizeof(void*); at + 2 * sizeof(int) <= kBytes;
       at += sizeof(int)) {
    lua_sethook(L, &Nothing, LUA_MASKCOUNT, kFirst);
    const bool first =
        IntAt(L, at) == kFirst && IntAt(L, at + sizeof(int)) == kFirst;
    lua_sethook(L, &Nothing, LUA_MASKCOUNT, kSecond);
    if (first && IntAt(L, at) == kSecond &&
        IntAt(L, at + sizeof(int)) == kSecond && Works(L, at)) {
      found = at;
      break;
    }
  }
  lua_sethook(L, nullptr, 0, 0);
  lua_pushinteger(L, static_cast<lua_Integer>(found));
  return 1;
}

size_t Find() {
  lua_State* L = luaL_newstate();
  if (L == nullptr) return 0;
  lua_pushcfunction(L, &Search);
  const bool ok = lua_pcall(L, 0, 1, 0) == LUA_OK;
  const size_t at = ok ? static_cast<size_t>(lua_tointeger(L, -1)) : 0;
  lua_close(L);
  return at;
}

}  // namespace

bool FindHookCount() {
  static const bool kFound = [] {
    const size_t at = Find();
    place.store(at, std::memory_order_relaxed);
    return at != 0;
  }();
  return kFound;
}

int HookCountLeft(lua_State* L) {
  return IntAt(L, place.load(std::memory_order_relaxed) + sizeof(int));
}

void SetHookCount(lua_State* L, int base, int left) {
  const size_t at = place.load(std::memory_order_relaxed);
  SetIntAt(L, at, base);
  SetIntAt(L, at + sizeof(int), left);
}

}  // namespace trilune::vm
