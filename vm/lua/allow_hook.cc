// Finds the byte `allowhook` of a lua_State, by a look at a state of its own:
// before, inside and after a hook. A byte that behaves so is a candidate. It is
// taken only if hooks are then called inside a hook (Works).

#include "vm/lua/allow_hook.h"

#include <atomic>
#include <cstddef>
#include <cstring>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {
namespace {

// The byte is searched for within the first words of the state.
constexpr size_t kBytes = 64;

// The first words of the state, as the hook saw them.
unsigned char in_hook[kBytes];
int depth = 0;

// The byte's place; 0: not found. (The first bytes of any object are its
// header.) relaxed: constant once FindAllowHook has returned.
std::atomic<size_t> place{0};

void Look(lua_State* L, lua_Debug*) {
  std::memcpy(in_hook, L, kBytes);
}

// Counts how deep hooks of this kind nest.
void Nest(lua_State* L, lua_Debug*) {
  if (++depth > 1) return;
  AllowHooks(L);
  lua_pushcfunction(L, [](lua_State*) { return 0; });
  lua_call(L, 0, 0);
}

// Whether hooks are called inside a hook after AllowHooks.
bool Works(lua_State* L) {
  depth = 0;
  lua_sethook(L, &Nest, LUA_MASKCALL, 0);
  lua_pushcfunction(L, [](lua_State*) { return 0; });
  const bool ok = lua_pcall(L, 0, 0, 0) == LUA_OK;
  lua_sethook(L, nullptr, 0, 0);
  return ok && depth == 2;
}

size_t Find() {
  lua_State* L = luaL_newstate();
  if (L == nullptr) return 0;
  unsigned char before[kBytes];
  std::memcpy(before, L, kBytes);
  lua_sethook(L, &Look, LUA_MASKCALL, 0);
  lua_pushcfunction(L, [](lua_State*) { return 0; });
  const bool ran = lua_pcall(L, 0, 0, 0) == LUA_OK;
  unsigned char after[kBytes];
  std::memcpy(after, L, kBytes);
  lua_sethook(L, nullptr, 0, 0);
  size_t found = 0;
  for (size_t i = sizeof(void*); ran && i < kBytes; i++) {
    if (before[i] != 1 || in_hook[i] != 0 || after[i] != 1) continue;
    place.store(i, std::memory_order_relaxed);
    if (!Works(L)) continue;
    found = i;
    break;
  }
  lua_close(L);
  return found;
}

}  // namespace

bool FindAllowHook() {
  static const bool kFound = [] {
    const size_t at = Find();
    place.store(at, std::memory_order_relaxed);
    return at != 0;
  }();
  return kFound;
}

TRI_NO_TSAN bool HooksAllowed(lua_State* L) {
  const size_t at = place.load(std::memory_order_relaxed);
  return at == 0 || reinterpret_cast<unsigned char*>(L)[at] != 0;
}

TRI_NO_TSAN void AllowHooks(lua_State* L) {
  const size_t at = place.load(std::memory_order_relaxed);
  if (at == 0) return;
  reinterpret_cast<unsigned char*>(L)[at] = 1;
}

}  // namespace trilune::vm
