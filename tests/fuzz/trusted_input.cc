#include "tests/fuzz/trusted_input.h"

#include <cmath>
#include <cstring>
#include <iterator>
#include <vector>

#include "vm/message/message_format.h"

namespace trilune::fuzz {
namespace {

using vm::Tag;

// --- What a message may call. ---

int l_nothing(lua_State* /*L*/) {
  return 0;
}
int l_first(lua_State* L) {
  lua_settop(L, 1);
  return 1;
}
int l_pack(lua_State* L) {
  const int count = lua_gettop(L);
  lua_createtable(L, count, 0);
  lua_insert(L, 1);
  for (int i = count; i >= 1; i--)
    lua_rawseti(L, 1, i);
  return 1;
}
int l_raise(lua_State* L) {
  return luaL_error(L, "a constructor failed");
}
int l_nan(lua_State* L) {
  lua_pushnumber(L, std::nan(""));
  return 1;
}
int l_collect(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT);
  return l_pack(L);
}
// Empties a table, and gives it another's contents and metatable.
int l_spoil(lua_State* L) {
  lua_settop(L, 2);
  if (!lua_istable(L, 1) || !lua_istable(L, 2)) return 1;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, 1);
  }
  lua_pushvalue(L, 2);
  lua_rawseti(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_setmetatable(L, 1);
  lua_settop(L, 1);
  return 1;
}

constexpr lua_CFunction kFunctions[] = {&l_nothing, &l_first, &l_pack, &l_raise,
                                        &l_collect, &l_nan,   &l_spoil};

constexpr const char* kLuaFunctions[] = {
    "return function(...) return ... end",
    "local a = 1 return function(...) return a, ... end",
    "local a, b = {} return function(x) a, b = b, x return a end",
    "local a, b, c return function() return a, b, c end",
};

std::vector<std::string>& Bytecodes() {
  static std::vector<std::string> bytecodes;
  return bytecodes;
}

int AddPiece(lua_State* /*L*/, const void* piece, size_t size, void* to) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(piece), size);
  return 0;
}

// --- The translation. ---

class Translator {
 public:
  Translator(const char* data, size_t bytes) : at_(data), end_(data + bytes) {}

  std::string Run(uint32_t count) {
    open_.push_back({count, /*are_upvalues=*/false});
    while (!open_.empty() && at_ != end_) {
      Open& last = open_.back();
      if (last.left == 0) {
        open_.pop_back();
        continue;
      }
      last.left--;
      // The reader raises where this stops: what follows, it does not read.
      if (last.are_upvalues ? !Upvalue() : !Value()) break;
    }
    out_.append(at_, end_);
    return std::move(out_);
  }

 private:
  struct Open {
    uint64_t left;
    bool are_upvalues;
  };

  bool Value() {
    starts_.push_back(out_.size());
    const auto tag = static_cast<uint8_t>(*at_);
    switch (static_cast<Tag>(tag & ~vm::kReferenced)) {
      case Tag::kNil:
      case Tag::kFalse:
      case Tag::kTrue:
      case Tag::kGlobals:
        return Copy(1);
      case Tag::kByte:
        return Copy(2);
      case Tag::kInteger:
      case Tag::kFloat:
        return Copy(1 + sizeof(uint64_t));
      case Tag::kShortString:
        return left() >= 2 && Copy(2 + static_cast<uint8_t>(at_[1]));
      case Tag::kString:
      case Tag::kModule:
        return Copy(1) && Bytes();
      case Tag::kMember:
        return Copy(1) && Bytes() && Bytes();
      case Tag::kShared:  // the reader finds none
        return Copy(1 + sizeof(uint32_t));
      case Tag::kReference:
        return Copy(1) && Offset();
      case Tag::kTable:
        return Table();
      case Tag::kTransferred: {
        uint32_t count = 0;
        if (!Copy(1) || !Peek(&count) || !Copy(sizeof(count))) return false;
        open_.push_back({count, /*are_upvalues=*/false});
        return true;
      }
      case Tag::kLightUserdata:
        return Copy(1) && Choose() && Append(&kFunctions[choice_ & 1]);
      case Tag::kCFunction:
        return Copy(1) && Choose() &&
               Append(kFunctions[choice_ % std::size(kFunctions)]);
      case Tag::kFunction:
        return Function();
      default:
        return false;
    }
  }

  bool Table() {
    vm::TableHead head;
    if (!Copy(1) || !Peek(&head) || !Copy(sizeof(head))) return false;
    const bool has_metatable = (head.array & vm::kWithMetatable) != 0;
    open_.push_back({uint64_t{head.items} + 2 * uint64_t{head.pairs} +
                         static_cast<uint64_t>(has_metatable),
                     /*are_upvalues=*/false});
    return true;
  }

  // Says how many upvalues there are, as the bytes do.
  bool Function() {
    uint32_t upvalues = 0;
    if (!Copy(1) || !Peek(&upvalues) || !Copy(sizeof(upvalues)) || !Choose()) {
      return false;
    }
    const std::string& code = Bytecodes()[choice_ % Bytecodes().size()];
    Append(static_cast<uint64_t>(code.size()));
    out_ += code;
    open_.push_back({upvalues, /*are_upvalues=*/true});
    return true;
  }

  bool Upvalue() {
    const bool is_own =
        static_cast<uint8_t>(*at_) == static_cast<uint8_t>(vm::Upvalue::kOwn);
    if (!is_own) return Copy(1) && Offset() && Copy(1);
    open_.push_back({1, /*are_upvalues=*/false});
    return Copy(1);
  }

  bool Offset() {
    uint64_t offset = 0;
    if (!Peek(&offset)) return false;
    at_ += sizeof(offset);
    return Append(offset < starts_.size() ? starts_[offset] : offset);
  }

  bool Bytes() {
    uint64_t size = 0;
    return Peek(&size) && Copy(sizeof(size)) && Copy(size);
  }

  [[nodiscard]] uint64_t left() const {
    return static_cast<uint64_t>(end_ - at_);
  }
  bool Copy(uint64_t size) {
    if (size > left()) return false;
    out_.append(at_, size);
    at_ += size;
    return true;
  }
  template <class T>
  bool Peek(T* value) const {
    if (left() < sizeof(T)) return false;
    std::memcpy(value, at_, sizeof(T));
    return true;
  }
  bool Choose() {
    if (!Peek(&choice_)) return false;
    at_++;
    return true;
  }
  template <class T>
  bool Append(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
    return true;
  }

  const char* at_;
  const char* const end_;
  std::string out_;
  std::vector<uint64_t> starts_;  // of the values
  std::vector<Open> open_;
  uint8_t choice_ = 0;
};

}  // namespace

void OpenTrusted(lua_State* L) {
  for (const char* text : kLuaFunctions) {
    if (luaL_dostring(L, text) != LUA_OK) lua_error(L);
    lua_dump(L, &AddPiece, &Bytecodes().emplace_back(), 1);
    lua_pop(L, 1);
  }
  // A module with members, and what is none.
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, &l_pack);
  lua_setfield(L, -2, "f");
  lua_newuserdatauv(L, 1, 0);
  lua_setfield(L, -2, "u");
  lua_pushinteger(L, 1);
  lua_setfield(L, -2, "n");
  lua_setfield(L, -2, "m");
  lua_pushcfunction(L, &l_first);
  lua_setfield(L, -2, "f");
  lua_pop(L, 1);
}

std::string TrustedInput(const char* data, size_t bytes, uint32_t count) {
  return Translator(data, bytes).Run(count);
}

}  // namespace trilune::fuzz
