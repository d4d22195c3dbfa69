// print: stock Lua's, except that each call writes once. All arguments are
// converted before anything is written, so no other line comes between them.

#include <cstdio>

#include "stdlib/io/file.h"

namespace trilune::stdlib {
namespace {

const char kPrintFileKey = 0;

constexpr Operation kPrint = {
    [](Use* use) { return Print(use, 1, use->top - 1); }, /*writes=*/true};

}  // namespace

void SetPrintFile(lua_State* L) {
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kPrintFileKey);
}

int l_print(lua_State* L) {
  const int n = lua_gettop(L);
  luaL_checkstack(L, 2, nullptr);
  for (int i = 1; i <= n; i++) {
    luaL_tolstring(L, i, nullptr);
    lua_replace(L, i);
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPrintFileKey);
  const auto* handle = static_cast<LuaFile*>(lua_touserdata(L, -1));
  // While the heap is closed the handle may be collected before a finalizer
  // that prints.
  File plain;
  File* file = handle == nullptr ? nullptr : handle->file;
  if (file == nullptr) {
    plain.f = stdout;
    plain.kind = File::Kind::kForeign;
    file = &plain;
  }
  return WithFile(L, file, &kPrint);
}

}  // namespace trilune::stdlib
