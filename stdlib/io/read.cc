// The formats of read and lines.
//
// A read takes what it can from the FILE's own buffer, and fills the buffer
// when that is empty. Only a fill may wait. It needs no memory, because its
// bytes stay in the FILE's buffer until they are copied to Lua. Nothing of Lua
// is called with the FILE's lock held, as it may raise.
//
// A whole read has the file: the file is busy, or its turn is ours. Only what
// is in the buffer already is read without that.
//
// A fill of a stream waits in a job, outside the strand, with poll and without
// the FILE's lock. An eventfd (`wake_fd`) ends the poll when the G is cancelled
// or the file is closed. A fill of a regular file blocks the strand, as in
// stock Lua; long reads of one go through a job (ReadBulk).

#include <poll.h>

#include <cctype>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>

#include "stdlib/io/file.h"
#include "stdlib/io/stdio_ext.h"
#include "stdlib/io/terminal_gate.h"

namespace trilune::stdlib {
namespace {

// As in stock Lua: a longer numeral is no number.
constexpr int kMaxNumeral = 200;
// If a regular file's buffer has so many bytes, it will do for a usual read.
constexpr size_t kSmall = 512;

// --- The FILE's buffer. ---

// Takes the lock of a FILE that other isolates may use. Any other FILE is ours.
class Locked {
 public:
  explicit Locked(const File* file) : f_(file->f), shared_(file->shared()) {
    if (shared_) flockfile(f_);
  }
  ~Locked() {
    if (shared_) funlockfile(f_);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  FILE* const f_;
  const bool shared_;
};

// Moves up to `max` bytes from the buffer to `to`.
size_t Take(const File* file, char* to, size_t max) {
  if (file->f == nullptr) return 0;
  const Locked locked(file);
  const size_t ahead = Ahead(file->f);
  const size_t n = ahead < max ? ahead : max;
  if (n == 0) return 0;
  std::memcpy(to, Next(file->f), n);
  Skip(file->f, n);
  return n;
}

// As Take, but only up to the end of the line. The end is taken, but not
// copied.
size_t TakeLine(const File* file, char* to, size_t max, bool* ended) {
  if (file->f == nullptr) return 0;
  const Locked locked(file);
  const size_t ahead = Ahead(file->f);
  size_t n = ahead < max ? ahead : max;
  if (n == 0) return 0;
  const char* from = Next(file->f);
  const void* end = std::memchr(from, '\n', n);
  *ended = end != nullptr;
  if (*ended) n = static_cast<size_t>(static_cast<const char*>(end) - from);
  std::memcpy(to, from, n);
  Skip(file->f, n + (*ended ? 1 : 0));
  return n;
}

bool HasLine(const File* file) {
  const Locked locked(file);
  const size_t ahead = Ahead(file->f);
  return ahead > 0 && std::memchr(Next(file->f), '\n', ahead) != nullptr;
}

bool IsAhead(const File* file, size_t n) {
  if (file->f == nullptr) return false;
  const Locked locked(file);
  return Ahead(file->f) >= n;
}

// --- Filling it. ---

// Reads into the empty buffer. False: the end, or an error, which is in
// `*error`.
[[gnu::noinline]] bool FillNow(FILE* f, int* error) {
  errno = 0;
  // Without the lock: another process may take the input first, and then this
  // call waits. No other G reads the file now.
  const int c = getc_unlocked(f);  // NOLINT(concurrency-mt-unsafe)
  if (c == EOF) {
    if (std::ferror(f) != 0) *error = errno;
    return false;
  }
  std::ungetc(c, f);
  return true;
}

// Whether a read would not wait.
bool IsReady(const File* file) {
  FILE* f = file->f;
  if (__freadable(f) == 0 || std::feof(f) != 0 || IsAhead(file, 1)) {
    return true;
  }
  pollfd now = {fileno(f), POLLIN, 0};
  return poll(&now, 1, 0) > 0;
}

// The gate that keeps Gs from reading the host's terminal; null for other
// files.
TerminalGate* GateOf(const File* file) {
  if (!file->is_terminal || file->f != stdin) return nullptr;
  TerminalGate& gate = TerminalGate::Get();
  return gate.open_fd() >= 0 && gate.closed_fd() >= 0 ? &gate : nullptr;
}

struct FillJob : Job {
  File* file = nullptr;
  bool filled = false;
  bool woken = false;  // the caller does not want the input any more

  static void Work(Job* job) {
    auto* self = static_cast<FillJob*>(job);
    TerminalGate* gate = GateOf(self->file);
    do {
      self->woken = !WaitForInput(self->file, gate);
    } while (!self->woken && gate != nullptr && !gate->EnterRead());
    if (self->woken) return;
    self->filled = FillNow(self->file->f, &self->error);
    if (gate != nullptr) gate->LeaveRead();
  }
  static void Abandon(Job* job) {
    AbandonUse(static_cast<FillJob*>(job)->file);
  }

