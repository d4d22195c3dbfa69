// Message: Lua values on their way between heaps, in one block of memory.
//
// Role       WriteMessage copies values out of a heap, ReadMessage into one.
//            A message belongs to nobody's heap; who holds it frees it.
// Threads    WriteMessage, ReadMessage: the running G of the heap. A message:
//            one holder at a time.
// Errors     Lua errors: "cannot send a userdata (at value.items[3].file)".
// Tests      tests/vm/message_test.cc; tests/lua/transfer

#ifndef TRI_VM_MESSAGE_H_
#define TRI_VM_MESSAGE_H_

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

namespace trilune::vm {

class Isolate;

struct Message {
  Message* next;    // for who holds it
  size_t bytes;     // of data
  uint32_t count;   // of values
  uint32_t shared;  // of references to Shared objects, at the end of data

  [[nodiscard]] char* data() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] const char* data() const {
    return reinterpret_cast<const char*>(this + 1);
  }
};

struct WriteOptions {
  // What the values are called in an error: the path of the first of several
  // begins "argument #1", of a single one "value".
  const char* name = "value";
  size_t max_bytes = size_t{1} << 30;
  bool metatables = false;  // send them with their tables
};

// Copies the `count` values from index `first` on. The caller owns the result.
// Raises if one cannot be sent, or without memory.
Message* WriteMessage(lua_State* L, int first, int count,
                      const WriteOptions& options = {});

// Pushes a message's values, and frees it, also when it raises (for want of
// memory, or because a module cannot be loaded). Returns their number.
int ReadMessage(lua_State* L, Message* message);

// A second one of the same values.
Message* CopyMessage(const Message* message);

// Frees a message that nobody reads.
void FreeMessage(Message* message);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_H_
