// Pieces: the strings of one write or print in a row, and how far it has come.
//
// Role       The rest of the strings is written from where they are, in Lua's
//            memory, without a copy.
// Threads    the running G, in the C function that has the strings on its stack
// Locks      none
// Tests      tests/lua/io

#ifndef TRI_STDLIB_IO_PIECES_H_
#define TRI_STDLIB_IO_PIECES_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include <lua.hpp>

namespace trilune::stdlib {

// How many strings one system call writes.
constexpr int kMaxParts = 64;
// How many of them may be numbers, which need a buffer each.
constexpr int kMaxNumbers = 16;

struct Number {
  char text[64];
};

// Formats the number at `index` as stock Lua does.
inline size_t FormatNumber(lua_State* L, int index, Number* number) {
  constexpr size_t kSize = sizeof(number->text);
  const int n = lua_isinteger(L, index) != 0
                    ? std::snprintf(number->text, kSize, LUA_INTEGER_FMT,
                                    lua_tointeger(L, index))
                    : std::snprintf(number->text, kSize, LUA_NUMBER_FMT,
                                    lua_tonumber(L, index));
  return static_cast<size_t>(n);
}

class Pieces {
 public:
  // The strings and numbers at [first, last]. For print also the tabs between
  // them and the end of the line. Nothing here can raise.
  Pieces(lua_State* L, int first, int last, bool is_print)
      : L_(L), first_(first), is_print_(is_print), count_(last - first + 1) {
    if (is_print) count_ = count_ == 0 ? 1 : 2 * count_;
    Number number;
    for (int i = 0; i < count_; i++)
      rest_ += Get(i, &number).iov_len;
  }
  // One string, already put together.
  Pieces(const char* data, size_t n)
      : L_(nullptr), first_(0), is_print_(false), count_(1), rest_(n) {
    whole_ = {const_cast<char*>(data), n};
  }

  // Bytes that are not written yet.
  [[nodiscard]] size_t rest() const { return rest_; }
  // The rest as one string, or null if it is in several.
  [[nodiscard]] const char* whole() const {
    return L_ == nullptr ? static_cast<const char*>(whole_.iov_base) + skip_
                         : nullptr;
  }

  // Points at the next strings, `max` bytes at most. Returns their number.
  int Gather(iovec* parts, int max_parts, Number* numbers, size_t max) const {
    int n = 0;
    int used = 0;
    size_t skip = skip_;
    for (int i = next_; i < count_ && max > 0; i++) {
      if (n == max_parts || used == kMaxNumbers) break;
      iovec part = Get(i, &numbers[used]);
      if (part.iov_base == numbers[used].text) used++;
      part.iov_base = static_cast<char*>(part.iov_base) + skip;
      part.iov_len -= skip;
      skip = 0;
      if (part.iov_len > max) part.iov_len = max;
      max -= part.iov_len;
      if (part.iov_len > 0) parts[n++] = part;
    }
    return n;
  }

  void Advance(size_t n) {
    rest_ -= n;
    if (L_ == nullptr) {
      skip_ += n;
      return;
    }
    Number number;
    while (n > 0) {
      const size_t left = Get(next_, &number).iov_len - skip_;
      if (n < left) {
        skip_ += n;
        return;
      }
      n -= left;
      skip_ = 0;
      next_++;
    }
  }

  // The number of bytes behind the last end of a line.
  [[nodiscard]] size_t AfterLastLine() const {
    size_t n = 0;
    Number number;
    for (int i = count_ - 1; i >= 0; i--) {
      const iovec part = Get(i, &number);
      const void* end = memrchr(part.iov_base, '\n', part.iov_len);
      if (end != nullptr) {
        const auto at =
            static_cast<size_t>(static_cast<const char*>(end) -
                                static_cast<const char*>(part.iov_base));
        return n + part.iov_len - at - 1;
      }
      n += part.iov_len;
    }
    return n;
  }

 private:
  [[nodiscard]] iovec Get(int i, Number* number) const {
    static char between[] = "\t";
    static char end[] = "\n";
    if (L_ == nullptr) return whole_;
    if (is_print_) {
      if (i == count_ - 1) return {end, 1};
      if (i % 2 != 0) return {between, 1};
      i /= 2;
    }
    const int index = first_ + i;
    if (lua_type(L_, index) == LUA_TNUMBER) {
      const size_t n = FormatNumber(L_, index, number);
      return {number->text, n};
    }
    size_t n = 0;
    const char* data = lua_tolstring(L_, index, &n);
    return {const_cast<char*>(data), n};
  }

  lua_State* const L_;
  const int first_;
  const bool is_print_;
  int count_;
  iovec whole_ = {};
  int next_ = 0;     // the first piece of which something is left
  size_t skip_ = 0;  // so much of it is written
  size_t rest_ = 0;
};

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_PIECES_H_
