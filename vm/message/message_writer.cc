// Writing a message: the walk, and what every value needs. Values nested deep
// are in message_writer_deep.cc. Functions, userdata and values with a
// __transfer metamethod are in message_writer_types.cc.
//
// WriteMessage tries twice:
// 1. kQuick, without a protected call. It stops at the first value that needs
//    something of Lua which may raise: a metatable, a function, great depth.
// 2. kProtected, below lua_pcall, from the beginning. Here Lua code may run,
//    and drop values that were written already. Their addresses are noted, so
//    another value could get one of them. Therefore each value with an identity
//    is anchored.
//
// Each value with an identity has an entry by its address (Identify). A second
// encounter writes the offset of the first one, and marks its tag, so the
// reader keeps only values that are referred to (Refer).
//
// A table's head is written before its contents, with numbers that are not
// known yet; FinishTable fills them in.
//
// The scratch belongs to the isolate. An error that jumps over the writer's
// frame loses nothing.

#include "vm/message/message_writer.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>

#include "vm/isolate/isolate.h"
#include "vm/memory/budget.h"
#include "vm/memory/pressure.h"

namespace trilune::vm {

bool MessageWriter::Value(int index, int depth) {
  switch (lua_type(L_, index)) {
    case LUA_TNIL:
      return PutTag(Tag::kNil);
    case LUA_TBOOLEAN:
      return PutTag(lua_toboolean(L_, index) != 0 ? Tag::kTrue : Tag::kFalse);
    case LUA_TNUMBER:
      if (lua_isinteger(L_, index) != 0) {
        const lua_Integer n = lua_tointeger(L_, index);
        if (n >= INT8_MIN && n <= INT8_MAX) {
          return PutWith(Tag::kByte, static_cast<int8_t>(n));
        }
        return PutWith(Tag::kInteger, n);
      }
      return PutWith(Tag::kFloat, lua_tonumber(L_, index));
    case LUA_TSTRING:
      return String(index);
    case LUA_TTABLE:
      return Table(index, depth);
    case LUA_TFUNCTION:
      return Function(index, depth);
    case LUA_TLIGHTUSERDATA:
      return PutWith(Tag::kLightUserdata, lua_touserdata(L_, index));
    case LUA_TUSERDATA:
      return Userdata(index);
    default:
      return Thread(index);
  }
}

bool MessageWriter::String(int index) {
  size_t size = 0;
  const char* text = lua_tolstring(L_, index, &size);
  if (size >= kLongString) return LongString(index, text, size);
  if (!Reserve(2 + size)) return false;
  *at_++ = static_cast<char>(Tag::kShortString);
  *at_++ = static_cast<char>(size);
  std::memcpy(at_, text, size);
  at_ += size;
  return true;
}

bool MessageWriter::LongString(int index, const char* text, size_t size) {
  uint32_t entry = 0;
  bool is_new = false;
  if (!Identify(index, lua_topointer(L_, index), &entry, &is_new)) return false;
  if (!is_new) return true;
  return PutWith(Tag::kString, static_cast<uint64_t>(size)) &&
         PutBytes(text, size);
}

bool MessageWriter::Identify(int index, const void* address, uint32_t* entry,
                             bool* is_new) {
  *entry = scratch_->FindOrAdd(address, is_new);
  if (*entry == WriteScratch::kNone) return Fail(WriteFailure::kNoMemory);
  if (!*is_new) return Refer(*entry);
  WriteEntry& added = scratch_->entries.at[*entry];
  added.offset = offset();
  added.parent = parent_;
  if (mode_ != WriteMode::kQuick) {
    lua_pushvalue(L_, index);
    lua_rawseti(L_, anchors_, static_cast<lua_Integer>(*entry) + 1);
  }
  return ChargeScratch();
}

// Marks the first encounter, so that the reader keeps that value.
bool MessageWriter::Refer(uint32_t entry) {
  const WriteEntry& found = scratch_->entries.at[entry];
  if (found.detail == kConstructing) {
    return RefuseEntry(entry, "what its own __transfer returns");
  }
  base_[found.offset] = static_cast<char>(
      static_cast<uint8_t>(base_[found.offset]) | kReferenced);
  flags_ |= kHasReferences;
  return PutWith(Tag::kReference, found.offset);
}

bool MessageWriter::Table(int index, int depth) {
  const void* address = lua_topointer(L_, index);
  if (mode_ == WriteMode::kQuick) {
    if (!space_->modules.HasModules(generation_) ||
        space_->modules.MayBeModule(address)) {
      return Fail(WriteFailure::kNeedsProtection);
    }
    if (lua_getmetatable(L_, index) != 0) {
      return Fail(WriteFailure::kNeedsProtection);
    }
  }
  uint32_t entry = 0;
  bool is_new = false;
  if (!Identify(index, address, &entry, &is_new)) return false;
  if (!is_new) return true;
  if (mode_ != WriteMode::kQuick) {
    bool done = false;
    if (!Object(index, entry, &done)) return false;
    if (done) return true;
  }
  return PlainTable(index, entry, depth);
}

bool MessageWriter::PlainTable(int index, uint32_t entry, int depth) {
  scratch_->entries.at[entry].offset = offset();
  if (!PutWith(Tag::kTable, TableHead{})) return false;
  return depth < kInlineDepth ? TableContents(index, entry, depth)
                              : Deep(index, entry, depth);
}

bool MessageWriter::TableContents(int index, uint32_t entry, int depth) {
  const uint32_t outer = parent_;
  parent_ = entry;
  uint64_t items = 0;
  uint64_t pairs = 0;
  const int key = lua_gettop(L_) + 1;
  const int value = key + 1;
  uint32_t metatable = 0;
  if (options_.metatables && lua_getmetatable(L_, index) != 0) {
    metatable = kWithMetatable;
    flags_ |= kHasMetatables;
    if (!Value(key, depth + 1)) return false;
    lua_settop(L_, key - 1);
  }
  lua_pushnil(L_);
  // lua_next gives the array part first, in order. Those values go without
  // their keys.
  int more = lua_next(L_, index);
  for (; more != 0; more = lua_next(L_, index)) {
    if (lua_isinteger(L_, key) == 0 ||
        lua_tointeger(L_, key) != static_cast<lua_Integer>(items) + 1) {
      break;
    }
    if (!Value(value, depth + 1)) return false;
    lua_settop(L_, key);
    items++;
  }
  uint64_t integers = 0;
  for (; more != 0; more = lua_next(L_, index)) {
    integers += static_cast<uint64_t>(lua_isinteger(L_, key));
    if (!Value(key, depth + 1) || !Value(value, depth + 1)) return false;
    lua_settop(L_, key);
    pairs++;
  }
  parent_ = outer;
  return FinishTable(index, entry, items, pairs, integers, metatable);
}

// Fills in the head of a table whose contents are written: `items` values of
// the keys 1, 2, ..., and `pairs` others, of which `integers` have an integer
// as key.
bool MessageWriter::FinishTable(int index, uint32_t entry, uint64_t items,
                                uint64_t pairs, uint64_t integers,
                                uint32_t metatable) {
  // An array with holes gets its size back, and with it its border.
  uint64_t array = items;
  if (integers != 0) {
    const uint64_t border = lua_rawlen(L_, index);
    if (border > items && border <= 2 * (items + integers)) array = border;
  }
  if (items + 2 * pairs > INT_MAX || array > INT_MAX) {
    return Fail(WriteFailure::kTooLarge);
  }
  const TableHead head = {static_cast<uint32_t>(items),
                          static_cast<uint32_t>(array) | metatable,
                          static_cast<uint32_t>(pairs)};
  std::memcpy(base_ + scratch_->entries.at[entry].offset + 1, &head,
              sizeof(head));
  return true;
}

bool MessageWriter::Segment(int first, int count, uint32_t parent) {
  const uint32_t outer = parent_;
  for (int i = 0; i < count; i++) {
    parent_ = parent == WriteScratch::kRoot
                  ? WriteScratch::kRoot + static_cast<uint32_t>(i)
                  : parent;
    if (!Value(first + i, 0)) return false;
  }
  parent_ = outer;
  return true;
}

bool MessageWriter::Grow(size_t bytes) {
  const size_t used = offset();
  if (bytes > options_.max_bytes - used) return Fail(WriteFailure::kTooLarge);
  const size_t needed = used + bytes;
  const size_t capacity =
      std::min(options_.max_bytes, std::max<size_t>(needed, used * 2));
  Message* old = scratch_->block;
  const auto had = old == nullptr ? 0 : static_cast<size_t>(end_ - base_);
  if (!Charge(old == nullptr ? sizeof(Message) + capacity : capacity - had)) {
    return false;
  }
  void* memory = std::realloc(old, sizeof(Message) + capacity);
  if (memory == nullptr) return Fail(WriteFailure::kNoMemory);
  scratch_->block = static_cast<Message*>(memory);
  char* base = scratch_->block->data();
  if (old == nullptr) std::memcpy(base, base_, used);
  base_ = base;
  at_ = base + used;
  end_ = base + capacity;
  return true;
}

bool MessageWriter::Charge(size_t bytes) {
  if (!options_.charged) return true;
  Isolate* iso = Isolate::Of(L_);
  const std::shared_ptr<Budget>& budget = iso->config().budget;
  if (MemoryCharge::Grow(budget, bytes, &scratch_->charge)) return true;
  if (mode_ == WriteMode::kProtected && !has_collected_) {
    has_collected_ = true;
    iso->CollectForLimit(L_);
    if (MemoryCharge::Grow(budget, bytes, &scratch_->charge)) return true;
  }
  return Fail(WriteFailure::kOverBudget);
}

// Counts the scratch, too: a G that parks in a __transfer keeps it.
bool MessageWriter::ChargeScratch() {
  const size_t bytes = scratch_->bytes();
  if (bytes <= charged_scratch_) return true;
  const size_t more = bytes - charged_scratch_;
  charged_scratch_ = bytes;
  return Charge(more);
}

// Makes the message of the data. A small one moves from the scratch into a
// block of its size; a large one has been written into its block, which is cut
// to size.
Message* MessageWriter::Finish(int count) {
  const uint32_t shared = scratch_->shared.count;
  if (shared != 0 && !PutBytes(scratch_->shared.at, shared * kReferenceBytes)) {
    return nullptr;
  }
  const size_t bytes = offset();
  size_t room = 0;  // in the block, beyond the data
  Message* message = scratch_->block;
  if (message != nullptr) {
    scratch_->block = nullptr;
    message->size_class = MessageSpace::kMallocClass;
    room = static_cast<size_t>(end_ - at_);
    if (room > bytes / 4) {
      void* smaller = std::realloc(message, sizeof(Message) + bytes);
      if (smaller != nullptr) {
        message = static_cast<Message*>(smaller);
        room = 0;
      }
    }
  } else {
    message = space_->Allocate(bytes);
    if (message == nullptr) {
      Fail(WriteFailure::kNoMemory);
      return nullptr;
    }
    message->charge = nullptr;
    message->bytes = bytes;
    if (!Charge(MessageBytes(message))) {
      space_->Free(message);
      return nullptr;
    }
    std::memcpy(message->data(), base_, bytes);
  }
  scratch_->shared.count = 0;  // the message has the references now
  message->next = message->prev = nullptr;
  message->bytes = bytes;
  message->charge = scratch_->charge;
  scratch_->charge = nullptr;
  MemoryCharge::Shrink(message->charge, MessageBytes(message) + room);
  message->count = static_cast<uint32_t>(count);
  message->shared = shared;
  message->flags = flags_;
  return message;
}

Message* MessageWriter::Write(int first, int count, WriteMode mode) {
  scratch_->Reset();
  charged_scratch_ = scratch_->bytes();  // kept memory does not count
  mode_ = mode;
  failure_ = WriteFailure::kNone;
  in_metamethod_ = false;
  culprit_ = WriteScratch::kNone;
  segments_ = 0;
  flags_ = 0;
  base_ = at_ = scratch_->fixed;
  end_ = base_ + std::min(WriteScratch::kFixedBytes, options_.max_bytes);
  return Segment(first, count, WriteScratch::kRoot) ? Finish(count) : nullptr;
}

Message* MessageWriter::Run(int first, int count) {
  luaL_checkstack(L_, kSegmentSlots, nullptr);
  work_ = lua_gettop(L_) + 1;
  anchors_ = work_ + 1;
  lua_pushnil(L_);
  lua_newtable(L_);
  if (!space_->modules.HasModules(generation_)) {
    ModuleName name;
    lua_rawgeti(L_, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    space_->modules.FindModule(L_, lua_gettop(L_), generation_, &name);
    lua_pop(L_, 1);
  }
  return Write(first, count, WriteMode::kProtected);
}

namespace {

// Arguments and result of the writer's protected call.
struct ProtectedWrite {
  MessageWriter* writer;
  Message* message;
};

int RunProtected(lua_State* L) {
  auto* call = static_cast<ProtectedWrite*>(lua_touserdata(L, 1));
  call->message = call->writer->Run(2, lua_gettop(L) - 1);
  return 0;
}

constexpr size_t kMaxPath = 256;

// Raises the error that the writer has noted. Its scratch is given back
// already.
[[noreturn]] void Raise(lua_State* L, WriteFailure failure, const char* what,
                        const char* path, size_t max_bytes) {
  if (failure == WriteFailure::kTooLarge) {
    luaL_error(L, "message too large: %I bytes at most",
               static_cast<LUAI_UACINT>(max_bytes));
  } else if (failure == WriteFailure::kNoMemory ||
             failure == WriteFailure::kOverBudget) {
    luaL_error(L, "not enough memory");
  } else {
    luaL_error(L, "cannot send %s (at %s)", what, path);
  }
  std::abort();  // luaL_error does not return
}

// A metamethod's error is on top of the stack. Adds where it was.
void AddPath(lua_State* L, const char* path) {
  const Isolate* iso = Isolate::Of(L);
  if (lua_type(L, -1) != LUA_TSTRING ||
      (iso->current != nullptr && iso->MustRaise())) {
    return;
  }
  lua_pushfstring(L, "%s (in __transfer at %s)", lua_tostring(L, -1), path);
  lua_remove(L, -2);
}

}  // namespace

Message* WriteMessage(lua_State* L, int first, int count,
                      const WriteOptions& wanted) {
  first = lua_absindex(L, first);
  PressCollector(L);
  WriteOptions options = wanted;
  options.max_bytes =
      std::min(options.max_bytes, Isolate::Of(L)->max_message_bytes());
  MessageSpace* space = MessageSpace::Of(L);
  if (space == nullptr) luaL_error(L, "not enough memory");
  luaL_checkstack(L, kSegmentSlots + 8, nullptr);
  const int top = lua_gettop(L);
  WriteScratch* scratch = space->TakeScratch();
  if (scratch == nullptr) luaL_error(L, "not enough memory");
  MessageWriter writer(L, space, scratch, options,
                       Isolate::Of(L)->module_generation);
  Message* message = writer.Write(first, count, WriteMode::kQuick);
  lua_settop(L, top);
  int status = LUA_OK;
  ProtectedWrite call = {&writer, nullptr};
  if (message == nullptr &&
      (writer.failure() == WriteFailure::kOverBudget ||
       writer.failure() == WriteFailure::kNeedsProtection)) {
    if (lua_checkstack(L, count + 8) == 0) {
      space->GiveScratch(scratch);
      luaL_error(L, "stack overflow (too many values)");
    }
    lua_pushcfunction(L, &RunProtected);
    lua_pushlightuserdata(L, &call);
    for (int i = 0; i < count; i++)
      lua_pushvalue(L, first + i);
    status = lua_pcall(L, count + 1, 0, 0);
    message = call.message;
  }
  if (message != nullptr) {
    space->GiveScratch(scratch);
    Isolate::Of(L)->usage().sent++;
    return message;
  }
  // Lua's own errors go on unchanged, unless a metamethod has raised them.
  char path[kMaxPath];
  const bool has_path = status == LUA_OK
                            ? writer.failure() == WriteFailure::kRefused
                            : status == LUA_ERRRUN && writer.in_metamethod();
  path[0] = '\0';
  if (has_path) writer.FormatPath(L, first, count, path, sizeof(path));
  const WriteFailure failure = writer.failure();
  const char* what = writer.what();
  space->GiveScratch(scratch);
  if (status == LUA_OK) Raise(L, failure, what, path, options.max_bytes);
  if (has_path) AddPath(L, path);
  lua_error(L);
  return nullptr;
}

}  // namespace trilune::vm
