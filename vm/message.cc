#include "vm/message.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace trilune::vm {
namespace {

char* Reserve(char* at, char type, size_t bytes, const void* from) {
  *at++ = type;
  std::memcpy(at, from, bytes);
  return at + bytes;
}

}  // namespace

Message* WriteMessage(lua_State* L, int first, int count,
                      const WriteOptions& options) {
  size_t bytes = 0;
  for (int i = first; i < first + count; i++) {
    const int type = lua_type(L, i);
    if (type > LUA_TSTRING || type == LUA_TLIGHTUSERDATA) {
      luaL_error(L, "cannot send a %s (at %s)", luaL_typename(L, i),
                 options.name);
    }
    bytes += 1 + sizeof(lua_Integer);
    if (type == LUA_TSTRING) bytes += lua_rawlen(L, i);
  }
  void* memory = std::malloc(sizeof(Message) + bytes);
  if (memory == nullptr) luaL_error(L, "not enough memory");
  auto* message = new (memory) Message();
  message->bytes = bytes;
  message->count = static_cast<uint32_t>(count);
  char* at = message->data();
  for (int i = first; i < first + count; i++) {
    if (lua_type(L, i) == LUA_TSTRING) {
      size_t size = 0;
      const char* text = lua_tolstring(L, i, &size);
      at = Reserve(at, 's', sizeof(size), &size);
      std::memcpy(at, text, size);
      at += size;
    } else if (lua_isinteger(L, i) != 0) {
      const lua_Integer n = lua_tointeger(L, i);
      at = Reserve(at, 'i', sizeof(n), &n);
    } else if (lua_type(L, i) == LUA_TNUMBER) {
      const lua_Number n = lua_tonumber(L, i);
      at = Reserve(at, 'n', sizeof(n), &n);
    } else {
      *at++ = lua_toboolean(L, i) != 0 ? 't' : lua_isnil(L, i) ? '-' : 'f';
    }
  }
  return message;
}

int ReadMessage(lua_State* L, Message* message) {
  const char* at = message->data();
  const auto count = static_cast<int>(message->count);
  luaL_checkstack(L, count, nullptr);
  for (int i = 0; i < count; i++) {
    const char type = *at++;
    if (type == 's') {
      size_t size = 0;
      std::memcpy(&size, at, sizeof(size));
      lua_pushlstring(L, at + sizeof(size), size);
      at += sizeof(size) + size;
    } else if (type == 'i') {
      lua_Integer n = 0;
      std::memcpy(&n, at, sizeof(n));
      lua_pushinteger(L, n);
      at += sizeof(n);
    } else if (type == 'n') {
      lua_Number n = 0;
      std::memcpy(&n, at, sizeof(n));
      lua_pushnumber(L, n);
      at += sizeof(n);
    } else if (type == '-') {
      lua_pushnil(L);
    } else {
      lua_pushboolean(L, type == 't');
    }
  }
  FreeMessage(message);
  return count;
}

Message* CopyMessage(const Message* message) {
  void* memory = std::malloc(sizeof(Message) + message->bytes);
  if (memory == nullptr) return nullptr;
  std::memcpy(memory, message, sizeof(Message) + message->bytes);
  return static_cast<Message*>(memory);
}

void FreeMessage(Message* message) {
  std::free(message);
}

}  // namespace trilune::vm
