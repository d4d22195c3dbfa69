// ReadData: the work of ReadMessage, for data that may be anything.
//
// Role       The reader checks everything it reads against the bytes there are,
//            so that wrong data raises an error. Bytecode and pointers cannot
//            be checked. So they are refused unless the data is this process's
//            own.
// Threads    the running G, or a test's
// Locks      none
// Errors     Lua errors: "malformed message"
// Tests      tests/fuzz/message_fuzz.cc

#ifndef TRI_VM_MESSAGE_MESSAGE_READER_H_
#define TRI_VM_MESSAGE_MESSAGE_READER_H_

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

#include "vm/message/shared.h"

namespace trilune::vm {

struct ReadOptions {
  uint32_t count = 0;            // of values
  uint32_t flags = 0;            // MessageFlag
  bool trusted = false;          // functions, pointers, shared objects
  const char* shared = nullptr;  // references to Shared objects
  uint32_t shared_count = 0;
};

// Pushes the values; returns their number.
int ReadData(lua_State* L, const char* data, size_t bytes,
             const ReadOptions& options);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_MESSAGE_READER_H_
