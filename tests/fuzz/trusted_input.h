// TrustedInput: a message that the reader may trust, made of a fuzzer's bytes.
//
// Role       The bytes are a message but for what cannot be checked: in place
//            of a pointer or of bytecode stands a byte, which chooses one of a
//            few harmless ones; and the number of a value, in the order in
//            which they stand there, may be in place of an offset. So all that
//            the reader does for a message of this process can be fed anything.
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

// The message of `count` values.
std::string TrustedInput(const char* data, size_t bytes, uint32_t count);

}  // namespace trilune::fuzz

#endif  // TRI_TESTS_FUZZ_TRUSTED_INPUT_H_
