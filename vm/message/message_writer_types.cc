// Writing values that are no plain data: functions, userdata, values with a
// name in every heap, and values with a __transfer metamethod.

#include "vm/isolate/isolate.h"
#include "vm/message/message_writer.h"

namespace trilune::vm {
namespace {

// Pushes the value's __transfer metamethod, if it has one.
bool PushTransfer(lua_State* L, int index) {
  if (lua_getmetatable(L, index) == 0) return false;
  lua_pushliteral(L, "__transfer");
  if (lua_rawget(L, -2) == LUA_TNIL) {
    lua_pop(L, 2);
    return false;
  }
  lua_remove(L, -2);
  return true;
}

bool IsGlobals(lua_State* L, const void* address) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  const bool is_globals = lua_topointer(L, -1) == address;
  lua_pop(L, 1);
  return is_globals;
}

}  // namespace

// Copies the texts of `name` first. Making room for them may collect garbage,
// and finalizers may make the index anew, which owns the texts.
bool MessageWriter::Named(const ModuleName& name) {
  flags_ |= kIsDemanding;
  const bool is_member = name.member != nullptr;
  const size_t module_size = name.module_size;
  const size_t member_size = is_member ? name.member_size : 0;
  RawArray<char>& text = scratch_->text;
  text.count = 0;
  if (!scratch_->AddText(name.module, module_size) ||
      (is_member && !scratch_->AddText(name.member, member_size))) {
    return Fail(WriteFailure::kNoMemory);
  }
  if (!PutWith(is_member ? Tag::kMember : Tag::kModule,
               static_cast<uint64_t>(module_size)) ||
      !PutBytes(text.at, module_size)) {
    return false;
  }
  if (!is_member) return true;
  if (!Reserve(sizeof(uint64_t))) return false;
  Append(static_cast<uint64_t>(member_size));
  return PutBytes(text.at + module_size, member_size);
}

// Writes a table that is no plain one: the globals, a module, or one with a
// __transfer. *done: it has been written.
bool MessageWriter::Object(int index, uint32_t entry, bool* done) {
  const void* address = scratch_->entries.at[entry].address;
  *done = true;
  if (IsGlobals(L_, address)) {
    flags_ |= kIsDemanding;
    return PutTag(Tag::kGlobals);
  }
  ModuleName name;
  if (space_->modules.MayBeModule(address) &&
      space_->modules.FindModule(L_, index, generation_, &name)) {
    return Named(name);
  }
  bool is_called = false;
  if (!CallTransfer(index, entry, &is_called)) return false;
  *done = is_called;
  return true;
}

bool MessageWriter::CallTransfer(int index, uint32_t entry, bool* is_called) {
  *is_called = false;
  if (!PushTransfer(L_, index)) return true;
  *is_called = true;
  if (++segments_ > kMaxSegments) {
    return RefuseEntry(entry, "values nested so deep by __transfer");
  }
  luaL_checkstack(L_, kSegmentSlots, nullptr);
  const int first = lua_gettop(L_);
  culprit_ = entry;
  in_metamethod_ = true;
  lua_pushvalue(L_, index);
  lua_call(L_, 1, LUA_MULTRET);
  const int count = lua_gettop(L_) - first + 1;
  luaL_checkstack(L_, kSegmentSlots, nullptr);
  in_metamethod_ = false;
  if (count == 0 || lua_isfunction(L_, first) == 0) {
    return RefuseEntry(entry, "what has a __transfer that gives no function");
  }
  flags_ |= kIsDemanding;
  scratch_->entries.at[entry].offset = offset();
  scratch_->entries.at[entry].detail = kConstructing;
  if (!PutWith(Tag::kTransferred, static_cast<uint32_t>(count)) ||
      !Segment(first, count, entry)) {
    return false;
  }
  scratch_->entries.at[entry].detail = kConstructed;
  segments_--;
  lua_settop(L_, first - 1);
  return true;
}

// Looks at the modules anew, as they may have changed. Once for each message: a
// look costs a walk through all of them.
bool MessageWriter::FindMemberAnew(int index, ModuleName* name) {
  if (looked_anew_) return false;
  looked_anew_ = true;
  return space_->modules.FindMember(L_, index, generation_, /*anew=*/true,
                                    name);
}

bool MessageWriter::Function(int index, int depth) {
  if (mode_ == WriteMode::kQuick) return Fail(WriteFailure::kNeedsProtection);
  flags_ |= kIsDemanding;
  lua_CFunction c = lua_tocfunction(L_, index);
  bool is_closure = false;
  if (c != nullptr) {
    is_closure = lua_getupvalue(L_, index, 1) != nullptr;
    if (is_closure) lua_pop(L_, 1);
    // It is the same function in every heap of this process.
    if (!is_closure && IsPartOfProgram(c)) return PutWith(Tag::kCFunction, c);
  }
  uint32_t entry = 0;
  bool is_new = false;
  if (!Identify(index, lua_topointer(L_, index), &entry, &is_new)) return false;
  if (!is_new) return true;
  ModuleName name;
  if (space_->modules.FindMember(L_, index, generation_, /*anew=*/false,
                                 &name)) {
    return Named(name);
  }
  if (c == nullptr) return LuaFunction(index, entry, depth);
  if (FindMemberAnew(index, &name)) return Named(name);
  if (is_closure) return RefuseEntry(entry, "a C function with upvalues");
  return PutWith(Tag::kCFunction, c);
}

