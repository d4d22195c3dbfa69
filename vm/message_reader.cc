#include "vm/message_reader.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "vm/isolate.h"
#include "vm/message.h"
#include "vm/message_format.h"
#include "vm/message_space.h"
#include "vm/require.h"

namespace trilune::vm {
namespace {

// Stands for nil among the objects.
constexpr char kNilObject = 0;

// Plain messages up to this size are read without a protected call.
constexpr size_t kMaxQuick = 4096;

class Reader {
 public:
  Reader(lua_State* L, const char* data, size_t bytes,
         const ReadOptions& options)
      : L_(L),
        data_(data),
        at_(data),
        end_(data + bytes),
        budget_(bytes),
        options_(options) {}

  int Read();

 private:
  void Value(int depth);
  void Table(const char* start, uint8_t tag, bool is_inline, int depth);
  void TableContents(int table, const TableHead& head, int depth);
  void Function(const char* start, uint8_t tag, bool is_inline, int depth);
  void FunctionContents(int function, uint32_t upvalues, int depth);
  void Metatable(int table, int depth);
  void Reference();
  void Named(bool is_member);
  void SharedObject();
  void Transferred();
  void Segment(uint32_t count, bool drains_all);
  void Drain(lua_Integer from);
  void SetMetatables(lua_Integer from);
  void Defer(lua_Integer head);
  void Remember(const char* start, uint8_t tag) {
    if ((tag & kReferenced) == 0) return;
    RememberAt(start - data_);
  }
  void RememberAt(lua_Integer offset);

  [[noreturn]] void Malformed() {
    luaL_error(L_, "malformed message");
    std::abort();  // luaL_error does not return
  }
  void Need(bool is_right) {
    if (!is_right) Malformed();
  }
  template <class T>
  T Take() {
    Need(static_cast<size_t>(end_ - at_) >= sizeof(T));
    T value;
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }
  const char* TakeBytes(uint64_t size) {
    Need(size <= static_cast<uint64_t>(end_ - at_));
    const char* bytes = at_;
    at_ += size;
    return bytes;
  }
  void NeedFlag(uint32_t flag) { Need((options_.flags & flag) != 0); }
  void NeedTrust() { Need(options_.trusted); }

