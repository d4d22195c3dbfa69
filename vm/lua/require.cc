#include "vm/lua/require.h"

#include "vm/isolate/isolate.h"

namespace trilune::vm {
namespace {

// Registry key of the function.
constexpr char kRequireKey = 0;

// Asks the searchers of package, which is upvalue 1, for a loader. Pushes the
// loader and its datum.
void FindLoader(lua_State* L, const char* name) {
  if (lua_getfield(L, lua_upvalueindex(1), "searchers") != LUA_TTABLE) {
    luaL_error(L, "'package.searchers' must be a table");
  }
  const int searchers = lua_gettop(L);
  luaL_Buffer text;  // plain memory, or a userdata of Lua's
  luaL_buffinit(L, &text);
  for (int i = 1;; i++) {
    luaL_addstring(&text, "\n\t");
    if (lua_rawgeti(L, searchers, i) == LUA_TNIL) {
      lua_pop(L, 1);
      luaL_buffsub(&text, 2);
      luaL_pushresult(&text);
      luaL_error(L, "module '%s' not found:%s", name, lua_tostring(L, -1));
    }
    lua_pushstring(L, name);
    lua_call(L, 1, 2);
    if (lua_isfunction(L, -2)) return;
    if (lua_isstring(L, -2) != 0) {
      lua_pop(L, 1);
      luaL_addvalue(&text);
    } else {
      lua_pop(L, 2);
      luaL_buffsub(&text, 2);
    }
  }
}

int l_require(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);  // index 2
  lua_getfield(L, 2, name);
  if (lua_toboolean(L, -1) != 0) return 1;
  lua_pop(L, 1);
  FindLoader(L, name);
  lua_rotate(L, -2, 1);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -3);
  // ..., datum, loader, name, datum
  lua_call(L, 2, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
  } else {
    lua_setfield(L, 2, name);
  }
  if (lua_getfield(L, 2, name) == LUA_TNIL) {
    lua_pushboolean(L, 1);
    lua_copy(L, -1, -2);
    lua_setfield(L, 2, name);
  }
  lua_rotate(L, -2, 1);
  Isolate::Of(L)->module_generation++;
  return 2;
}

}  // namespace

void OpenRequire(lua_State* L) {
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_pushcclosure(L, &l_require, 1);
  lua_pushvalue(L, -1);
  lua_setglobal(L, "require");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kRequireKey);
}

void PushModule(lua_State* L, const char* name, size_t size) {
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushlstring(L, name, size);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_toboolean(L, -1) != 0) return;
  lua_pop(L, 1);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kRequireKey) != LUA_TFUNCTION) {
    luaL_error(L, "there is no require");
  }
  lua_pushlstring(L, name, size);
  lua_call(L, 1, 1);
}

}  // namespace trilune::vm
