// Where in a message the value is that cannot be sent. Looked for only after a
// failure. The writer notes for each value with an identity which entry holds
// it; the keys are searched here.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "vm/message/message_writer.h"

namespace trilune::vm {
namespace {

// A text of which only the beginning and the end are kept.
class PathText {
 public:
  void Add(const char* text, size_t size) {
    for (size_t i = 0; i < size; i++) {
      if (size_ < kHead) {
        head_[size_] = text[i];
      } else {
        tail_[(size_ - kHead) % kTail] = text[i];
      }
      size_++;
    }
  }
  void Add(const char* text) { Add(text, std::strlen(text)); }

  void CopyTo(const char* prefix, char* text, size_t size) const {
    const size_t in_tail = size_ > kHead ? size_ - kHead : 0;
    const size_t kept = std::min(in_tail, kTail);
    char end[kTail + 1];
    for (size_t i = 0; i < kept; i++) {
      end[i] = tail_[(in_tail - kept + i) % kTail];
    }
    end[kept] = '\0';
    std::snprintf(text, size, "%s%.*s%s%s", prefix,
                  static_cast<int>(std::min(size_, kHead)), head_,
                  kept < in_tail ? "..." : "", end);
  }

 private:
  static constexpr size_t kHead = 100;
  static constexpr size_t kTail = 100;
  char head_[kHead];
  char tail_[kTail];
  size_t size_ = 0;
};

bool IsIdentifier(const char* text, size_t size) {
  constexpr const char* kWords[] = {
      "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
      "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
      "repeat",   "return", "then", "true", "until",  "while"};
  if (size == 0 || std::isdigit(static_cast<unsigned char>(text[0])) != 0) {
    return false;
  }
  for (size_t i = 0; i < size; i++) {
    if (text[i] != '_' &&
        std::isalnum(static_cast<unsigned char>(text[i])) == 0)
      return false;
  }
  return std::none_of(
      std::begin(kWords), std::end(kWords), [text, size](const char* word) {
        return std::strlen(word) == size && std::memcmp(word, text, size) == 0;
      });
}

// Adds the key at `index`, as it stands in an expression.
void AddKey(lua_State* L, int index, PathText* path) {
  constexpr size_t kShown = 60;
  char number[64];
  switch (lua_type(L, index)) {
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      if (IsIdentifier(text, size)) {
        path->Add(".");
        path->Add(text, size);
        return;
      }
      path->Add("[\"");
      for (size_t i = 0; i < std::min(size, kShown); i++) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '"' || c == '\\') {
          std::snprintf(number, sizeof(number), "\\%c", c);
        } else if (std::isprint(c) != 0 || c >= 0x80) {
          std::snprintf(number, sizeof(number), "%c", c);
        } else {
          std::snprintf(number, sizeof(number), "\\%03d", c);
        }
        path->Add(number);
      }
      path->Add(size > kShown ? "...\"]" : "\"]");
      return;
    }
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0) {
        std::snprintf(number, sizeof(number), "[" LUA_INTEGER_FMT "]",
                      lua_tointeger(L, index));
      } else {
        std::snprintf(number, sizeof(number), "[" LUA_NUMBER_FMT "]",
                      lua_tonumber(L, index));
      }
      path->Add(number);
      return;
    case LUA_TBOOLEAN:
      path->Add(lua_toboolean(L, index) != 0 ? "[true]" : "[false]");
      return;
    default:
      path->Add("[a ");
      path->Add(luaL_typename(L, index));
      path->Add("]");
  }
}

enum class Step : uint8_t { kFound, kIsKey, kLost };

// The value on top holds the one at `address`. Replaces it by that one.
Step StepDown(lua_State* L, const void* address, bool metatables,
              PathText* path) {
  const int holder = lua_gettop(L);
  Step step = Step::kLost;
  if (lua_istable(L, holder)) {
    lua_pushnil(L);
    while (step == Step::kLost && lua_next(L, holder) != 0) {
      if (lua_topointer(L, -1) == address) {
        AddKey(L, holder + 1, path);
        step = Step::kFound;
      } else if (lua_topointer(L, holder + 1) == address) {
        lua_pop(L, 1);
        step = Step::kIsKey;
      } else {
        lua_pop(L, 1);
      }
    }
    if (step == Step::kLost && metatables && lua_getmetatable(L, holder) != 0 &&
        lua_topointer(L, -1) == address) {
      path->Add(", metatable");
      step = Step::kFound;
    }
  } else if (lua_isfunction(L, holder)) {
    for (int i = 1; step == Step::kLost; i++) {
      const char* name = lua_getupvalue(L, holder, i);
      if (name == nullptr) break;
      if (lua_topointer(L, -1) == address) {
        path->Add(", upvalue '");
        path->Add(name);
        path->Add("'");
        step = Step::kFound;
      } else {
        lua_pop(L, 1);
      }
    }
  }
  if (step != Step::kLost) lua_replace(L, holder);
  lua_settop(L, holder);
  return step;
}

}  // namespace

void MessageWriter::FormatPath(lua_State* L, int first, int count, char* text,
                               size_t size) const {
  PathText path;
  const WriteEntry* entries = scratch_->entries.at;
  size_t steps = 0;
  uint32_t root = culprit_;
  while (root < WriteScratch::kRoot) {
    root = entries[root].parent;
    steps++;
  }
  const int argument = static_cast<int>(root - WriteScratch::kRoot);
  if (count == 1 || (options_.first != 0 && argument == 0)) {
    path.Add(options_.name);
  } else {
    char number[32];
    const int shift = options_.first != 0 ? options_.first - 1 : 1;
    std::snprintf(number, sizeof(number), "%.15s #%d", options_.several,
                  argument + shift);
    path.Add(number);
  }
  auto* chain = static_cast<uint32_t*>(std::malloc(steps * sizeof(uint32_t)));
  const char* prefix = "";
  if (chain == nullptr || steps == 0) {
    path.CopyTo(prefix, text, size);
    std::free(chain);
    return;
  }
  uint32_t entry = culprit_;
  for (size_t i = steps; i-- > 0; entry = entries[entry].parent)
    chain[i] = entry;
  const int top = lua_gettop(L);
  lua_pushvalue(L, first + argument);
  for (size_t i = 1; i < steps; i++) {
    if (entries[chain[i - 1]].detail != kPlainEntry) {
      path.Add(", in what its __transfer gave");
      break;
    }
    const Step step =
        StepDown(L, entries[chain[i]].address, options_.metatables, &path);
    if (step == Step::kLost) {
      path.Add(", changed meanwhile");
      break;
    }
    if (step == Step::kIsKey) {
      if (i + 1 == steps) {
        prefix = "a key of ";
      } else {
        path.Add("[a key]");
      }
    }
  }
  lua_settop(L, top);
  std::free(chain);
  path.CopyTo(prefix, text, size);
}

}  // namespace trilune::vm
