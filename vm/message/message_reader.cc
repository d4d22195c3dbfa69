// Reading a message. The data is read once, from its beginning to its end, and
// each value is made as its tag comes: depth first, as it was written.
//
// What an error leaves behind matters here, as Lua may raise at each value. A
// plain message of up to kMaxQuick bytes is read without a protected call. If
// it raises, the message stays in the isolate's list, and the next reading
// frees it. Any other message is read below lua_pcall, and freed afterwards.
//
// Values that are referred to (kReferenced) are kept in a table by their
// offset. Values nested deeper than kInlineDepth are read from a list of
// frames, as message_writer_deep.cc writes them.

#include "vm/message/message_reader.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "vm/isolate/isolate.h"
#include "vm/lua/require.h"
#include "vm/message/message.h"
#include "vm/message/message_format.h"
#include "vm/message/message_space.h"

namespace trilune::vm {
namespace {

// Stands for nil in the table of objects.
constexpr char kNilObject = 0;

// The depth of values in a frame: a table or function there gets a frame, too.
constexpr int kInFrame = kInlineDepth + 1;

// A table or function that is nested deep, and how much of it is still to be
// read.
struct Frame {
  enum class Next : uint32_t { kMetatable, kEntry, kValue };

  uint32_t done;
  uint32_t items;  // values of the keys 1, 2, ...; of a function: upvalues
  uint32_t pairs;
  Next next;
};
constexpr uint32_t kFirstFrames = 16;

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
  void Table(const char* start, uint8_t tag, int depth);
  void TableContents(int table, const TableHead& head, int depth);
  void Function(const char* start, uint8_t tag, int depth);
  void FunctionContents(int function, uint32_t upvalues, int depth);
  void OneUpvalue(int function, uint32_t number, int depth);
  void Metatable(int table, int depth);
  void CheckKey();
  void Reference();
  void Named(bool is_member);
  void SharedObject();
  void Transferred();
  void Segment(uint32_t count);
  void Deep(const Frame& frame, int depth);
  void DeepTable(int table, uint32_t number);
  void DeepFunction(int function, uint32_t number);
  void SetMetatables(lua_Integer from);
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
  int objects_ = 0;     // values that are referred to, by offset
  int work_ = 0;        // of frame n: its value at n + 1, a key at -n - 1
  int frames_ = 0;      // not a table: the memory of frame_at_
  int metatables_ = 0;  // table, metatable, table, ...
  Frame* frame_at_ = nullptr;
  uint32_t frame_count_ = 0;
  uint32_t frame_capacity_ = 0;
  lua_Integer pending_ = 0;  // entries in metatables_
  int segments_ = 0;
};

// Pushes the helper tables that the flags ask for, then the values above them,
// and removes the tables in the end.
int Reader::Read() {
  const uint32_t count = options_.count;
  Need(count <= static_cast<size_t>(end_ - data_) && count < INT_MAX / 2);
  luaL_checkstack(L_, static_cast<int>(count) + kSegmentSlots, nullptr);
  const int base = lua_gettop(L_);
  if ((options_.flags & kHasReferences) != 0) {
    lua_newtable(L_);
    objects_ = lua_gettop(L_);
  }
  if ((options_.flags & kIsDeep) != 0) {
    lua_newtable(L_);
    lua_pushnil(L_);
    frames_ = lua_gettop(L_);
    work_ = frames_ - 1;
  }
  if ((options_.flags & kHasMetatables) != 0) {
    lua_newtable(L_);
    metatables_ = lua_gettop(L_);
  }
  const int own = lua_gettop(L_) - base;
  Segment(count);
  Need(at_ == end_);
  if (own != 0) {
    lua_rotate(L_, base + 1, static_cast<int>(count));
    lua_pop(L_, own);
  }
  return static_cast<int>(count);
}

// Pushes `count` values. They are complete, with their metatables.
void Reader::Segment(uint32_t count) {
  const lua_Integer pending = pending_;
  for (uint32_t i = 0; i < count; i++)
    Value(0);
  SetMetatables(pending);
}

void Reader::Value(int depth) {
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
      Table(start, tag, depth);
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
      Function(start, tag, depth);
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

// Keeps the value on top as the one at `offset`.
void Reader::RememberAt(lua_Integer offset) {
  NeedFlag(kHasReferences);
  if (lua_isnil(L_, -1)) {  // a constructor of a __transfer has made it
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

void Reader::Table(const char* start, uint8_t tag, int depth) {
  const auto head = Take<TableHead>();
  const uint64_t values = uint64_t{head.items} + 2 * uint64_t{head.pairs};
  Need(values <= budget_ && values <= INT_MAX);
  const uint32_t array = head.array & ~kWithMetatable;
  Need(array == head.items || array <= 2 * (uint64_t{head.items} + head.pairs));
  budget_ -= values;
  lua_createtable(L_, static_cast<int>(array), static_cast<int>(head.pairs));
  Remember(start, tag);
  if (depth < kInlineDepth) {
    TableContents(lua_gettop(L_), head, depth);
    return;
  }
  const bool has_metatable = (head.array & kWithMetatable) != 0;
  Deep({0, head.items, head.pairs,
        has_metatable ? Frame::Next::kMetatable : Frame::Next::kEntry},
       depth);
}

void Reader::TableContents(int table, const TableHead& head, int depth) {
  if ((head.array & kWithMetatable) != 0) Metatable(table, depth);
  for (lua_Integer i = 1; i <= head.items; i++) {
    Value(depth + 1);
    lua_rawseti(L_, table, i);
  }
  for (uint32_t i = 0; i < head.pairs; i++) {
    Value(depth + 1);
    CheckKey();
    Value(depth + 1);
    lua_rawset(L_, table);
  }
}

// The constructor of a __transfer may have made the key on top.
void Reader::CheckKey() {
  if (lua_isnil(L_, -1)) luaL_error(L_, "a key has become nil on its way");
  if (lua_type(L_, -1) == LUA_TNUMBER && lua_rawequal(L_, -1, -1) == 0) {
    luaL_error(L_, "a key has become NaN on its way");
  }
}

// The contents of the table or function on top follow. Reads them, too, unless
// the loop for another frame is running: then that takes this frame next.
void Reader::Deep(const Frame& frame, int depth) {
  NeedFlag(kIsDeep);
  const uint32_t number = frame_count_;
  if (number == frame_capacity_) {
    const uint32_t larger = std::max(frame_capacity_ * 2, kFirstFrames);
    void* memory = lua_newuserdatauv(L_, larger * sizeof(Frame), 0);
    std::copy_n(frame_at_, number, static_cast<Frame*>(memory));
    frame_at_ = static_cast<Frame*>(memory);
    frame_capacity_ = larger;
    lua_replace(L_, frames_);
  }
  frame_at_[number] = frame;
  frame_count_++;
  lua_pushvalue(L_, -1);
  lua_rawseti(L_, work_, lua_Integer{number} + 1);
  if (depth == kInFrame) return;
  const int top = lua_gettop(L_);
  while (frame_count_ > number) {
    const uint32_t last = frame_count_ - 1;
    lua_rawgeti(L_, work_, lua_Integer{last} + 1);
    if (lua_istable(L_, top + 1)) {
      DeepTable(top + 1, last);
    } else {
      DeepFunction(top + 1, last);
    }
    lua_settop(L_, top);
  }
}

// Goes on with the table until it has ended, or something in it has got a
// frame.
void Reader::DeepTable(int table, uint32_t number) {
  using Next = Frame::Next;
  const auto has_left = [this, number] { return frame_count_ > number + 1; };
  if (frame_at_[number].next == Next::kMetatable) {
    frame_at_[number].next = Next::kEntry;
    Metatable(table, kInlineDepth);
    if (has_left()) return;
  }
  while (frame_at_[number].done < frame_at_[number].items) {
    const uint32_t key = ++frame_at_[number].done;
    Value(kInFrame);
    lua_rawseti(L_, table, key);
    if (has_left()) return;
  }
  while (true) {
    if (frame_at_[number].next == Next::kValue) {  // the key is read already
      frame_at_[number].next = Next::kEntry;
      lua_rawgeti(L_, work_, -lua_Integer{number} - 1);
    } else {
      if (frame_at_[number].pairs == 0) break;
      frame_at_[number].pairs--;
      Value(kInFrame);
      CheckKey();
      if (has_left()) {
        frame_at_[number].next = Next::kValue;
        lua_rawseti(L_, work_, -lua_Integer{number} - 1);
        return;
      }
    }
    Value(kInFrame);
    lua_rawset(L_, table);
    if (has_left()) return;
  }
  frame_count_--;
}

void Reader::DeepFunction(int function, uint32_t number) {
  while (frame_at_[number].done < frame_at_[number].items) {
    OneUpvalue(function, ++frame_at_[number].done, kInFrame);
    if (frame_count_ > number + 1) return;
  }
  frame_count_--;
}

// Keeps the metatable for SetMetatables, which sets it last of all. A __gc must
// be in the metatable when that is set. And a weak table must not lose values
// that nothing refers to yet.
void Reader::Metatable(int table, int depth) {
  NeedFlag(kHasMetatables);
  Value(depth + 1);
  Need(lua_istable(L_, -1));
  lua_rawseti(L_, metatables_, pending_ + 2);
  lua_pushvalue(L_, table);
  lua_rawseti(L_, metatables_, pending_ + 1);
  pending_ += 2;
}

// The table's entry is cleared, so that the values are not kept longer than
// they must be.
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

void Reader::Function(const char* start, uint8_t tag, int depth) {
  NeedTrust();
  const auto upvalues = Take<uint32_t>();
  const auto size = Take<uint64_t>();
  const char* code = TakeBytes(size);
  if (luaL_loadbufferx(L_, code, size, "=message", "b") != LUA_OK) {
    lua_error(L_);
  }
  Remember(start, tag);
  if (depth < kInlineDepth) {
    FunctionContents(lua_gettop(L_), upvalues, depth);
  } else {
    Deep({0, upvalues, 0, Frame::Next::kEntry}, depth);
  }
}

void Reader::FunctionContents(int function, uint32_t upvalues, int depth) {
  for (uint32_t i = 1; i <= upvalues; i++)
    OneUpvalue(function, i, depth + 1);
}

void Reader::OneUpvalue(int function, uint32_t number, int depth) {
  const auto to = static_cast<int>(number);
  if (Take<uint8_t>() == static_cast<uint8_t>(Upvalue::kOwn)) {
    Value(depth);
    Need(lua_setupvalue(L_, function, to) != nullptr);
    return;
  }
  Reference();
  const int from = Take<uint8_t>();
  Need(lua_isfunction(L_, -1) && lua_iscfunction(L_, -1) == 0 &&
       lua_upvalueid(L_, -1, from) != nullptr &&
       lua_upvalueid(L_, function, to) != nullptr);
  lua_upvaluejoin(L_, function, to, -1, from);
  lua_pop(L_, 1);
}

// By name: the receiver's own module, or what that has under the member's name.
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

// Calls a constructor: a function and its arguments are a segment, complete
// before the call. It may park.
void Reader::Transferred() {
  NeedTrust();
  const auto count = Take<uint32_t>();
  Need(count >= 1 && count <= static_cast<size_t>(end_ - at_) &&
       ++segments_ <= kMaxSegments);
  luaL_checkstack(L_, static_cast<int>(count) + kSegmentSlots, nullptr);
  Segment(count);
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
