#include "tools/trilune/prompt.h"

#include <dirent.h>

#include <cstring>

// In this file liblua raises errors by longjmp across our frames. So the frames
// hold pointers and numbers only.

namespace trilune::command {

extern const char kPromptLua[];  // made of prompt.lua

namespace {

// Registry keys.
constexpr char kShowKey = 0;
constexpr char kCompleteKey = 0;
constexpr char kPrintKey = 0;  // the print that was there at first

constexpr int kMaxEntries = 1000;  // that are read of a folder
constexpr int kMaxWords = 1000;

// Pushes a list of what is in the folder at index 1, a light userdata. Names of
// folders end with a slash.
int PushEntries(lua_State* L) {
  auto* folder = static_cast<DIR*>(lua_touserdata(L, 1));
  lua_newtable(L);
  for (int n = 0; n < kMaxEntries;) {
    // No other thread reads this folder. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const dirent* entry = readdir(folder);
    if (entry == nullptr) break;
    if (entry->d_name[0] == '.') continue;
    // A link is listed as a file, although it may lead to a folder.
    if (entry->d_type == DT_DIR) {
      lua_pushfstring(L, "%s/", entry->d_name);
    } else {
      lua_pushstring(L, entry->d_name);
    }
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

// A folder that cannot be read is empty.
int ListFolder(lua_State* L) {
  const char* path = luaL_checkstring(L, 1);
  luaL_checkstack(L, 4, nullptr);
  DIR* folder = opendir(*path == '\0' ? "." : path);
  if (folder == nullptr) {
    lua_newtable(L);
    return 1;
  }
  lua_pushcfunction(L, PushEntries);
  lua_pushlightuserdata(L, folder);
  const int status = lua_pcall(L, 1, 1, 0);
  closedir(folder);
  return status == LUA_OK ? 1 : lua_error(L);
}

}  // namespace

int SetUpPrompt(lua_State* L) {
  lua_settop(L, 0);
  if (luaL_loadbuffer(L, kPromptLua, std::strlen(kPromptLua), "=prompt") !=
      LUA_OK) {
    return 0;
  }
  lua_pushcfunction(L, ListFolder);
  if (lua_pcall(L, 1, 2, 0) != LUA_OK) return 0;
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kCompleteKey);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kShowKey);
  lua_pushglobaltable(L);
  lua_pushliteral(L, "print");
  lua_rawget(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kPrintKey);
  return 0;
}

void ShowTables(lua_State* L) {
  const int count = lua_gettop(L);
  lua_pushglobaltable(L);
  lua_pushliteral(L, "print");
  lua_rawget(L, -2);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kPrintKey);
  const bool is_stock = lua_rawequal(L, -1, -2) != 0;
  lua_settop(L, count);
  for (int i = 1; is_stock && i <= count; ++i) {
    if (!lua_istable(L, i)) continue;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kShowKey) != LUA_TFUNCTION) {
      lua_settop(L, count);
      return;
    }
    lua_pushvalue(L, i);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING) {
      lua_replace(L, i);
    }
    lua_settop(L, count);
  }
}

int AnswerCompletion(lua_State* L) {
  auto* request = static_cast<CompletionRequest*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kCompleteKey) != LUA_TFUNCTION) {
    return 0;
  }
  lua_pushlstring(L, request->before.data(), request->before.size());
  if (lua_pcall(L, 1, 2, 0) != LUA_OK || !lua_istable(L, 2)) return 0;
  request->answer.is_word = true;
  request->answer.replaced = static_cast<size_t>(lua_tointeger(L, 1));
  for (int i = 1; i <= kMaxWords; ++i) {
    if (lua_rawgeti(L, 2, i) != LUA_TSTRING) break;
    size_t size = 0;
    const char* word = lua_tolstring(L, -1, &size);
    request->answer.words.emplace_back(word, size);
    lua_pop(L, 1);
  }
  return 0;
}

}  // namespace trilune::command
