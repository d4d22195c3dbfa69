// What the buffer of a FILE has, which glibc tells only in its struct.
//
// Role       Lets a read or write see whether it would enter the kernel, and
//            write what is in the buffer without waiting.
// Threads    the thread that may use the FILE
// Locks      The caller holds the FILE's lock, if others use the FILE.
// Tests      tests/lua/io

#ifndef TRI_STDLIB_IO_STDIO_EXT_H_
#define TRI_STDLIB_IO_STDIO_EXT_H_

#include <stdio_ext.h>

#include <cstddef>
#include <cstdio>
#include <cstring>

namespace trilune::stdlib {

// How many bytes getc would return without a system call.
inline size_t Ahead(const FILE* f) {
  return static_cast<size_t>(f->_IO_read_end - f->_IO_read_ptr);
}
inline const char* Next(const FILE* f) {
  return f->_IO_read_ptr;
}
// Takes `n` of them.
inline void Skip(FILE* f, size_t n) {
  f->_IO_read_ptr += n;
}

// Whether each write goes to the kernel at once.
inline bool IsUnbuffered(const FILE* f) {
  constexpr int kUnbuffered = 0x0002;  // _IO_UNBUFFERED
  return (f->_flags & kUnbuffered) != 0;
}
// The Pending(f) bytes that were written and are not in the kernel yet.
inline char* PendingOf(FILE* f) {
  return f->_IO_write_base;
}
inline size_t Pending(FILE* f) {
  return __fpending(f);
}
// Drops the first `n` of them.
inline void DropPending(FILE* f, size_t n) {
  if (n == 0) return;
  const size_t rest = Pending(f) - n;
  std::memmove(f->_IO_write_base, f->_IO_write_base + n, rest);
  f->_IO_write_ptr = f->_IO_write_base + rest;
}
// Puts `n` bytes before them, as far as there is room. Returns how many.
inline size_t PutBackPending(FILE* f, const char* data, size_t n) {
  constexpr int kPutting = 0x0800;  // _IO_CURRENTLY_PUTTING
  if ((f->_flags & kPutting) == 0 || f->_IO_write_base == nullptr) return 0;
  const size_t before = Pending(f);
  const auto room = static_cast<size_t>(f->_IO_buf_end - f->_IO_write_ptr);
  if (n > room) n = room;
  std::memmove(f->_IO_write_base + n, f->_IO_write_base, before);
  std::memcpy(f->_IO_write_base, data, n);
  f->_IO_write_ptr += n;
  return n;
}

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_STDIO_EXT_H_
