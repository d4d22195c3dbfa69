// What the buffer of a FILE has, which glibc tells only in its struct.
//
// Role       Lets a read see whether it would enter the kernel.
// Threads    who may use the FILE
// Locks      the caller holds the FILE's, if others use it
// Tests      tests/lua/io

#ifndef TRI_STDLIB_STDIO_EXT_H_
#define TRI_STDLIB_STDIO_EXT_H_

#include <stdio_ext.h>

#include <cstddef>
#include <cstdio>

namespace trilune::stdlib {

// The bytes that getc would give without a system call.
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

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_STDIO_EXT_H_
