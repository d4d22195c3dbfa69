// A library to preload: the n-th thread of a process cannot be made.
//
// TRI_FAIL_AT=N     the first that fails; 1: the first there is
// TRI_FAIL_COUNT=N  how many fail in a row (default: 1)
// TRI_FAIL_NOTE=F   a file that is made as the first one fails

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

namespace {

long NumberFrom(const char* name, long otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::atol(text);
}

std::atomic<long> made{0};  // relaxed: a number only

bool Fails() {
  static const long kFirst = NumberFrom("TRI_FAIL_AT", 0);
  static const long kInARow = NumberFrom("TRI_FAIL_COUNT", 1);
  const long number = made.fetch_add(1, std::memory_order_relaxed) + 1;
  if (number == kFirst) {
    const char* note =
        std::getenv("TRI_FAIL_NOTE");  // NOLINT(concurrency-mt-unsafe)
    const int fd =
        note == nullptr ? -1 : open(note, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
  }
  return kFirst > 0 && number >= kFirst && number - kFirst < kInARow;
}

using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                       void*);

}  // namespace

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
extern "C" int pthread_create(pthread_t* thread,
                              const pthread_attr_t* attributes,
                              void* (*start)(void*), void* argument) noexcept {
  static const auto kCreate =
      reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"));
  if (Fails()) return EAGAIN;
  return kCreate(thread, attributes, start, argument);
}
