// TrustedInput: a message that the reader may trust, made of a fuzzer's bytes.
//
// Role       The reader of a message trusts pointers, bytecode and offsets,
//            because it cannot check them. A fuzzer must not choose those. So
//            where a pointer or bytecode belongs, the bytes have one byte,
//            which chooses one of a few harmless ones. An offset may be the
//            number of a value, in the order in which values stand there. All
//            else is passed on as it is. So the fuzzer can feed the reader's
//            code for messages of this process with anything.
// Threads    one
// Locks      none

#ifndef TRI_TESTS_FUZZ_TRUSTED_INPUT_H_
#define TRI_TESTS_FUZZ_TRUSTED_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include <lua.hpp>

namespace trilune::fuzz {

// Gives L what such a message may name: modules, and bytecode to choose from.
void OpenTrusted(lua_State* L);

// Makes the message, of `count` values.
std::string TrustedInput(const char* data, size_t bytes, uint32_t count);

}  // namespace trilune::fuzz

#endif  // TRI_TESTS_FUZZ_TRUSTED_INPUT_H_
