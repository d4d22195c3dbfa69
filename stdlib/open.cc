// Opens everything an isolate has.
//
// Order matters. luaL_openlibs comes before the parts that replace functions of
// the stock libraries. KeepPackageDefaults notes package.path before any script
// can change it. The modules themselves are only entered in package.preload: a
// script that never requires one pays nothing for it.

#include "stdlib/modules.h"
#include "vm/lua/coroutine.h"
#include "vm/lua/debug_guard.h"
#include "vm/lua/debug_hook.h"
#include "vm/lua/protected_call.h"
#include "vm/lua/require.h"

namespace trilune::stdlib {
namespace {

void Preload(lua_State* L, const char* name, lua_CFunction open) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

}  // namespace

int OpenTrilune(lua_State* L) {
  lua_newtable(L);
  OpenGo(L);
  OpenChan(L);
  OpenChannel(L);
  OpenSelect(L);
  OpenTimer(L);
  OpenGroup(L);
  OpenCritical(L);
  OpenStats(L);
  OpenThread(L);
  OpenSpawn(L);
  OpenScheduler(L);
  OpenTimeout(L);
  return 1;
}

int OpenAll(lua_State* L) {
  OpenWarnings(L);
  luaL_openlibs(L);
  vm::OpenCoroutine(L);
  vm::OpenDebugHooks(L);
  vm::OpenDebugGuards(L);
  vm::OpenProtectedCalls(L);
  vm::OpenRequire(L);
  OpenIo(L);
  OpenOs(L);
  KeepPackageDefaults(L);
  Preload(L, "trilune", &OpenTrilune);
  Preload(L, "trilune.sync", &OpenSync);
  Preload(L, "trilune.transfer", &OpenTransfer);
  Preload(L, "trilune.dict", &OpenDict);
  Preload(L, "trilune.parallel", &OpenParallel);
  return 0;
}

}  // namespace trilune::stdlib
