// Opens everything an isolate has.

#include "stdlib/modules.h"
#include "vm/coroutine.h"
#include "vm/debug_hook.h"

namespace trilune::stdlib {
namespace {

// os.exit, as stock Lua's to the script; the host decides what becomes of the
// process.
int l_exit(lua_State* L) {
  int code = 0;
  if (lua_isboolean(L, 1)) {
    code = lua_toboolean(L, 1) != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } else {
    code = static_cast<int>(luaL_optinteger(L, 1, EXIT_SUCCESS));
  }
  return vm::Isolate::Of(L)->Exit(L, code, lua_toboolean(L, 2) != 0);
}

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
  OpenSelect(L);
  OpenTimer(L);
  OpenGroup(L);
  OpenCritical(L);
  OpenStats(L);
  OpenThread(L);
  return 1;
}

int OpenAll(lua_State* L) {
  OpenWarnings(L);
  luaL_openlibs(L);
  vm::OpenCoroutine(L);
  vm::OpenDebugHooks(L);
  lua_getglobal(L, "os");
  lua_pushcfunction(L, &l_exit);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
  Preload(L, "trilune", &OpenTrilune);
  Preload(L, "trilune.sync", &OpenSync);
  return 0;
}

}  // namespace trilune::stdlib
