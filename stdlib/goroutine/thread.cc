// tri.lockthread, unlockthread, setaffinity: tie a G to its OS thread.
// sched/core/thread_lock.h has the protocol.

#include <cerrno>
#include <cstring>

#include "sched/core/thread_lock.h"
#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

vm::LuaG* CheckCurrent(lua_State* L) {
  vm::LuaG* g = vm::Isolate::Of(L)->current;
  if (g == nullptr) luaL_error(L, "not in a goroutine");
  return g;
}

int l_lockthread(lua_State* L) {
  const int error = LockThread(CurrentM(), CheckCurrent(L));
  if (error == ENOMEM) return luaL_error(L, "not enough memory");
  if (error != 0) {
    return luaL_error(L,
                      "cannot lock the thread: no other can be started for the "
                      "other goroutines: %s",
                      std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
  }
  return 0;
}

int l_unlockthread(lua_State* L) {
  if (!UnlockThread(CurrentM(), CheckCurrent(L))) {
    return luaL_error(L, "the goroutine is not locked to its thread");
  }
  return 0;
}

// All arguments are checked before anything changes, so that a bad list changes
// nothing.
int l_setaffinity(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const lua_Integer n = luaL_len(L, 1);
  luaL_argcheck(L, n > 0, 1, "no CPU given");
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, 1, i);
    int is_integer = 0;
    const lua_Integer cpu = lua_tointegerx(L, -1, &is_integer);
    luaL_argcheck(L, is_integer != 0 && cpu >= 0 && cpu < CPU_SETSIZE, 1,
                  "CPUs are numbers from 0 to 1023");
    CPU_SET(static_cast<size_t>(cpu), &cpus);
    lua_pop(L, 1);
  }
  vm::LuaG* g = CheckCurrent(L);
  const int error = SetThreadAffinity(CurrentM(), g, cpus);
  if (error == EPERM) {
    return luaL_error(L,
                      "the goroutine is not locked to its thread: call "
                      "trilune.lockthread first");
  }
  if (error == 0) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  lua_pushstring(L, std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
  lua_pushinteger(L, error);
  return 3;
}

constexpr luaL_Reg kFunctions[] = {
    {"lockthread", &l_lockthread},
    {"unlockthread", &l_unlockthread},
    {"setaffinity", &l_setaffinity},
    {nullptr, nullptr},
};

}  // namespace

void OpenThread(lua_State* L) {
  luaL_setfuncs(L, kFunctions, 0);
}

}  // namespace trilune::stdlib
