// What stands in a message: the agreement of vm/message/message_writer.cc and
// vm/message/message_reader.cc.
//
// Role       A value is a tag and what the tag says. Values are written depth
//            first. So at any place in the data, exactly the values that have
//            begun and not ended contain what stands there. Only those may a
//            constructor of a __transfer find incomplete. Values nested deeper
//            than kInlineDepth have their place in a list, on neither side's C
//            stack. A message is one segment; a constructor's function and
//            arguments are one, too.
// Threads    any
// Locks      none
// Invariants I1. Sizes are in the sender's byte order: a message never leaves
//                the process.
//            I2. A value's number is the offset of its tag in the data. The tag
//                has kReferenced if a reference to the value follows.
// Tests      tests/vm/message_test.cc; tests/fuzz/message_fuzz.cc

#ifndef TRI_VM_MESSAGE_MESSAGE_FORMAT_H_
#define TRI_VM_MESSAGE_MESSAGE_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace trilune::vm {

enum class Tag : uint8_t {
  kNil,
  kFalse,
  kTrue,
  kByte,           // int8: a small integer
  kInteger,        // int64
  kFloat,          // double
  kShortString,    // uint8 size; bytes
  kString,         // uint64 size; bytes
  kTable,          // TableHead; contents
  kReference,      // uint64 offset of a value
  kLightUserdata,  // pointer
  kCFunction,      // pointer
  kFunction,       // uint32 upvalues, uint64 size; bytecode; contents
  kGlobals,
  kModule,       // name
  kMember,       // name of the module; name in it
  kShared,       // uint32 number of the reference at the end of the data
  kTransferred,  // uint32 number of values: function, arguments; its segment
};

// Flag of a tag: a reference to this value follows later.
constexpr uint8_t kReferenced = 0x80;

// The head of a table. Its contents follow: the metatable, if `array` says so;
// `items` values of the keys 1, 2, ...; `pairs` keys and values.
struct TableHead {
  uint32_t items;
  uint32_t array;  // size of the array part: `items`, or more with holes
  uint32_t pairs;
};
constexpr uint32_t kWithMetatable = 0x80000000;  // of `array`

// A reference to a Shared object, at the end of the data.
constexpr size_t kReferenceBytes = sizeof(void*);

// The contents of a function: for each upvalue one of these.
enum class Upvalue : uint8_t {
  kOwn,   // value
  kSame,  // uint64 offset of a function, uint8 number of its upvalue
};

enum MessageFlag : uint32_t {
  kHasReferences = 1,
  kIsDeep = 2,  // nested deeper than kInlineDepth
  kHasMetatables = 4,
  // It has modules, functions or shared objects: reading may raise, or run Lua
  // code.
  kIsDemanding = 8,
};

// How deep tables and functions nest on the C stack.
constexpr int kInlineDepth = 16;
// How deep the segments of constructors nest.
constexpr int kMaxSegments = 64;
// Slots of the Lua stack that one segment takes.
constexpr int kSegmentSlots = kInlineDepth * 4 + 16;
// Strings from this size on keep their identity within a message.
constexpr size_t kLongString = 256;

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_MESSAGE_FORMAT_H_
