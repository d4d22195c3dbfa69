// iostreams: makes handles as C modules do, and uses those of the io library.

#include <unistd.h>

#include <cstdio>
#include <new>

#include <lua.hpp>

namespace {

int l_close(lua_State* L) {
  auto* stream =
      static_cast<luaL_Stream*>(luaL_checkudata(L, 1, LUA_FILEHANDLE));
  lua_pushboolean(L, std::fclose(stream->f) == 0);
  lua_pushliteral(L, "closed by the module");
  return 2;
}

void PushStream(lua_State* L, int fd, const char* mode) {
  auto* stream =
      static_cast<luaL_Stream*>(lua_newuserdatauv(L, sizeof(luaL_Stream), 0));
  *stream = {nullptr, nullptr};
  luaL_setmetatable(L, LUA_FILEHANDLE);
  stream->f = fdopen(fd, mode);
  stream->closef = &l_close;
}

// Two handles: the ends of a pipe.
int l_pipe(lua_State* L) {
  int fds[2];
  if (pipe(fds) != 0) return luaL_error(L, "no pipe");
  PushStream(L, fds[0], "r");
  PushStream(L, fds[1], "w");
  return 2;
}

// Whether a handle holds an open FILE.
int l_isopen(lua_State* L) {
  const auto* stream =
      static_cast<luaL_Stream*>(luaL_checkudata(L, 1, LUA_FILEHANDLE));
  lua_pushboolean(L, stream->closef != nullptr && fileno(stream->f) >= 0);
  return 1;
}

// Takes the FILE away from a handle and closes it.
int l_steal(lua_State* L) {
  auto* stream =
      static_cast<luaL_Stream*>(luaL_checkudata(L, 1, LUA_FILEHANDLE));
  stream->closef = nullptr;
  lua_pushboolean(L, std::fclose(stream->f) == 0);
  return 1;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int luaopen_iostreams(
    lua_State* L) {
  static const luaL_Reg kFunctions[] = {{"pipe", &l_pipe},
                                        {"isopen", &l_isopen},
                                        {"steal", &l_steal},
                                        {nullptr, nullptr}};
  luaL_newlib(L, kFunctions);
  return 1;
}
