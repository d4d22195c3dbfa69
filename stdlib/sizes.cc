#include "stdlib/sizes.h"

#include <charconv>
#include <cstdint>
#include <system_error>

namespace trilune::stdlib {

bool ParseSize(std::string_view text, size_t* bytes) {
  int shift = 0;
  if (!text.empty()) {
    const char unit = text.back();
    if (unit == 'K' || unit == 'k') shift = 10;
    if (unit == 'M' || unit == 'm') shift = 20;
    if (unit == 'G' || unit == 'g') shift = 30;
    if (shift > 0) text.remove_suffix(1);
  }
  uint64_t n = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, n);
  if (error != std::errc() || at != end || n < 1 || n > kMaxSize >> shift) {
    return false;
  }
  *bytes = static_cast<size_t>(n) << shift;
  return true;
}

bool ToSize(lua_State* L, int index, size_t* bytes) {
  if (lua_type(L, index) == LUA_TSTRING) {
    size_t size = 0;
    const char* text = lua_tolstring(L, index, &size);
    return ParseSize({text, size}, bytes);
  }
  int is_integer = 0;
  const lua_Integer n = lua_tointegerx(L, index, &is_integer);
  if (is_integer == 0 || n < 1 || static_cast<uint64_t>(n) > kMaxSize) {
    return false;
  }
  *bytes = static_cast<size_t>(n);
  return true;
}

}  // namespace trilune::stdlib
