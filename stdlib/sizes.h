// Sizes in bytes, as options name them: 67108864, "64M", "500k", "1G".
//
// Role       Reads them for every option of Lua scripts.
// Threads    any
// Locks      none
// Errors     false
// Tests      tests/lua/dict/open_errors.lua; tests/lua/limits

#ifndef TRI_STDLIB_SIZES_H_
#define TRI_STDLIB_SIZES_H_

#include <cstddef>
#include <string_view>

#include <lua.hpp>

namespace trilune::stdlib {

constexpr size_t kMaxSize = size_t{1} << 59;

// Reads an integer from 1 to kMaxSize bytes. A K, M or G behind it is its unit.
// Anything else is refused, zero bytes included.
[[nodiscard]] bool ParseSize(std::string_view text, size_t* bytes);

// The same for the value at `index`: a number with an integer value, or a text.
[[nodiscard]] bool ToSize(lua_State* L, int index, size_t* bytes);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SIZES_H_
