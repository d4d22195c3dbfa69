#include "tools/trilune/script.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tools/trilune/chunk.h"

// In this file liblua raises errors by longjmp across our frames. So the frames
// hold pointers and numbers only.

namespace trilune::command {
namespace {

// Runs the function that luaL_load... left on the stack, or reports its error.
bool RunLoaded(lua_State* L, int load_status, const Session& session) {
  int status = load_status;
  if (status == LUA_OK) status = CallWithTraceback(L, 0, 0);
  return ReportIfError(L, status, session.program) == LUA_OK;
}

bool RunString(lua_State* L, const char* text, const char* name,
               const Session& session) {
  return RunLoaded(L, luaL_loadbuffer(L, text, std::strlen(text), name),
                   session);
}

// `file`: null for standard input.
bool RunFile(lua_State* L, const char* file, const Session& session) {
  return RunLoaded(L, luaL_loadfile(L, file), session);
}

// Runs global = require(module) for "global=module" or "module".
bool Require(lua_State* L, const char* text, const Session& session) {
  const char* equals = std::strchr(text, '=');
  const char* module = equals != nullptr ? equals + 1 : text;
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  const int status = CallWithTraceback(L, 1, 1);
  if (status == LUA_OK) {
    const size_t length = equals != nullptr ? static_cast<size_t>(equals - text)
                                            : std::strlen(text);
    lua_pushglobaltable(L);
    lua_pushlstring(L, text, length);
    lua_rotate(L, -3, -1);  // the module on top, below it the global's name
    lua_settable(L, -3);
    lua_pop(L, 1);
  }
  return ReportIfError(L, status, session.program) == LUA_OK;
}

// Does what -E means for libraries. They are open already, so this undoes the
// effect of their environment variables by hand. Libraries opened later look at
// the flag.
void ForgetEnvironment(lua_State* L) {
  lua_pushboolean(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, LUA_LOADLIBNAME);
  lua_pushstring(L, LUA_PATH_DEFAULT);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, LUA_CPATH_DEFAULT);
  lua_setfield(L, -2, "cpath");
  lua_pop(L, 2);
}

// arg[0] is the script, and its arguments follow. What stands before it, down
// to the command's own name, has negative indices. Without a script the command
// is arg[0].
void SetArgTable(lua_State* L, const Options& options) {
  const int zero = options.has_script() ? options.script : 0;
  lua_createtable(L, options.argc - (zero + 1), zero + 1);
  for (int i = 0; i < options.argc; ++i) {
    lua_pushstring(L, options.argv[i]);
    lua_rawseti(L, -2, i - zero);
  }
  lua_setglobal(L, "arg");
}

bool RunInit(lua_State* L, const Session& session) {
  const char* name = "=LUA_INIT" LUA_VERSUFFIX;
  const char* init = std::getenv(name + 1);  // NOLINT(concurrency-mt-unsafe)
  if (init == nullptr) {
    name = "=LUA_INIT";
    init = std::getenv(name + 1);  // NOLINT(concurrency-mt-unsafe)
  }
  if (init == nullptr) return true;
  if (init[0] == '@') return RunFile(L, init + 1, session);
  return RunString(L, init, name, session);
}

bool RunSteps(lua_State* L, const Session& session) {
  for (const Step& step : session.options->steps) {
    bool succeeded = true;
    switch (step.kind) {
      case Step::Kind::kRunString:
        succeeded = RunString(L, step.text, "=(command line)", session);
        break;
      case Step::Kind::kRequire:
        succeeded = Require(L, step.text, session);
        break;
      case Step::Kind::kWarningsOn:
        lua_warning(L, "@on", 0);
        break;
    }
    if (!succeeded) return false;
  }
  return true;
}

// Pushes arg[1] to arg[#arg], whatever LUA_INIT and -e have made of that table.
int GetScriptArguments(lua_State* L) {
  if (lua_getglobal(L, "arg") != LUA_TTABLE) {
    return luaL_error(L, "'arg' is not a table");
  }
  const int table = lua_gettop(L);
  const int count = static_cast<int>(luaL_len(L, table));
  luaL_checkstack(L, count + 3, "too many arguments to script");
  for (int i = 1; i <= count; ++i)
    lua_rawgeti(L, table, i);
  return count > 0 ? count : 0;
}

bool RunScript(lua_State* L, const Session& session) {
  const Options& options = *session.options;
  const int base = lua_gettop(L);
  const char* file =
      options.script_is_stdin() ? nullptr : options.argv[options.script];
  int status = luaL_loadfile(L, file);
  if (status == LUA_OK) {
    lua_pushcfunction(L, GetScriptArguments);
    status = lua_pcall(L, 0, LUA_MULTRET, 0);
  }
  if (status == LUA_OK) {
    status = CallWithTraceback(L, lua_gettop(L) - base - 1, LUA_MULTRET);
  }
  return ReportIfError(L, status, session.program) == LUA_OK;
}

}  // namespace

int RunSession(lua_State* L) {
  auto* session = static_cast<Session*>(lua_touserdata(L, 1));
  const Options& options = *session->options;
  lua_settop(L, 0);
  luaL_checkversion(L);
  if (options.ignore_environment) ForgetEnvironment(L);
  SetArgTable(L, options);
  lua_gc(L, LUA_GCGEN, 0, 0);
  session->succeeded = (options.ignore_environment || RunInit(L, *session)) &&
                       RunSteps(L, *session) &&
                       (!options.has_script() || RunScript(L, *session)) &&
                       (!session->run_stdin || RunFile(L, nullptr, *session));
  return 0;
}

void PrintLuaVersion() {
  std::puts(LUA_COPYRIGHT);
  std::fflush(stdout);
}

}  // namespace trilune::command
