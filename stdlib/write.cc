// What write does with each of its arguments.

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdlib>
#include <cstring>

#include "stdlib/file.h"
#include "stdlib/stdio_ext.h"

namespace trilune::stdlib {
namespace {

// What is copied from Lua at a time.
constexpr size_t kBlock = size_t{1} << 20;

// Whether `n` bytes stay in the FILE's buffer.
bool StaysInBuffer(FILE* f, const char* data, size_t n) {
  const size_t size = __fbufsize(f);
  if (__freading(f) != 0 && __freadable(f) != 0) return false;
  return size > 1 && n < size - __fpending(f) &&
         (__flbf(f) == 0 || std::memchr(data, '\n', n) == nullptr);
}

// Writes if the kernel need not be entered.
bool WriteToBuffer(FILE* f, const char* data, size_t n) {
  // Another isolate may be writing to it; or popen in another G flushes it.
  if (ftrylockfile(f) != 0) return false;
  const bool stays = StaysInBuffer(f, data, n);
  if (stays) fwrite_unlocked(data, 1, n, f);
  funlockfile(f);
  return stays;
}

// Everything but EINTR is an error.
bool WriteDirectly(int fd, const char* data, size_t n) {
  while (n > 0) {
    const ssize_t written = write(fd, data, n);
    if (written < 0 && errno != EINTR) return false;
    if (written < 0) continue;
    data += written;
    n -= static_cast<size_t>(written);
  }
  return true;
}

// Writes to a stream that only one isolate uses. Its lock is not held while a
// pipe is full.
bool WriteToStream(FILE* f, const char* data, size_t n) {
  WaitForRoom(f);
  const size_t size = __fbufsize(f);  // 0: not made yet, 1: unbuffered
  const bool direct = __flbf(f) == 0 && (size == 1 || n >= size) &&
                      (size > 0 || n >= BUFSIZ) && __fwritable(f) != 0 &&
                      __freading(f) == 0;
  if (!direct) return std::fwrite(data, 1, n, f) == n;
  return std::fflush(f) == 0 && WriteDirectly(fileno(f), data, n);
}

struct WriteJob : Job {
  File* file = nullptr;
  char* data = nullptr;
  size_t n = 0;
  bool ok = false;

  static void Work(Job* job) {
    auto* self = static_cast<WriteJob*>(job);
    const File* file = self->file;
    errno = 0;
    // A standard file may be written to by other isolates: each string stays
    // whole.
    if (file->shared() || file->kind == File::Kind::kRegular) {
      self->ok = std::fwrite(self->data, 1, self->n, file->f) == self->n;
    } else {
      self->ok = WriteToStream(file->f, self->data, self->n);
    }
    self->error = errno;
  }
  static void Abandon(Job* job) {
    auto* self = static_cast<WriteJob*>(job);
    std::free(self->data);
    Unref(self->file);
  }
};

bool WriteOutsideStrand(Use* use, const char* data, size_t n) {
  const size_t block = n < kBlock ? n : kBlock;
  Own(use);
  WriteJob job;
  job.work = &WriteJob::Work;
  job.abandon = &WriteJob::Abandon;
  job.file = use->file;
  job.data = static_cast<char*>(std::malloc(block));
  if (job.data == nullptr) RaiseNoMemory(use->L);
  job.ok = true;
  while (n > 0 && job.ok) {
    if (WasClosed(use)) {
      job.ok = false;
      job.error = use->error;
      break;
    }
    job.n = n < block ? n : block;
    std::memcpy(job.data, data, job.n);
    InKernel(use, &job);
    data += job.n;
    n -= job.n;
  }
  std::free(job.data);
  if (!job.ok) use->error = job.error;
  return job.ok;
}

[[gnu::noinline]] bool WriteInStrand(Use* use, const char* data, size_t n) {
  errno = 0;
  if (std::fwrite(data, 1, n, use->file->f) == n) return true;
  use->error = errno;
  return false;
}

bool WriteBytes(Use* use, const char* data, size_t n) {
  const File* file = use->file;
  if (n == 0) return true;
  if (WasClosed(use)) return false;
  const bool is_stream = file->kind == File::Kind::kStream;
  if (file->kind == File::Kind::kForeign || (!is_stream && n <= kBulk)) {
    return WriteInStrand(use, data, n);
  }
  if (is_stream && WriteToBuffer(file->f, data, n)) return true;
  // What a cancelled G has to say, it may say.
  if (is_stream && !file->shared()) RaiseIfCancelled(use->L);
  return WriteOutsideStrand(use, data, n);
}

// Formats the number at `index` as stock Lua does.
size_t FormatNumber(lua_State* L, int index, char* text, size_t size) {
  const int n =
      lua_isinteger(L, index) != 0
          ? std::snprintf(text, size, LUA_INTEGER_FMT, lua_tointeger(L, index))
          : std::snprintf(text, size, LUA_NUMBER_FMT, lua_tonumber(L, index));
  return static_cast<size_t>(n);
}

}  // namespace

void WaitForRoom(FILE* f) {
  if (__fwritable(f) == 0) return;
  pollfd wait = {fileno(f), POLLOUT, 0};
  while (poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
}

int Write(Use* use, int first, int last) {
  lua_State* L = use->L;
  bool ok = true;
  for (int i = first; i <= last; i++) {
    char number[64];
    size_t n = 0;
    const char* data = number;
    if (lua_type(L, i) == LUA_TNUMBER) {
      n = FormatNumber(L, i, number, sizeof(number));
    } else {
      data = luaL_checklstring(L, i, &n);
    }
    ok = ok && WriteBytes(use, data, n);
  }
  return ok ? 0 : PushFileResult(L, false, nullptr, use->error);
}

}  // namespace trilune::stdlib
