// The body of a spawned program, in its isolate. It reads the message that was
// sent along, runs the function or module, and leaves results or error in the
// Program as a message.
//
// Errors take three steps. KeepTrace, the message handler, runs where the error
// was raised: it keeps the traceback, and tells a waiting group of the error
// (SendEarly). Then clean-up code runs, which may change the error. At last
// ProgramEnded leaves the final error in the Program.

#include "stdlib/global_hint.h"
#include "stdlib/spawn/spawn.h"
#include "stdlib/spawn/spawn_options.h"
#include "vm/isolate/isolate.h"
#include "vm/message/message.h"
#include "vm/runtime/program.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::Message;
using vm::Program;

// Replaces a module's value, which is on top, by the function that is the
// program: the value itself, or the field "main" of a table.
void PickMain(lua_State* L, const char* name) {
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "main");
    lua_remove(L, -2);
    if (lua_isfunction(L, -1)) return;
    luaL_error(L, "cannot run module '%s': its table has no function 'main'",
               name);
  }
  if (lua_isfunction(L, -1)) return;
  if (lua_isboolean(L, -1)) {  // it returned nothing, so it has run already
    lua_pop(L, 1);
    lua_pushcfunction(L, [](lua_State*) { return 0; });
    return;
  }
  luaL_error(L,
             "cannot run module '%s': it returned a %s, not a function or a "
             "table with 'main'",
             name, luaL_typename(L, -1));
}

// Stack: the Program, the results.
int SendResults(lua_State* L, int, lua_KContext) {
  auto* program = static_cast<Program*>(lua_touserdata(L, 1));
  program->SetResults(vm::WriteMessage(
      L, 2, lua_gettop(L) - 1, {.name = "result", .several = "result"}));
  return 0;
}

int CallProgram(lua_State* L, int, lua_KContext) {
  lua_callk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, &SendResults);
  return SendResults(L, LUA_OK, 0);
}

// Stack: the Program, the module's name, the arguments, the result of require.
int CallModule(lua_State* L, int, lua_KContext n) {
  lua_settop(L, static_cast<int>(n) + 1);
  PickMain(L, lua_tostring(L, 2));
  lua_replace(L, 2);
  return CallProgram(L, LUA_OK, 0);
}

int ReadAndRun(lua_State* L) {
  auto* program = static_cast<Program*>(lua_touserdata(L, 1));
  vm::ReadMessage(L, program->TakeCall());
  Inherit(L, 2);
  lua_remove(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING) return CallProgram(L, LUA_OK, 0);
  const int n = lua_gettop(L);
  luaL_checkstack(L, 4, nullptr);
  lua_getglobal(L, "require");
  lua_pushvalue(L, 2);
  lua_callk(L, 1, 1, n, &CallModule);
  return CallModule(L, LUA_OK, n);
}

// Pushes the words of the error object at 1. The Program is at 2, on top.
const char* PushWords(lua_State* L) {
  if (lua_isstring(L, 1) == 0 && luaL_callmeta(L, 1, "__tostring") == 0) {
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  } else if (lua_gettop(L) == 2) {
    lua_pushvalue(L, 1);
  }
  return luaL_tolstring(L, -1, nullptr);
}

// Stack: the error object, the Program. Tells the group that waits for this
// program which error it ends with, before the program's clean-up code runs.
int SendEarly(lua_State* L) {
  auto* program = static_cast<Program*>(lua_touserdata(L, 2));
  const char* words = PushWords(L);
  lua_pushcfunction(L, [](lua_State* state) {
    lua_pushlightuserdata(state,
                          vm::WriteMessage(state, 1, 1, {.name = "error"}));
    return 1;
  });
  lua_pushvalue(L, 1);
  const bool can_send = lua_pcall(L, 1, 1, 0) == LUA_OK;
  program->SetEarly(
      can_send ? static_cast<Message*>(lua_touserdata(L, -1)) : nullptr, words);
  return 0;
}

// Message handler. Keeps the traceback. The error object stays as it is, except
// for a hint. Upvalues: the Program; the error that SendEarly has told.
int KeepTrace(lua_State* L) {
  auto* program = static_cast<Program*>(lua_touserdata(L, lua_upvalueindex(1)));
  lua_settop(L, 1);
  program->SetTrace(Isolate::Of(L)->failures().MakeTrace(L));
  AddGlobalHint(L);
  lua_settop(L, 1);
  if (!program->awaits_early()) return 1;
  lua_pushvalue(L, 1);
  lua_replace(L, lua_upvalueindex(2));
  lua_pushcfunction(L, &SendEarly);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pcall(L, 2, 0, 0);  // if it fails, the end will tell the error
  lua_settop(L, 1);
  return 1;
}

// Stack: the error object, the Program.
int SendError(lua_State* L) {
  auto* program = static_cast<Program*>(lua_touserdata(L, 2));
  program->SetErrorText(PushWords(L));
  program->SetError(vm::WriteMessage(L, 1, 1, {.name = "error"}));
  return 0;
}

// Stack: the Program, the handler; after an error, the error object.
int ProgramEnded(lua_State* L, int status, lua_KContext) {
  auto* program = static_cast<Program*>(lua_touserdata(L, 1));
  if (status == LUA_OK || status == LUA_YIELD) return 0;
  const Isolate* iso = Isolate::Of(L);
  if (iso->killed()) {  // this counts, whatever became of the error
    program->SetErrorText(iso->kill_reason());
    return 0;
  }
  // SendError fails without memory, or if the object cannot be sent. Then these
  // words must do.
  program->SetErrorText(lua_type(L, -1) == LUA_TSTRING
                            ? lua_tostring(L, -1)
                            : "(error object is not a string)");
  lua_getupvalue(L, 2, 2);
  if (lua_rawequal(L, -1, -2) != 0) program->SetEarlyStands();
  lua_pop(L, 1);
  lua_pushcfunction(L, &SendError);
  lua_insert(L, -2);
  lua_pushvalue(L, 1);
  lua_pcall(L, 2, 0, 0);
  return 0;
}

}  // namespace

int RunProgram(lua_State* L) {
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  lua_pushcclosure(L, &KeepTrace, 2);
  lua_pushcfunction(L, &ReadAndRun);
  lua_pushvalue(L, 1);
  const int status = lua_pcallk(L, 1, 0, 2, 0, &ProgramEnded);
  return ProgramEnded(L, status, 0);
}

}  // namespace trilune::stdlib
