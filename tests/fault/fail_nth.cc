// A library to preload: the n-th allocation or mapping of a process fails,
// alone or with some that follow.
//
// It counts from the moment in which it is loaded. TRI_FAIL_AT is the number of
// the first that fails, TRI_FAIL_COUNT how many do so in a row. Into the file
// TRI_FAIL_NOTE it writes who asked for the first of them: without that file
// the process has asked for fewer.

#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

// The C library's own, below the names that this takes.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* block, size_t bytes);
void* __libc_memalign(size_t align, size_t bytes);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}

namespace {

long NumberFrom(const char* name, long otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::atol(text);
}

// Counts nothing before the constructor has run. relaxed: numbers only.
std::atomic<long> left{0};
long first = 0;
long in_a_row = 1;
const char* note = nullptr;

__attribute__((constructor)) void Begin() {
  first = NumberFrom("TRI_FAIL_AT", 0);
  in_a_row = NumberFrom("TRI_FAIL_COUNT", 1);
  void* frames[1];
  backtrace(frames, 1);                 // the first call allocates
  note = std::getenv("TRI_FAIL_NOTE");  // NOLINT(concurrency-mt-unsafe)
  left.store(first, std::memory_order_relaxed);
}

bool Fails() {
  if (first == 0) return false;
  const long now = left.fetch_sub(1, std::memory_order_relaxed);
  if (now == 1 && note != nullptr) {
    const int fd = open(note, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    void* frames[32];
    if (fd >= 0) backtrace_symbols_fd(frames, backtrace(frames, 32), fd);
    if (fd >= 0) close(fd);
  }
  if (now > 1 || now <= 1 - in_a_row) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

// The names that the C library has them by.
extern "C" {
void* Malloc(size_t bytes) __asm__("malloc");
void* Calloc(size_t count, size_t bytes) __asm__("calloc");
void* Realloc(void* block, size_t bytes) __asm__("realloc");
void* AlignedAlloc(size_t align, size_t bytes) __asm__("aligned_alloc");
void* Memalign(size_t align, size_t bytes) __asm__("memalign");
int PosixMemalign(void** block, size_t align,
                  size_t bytes) __asm__("posix_memalign");
void* Mmap(void* address, size_t bytes, int protection, int flags, int fd,
           off_t offset) __asm__("mmap");
}

void* Malloc(size_t bytes) {
  return Fails() ? nullptr : __libc_malloc(bytes);
}
void* Calloc(size_t count, size_t bytes) {
  return Fails() ? nullptr : __libc_calloc(count, bytes);
}
void* Realloc(void* block, size_t bytes) {
  return Fails() ? nullptr : __libc_realloc(block, bytes);
}
void* AlignedAlloc(size_t align, size_t bytes) {
  return Fails() ? nullptr : __libc_memalign(align, bytes);
}
void* Memalign(size_t align, size_t bytes) {
  return Fails() ? nullptr : __libc_memalign(align, bytes);
}
int PosixMemalign(void** block, size_t align, size_t bytes) {
  if (Fails()) return ENOMEM;
  *block = __libc_memalign(align, bytes);
  return *block == nullptr ? ENOMEM : 0;
}
void* Mmap(void* address, size_t bytes, int protection, int flags, int fd,
           off_t offset) {
  if (Fails()) return MAP_FAILED;
  return reinterpret_cast<void*>(  // NOLINT(performance-no-int-to-ptr)
      syscall(SYS_mmap, address, bytes, protection, flags, fd, offset));
}
