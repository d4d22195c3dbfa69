// The G's side of RunFile, RunString and Call: pushes the function and its
// arguments, calls it, and takes the results out of the heap.
//
// The Run is shared by the host and the G. The G's share is a userdata on its
// stack. If the G is dropped and never goes on, its finalizer gives the share
// up.

#include "embed/run_chunk.h"

#include <new>

#include "vm/isolate/isolate.h"
#include "vm/lua/internal.h"

namespace trilune {
namespace {

// --- Values in and out. ---

void PushValue(lua_State* L, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    lua_pushnil(L);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    lua_pushboolean(L, *boolean);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    lua_pushinteger(L, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    lua_pushnumber(L, *number);
  } else if (const auto* string = std::get_if<std::string>(&value)) {
    lua_pushlstring(L, string->data(), string->size());
  } else {
    const std::string& text = std::get<OtherValue>(value).text;
    lua_pushlstring(L, text.data(), text.size());
  }
}

// Appends the value at `index`. May raise, before it touches `values`.
void AppendValue(lua_State* L, int index, Values* values) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      values->emplace_back(std::monostate());
      return;
    case LUA_TBOOLEAN:
      values->emplace_back(lua_toboolean(L, index) != 0);
      return;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0) {
        values->emplace_back(static_cast<int64_t>(lua_tointeger(L, index)));
      } else {
        values->emplace_back(lua_tonumber(L, index));
      }
      return;
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      values->emplace_back(std::string(text, size));
      return;
    }
    default:
      break;
  }
  size_t size = 0;
  const char* text = luaL_tolstring(L, index, &size);
  values->emplace_back(OtherValue{std::string(text, size)});
  lua_pop(L, 1);
}

// --- Running a chunk or a function. ---

// The G's share of a Run: a userdata.
struct Held {
  const void* tag;
  HeldRun run;
};
constexpr int kHeldRunIndex = 2;
constexpr char kHeldRunKey = 0;  // of its metatable in the registry; its tag

bool IsHeld(lua_State* L, int index) {
  return vm::HasSizeOf<Held>(L, index) &&
         static_cast<Held*>(lua_touserdata(L, index))->tag == &kHeldRunKey;
}

const vm::InternalKind kHeldKind(&IsHeld, vm::InternalKind::What::kHidden);

int DropHeldRun(lua_State* L) {
  // A script may have called it, with any value.
  if (IsHeld(L, 1)) static_cast<Held*>(lua_touserdata(L, 1))->run.reset();
  return 0;
}

// Pushes the userdata that keeps `run`. If it raises, then before it does so.
void PushHeldRun(lua_State* L, Run* run) {
  auto* held = new (lua_newuserdatauv(L, sizeof(Held), 0)) Held();
  held->tag = &kHeldRunKey;
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHeldRunKey) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, &DropHeldRun);
    lua_setfield(L, -2, "__gc");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kHeldRunKey);
  }
  lua_setmetatable(L, -2);
  held->run = run->shared_from_this();
}

int MessageHandler(lua_State* L) {
  const char* message = luaL_tolstring(L, 1, nullptr);
  luaL_traceback(L, L, message, 1);
  return 1;
}

void Fail(lua_State* L, Run* run, StatusCode code) {
  const char* message = lua_tostring(L, -1);
  const Status status = vm::Isolate::Of(L)->ErrorStatus(
      code, message == nullptr ? "(no message)" : message);
  run->code = status.code();
  run->message = status.message();
}

// Pushes the function to run. False: `run` has the reason.
bool PushFunction(lua_State* L, Run* run) {
  if (run->what == Run::What::kFunction) {
    // The globals, then one table after the other.
    lua_pushglobaltable(L);
    const std::string_view path = run->text;
    for (size_t at = 0; at <= path.size() && lua_istable(L, -1);) {
      const std::string_view name = path.substr(at, path.find('.', at) - at);
      lua_pushlstring(L, name.data(), name.size());
      lua_gettable(L, -2);
      lua_remove(L, -2);
      at += name.size() + 1;
      if (at > path.size() && lua_isfunction(L, -1)) return true;
    }
    run->code = StatusCode::kNotFound;
    run->message = "no function '" + run->text + "'";
    return false;
  }
  int status = LUA_OK;
  if (run->what == Run::What::kFile) {
    status = luaL_loadfile(L, run->text == "-" ? nullptr : run->text.c_str());
  } else {
    status = luaL_loadbuffer(L, run->text.data(), run->text.size(),
                             run->chunk_name.c_str());
  }
  if (status == LUA_OK) return true;
  Fail(L, run,
       status == LUA_ERRSYNTAX ? StatusCode::kSyntaxError
       : status == LUA_ERRFILE ? StatusCode::kNotFound
                               : StatusCode::kNoMemory);
  return false;
}

// Stack: the Run, its userdata, the message handler, then the results or the
// message.
int RunEnded(lua_State* L, int status, lua_KContext) {
  auto* run = static_cast<Run*>(lua_touserdata(L, 1));
  if (status != LUA_OK && status != LUA_YIELD) {
    Fail(L, run,
         status == LUA_ERRMEM ? StatusCode::kNoMemory : StatusCode::kLuaError);
    return 0;
  }
  luaL_checkstack(L, 8, nullptr);
  const int top = lua_gettop(L);
  for (int i = kHeldRunIndex + 2; i <= top; i++)
    AppendValue(L, i, &run->results);
  // Now, and not at some collection, because the results may be large.
  static_cast<Held*>(lua_touserdata(L, kHeldRunIndex))->run.reset();
  return 0;
}

}  // namespace

int RunBody(lua_State* L) {
  auto* run = static_cast<Run*>(lua_touserdata(L, 1));
  PushHeldRun(L, run);
  lua_pushcfunction(L, &MessageHandler);
  if (!PushFunction(L, run)) return 0;
  const auto n = static_cast<int>(run->args.size());
  luaL_checkstack(L, n, "too many arguments");
  for (const Value& value : run->args)
    PushValue(L, value);
  const int status =
      lua_pcallk(L, n, LUA_MULTRET, kHeldRunIndex + 1, 0, &RunEnded);
  return RunEnded(L, status, 0);
}

}  // namespace trilune
