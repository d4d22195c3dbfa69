// Reads the cases and options of select. Errors name a case by its number.

#include "stdlib/chan/select_case.h"

#include <cstring>
#include <new>

#include "stdlib/goroutine/go.h"
#include "stdlib/spawn/spawn.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;

// Finds out what case `i` waits for. The value is on top.
void ReadObject(lua_State* L, int i, SelectCase* one) {
  if (lua_toboolean(L, -1) == 0) return;
  const Isolate* iso = Isolate::Of(L);
  if ((one->chan = Test<LuaChan>(L, -1)) != nullptr) {
    one->kind = SelectCase::Kind::kChan;
  } else if ((one->shared = TestChannel(L, -1)) != nullptr) {
    one->kind = SelectCase::Kind::kShared;
    new (&one->shared_waiter) SharedWaiter();
  } else if ((one->handle = TestHandle(L, -1)) != nullptr) {
    one->kind = SelectCase::Kind::kGoroutine;
    if (one->handle->g != nullptr && one->handle->g == iso->current) {
      luaL_error(L,
                 "bad argument #1 to 'select' (case %d: a goroutine cannot "
                 "wait for its own end)",
                 i + 1);
    }
  } else if ((one->program = TestProgram(L, -1)) != nullptr) {
    one->kind = SelectCase::Kind::kProgram;
    one->joiner = nullptr;
    if (!one->program->ended() && iso == one->program->isolate().get()) {
      luaL_error(L,
                 "bad argument #1 to 'select' (case %d: a goroutine cannot "
                 "wait for the end of the isolate it runs in)",
                 i + 1);
    }
  } else if ((one->event = Test<Event>(L, -1)) != nullptr) {
    one->kind = SelectCase::Kind::kEvent;
  } else {
    luaL_error(L,
               "bad argument #1 to 'select' (case %d has a %s, not a channel, "
               "goroutine or event)",
               i + 1, luaL_typename(L, -1));
  }
}

// The word a case may give for what it does anyway. Only "send" changes it.
const char* DefaultOf(SelectCase::Kind kind) {
  switch (kind) {
    case SelectCase::Kind::kGoroutine:
    case SelectCase::Kind::kProgram:
      return "join";
    case SelectCase::Kind::kEvent:
      return "wait";
    default:
      return "recv";
  }
}

// Raises for the key below the top, which is no option.
[[noreturn]] void RefuseKey(lua_State* L) {
  if (lua_type(L, -2) == LUA_TSTRING) {
    luaL_error(L, "bad argument #1 to 'select' (unknown option '%s')",
               lua_tostring(L, -2));
  }
  if (lua_isinteger(L, -2) != 0 && lua_tointeger(L, -2) > 0) {
    luaL_error(L, "bad argument #1 to 'select' (case %I comes after a nil)",
               static_cast<LUAI_UACINT>(lua_tointeger(L, -2)));
  }
  luaL_error(L, "bad argument #1 to 'select' (a %s is no option)",
             luaL_typename(L, -2));
  __builtin_unreachable();
}

// Raises if a key is a number that names none of the `n` cases.
void RefuseNumbers(lua_State* L, int n) {
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    const bool is_case =
        lua_type(L, -2) != LUA_TNUMBER ||
        (lua_isinteger(L, -2) != 0 && lua_tointeger(L, -2) >= 1 &&
         lua_tointeger(L, -2) <= n);
    if (!is_case) RefuseKey(L);
    lua_pop(L, 1);
  }
}

}  // namespace

void ReadSelectCase(lua_State* L, int i, SelectCase* one) {
  new (one) SelectCase();
  if (lua_rawgeti(L, 1, i + 1) != LUA_TTABLE) {
    luaL_error(L, "bad argument #1 to 'select' (case %d is a %s, not a table)",
               i + 1, luaL_typename(L, -1));
  }
  const int at = lua_gettop(L);
  lua_rawgeti(L, at, 1);
  ReadObject(L, i, one);
  if (lua_rawgeti(L, at, 2) != LUA_TNIL) {
    const char* op = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    const char* normal = DefaultOf(one->kind);
    const bool is_chan = std::strcmp(normal, "recv") == 0;
    one->send = is_chan && std::strcmp(op, "send") == 0;
    if (!one->send && std::strcmp(op, normal) != 0) {
      luaL_error(L,
                 "bad argument #1 to 'select' (case %d: %s'%s' expected, got "
                 "%s)",
                 i + 1, is_chan ? "'send' or " : "", normal,
                 luaL_tolstring(L, -1, nullptr));
    }
  }
  lua_pop(L, 1);
  lua_rawgeti(L, at, 3);
  lua_remove(L, at);
}

bool SelectCase::CanRun() const {
  switch (kind) {
    case SelectCase::Kind::kNever:
      return false;
    case SelectCase::Kind::kChan:
      return send ? chan->core.CanSend() : chan->core.CanRecv();
    case SelectCase::Kind::kShared: {
      SharedChan::Core& core = shared->core();
      return send ? core.CanSend() : core.CanRecv();
    }
    case SelectCase::Kind::kGoroutine:
      return handle->g == nullptr;
    case SelectCase::Kind::kProgram:
      return program->ended();
    case SelectCase::Kind::kEvent:
      return event->is_set;
  }
  return false;
}

void ReadSelectOptions(lua_State* L, int n, int64_t* deadline, bool* now,
                       bool* has_default) {
  bool has_timeout = false;
  int numbers = 0;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    const int type = lua_type(L, -2);
    if (type == LUA_TNUMBER) {
      numbers++;
      lua_pop(L, 1);
      continue;
    }
    const char* key = type == LUA_TSTRING ? lua_tostring(L, -2) : "";
    if (std::strcmp(key, "timeout") == 0) {
      has_timeout = true;
      if (lua_type(L, -1) != LUA_TNUMBER) {
        luaL_argerror(L, 1, "timeout is not a number");
      }
      if (!(lua_tonumber(L, -1) >= 0)) {
        luaL_argerror(L, 1, "timeout is negative or not a number");
      }
      *deadline = CheckDeadline(L, -1, now);
    } else if (std::strcmp(key, "default") == 0) {
      *has_default = lua_toboolean(L, -1) != 0;
    } else {
      RefuseKey(L);
    }
    lua_pop(L, 1);
  }
  // Fewer numbers than n: a case is nil. ReadSelectCase will find it.
  if (numbers != n) RefuseNumbers(L, n);
  if (has_timeout && *has_default) {
    luaL_argerror(L, 1, "default and timeout exclude each other");
  }
}

}  // namespace trilune::stdlib