  // Waits until a read would not wait. False: the caller does not want the
  // input any more. The FILE is not locked meanwhile.
  static bool WaitForInput(const File* file, const TerminalGate* gate) {
    FILE* f = file->f;
    // Does what a read of the FILE would do first: shows a prompt, sends a
    // request.
    if (file->is_terminal || __flbf(f) != 0 || __fbufsize(f) <= 1) {
      if (__flbf(stdout) != 0) std::fflush(stdout);
    }
    if (Pending(f) > 0) std::fflush(f);
    for (;;) {
      const bool is_closed = gate != nullptr && gate->is_closed();
      if (!is_closed && IsReady(file)) return true;
      const int change = gate == nullptr ? -1
                         : is_closed     ? gate->open_fd()
                                         : gate->closed_fd();
      pollfd wait[] = {{is_closed ? -1 : fileno(f), POLLIN, 0},
                       {file->wake_fd, POLLIN, 0},
                       {change, POLLIN, 0}};
      while (poll(wait, 3, -1) < 0 && errno == EINTR) {
      }
      if (wait[1].revents != 0) return false;
      if (wait[2].revents == 0) return true;
    }
  }
};

// Whether another process may take the input that is there before this one
// reads it. A child has the same standard input.
bool MayBeTaken(const File* file) {
  return file->shared();
}

// Waits for input, and reads it into the empty buffer.
bool AwaitInput(Use* use) {
  File* file = use->file;
  RaiseIfAtomic(use->L);
  for (;;) {
    FillJob job;
    job.work = &FillJob::Work;
    job.abandon = &FillJob::Abandon;
    job.file = file;
    job.wake_fd = WakeFdOf(file);
    InKernel(use, &job);
    if (job.error != 0) use->error = job.error;
    if (!job.filled && file->closed) use->error = EBADF;
    if (!job.woken || file->closed) return job.filled;
    // The G was cancelled. Or the wake-up was meant for an earlier wait and
    // came too late: then wait again.
    DrainWakeFd(file);
    RaiseIfCancelled(use->L);
  }
}

// Reads more into the empty buffer. False: the end, or use->error. May raise,
// and may let other Gs go first.
bool FillBuffer(Use* use) {
  if (WasClosed(use)) return false;
  const File* file = use->file;
  bool filled = false;
  if (!use->owned) return FillNow(file->f, &use->error);
  if (file->kind != File::Kind::kStream) {
    filled = FillNow(file->f, &use->error);
  } else {
    RaiseIfCancelled(use->L);
    filled = IsReady(file) && !MayBeTaken(file) ? FillNow(file->f, &use->error)
                                                : AwaitInput(use);
  }
  if (filled) BetweenChunks(use, Ahead(file->f));
  return filled && !WasClosed(use);
}

struct BulkJob : Job {
  File* file = nullptr;
  char* data = nullptr;
  size_t wanted = 0;
  size_t got = 0;

  static void Work(Job* job) {
    auto* self = static_cast<BulkJob*>(job);
    errno = 0;
    self->got = std::fread(self->data, 1, self->wanted, self->file->f);
    if (std::ferror(self->file->f) != 0) self->error = errno;
  }
  static void Abandon(Job* job) {
    auto* self = static_cast<BulkJob*>(job);
    std::free(self->data);
    AbandonUse(self->file);
  }
};

// Reads up to `max` bytes of a regular file, at most kBulk. 0: as with
// FillBuffer.
size_t ReadBulk(Use* use, char* to, size_t max) {
  if (WasClosed(use)) return 0;
  BulkJob job;
  job.wanted = max < kBulk ? max : kBulk;
  job.data = static_cast<char*>(std::malloc(job.wanted));
  if (job.data == nullptr) RaiseNoMemory(use->L);
  job.work = &BulkJob::Work;
  job.abandon = &BulkJob::Abandon;
  job.file = use->file;
  InKernel(use, &job);
  std::memcpy(to, job.data, job.got);
  std::free(job.data);
  if (job.error != 0) use->error = job.error;
  BetweenChunks(use, job.got);
  return job.got;
}

// Moves at least one byte to `to`, and at most `max`. 0: as with FillBuffer.
size_t ReadSome(Use* use, char* to, size_t max) {
  for (;;) {
    const size_t n = Take(use->file, to, max);
    if (n > 0) return n;
    const bool bulk = use->owned && use->file->kind == File::Kind::kRegular;
    if (bulk && max >= kBulk) return ReadBulk(use, to, max);
    if (!FillBuffer(use)) return 0;
  }
}

int ReadByte(Use* use) {
  char c = 0;
  return ReadSome(use, &c, 1) == 0 ? EOF : static_cast<unsigned char>(c);
}

// --- Formats. Each pushes one value, and returns whether there was one. ---

// Collects the longest beginning that could be a numeral.
struct Numeral {
  Use* use;
  int next = 0;  // the byte to look at
  int length = 0;
  bool too_long = false;
  char text[kMaxNumeral + 1] = {};

