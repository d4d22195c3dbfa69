// Message: Lua values on their way between heaps, in one block of memory.
//
// Role       WriteMessage copies values out of a heap, ReadMessage copies them
//            into one. A message belongs to no heap. Its holder frees it.
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
  Message* next;         // for its holder
  Message* prev;         // while it is being read
  MemoryCharge* charge;  // of its writer's budget, until it is freed; or null
  size_t bytes;          // of data, with the references at its end
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
  // What the values are called in an error. The path of a single value begins
  // "value", those of several begin "argument #1", "argument #2".
  const char* name = "value";
  const char* several = "argument";
  // If not 0: of several, the first is called `name` and the second "#first".
  int first = 0;
  size_t max_bytes = size_t{1} << 30;
  bool metatables = false;  // send them with their tables
  bool charged = true;      // counts in the isolate's memory limit
};

// Copies the `count` values from index `first` on. The caller owns the result.
// Raises if a value cannot be sent, or if there is no memory. The isolate's
// limit counts as memory here: the message counts in it until it is freed. Only
// a __transfer metamethod runs Lua code here, and may park.
Message* WriteMessage(lua_State* L, int first, int count,
                      const WriteOptions& wanted = {});

// Pushes a message's values, and returns their number. Frees the message, even
// if it raises: for lack of memory, or because a module cannot be loaded. May
// run Lua code, and park: modules, and functions that a __transfer gave.
int ReadMessage(lua_State* L, Message* message);

// A second message with the same values, for a holder that reads them more than
// once. Nobody may read or free `message` meanwhile. Null: no memory, or none
// left in the limit of `reader`. Reading may park, so the copy counts in that
// limit until it is freed, unless it is plain. `reader` may be null: then it
// counts nowhere.
Message* CopyMessage(const Message* message, const Isolate* reader);

// The same for the running G. Collects first if there is no room. `message`
// must stay until it returns.
Message* CopyToRead(lua_State* L, const Message* message);

// Whether reading the message runs no Lua code: it has no functions, modules or
// shared objects.
bool IsPlain(const Message* message);

// The memory that the message takes.
size_t MessageBytes(const Message* message);

// Frees a message that nobody reads. `isolate`: the running one, or null. It
// keeps small blocks for its own messages.
void FreeMessage(Message* message, Isolate* isolate = nullptr);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_MESSAGE_H_
