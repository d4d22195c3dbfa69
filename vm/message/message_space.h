// MessageSpace: what an isolate needs to write and read messages.
//
// Role       Scratch memory of writers, blocks for small messages, the messages
//            that are being read, and the index of modules. Made at the first
//            message, and freed with the isolate. With it goes everything that
//            an error, or a G that was dropped, has left behind.
// Threads    the strand's owner
// Locks      that of the depot of blocks (kMessages)
// Invariants I1. A scratch is on the free list, or has one writer. Several are
//                in use at one time when a __transfer metamethod sends or
//                parks.
// Docs       message_space.cc
// Tests      tests/vm/message_test.cc

#ifndef TRI_VM_MESSAGE_MESSAGE_SPACE_H_
#define TRI_VM_MESSAGE_MESSAGE_SPACE_H_

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

#include "vm/lua/module_index.h"
#include "vm/message/message.h"
#include "vm/message/shared.h"

namespace trilune::vm {

// An array in plain memory. It has no destructor, because errors may skip it.
template <class T>
struct RawArray {
  T* at = nullptr;
  uint32_t count = 0;
  uint32_t capacity = 0;

  // Null without memory.
  T* Add() { return AddMany(1); }
  T* AddMany(size_t n);  // the first of them
  void Free();
};

// A value with an identity in the message that is being written: a second
// encounter becomes a reference.
struct WriteEntry {
  const void* address;
  uint64_t offset;  // of its tag
  uint32_t parent;  // entry of its holder, or kRoot + number of the argument
  uint32_t detail;  // of an upvalue: its number; else WriteDetail
};

enum WriteDetail : uint32_t {
  kPlainEntry = 0,
  kConstructing = 1,  // the values of its own __transfer are being written
  kConstructed = 2,   // it holds the values of its __transfer
};

// A table or function that is nested deep, and how much of it is written.
struct WriteFrame {
  enum class Next : uint8_t { kMetatable, kEntry, kValue };

  uint32_t entry;
  uint32_t items;  // of a function: upvalues
  uint32_t pairs;
  uint32_t integers;  // pairs whose key is an integer
  Next next;
  bool has_metatable;
};

// Memory of one writer.
struct WriteScratch {
  static constexpr uint32_t kRoot = 0x80000000;
  static constexpr uint32_t kNone = 0xffffffff;
  static constexpr size_t kFixedBytes = 1024;
  static constexpr uint32_t kLinear =
      8;  // entries that are searched one by one

  WriteScratch* next;
  WriteScratch* next_free;
  Message* block;        // holds the data, once `fixed` is too small
  MemoryCharge* charge;  // for the block
  RawArray<WriteEntry> entries;
  uint32_t* slots;  // hash of the entries: number + 1, or 0
  uint32_t slots_capacity;
  uint32_t mask;                // slots in use less one; 0: none yet
  RawArray<WriteFrame> frames;  // each nested in the one before
  RawArray<Shared*> shared;     // each retained
  RawArray<char> text;          // the name that is being written
  char fixed[kFixedBytes];

  // The entry of `address`. Makes one if there is none (*is_new). kNone: no
  // memory.
  uint32_t FindOrAdd(const void* address, bool* is_new);
  // Appends `size` bytes to `text`. False: no memory.
  bool AddText(const char* bytes, size_t size);
  // The memory that it has outside of itself, without the block.
  [[nodiscard]] size_t bytes() const {
    return entries.capacity * sizeof(WriteEntry) +
           frames.capacity * sizeof(WriteFrame) +
           slots_capacity * sizeof(uint32_t);
  }
  // Makes it ready for the next message. Gives large memory back.
  void Reset();
  void FreeAll();

 private:
  void FreeSlots();
  bool Rehash(uint32_t slots_needed);
  friend class MessageSpace;
};

class MessageSpace {
 public:
  MessageSpace() = default;
  ~MessageSpace();
  MessageSpace(const MessageSpace&) = delete;
  MessageSpace& operator=(const MessageSpace&) = delete;

  // The space of the isolate of `L`. Null: no memory.
  static MessageSpace* Of(lua_State* L);

  // Null without memory.
  WriteScratch* TakeScratch();
  void GiveScratch(WriteScratch* scratch);

  // A block for `bytes` of data. Null without memory.
  Message* Allocate(size_t bytes);
  // Frees a message whose references have been released.
  void Free(Message* message);
  // The same, for a thread without an isolate.
  static void FreeToDepot(Message* message);

  // Around the unprotected reading of a message. These nest. An error leaves
  // the message here, and the next reading frees it.
  void BeginQuickRead(lua_State* L, Message* message) {
    if (quick_ != nullptr) DropStale(L);
    message->next = quick_;
    quick_ = message;
  }
  void EndQuickRead(Message* message) {
    while (quick_ != message)
      DropFirst();
    quick_ = message->next;
  }
  // Around the protected reading of a message. These may end in any order.
  void BeginRead(Message* message);
  void EndRead(Message* message);

  ModuleIndex modules;

  static constexpr uint32_t kMallocClass = 2;  // blocks of any size

 private:
  static constexpr int kClasses = 2;
  static constexpr uint32_t kBatch = 32;
  struct Magazine {
    Message* first = nullptr;
    uint32_t count = 0;
  };
  friend class MessageDepot;

  void DropStale(lua_State* L);
  void DropFirst();

  WriteScratch* scratches_ = nullptr;
  WriteScratch* free_scratches_ = nullptr;
  Magazine loaded_[kClasses];
  Magazine spare_[kClasses];
  Message* quick_ = nullptr;
  Message* reading_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_MESSAGE_SPACE_H_
