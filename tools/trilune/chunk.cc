#include "tools/trilune/chunk.h"

#include <cstdio>

namespace trilune::command {
namespace {

// Makes the error object a string and adds a traceback. An object with
// __tostring gets no traceback: its own text is enough.
int AddTraceback(lua_State* L) {
  const char* message = lua_tostring(L, 1);
  if (message == nullptr) {
    if (luaL_callmeta(L, 1, "__tostring") != 0 &&
        lua_type(L, -1) == LUA_TSTRING) {
      return 1;
    }
    message =
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  }
  luaL_traceback(L, L, message, 1);
  return 1;
}

}  // namespace

void WriteError(const char* program, const char* message) {
  if (program != nullptr) {
    std::fprintf(stderr, "%s: %s\n", program, message);
  } else {
    std::fprintf(stderr, "%s\n", message);
  }
  std::fflush(stderr);
}

int CallWithTraceback(lua_State* L, int argument_count, int result_count) {
  const int base = lua_gettop(L) - argument_count;
  lua_pushcfunction(L, AddTraceback);
  lua_insert(L, base);
  const int status = lua_pcall(L, argument_count, result_count, base);
  lua_remove(L, base);
  return status;
}

int ReportIfError(lua_State* L, int status, const char* program) {
  if (status != LUA_OK) {
    const char* message = lua_tostring(L, -1);
    WriteError(program,
               message != nullptr ? message : "(error object is not a string)");
    lua_pop(L, 1);
  }
  return status;
}

}  // namespace trilune::command
