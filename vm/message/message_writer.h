// MessageWriter: one call of WriteMessage.
//
// Role       Walks the values depth first: on the C and Lua stacks as far as
//            kInlineDepth, in a list of frames below that. Most messages need
//            nothing of Lua that can raise, and are written in kQuick mode. Any
//            other (see WriteMode) starts anew, below a protected call.
// Threads    the running G
// Locks      none
// Errors     Its functions return false, and have noted why. Lua errors come
//            only from Lua's own functions.
// Invariants I1. In kProtected mode every value with an identity is kept from
//                the collector, so that no two values have the same address.
//            I2. The values that have begun and not ended contain the one that
//                is being written.
// Docs       message_writer.cc
// Tests      tests/vm/message_test.cc

#ifndef TRI_VM_MESSAGE_MESSAGE_WRITER_H_
#define TRI_VM_MESSAGE_MESSAGE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <lua.hpp>

#include "vm/message/message_format.h"
#include "vm/message/message_space.h"

namespace trilune::vm {

enum class WriteMode : uint8_t {
  kQuick,  // nothing that can raise
  // May allocate in the heap, so finalizers may run, and calls __transfer
  // metamethods. Both may drop values that were written.
  kProtected,
};

enum class WriteFailure : uint8_t {
  kNone,
  kNeedsProtection,
  kRefused,  // `what` at `culprit`
  kTooLarge,
  kNoMemory,
  kOverBudget,
};

class MessageWriter {
 public:
  MessageWriter(lua_State* L, MessageSpace* space, WriteScratch* scratch,
                const WriteOptions& options, uint32_t generation)
      : L_(L),
        space_(space),
        scratch_(scratch),
        options_(options),
        generation_(generation) {}

  // Writes the `count` values from index `first` on. Null: it failed.
  Message* Write(int first, int count, WriteMode mode);
  // The same in kProtected mode.
  Message* Run(int first, int count);

  [[nodiscard]] WriteFailure failure() const { return failure_; }
  [[nodiscard]] const char* what() const { return what_; }
  [[nodiscard]] bool in_metamethod() const { return in_metamethod_; }
  // Where it failed: "value.items[3].file". Requires: the values are at `first`
  // again.
  void FormatPath(lua_State* L, int first, int count, char* text,
                  size_t size) const;

 private:
  bool Value(int index, int depth);
  bool String(int index);
  bool LongString(int index, const char* text, size_t size);
  bool Table(int index, int depth);
  bool Object(int index, uint32_t entry, bool* done);
  bool PlainTable(int index, uint32_t entry, int depth);
  bool TableContents(int index, uint32_t entry, int depth);
  bool Function(int index, int depth);
  bool LuaFunction(int index, uint32_t entry, int depth);
  bool FunctionContents(int index, uint32_t entry, int depth);
  bool OneUpvalue(int index, uint32_t entry, int number, int depth);
  bool FinishTable(int index, uint32_t entry, uint64_t items, uint64_t pairs,
                   uint64_t integers, uint32_t metatable);
  bool Userdata(int index);
  bool Thread(int index);
  bool CallTransfer(int index, uint32_t entry, bool* is_called);
  bool Segment(int first, int count, uint32_t parent);
  bool Deep(int index, uint32_t entry, int depth);
  bool InFrame(int index, int key, uint32_t number, const WriteFrame& frame);
  bool DeepTable(int index, uint32_t number);
  bool DeepFunction(int index, uint32_t number);
  bool SharedObject(Shared* object);
  bool Named(const ModuleName& name);
  bool FindMemberAnew(int index, ModuleName* name);
  Message* Finish(int count);

  // The entry of the value at `index`. *is_new false: it has written a
  // reference to that.
  bool Identify(int index, const void* address, uint32_t* entry, bool* is_new);
  bool Refer(uint32_t entry);

  bool Fail(WriteFailure failure) {
    failure_ = failure;
    return false;
  }
  bool RefuseEntry(uint32_t entry, const char* what) {
    culprit_ = entry;
    what_ = what;
    return Fail(WriteFailure::kRefused);
  }

  // Makes room for `bytes` at at_.
  bool Reserve(size_t bytes) {
    return static_cast<size_t>(end_ - at_) >= bytes || Grow(bytes);
  }
  bool Grow(size_t bytes);
  // Counts `bytes` in the budget. In kProtected mode this may collect garbage.
  bool Charge(size_t bytes);
  bool ChargeScratch();
  bool PutTag(Tag tag) {
    if (!Reserve(1)) return false;
    *at_++ = static_cast<char>(tag);
    return true;
  }
  template <class T>
  void Append(T value) {  // after Reserve
    std::memcpy(at_, &value, sizeof(value));
    at_ += sizeof(value);
  }
  bool PutBytes(const void* from, size_t size) {
    if (!Reserve(size)) return false;
    std::memcpy(at_, from, size);
    at_ += size;
    return true;
  }
  template <class T>
  bool PutWith(Tag tag, T value) {
    if (!Reserve(1 + sizeof(value))) return false;
    *at_++ = static_cast<char>(tag);
    Append(value);
    return true;
  }
  [[nodiscard]] uint64_t offset() const {
    return static_cast<uint64_t>(at_ - base_);
  }
  static int DumpPiece(lua_State* L, const void* piece, size_t size,
                       void* writer);

  lua_State* const L_;
  MessageSpace* const space_;
  WriteScratch* const scratch_;
  const WriteOptions& options_;
  const uint32_t generation_;  // of the isolate's modules
  char* base_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;
  uint32_t parent_ = WriteScratch::kNone;
  uint32_t flags_ = 0;
  int work_ = 0;      // index of the table of frames' values and keys
  int anchors_ = 0;   // index of the table of values that must stay
  int segments_ = 0;  // nested
  WriteMode mode_ = WriteMode::kQuick;
  WriteFailure failure_ = WriteFailure::kNone;
  bool in_metamethod_ = false;
  bool looked_anew_ = false;  // FindMemberAnew was called
  bool has_collected_ = false;
  size_t charged_scratch_ = 0;  // bytes of the scratch that are counted
  uint32_t culprit_ = WriteScratch::kNone;
  const char* what_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_MESSAGE_WRITER_H_