  lua_State* const L_;
  const char* const data_;
  const char* at_;
  const char* const end_;
  size_t budget_;  // values that tables may still announce: each has a byte
  const ReadOptions& options_;
  // Stack indices of tables, if the flags ask for them.
  int objects_ = 0;     // by offset, what is referenced
  int work_ = 0;        // deferred tables and functions
  int work_heads_ = 0;  // the offsets of their heads
  int metatables_ = 0;  // table, metatable, table, ...
  lua_Integer deferred_ = 0;
  lua_Integer drained_ = 0;  // the first ones of these, which are complete
  lua_Integer pending_ = 0;  // entries in metatables_
  int segments_ = 0;
};

int Reader::Read() {
  const uint32_t count = options_.count;
  Need(count <= static_cast<size_t>(end_ - data_) && count < INT_MAX / 2);
  luaL_checkstack(L_, static_cast<int>(count) + kSegmentSlots, nullptr);
  const int base = lua_gettop(L_);
  if ((options_.flags & kHasReferences) != 0) {
    lua_newtable(L_);
    objects_ = lua_gettop(L_);
  }
  if ((options_.flags & kHasDeferred) != 0) {
    lua_newtable(L_);
    lua_newtable(L_);
    work_heads_ = lua_gettop(L_);
    work_ = work_heads_ - 1;
  }
  if ((options_.flags & kHasMetatables) != 0) {
    lua_newtable(L_);
    metatables_ = lua_gettop(L_);
  }
  const int own = lua_gettop(L_) - base;
  Segment(count, /*drains_all=*/false);
  Need(at_ == end_);
  if (own != 0) {
    lua_rotate(L_, base + 1, static_cast<int>(count));
    lua_pop(L_, own);
  }
  return static_cast<int>(count);
}

// Pushes `count` values, complete.
void Reader::Segment(uint32_t count, bool drains_all) {
  const lua_Integer deferred = deferred_;
  const lua_Integer pending = pending_;
  for (uint32_t i = 0; i < count; i++)
    Value(0);
  Drain(deferred);
  if (drains_all) Drain(0);
  deferred_ = deferred;
  drained_ = std::min(drained_, deferred);
  SetMetatables(pending);
}

void Reader::Value(int depth) {
  Need(depth <= kInlineDepth);
  const char* start = at_;
  const auto tag = Take<uint8_t>();
  switch (static_cast<Tag>(tag & ~kReferenced)) {
    case Tag::kNil:
      lua_pushnil(L_);
      return;
    case Tag::kFalse:
      lua_pushboolean(L_, 0);
      return;
    case Tag::kTrue:
      lua_pushboolean(L_, 1);
      return;
    case Tag::kByte:
      lua_pushinteger(L_, Take<int8_t>());
      return;
    case Tag::kInteger:
      lua_pushinteger(L_, Take<lua_Integer>());
      return;
    case Tag::kFloat:
      lua_pushnumber(L_, Take<lua_Number>());
      return;
    case Tag::kShortString: {
      const auto size = Take<uint8_t>();
      lua_pushlstring(L_, TakeBytes(size), size);
      return;
    }
    case Tag::kString: {
      const auto size = Take<uint64_t>();
      lua_pushlstring(L_, TakeBytes(size), size);
      break;
    }
    case Tag::kTable:
      Table(start, tag, /*is_inline=*/true, depth);
      return;
    case Tag::kDeferredTable:
      Table(start, tag, /*is_inline=*/false, depth);
      return;
    case Tag::kReference:
      Reference();
      return;
    case Tag::kLightUserdata:
      NeedTrust();
      lua_pushlightuserdata(L_, Take<void*>());
      return;
    case Tag::kCFunction:
      NeedTrust();
      lua_pushcfunction(L_, Take<lua_CFunction>());
      break;
    case Tag::kFunction:
      Function(start, tag, /*is_inline=*/true, depth);
      return;
    case Tag::kDeferredFunction:
      Function(start, tag, /*is_inline=*/false, depth);
      return;
    case Tag::kGlobals:
      lua_rawgeti(L_, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
      break;
    case Tag::kModule:
      Named(/*is_member=*/false);
      break;
    case Tag::kMember:
      Named(/*is_member=*/true);
      break;
    case Tag::kShared:
      SharedObject();
      break;
    case Tag::kTransferred:
      Transferred();
      break;
    default:
      Malformed();
  }
  Remember(start, tag);
}

// The value on top is the one at `offset`.
void Reader::RememberAt(lua_Integer offset) {
  NeedFlag(kHasReferences);
  if (lua_isnil(L_, -1)) {  // a __transfer has given it
    lua_pushlightuserdata(L_, const_cast<char*>(&kNilObject));
  } else {
    lua_pushvalue(L_, -1);
  }
  lua_rawseti(L_, objects_, offset);
}

void Reader::Reference() {
  NeedFlag(kHasReferences);
  const auto offset = Take<uint64_t>();
  Need(offset < static_cast<uint64_t>(end_ - data_));
  const int type = lua_rawgeti(L_, objects_, static_cast<lua_Integer>(offset));
  Need(type != LUA_TNIL);
  if (type == LUA_TLIGHTUSERDATA && lua_touserdata(L_, -1) == &kNilObject) {
    lua_pop(L_, 1);
    lua_pushnil(L_);
  }
}

void Reader::Table(const char* start, uint8_t tag, bool is_inline, int depth) {
  const char* at = at_;
  const auto head = Take<TableHead>();
  const uint64_t values = uint64_t{head.items} + 2 * uint64_t{head.pairs};
  Need(values <= budget_ && values <= INT_MAX);
  const uint32_t array = head.array & ~kWithMetatable;
  Need(array == head.items || array <= 2 * (uint64_t{head.items} + head.pairs));
  budget_ -= values;
  lua_createtable(L_, static_cast<int>(array), static_cast<int>(head.pairs));
  Remember(start, tag);
  if (is_inline) {
    TableContents(lua_gettop(L_), head, depth);
  } else {
    Defer(at - data_);
  }
}

void Reader::TableContents(int table, const TableHead& head, int depth) {
  Need(depth < kInlineDepth);
  if ((head.array & kWithMetatable) != 0) Metatable(table, depth);
  for (lua_Integer i = 1; i <= head.items; i++) {
    Value(depth + 1);
    lua_rawseti(L_, table, i);
  }
  for (uint32_t i = 0; i < head.pairs; i++) {
    Value(depth + 1);
    if (lua_isnil(L_, -1)) luaL_error(L_, "a key has become nil on its way");
    if (lua_type(L_, -1) == LUA_TNUMBER && lua_rawequal(L_, -1, -1) == 0) {
      luaL_error(L_, "a key has become NaN on its way");
    }
    Value(depth + 1);
    lua_rawset(L_, table);
  }
}

// The table or function on top gets its contents later.
void Reader::Defer(lua_Integer head) {
  NeedFlag(kHasDeferred);
  deferred_++;
  lua_pushvalue(L_, -1);
  lua_rawseti(L_, work_, deferred_);
  lua_pushinteger(L_, head);
  lua_rawseti(L_, work_heads_, deferred_);
}

void Reader::Drain(lua_Integer from) {
  // What is drained may hold a constructor that drains all.
  for (lua_Integer i = std::max(from, drained_) + 1; i <= deferred_;
       i = std::max(i, drained_) + 1) {
    const int index = lua_gettop(L_) + 1;
    lua_rawgeti(L_, work_heads_, i);
    const char* head_at = data_ + lua_tointeger(L_, index);
    lua_pop(L_, 1);
    const int type = lua_rawgeti(L_, work_, i);
    lua_pushnil(L_);
    lua_rawseti(L_, work_, i);
    if (type == LUA_TTABLE) {
      TableHead head;
      std::memcpy(&head, head_at, sizeof(head));
      TableContents(index, head, 0);
    } else if (type != LUA_TNIL) {
      uint32_t upvalues = 0;
      std::memcpy(&upvalues, head_at, sizeof(upvalues));
      FunctionContents(index, upvalues, 0);
    }
    lua_pop(L_, 1);
  }
  if (from <= drained_) drained_ = deferred_;
}

// Last of all: a __gc must be there when a metatable is set, and a weak table
// must not lose what is not yet referred to.
void Reader::Metatable(int table, int depth) {
  NeedFlag(kHasMetatables);
  Value(depth + 1);
  Need(lua_istable(L_, -1));
  lua_rawseti(L_, metatables_, pending_ + 2);
  lua_pushvalue(L_, table);
  lua_rawseti(L_, metatables_, pending_ + 1);
  pending_ += 2;
}

void Reader::SetMetatables(lua_Integer from) {
  for (lua_Integer i = from + 1; i < pending_; i += 2) {
    lua_rawgeti(L_, metatables_, i);
    lua_rawgeti(L_, metatables_, i + 1);
    lua_setmetatable(L_, -2);
    lua_pop(L_, 1);
    lua_pushnil(L_);
    lua_rawseti(L_, metatables_, i);
  }
  pending_ = from;
}

void Reader::Function(const char* start, uint8_t tag, bool is_inline,
                      int depth) {
  NeedTrust();
  const char* head = at_;
  const auto upvalues = Take<uint32_t>();
  const auto size = Take<uint64_t>();
  const char* code = TakeBytes(size);
  if (luaL_loadbufferx(L_, code, size, "=message", "b") != LUA_OK) {
    lua_error(L_);
  }
  Remember(start, tag);
  if (is_inline) {
    FunctionContents(lua_gettop(L_), upvalues, depth);
  } else {
    Defer(head - data_);
  }
}

void Reader::FunctionContents(int function, uint32_t upvalues, int depth) {
  for (uint32_t i = 1; i <= upvalues; i++) {
    const auto number = static_cast<int>(i);
    if (Take<uint8_t>() == static_cast<uint8_t>(Upvalue::kOwn)) {
      Value(depth + 1);
      Need(lua_setupvalue(L_, function, number) != nullptr);
      continue;
    }
    Reference();
    const int other = Take<uint8_t>();
    Need(lua_isfunction(L_, -1) && lua_iscfunction(L_, -1) == 0 &&
         lua_upvalueid(L_, -1, other) != nullptr);
    lua_upvaluejoin(L_, function, number, -1, other);
    lua_pop(L_, 1);
  }
}

void Reader::Named(bool is_member) {
  NeedTrust();
  const auto size = Take<uint64_t>();
  const char* module = TakeBytes(size);
  PushModule(L_, module, size);
  if (!is_member) return;
  const auto member_size = Take<uint64_t>();
  const char* member = TakeBytes(member_size);
  if (lua_istable(L_, -1)) {
    lua_pushlstring(L_, member, member_size);
    lua_rawget(L_, -2);
    lua_remove(L_, -2);
  }
  if (lua_isfunction(L_, -1) || lua_isuserdata(L_, -1)) return;
  lua_pushlstring(L_, module, size);
  lua_pushlstring(L_, member, member_size);
  luaL_error(L_, "module '%s' has no '%s' here", lua_tostring(L_, -2),
             lua_tostring(L_, -1));
}

void Reader::SharedObject() {
  NeedTrust();
  const auto number = Take<uint32_t>();
  Need(number < options_.shared_count);
  Shared* object = nullptr;
  std::memcpy(&object, options_.shared + number * kReferenceBytes,
              kReferenceBytes);
  PushShared(L_, object);
}

void Reader::Transferred() {
  NeedTrust();
  const auto head = Take<uint32_t>();
  const uint32_t count = head & ~kDrainsAll;
  Need(count >= 1 && count <= static_cast<size_t>(end_ - at_) &&
       ++segments_ <= kMaxSegments);
  luaL_checkstack(L_, static_cast<int>(count) + kSegmentSlots, nullptr);
  Segment(count, (head & kDrainsAll) != 0);
  lua_call(L_, static_cast<int>(count) - 1, 1);
  segments_--;
}

struct ProtectedRead {
  const Message* message;
  const ReadOptions* options;
};

size_t DataBytes(const Message* message) {
  return message->bytes - message->shared * kReferenceBytes;
}

ReadOptions OptionsFor(const Message* message) {
  ReadOptions options;
  options.count = message->count;
  options.flags = message->flags;
  options.trusted = true;
  options.shared = message->data() + DataBytes(message);
  options.shared_count = message->shared;
  return options;
}

int RunProtected(lua_State* L) {
  const auto* call = static_cast<const ProtectedRead*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  return ReadData(L, call->message->data(), DataBytes(call->message),
                  *call->options);
}

}  // namespace

int ReadData(lua_State* L, const char* data, size_t bytes,
             const ReadOptions& options) {
  Reader reader(L, data, bytes, options);
  return reader.Read();
}

int ReadMessage(lua_State* L, Message* message) {
  MessageSpace* space = MessageSpace::Of(L);
  if (space == nullptr) {
    FreeMessage(message);
    luaL_error(L, "not enough memory");
  }
  Isolate::Of(L)->usage().received++;
  const ReadOptions options = OptionsFor(message);
  const auto count = static_cast<int>(message->count);
  if (message->flags == 0 && message->bytes <= kMaxQuick) {
    space->BeginQuickRead(L, message);
    ReadData(L, message->data(), message->bytes, options);
    space->EndQuickRead(message);
    space->Free(message);
    return count;
  }
  space->BeginRead(message);
  const int base = lua_gettop(L);
  int status = LUA_ERRMEM;
  if (lua_checkstack(L, 4) != 0) {
    ProtectedRead call = {message, &options};
    lua_pushcfunction(L, &RunProtected);
    lua_pushlightuserdata(L, &call);
    status = lua_pcall(L, 1, LUA_MULTRET, 0);
  }
  space->EndRead(message);
  FreeMessage(message, Isolate::Of(L));
  if (status == LUA_OK) return count;
  if (lua_gettop(L) == base) luaL_error(L, "stack overflow");
  lua_error(L);
  return 0;
}

}  // namespace trilune::vm
