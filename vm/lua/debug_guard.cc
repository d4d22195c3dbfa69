#include "vm/lua/debug_guard.h"

#include "vm/lua/internal.h"

namespace trilune::vm {
namespace {

// As ldblib: an optional thread comes first.
lua_State* GetThread(lua_State* L, int* first) {
  lua_State* thread = lua_tothread(L, 1);
  *first = thread != nullptr ? 1 : 0;
  return thread != nullptr ? thread : L;
}

// Makes room for a value that goes from one state to the other.
void CheckRoom(lua_State* L, lua_State* of) {
  if (of != L && lua_checkstack(of, 1) == 0) luaL_error(L, "stack overflow");
}

bool IsCFrame(lua_State* of, lua_Debug* ar) {
  lua_getinfo(of, "S", ar);
  return *ar->what == 'C';
}

void CheckFrame(lua_State* L, lua_State* of, int first, lua_Debug* ar) {
  const auto level = static_cast<int>(luaL_checkinteger(L, first + 1));
  if (lua_getstack(of, level, ar) == 0) {
    luaL_argerror(L, first + 1, "level out of range");
  }
}

// A value that a C function keeps to be closed or finalized exactly once reads
// as nil in its frame.
int l_getlocal(lua_State* L) {
  int first = 0;
  lua_State* of = GetThread(L, &first);
  const auto n = static_cast<int>(luaL_checkinteger(L, first + 2));
  if (lua_isfunction(L, first + 1)) {
    lua_pushvalue(L, first + 1);
    lua_pushstring(L, lua_getlocal(L, nullptr, n));
    return 1;
  }
  lua_Debug ar;
  CheckFrame(L, of, first, &ar);
  CheckRoom(L, of);
  const char* name = lua_getlocal(of, &ar, n);
  if (name == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  if (of != L) lua_xmove(of, L, 1);
  const InternalKind* kind = InternalKind::Of(L, -1);
  if (kind != nullptr && kind->what() == InternalKind::What::kHidden) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  lua_pushstring(L, name);
  lua_insert(L, -2);
  return 2;
}

int l_setlocal(lua_State* L) {
  int first = 0;
  lua_State* of = GetThread(L, &first);
  const auto n = static_cast<int>(luaL_checkinteger(L, first + 2));
  lua_Debug ar;
  CheckFrame(L, of, first, &ar);
  luaL_checkany(L, first + 3);
  lua_settop(L, first + 3);
  if (IsCFrame(of, &ar)) {
    lua_pushnil(L);
    return 1;
  }
  CheckRoom(L, of);
  if (of != L) lua_xmove(L, of, 1);
  const char* name = lua_setlocal(of, &ar, n);
  if (name == nullptr) lua_pop(of, 1);
  lua_pushstring(L, name);
  return 1;
}

int l_setupvalue(lua_State* L) {
  luaL_checkany(L, 3);
  const auto n = static_cast<int>(luaL_checkinteger(L, 2));
  luaL_checktype(L, 1, LUA_TFUNCTION);
  if (lua_iscfunction(L, 1) != 0) return 0;
  lua_settop(L, 3);
  const char* name = lua_setupvalue(L, 1, n);
  if (name == nullptr) return 0;
  lua_pushstring(L, name);
  return 1;
}

int l_getuservalue(lua_State* L) {
  const auto n = static_cast<int>(luaL_optinteger(L, 2, 1));
  if (lua_type(L, 1) != LUA_TUSERDATA || InternalKind::Of(L, 1) != nullptr) {
    lua_pushnil(L);
    return 1;
  }
  if (lua_getiuservalue(L, 1, n) == LUA_TNONE) return 1;
  lua_pushboolean(L, 1);
  return 2;
}

int l_setuservalue(lua_State* L) {
  const auto n = static_cast<int>(luaL_optinteger(L, 3, 1));
  luaL_checktype(L, 1, LUA_TUSERDATA);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (InternalKind::Of(L, 1) != nullptr || lua_setiuservalue(L, 1, n) == 0) {
    lua_pushnil(L);
  }
  return 1;
}

int l_setmetatable(lua_State* L) {
  const int type = lua_type(L, 2);
  if (type != LUA_TNIL && type != LUA_TTABLE) {
    luaL_typeerror(L, 2, "nil or table");
  }
  lua_settop(L, 2);
  const InternalKind* kind = InternalKind::Of(L, 1);
  if ((kind != nullptr && kind->what() != InternalKind::What::kStock) ||
      (type == LUA_TTABLE && MetatableKey::IsIn(L, 2))) {
    return luaL_error(L, "cannot change a protected metatable");
  }
  lua_setmetatable(L, 1);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {{"getlocal", &l_getlocal},
                                   {"setlocal", &l_setlocal},
                                   {"setupvalue", &l_setupvalue},
                                   {"getuservalue", &l_getuservalue},
                                   {"setuservalue", &l_setuservalue},
                                   {"setmetatable", &l_setmetatable},
                                   {nullptr, nullptr}};

}  // namespace

namespace {

// The list of all keys, made when the program starts.
constinit const MetatableKey* first_key = nullptr;

}  // namespace

MetatableKey::MetatableKey(const void* key) : key_(key), next_(first_key) {
  first_key = this;
}

bool MetatableKey::IsIn(lua_State* L, int index) {
  index = lua_absindex(L, index);
  for (const MetatableKey* at = first_key; at != nullptr; at = at->next_) {
    const bool is_in = lua_rawgetp(L, index, at->key_) != LUA_TNIL;
    lua_pop(L, 1);
    if (is_in) return true;
  }
  return false;
}

int OpenDebugGuards(lua_State* L) {
  lua_getglobal(L, "debug");
  luaL_setfuncs(L, kFunctions, 0);
  lua_pop(L, 1);
  return 0;
}

}  // namespace trilune::vm
