// warn: what luaL_newstate sets up, which is private to it: warnings go to
// stderr after "@on", and are dropped until then.

#include <cstdio>
#include <cstring>

#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

void Off(void* main, const char* message, int to_be_continued);
void On(void* main, const char* message, int to_be_continued);
void Continue(void* main, const char* message, int to_be_continued);

void Set(void* main, lua_WarnFunction function) {
  lua_setwarnf(static_cast<lua_State*>(main), function, main);
}

// Obeys a control message, "@on" or "@off".
bool Controls(void* main, const char* message, int to_be_continued) {
  if (to_be_continued != 0 || *message != '@') return false;
  if (std::strcmp(message, "@off") == 0) Set(main, &Off);
  if (std::strcmp(message, "@on") == 0) Set(main, &On);
  return true;
}

void Off(void* main, const char* message, int to_be_continued) {
  Controls(main, message, to_be_continued);
}

void Continue(void* main, const char* message, int to_be_continued) {
  std::fputs(message, stderr);
  if (to_be_continued != 0) {
    Set(main, &Continue);
    return;
  }
  std::fputs("\n", stderr);
  std::fflush(stderr);
  Set(main, &On);
}

void On(void* main, const char* message, int to_be_continued) {
  if (Controls(main, message, to_be_continued)) return;
  std::fputs("Lua warning: ", stderr);
  Continue(main, message, to_be_continued);
}

}  // namespace

void OpenWarnings(lua_State* L) {
  Set(L, &Off);
}

}  // namespace trilune::stdlib