int MessageWriter::DumpPiece(lua_State* /*L*/, const void* piece, size_t size,
                             void* writer) {
  return static_cast<MessageWriter*>(writer)->PutBytes(piece, size) ? 0 : 1;
}

bool MessageWriter::LuaFunction(int index, uint32_t entry, int depth) {
  const uint64_t start = offset();
  lua_Debug info;
  lua_pushvalue(L_, index);
  lua_getinfo(L_, ">u", &info);
  if (!PutWith(Tag::kFunction, static_cast<uint32_t>(info.nups)) ||
      !Reserve(sizeof(uint64_t))) {
    return false;
  }
  const uint64_t size_at = offset();
  Append(uint64_t{0});
  lua_pushvalue(L_, index);
  if (lua_dump(L_, &DumpPiece, this, 0) != 0) return false;
  lua_pop(L_, 1);
  const uint64_t size = offset() - size_at - sizeof(uint64_t);
  std::memcpy(base_ + size_at, &size, sizeof(size));
  scratch_->entries.at[entry].offset = start;
  return depth < kInlineDepth ? FunctionContents(index, entry, depth)
                              : Deep(index, entry, depth);
}

bool MessageWriter::FunctionContents(int index, uint32_t entry, int depth) {
  const uint32_t outer = parent_;
  parent_ = entry;
  const int top = lua_gettop(L_);
  for (int i = 1; lua_getupvalue(L_, index, i) != nullptr; i++) {
    if (!OneUpvalue(index, entry, i, depth + 1)) return false;
    lua_settop(L_, top);
  }
  parent_ = outer;
  return true;
}

// Writes one upvalue, whose value is on top. Functions that share an upvalue
// share it afterwards, too: the second one refers to the first.
bool MessageWriter::OneUpvalue(int index, uint32_t entry, int number,
                               int depth) {
  bool is_new = false;
  const uint32_t upvalue =
      scratch_->FindOrAdd(lua_upvalueid(L_, index, number), &is_new);
  if (upvalue == WriteScratch::kNone) return Fail(WriteFailure::kNoMemory);
  WriteEntry& found = scratch_->entries.at[upvalue];
  if (is_new) {
    found.offset = scratch_->entries.at[entry].offset;
    found.parent = entry;
    found.detail = static_cast<uint32_t>(number);
    if (!Reserve(1)) return false;
    *at_++ = static_cast<char>(Upvalue::kOwn);
    return Value(lua_gettop(L_), depth);
  }
  if (!Reserve(2 + sizeof(uint64_t))) return false;
  base_[found.offset] = static_cast<char>(
      static_cast<uint8_t>(base_[found.offset]) | kReferenced);
  flags_ |= kHasReferences;
  *at_++ = static_cast<char>(Upvalue::kSame);
  Append(found.offset);
  *at_++ = static_cast<char>(found.detail);
  return true;
}

bool MessageWriter::SharedObject(Shared* object) {
  Shared** added = scratch_->shared.Add();
  if (added == nullptr) return Fail(WriteFailure::kNoMemory);
  *added = object;
  object->Retain();
  return PutWith(Tag::kShared, scratch_->shared.count - 1);
}

bool MessageWriter::Userdata(int index) {
  if (mode_ == WriteMode::kQuick) return Fail(WriteFailure::kNeedsProtection);
  flags_ |= kIsDemanding;
  uint32_t entry = 0;
  bool is_new = false;
  if (!Identify(index, lua_topointer(L_, index), &entry, &is_new)) return false;
  if (!is_new) return true;
  if (Shared* object = TestShared(L_, index)) return SharedObject(object);
  ModuleName name;
  if (space_->modules.FindMember(L_, index, generation_, /*anew=*/false,
                                 &name)) {
    return Named(name);
  }
  bool is_called = false;
  if (!CallTransfer(index, entry, &is_called)) return false;
  if (is_called) return true;
  if (FindMemberAnew(index, &name)) return Named(name);
  return RefuseEntry(entry, "a userdata");
}

bool MessageWriter::Thread(int index) {
  if (mode_ == WriteMode::kQuick) return Fail(WriteFailure::kNeedsProtection);
  uint32_t entry = 0;
  bool is_new = false;
  if (!Identify(index, lua_topointer(L_, index), &entry, &is_new)) return false;
  if (!is_new) return true;
  bool is_called = false;
  if (!CallTransfer(index, entry, &is_called)) return false;
  return is_called || RefuseEntry(entry, "a thread");
}

}  // namespace trilune::vm
