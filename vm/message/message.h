// Message: Lua values on their way between heaps, in one block of memory.
//
// Role       WriteMessage copies values out of a heap, ReadMessage into one.
//            A message belongs to nobody's heap; who holds it frees it.
// Threads    WriteMessage, ReadMessage: the running G of the heap. A message:
//            one holder at a time. FreeMessage: any thread, without an isolate;
//            with one, its strand's owner.
// Locks      that of the depot of blocks (kMessages)
// Errors     Lua errors: "cannot send a userdata (at value.items[3].file)".
// Docs       docs/architecture.md, "Messages"; docs/lua-api.md
// Tests      tests/vm/message_test.cc; tests/stress/message_stress.cc;
//            tests/fuzz/message_fuzz.cc; tests/lua/transfer

#ifndef TRI_VM_MESSAGE_MESSAGE_H_
#define TRI_VM_MESSAGE_MESSAGE_H_

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

namespace trilune::vm {

class Isolate;
class MemoryCharge;

struct Message {
  Message* next;         // for who holds it
  Message* prev;         // while it is being read
  MemoryCharge* charge;  // in its writer's budget, until it is freed; or null
  size_t bytes;          // of data, references at its end included
  uint32_t count;        // of values
  uint32_t shared;       // of references to Shared objects, at the end of data
  uint32_t flags;        // MessageFlag, see vm/message/message_format.h
  uint32_t size_class;   // of its block

  [[nodiscard]] char* data() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] const char* data() const {
    return reinterpret_cast<const char*>(this + 1);
  }
};

struct WriteOptions {
  // What the values are called in an error: the path of a single one begins
  // "value", those of several "argument #1", "argument #2".
  const char* name = "value";
  const char* several = "argument";
  // If not 0: the first of several is called `name`, the second "#first".
  int first = 0;
  size_t max_bytes = size_t{1} << 30;
  bool metatables = false;  // send them with their tables
  bool charged = true;      // count in the isolate's memory limit
};

// Copies the `count` values from index `first` on. The caller owns the result.
// Raises if one cannot be sent, or without memory, which the isolate's limit is
// a part of: the message counts there until it is freed. Only a __transfer
// metamethod runs Lua code here, and may park.
Message* WriteMessage(lua_State* L, int first, int count,
                      const WriteOptions& wanted = {});

// Pushes a message's values, and frees it, also when it raises (for want of
// memory, or because a module cannot be loaded). Returns their number. May run
// Lua code, and park: modules, functions that a __transfer gave.
int ReadMessage(lua_State* L, Message* message);

// A second one of the same values, for who reads it more than once. Nobody may
// read or free `message` meanwhile. Null without memory, which the limit of
// `reader` is a part of: reading may park, so the copy counts there until it is
// freed, unless it is plain. `reader` may be null: counted nowhere.
Message* CopyMessage(const Message* message, const Isolate* reader);

// The same for the running G, after a collection if there is no room: `message`
// must stay meanwhile.
Message* CopyToRead(lua_State* L, const Message* message);

// Whether reading it runs no Lua code: no functions, modules, shared objects.
bool IsPlain(const Message* message);

// The memory that it takes.
size_t MessageBytes(const Message* message);

// Frees a message that nobody reads. `isolate`: the running one, if any, which
// keeps small blocks for its own messages.
void FreeMessage(Message* message, Isolate* isolate = nullptr);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_MESSAGE_H_