  bool Accept() {
    if (length >= kMaxNumeral) {
      too_long = true;
      return false;
    }
    text[length++] = static_cast<char>(next);
    next = ReadByte(use);
    return true;
  }
  bool AcceptOneOf(const char* pair) {
    return (next == pair[0] || next == pair[1]) && Accept();
  }
  int AcceptDigits(bool hex) {
    int count = 0;
    while ((hex ? std::isxdigit(next) : std::isdigit(next)) != 0 && Accept())
      count++;
    return count;
  }
};

bool ReadNumber(Use* use) {
  Numeral numeral = {use};
  // As liblua itself does. NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char point[] = {std::localeconv()->decimal_point[0], '.', '\0'};
  do {
    numeral.next = ReadByte(use);
  } while (std::isspace(numeral.next) != 0);
  numeral.AcceptOneOf("-+");
  int digits = 0;
  bool hex = false;
  if (numeral.AcceptOneOf("00")) {
    hex = numeral.AcceptOneOf("xX");
    if (!hex) digits = 1;
  }
  digits += numeral.AcceptDigits(hex);
  if (numeral.AcceptOneOf(point)) digits += numeral.AcceptDigits(hex);
  if (digits > 0 && numeral.AcceptOneOf(hex ? "pP" : "eE")) {
    numeral.AcceptOneOf("-+");
    numeral.AcceptDigits(false);
  }
  if (use->file->f != nullptr) std::ungetc(numeral.next, use->file->f);
  if (numeral.too_long) numeral.text[0] = '\0';
  if (lua_stringtonumber(use->L, numeral.text) != 0) return true;
  lua_pushnil(use->L);
  return false;
}

bool ReadLine(Use* use, bool keep_end) {
  lua_State* L = use->L;
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  bool ended = false;
  while (!ended) {
    char* to = luaL_prepbuffer(&buffer);
    const size_t n = TakeLine(use->file, to, LUAL_BUFFERSIZE, &ended);
    luaL_addsize(&buffer, n);
    if (n == 0 && !ended && !FillBuffer(use)) break;
  }
  if (ended && keep_end) luaL_addchar(&buffer, '\n');
  luaL_pushresult(&buffer);
  return ended || lua_rawlen(L, -1) > 0;
}

bool ReadAll(Use* use) {
  luaL_Buffer buffer;
  luaL_buffinit(use->L, &buffer);
  size_t block = LUAL_BUFFERSIZE;
  for (;;) {
    char* to = luaL_prepbuffsize(&buffer, block);
    const size_t n = ReadSome(use, to, block);
    if (n == 0) break;
    luaL_addsize(&buffer, n);
    if (luaL_bufflen(&buffer) >= kBulk) block = kBulk;
  }
  luaL_pushresult(&buffer);
  return true;
}

bool ReadBytes(Use* use, size_t wanted) {
  luaL_Buffer buffer;
  luaL_buffinit(use->L, &buffer);
  char* to = luaL_prepbuffsize(&buffer, wanted);
  size_t got = 0;
  while (got < wanted) {
    const size_t n = ReadSome(use, to + got, wanted - got);
    if (n == 0) break;
    got += n;
  }
  luaL_addsize(&buffer, got);
  luaL_pushresult(&buffer);
  return got > 0;
}

bool TestEnd(Use* use) {
  lua_pushliteral(use->L, "");
  return IsAhead(use->file, 1) || FillBuffer(use);
}

bool ReadFormat(Use* use, int index) {
  lua_State* L = use->L;
  if (lua_type(L, index) == LUA_TNUMBER) {
    const auto n = static_cast<size_t>(luaL_checkinteger(L, index));
    return n == 0 ? TestEnd(use) : ReadBytes(use, n);
  }
  const char* format = luaL_checkstring(L, index);
  if (*format == '*') format++;  // as in Lua 5.1 and 5.2
  switch (*format) {
    case 'n':
      return ReadNumber(use);
    case 'l':
      return ReadLine(use, /*keep_end=*/false);
    case 'L':
      return ReadLine(use, /*keep_end=*/true);
    case 'a':
      return ReadAll(use);
    default:
      return luaL_argerror(L, index, "invalid format") != 0;
  }
}

// --- Whether others may run meanwhile. ---

// The first letter of the format at `index`, or 0.
char LetterOf(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) return 0;
  const char* format = lua_tostring(L, index);
  return *format == '*' ? format[1] : *format;
}

// Whether the formats may read much of a regular file.
bool IsBulk(lua_State* L, int first, int last) {
  for (int i = first; i <= last; i++) {
    if (LetterOf(L, i) == 'a') return true;
    if (lua_type(L, i) == LUA_TNUMBER &&
        static_cast<size_t>(lua_tointeger(L, i)) > kBulk) {
      return true;
    }
  }
  return false;
}

// Whether the buffer has all that is wanted.
bool IsBuffered(const Use* use, int first, int last) {
  if (first > last) return HasLine(use->file);
  if (first < last) return false;
  const char letter = LetterOf(use->L, first);
  if (letter == 'l' || letter == 'L') return HasLine(use->file);
  if (lua_type(use->L, first) != LUA_TNUMBER) return false;
  const auto n = static_cast<size_t>(lua_tointeger(use->L, first));
  return n > 0 && IsAhead(use->file, n);
}

// Whether a regular file's buffer may have less than what is wanted.
bool MayFill(const Use* use, int first, int last) {
  if (first > last) return !HasLine(use->file);
  if (first < last) return !IsAhead(use->file, kSmall);
  if (LetterOf(use->L, first) == 'n') return !IsAhead(use->file, kSmall);
  return !IsBuffered(use, first, last);
}

// Makes the file ours if the read may wait, or take long.
void OwnIfNeeded(Use* use, int first, int last) {
  if (use->file->kind == File::Kind::kForeign) return;
  const bool is_regular = use->file->kind == File::Kind::kRegular;
  const bool needed =
      use->has_turn ||
      (is_regular ? IsBulk(use->L, first, last) || MayFill(use, first, last)
                  : !IsBuffered(use, first, last));
  if (needed) Own(use);
}

// The usual read of a shared file: a line or some bytes that the buffer has. It
// does without the guard that would free the turn if something raised.
struct Quick {
  bool keeps_end = false;
  bool is_line = true;
  size_t n = 0;
  char text[LUAL_BUFFERSIZE];
};

bool ReadQuickly(const Use* use, int first, int last, Quick* quick) {
  lua_State* L = use->L;
  const File* file = use->file;
  if (first < last) return false;
  if (first == last) {
    const char letter = LetterOf(L, first);
    quick->is_line = letter == 'l' || letter == 'L';
    quick->keeps_end = letter == 'L';
    if (!quick->is_line && lua_type(L, first) != LUA_TNUMBER) return false;
  }
  if (ftrylockfile(file->f) != 0) return false;
  size_t n = Ahead(file->f);
  if (quick->is_line) {
    const void* end = n == 0 ? nullptr : std::memchr(Next(file->f), '\n', n);
    n = end == nullptr ? 0
                       : static_cast<size_t>(static_cast<const char*>(end) -
                                             Next(file->f)) +
                             1;
  } else {
    const auto wanted = static_cast<size_t>(lua_tointeger(L, first));
    n = wanted <= n ? wanted : 0;
  }
  const bool is_there = n > 0 && n <= sizeof(quick->text);
  if (is_there) {
    std::memcpy(quick->text, Next(file->f), n);
    Skip(file->f, n);
    quick->n = quick->is_line && !quick->keeps_end ? n - 1 : n;
    clearerr_unlocked(file->f);
  }
  funlockfile(file->f);
  return is_there;
}

}  // namespace

int Read(Use* use, int first, int last) {
  lua_State* L = use->L;
  if (use->has_turn) {
    Quick quick;
    if (ReadQuickly(use, first, last, &quick)) {
      EndTurn(use);
      lua_pushlstring(L, quick.text, quick.n);
      return 1;
    }
  }
  OwnIfNeeded(use, first, last);
  const int wanted = last - first + 1;
  if (wanted > 0) {
    luaL_checkstack(L, wanted + LUA_MINSTACK, "too many arguments");
  }
  // A finalizer may have closed the file, as memory was needed.
  if (WasClosed(use)) return PushFileResult(L, false, nullptr, use->error);
  std::clearerr(use->file->f);
  bool ok = true;
  int results = 0;
  if (wanted == 0) {
    ok = ReadLine(use, /*keep_end=*/false);
    results = 1;
  }
  for (int i = first; i <= last && ok; i++) {
    ok = ReadFormat(use, i);
    results++;
  }
  if (use->error != 0) return PushFileResult(L, false, nullptr, use->error);
  if (!ok) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
  return results;
}

}  // namespace trilune::stdlib
