// Writing values nested deeper than kInlineDepth. Each table or function there
// has a frame in the scratch. When something nested in it gets a frame of its
// own, the outer one stays as it is, and goes on afterwards. The order of the
// data is depth first all the same, and neither stack grows with depth.
//
// Deep is called in two ways. From the C stack, it runs the loop that writes
// the top frame until its own frame has ended. From inside that loop (depth
// kInFrame), it only adds a frame, which the loop takes next.

#include "vm/message/message_writer.h"

namespace trilune::vm {
namespace {

// The depth of values in a frame: a table or function there gets a frame, too.
constexpr int kInFrame = kInlineDepth + 1;

// Indices in the table work_, by the number of the frame.
lua_Integer ValueAt(uint32_t number) {
  return lua_Integer{number} * 2 + 1;
}
lua_Integer KeyAt(uint32_t number) {
  return lua_Integer{number} * 2 + 2;
}

}  // namespace

// The head is written. Writes the contents, too, unless the loop for another
// frame is running: then that takes this frame next.
bool MessageWriter::Deep(int index, uint32_t entry, int depth) {
  if (mode_ == WriteMode::kQuick) return Fail(WriteFailure::kNeedsProtection);
  const uint32_t number = scratch_->frames.count;
  WriteFrame* added = scratch_->frames.Add();
  if (added == nullptr) return Fail(WriteFailure::kNoMemory);
  *added = {};
  added->entry = entry;
  if (!ChargeScratch()) return false;
  flags_ |= kIsDeep;
  if (lua_isnil(L_, work_)) {
    lua_newtable(L_);
    lua_replace(L_, work_);
  }
  lua_pushvalue(L_, index);
  lua_rawseti(L_, work_, ValueAt(number));
  lua_pushboolean(L_, 0);  // the table stays an array
  lua_rawseti(L_, work_, KeyAt(number));
  if (depth == kInFrame) return true;
  const uint32_t outer = parent_;
  const int top = lua_gettop(L_);
  while (scratch_->frames.count > number) {
    const uint32_t last = scratch_->frames.count - 1;
    parent_ = scratch_->frames.at[last].entry;
    lua_rawgeti(L_, work_, ValueAt(last));
    if (lua_istable(L_, top + 1) ? !DeepTable(top + 1, last)
                                 : !DeepFunction(top + 1, last)) {
      return false;
    }
    lua_settop(L_, top);
  }
  parent_ = outer;
  return true;
}

// Writes the value at `index`. False: it failed; or the value got a frame, and
// `frame` was kept for later, with its key.
bool MessageWriter::InFrame(int index, int key, uint32_t number,
                            const WriteFrame& frame) {
  if (!Value(index, kInFrame)) return false;
  if (scratch_->frames.count == number + 1) return true;
  scratch_->frames.at[number] = frame;
  lua_settop(L_, key);
  lua_rawseti(L_, work_, KeyAt(number));
  return false;
}

// Goes on with the table until it has ended, or something in it has got a
// frame.
bool MessageWriter::DeepTable(int index, uint32_t number) {
  using Next = WriteFrame::Next;
  WriteFrame frame = scratch_->frames.at[number];
  const int key = index + 1;
  const int value = index + 2;
  const auto is_ok = [this] { return failure_ == WriteFailure::kNone; };
  if (frame.next == Next::kMetatable) {
    frame.next = Next::kEntry;
    if (options_.metatables && lua_getmetatable(L_, index) != 0) {
      frame.has_metatable = true;
      flags_ |= kHasMetatables;
      if (!InFrame(key, key, number, frame)) return is_ok();
      lua_settop(L_, index);
    }
  }
  if (frame.items == 0 && frame.pairs == 0) {
    lua_pushnil(L_);
  } else {
    lua_rawgeti(L_, work_, KeyAt(number));
  }
  if (frame.next == Next::kValue) {  // the key is written already
    frame.next = Next::kEntry;
    lua_pushvalue(L_, key);
    lua_rawget(L_, index);
    if (!InFrame(value, key, number, frame)) return is_ok();
    lua_settop(L_, key);
  }
  while (lua_next(L_, index) != 0) {
    const bool is_integer = lua_isinteger(L_, key) != 0;
    if (is_integer && frame.pairs == 0 &&
        lua_tointeger(L_, key) == lua_Integer{frame.items} + 1) {
      frame.items++;
    } else {
      frame.pairs++;
      frame.integers += static_cast<uint32_t>(is_integer);
      frame.next = Next::kValue;
      if (!InFrame(key, key, number, frame)) return is_ok();
      frame.next = Next::kEntry;
    }
    if (!InFrame(value, key, number, frame)) return is_ok();
    lua_settop(L_, key);
  }
  scratch_->frames.count--;
  return FinishTable(index, frame.entry, frame.items, frame.pairs,
                     frame.integers, frame.has_metatable ? kWithMetatable : 0);
}

bool MessageWriter::DeepFunction(int index, uint32_t number) {
  while (true) {
    WriteFrame& frame = scratch_->frames.at[number];
    const int upvalue = static_cast<int>(++frame.items);
    if (lua_getupvalue(L_, index, upvalue) == nullptr) break;
    if (!OneUpvalue(index, frame.entry, upvalue, kInFrame)) return false;
    if (scratch_->frames.count > number + 1) return true;
    lua_settop(L_, index);
  }
  scratch_->frames.count--;
  return true;
}

}  // namespace trilune::vm
