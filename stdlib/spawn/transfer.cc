// trilune.transfer: does to a value what a send does, without sending it. It
// writes a message and reads it back, or only counts its bytes.

#include "stdlib/modules.h"
#include "vm/message/message.h"

namespace trilune::stdlib {
namespace {

vm::WriteOptions CheckOptions(lua_State* L, int index) {
  vm::WriteOptions options;
  if (lua_isnoneornil(L, index)) return options;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_getfield(L, index, "metatables");
  options.metatables = lua_toboolean(L, -1) != 0;
  if (lua_getfield(L, index, "limit") != LUA_TNIL) {
    int is_integer = 0;
    const lua_Integer limit = lua_tointegerx(L, -1, &is_integer);
    luaL_argcheck(L, is_integer != 0 && limit >= 0, index,
                  "limit is no number of bytes");
    options.max_bytes = static_cast<size_t>(limit);
  }
  lua_pop(L, 2);
  return options;
}

// copy(value [, options]) -> value
int l_copy(lua_State* L) {
  luaL_checkany(L, 1);
  const vm::WriteOptions options = CheckOptions(L, 2);
  return vm::ReadMessage(L, vm::WriteMessage(L, 1, 1, options));
}

// size(value [, options]) -> bytes
int l_size(lua_State* L) {
  luaL_checkany(L, 1);
  const vm::WriteOptions options = CheckOptions(L, 2);
  vm::Message* message = vm::WriteMessage(L, 1, 1, options);
  const size_t bytes = message->bytes;
  vm::FreeMessage(message, vm::Isolate::Of(L));
  lua_pushinteger(L, static_cast<lua_Integer>(bytes));
  return 1;
}

}  // namespace

int OpenTransfer(lua_State* L) {
  constexpr luaL_Reg kFunctions[] = {
      {"copy", &l_copy}, {"size", &l_size}, {nullptr, nullptr}};
  luaL_newlib(L, kFunctions);
  return 1;
}

}  // namespace trilune::stdlib
