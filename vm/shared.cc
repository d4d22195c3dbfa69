#include "vm/shared.h"

namespace trilune::vm {
namespace {

// Registry key of the isolate's handles by object, a table with weak values.
constexpr char kHandlesKey = 0;

void PushHandlesTable(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHandlesKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHandlesKey);
}

}  // namespace

const char kSharedKey = 0;

Shared* TestShared(lua_State* L, int index) {
  auto* handle = static_cast<SharedHandle*>(lua_touserdata(L, index));
  if (handle == nullptr || lua_rawlen(L, index) != sizeof(SharedHandle) ||
      lua_getmetatable(L, index) == 0) {
    return nullptr;
  }
  lua_rawgetp(L, -1, &kSharedKey);
  const bool is_handle = lua_toboolean(L, -1) != 0;
  lua_pop(L, 2);
  return is_handle ? handle->object : nullptr;
}

void PushShared(lua_State* L, Shared* object) {
  luaL_checkstack(L, 5, nullptr);
  PushHandlesTable(L);
  const int handles = lua_gettop(L);
  if (lua_rawgetp(L, handles, object) == LUA_TUSERDATA) {
    lua_remove(L, handles);
    return;
  }
  lua_pop(L, 1);
  auto* handle = static_cast<SharedHandle*>(
      lua_newuserdatauv(L, sizeof(SharedHandle), 0));
  handle->tag = object->type->tag;
  handle->object = nullptr;  // until nothing raises any more
  object->type->push_metatable(L);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, handles, object);
  object->Retain();
  handle->object = object;
  lua_remove(L, handles);
}

int ReleaseSharedHandle(lua_State* L) {
  auto* handle = static_cast<SharedHandle*>(lua_touserdata(L, 1));
  Shared* object = handle->object;
  handle->object = nullptr;
  if (object != nullptr) object->Release();
  return 0;
}

void SetSharedMetatable(lua_State* L) {
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &kSharedKey);
  lua_pushcfunction(L, &ReleaseSharedHandle);
  lua_setfield(L, -2, "__gc");
}

}  // namespace trilune::vm
