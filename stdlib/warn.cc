// warn: does what luaL_newstate sets up, which is private to liblua. Warnings
// go to stderr after "@on", and are dropped until then.
//
// Lua hands a warning over in pieces. They are gathered and written at once, or
// those of several isolates would mix. One buffer for each thread is enough:
// between two pieces no other Lua code runs on that thread, because the C code
// that makes them does not call back.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

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

// The pieces so far of the warning that this thread is making.
struct Pending {
  char* text = nullptr;  // malloc'ed; null between warnings
  size_t size = 0;
  size_t capacity = 0;

  // Without memory it writes what there is, and then `piece`, as they are.
  void Add(std::string_view piece) {
    if (size + piece.size() > capacity) {
      const size_t more = 2 * capacity + piece.size() + kLeast;
      auto* grown = static_cast<char*>(std::realloc(text, more));
      if (grown == nullptr) {
        Write();
        std::fwrite(piece.data(), 1, piece.size(), stderr);
        return;
      }
      text = grown;
      capacity = more;
    }
    std::memcpy(text + size, piece.data(), piece.size());
    size += piece.size();
  }
  void Write() {
    std::fwrite(text, 1, size, stderr);
    std::fflush(stderr);
    std::free(text);
    *this = Pending();
  }

 private:
  static constexpr size_t kLeast = 256;
};

thread_local constinit Pending pending;

void Continue(void* main, const char* message, int to_be_continued) {
  pending.Add(message);
  if (to_be_continued != 0) {
    Set(main, &Continue);
    return;
  }
  pending.Add("\n");
  pending.Write();
  Set(main, &On);
}

void On(void* main, const char* message, int to_be_continued) {
  if (Controls(main, message, to_be_continued)) return;
  pending.Add("Lua warning: ");
  Continue(main, message, to_be_continued);
}

}  // namespace

void OpenWarnings(lua_State* L) {
  Set(L, &Off);
}

}  // namespace trilune::stdlib
