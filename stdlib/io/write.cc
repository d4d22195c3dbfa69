// What write and print do with their arguments.
//
// The problem: a pipe may be full for ever. A write that finds no room must
// wait as a G does, without the FILE's lock, which other isolates and
// fflush(NULL) take. And what one call writes must stay in one piece.
//
// So a stream is written to without waiting (RWF_NOWAIT), under the FILE's
// lock, in the strand. One system call takes what is in the FILE's buffer and
// Lua's strings as they are, as far as there is room. If there is no room, a
// job waits for it with poll, without the lock. The file is ours all the time:
// it is busy, or its turn is ours.
//
// Not every file can be written to without waiting; a terminal cannot. For
// those the job itself writes a copy, once poll has said that there is room.
// The copy is at most kRoom bytes, because poll promises no more.
//
// Rejected: fwrite in a job. It keeps the lock while it waits, and a cancel
// cannot end it.

#include <poll.h>
#include <sys/uio.h>

#include <cerrno>
#include <cinttypes>
#include <cstdlib>
#include <cstring>

#include "stdlib/io/file.h"
#include "stdlib/io/pieces.h"
#include "stdlib/io/stdio_ext.h"

namespace trilune::stdlib {
namespace {

// What is copied from Lua at a time for a regular file.
constexpr size_t kBlock = size_t{1} << 20;
// Arguments of a call that together are shorter are joined before they are
// written.
constexpr size_t kShort = 1024;
// What poll promises room for, about: PIPE_BUF.
constexpr size_t kRoom = 4096;

struct Writing {
  Use* use;
  Pieces* pieces;  // null: only what is in the buffer
  bool flushes;
  size_t keep = 0;  // how many bytes stay in the buffer in the end

  [[nodiscard]] size_t rest() const {
    return pieces == nullptr ? 0 : pieces->rest();
  }
  // Bytes of the pieces that have to be sent.
  [[nodiscard]] size_t to_send() const { return rest() - keep; }
};

// Puts the rest of the pieces into the FILE's buffer, or where fwrite puts it.
bool Append(FILE* f, Pieces* pieces) {
  if (pieces->whole() != nullptr) {
    const size_t n = pieces->rest();
    const size_t written = fwrite_unlocked(pieces->whole(), 1, n, f);
    pieces->Advance(written);
    return written == n;
  }
  while (pieces->rest() > 0) {
    Number numbers[kMaxNumbers];
    iovec parts[kMaxParts];
    const int n = pieces->Gather(parts, kMaxParts, numbers, SIZE_MAX);
    for (int i = 0; i < n; i++) {
      const size_t written =
          fwrite_unlocked(parts[i].iov_base, 1, parts[i].iov_len, f);
      pieces->Advance(written);
      if (written < parts[i].iov_len) return false;
    }
  }
  return true;
}

// --- Streams. ---

// Gives the FILE its buffer, as its first write would.
void MakeBuffer(const File* file) {
  FILE* f = file->f;
  if (IsUnbuffered(f) || __fbufsize(f) > 0) return;
  const bool by_lines = __flbf(f) != 0 || file->is_terminal;
  std::setvbuf(f, nullptr, _IOFBF, 0);
  if (by_lines) std::setvbuf(f, nullptr, _IOLBF, 0);
}

// How many bytes of the pieces stay in the buffer: all of them, or what a stock
// FILE would keep.
size_t WhatStays(const Writing& writing) {
  FILE* f = writing.use->file->f;
  if (writing.flushes || IsUnbuffered(f)) return 0;
  // What follows mimics stdio: a buffer by lines keeps what stands behind the
  // last newline. If the whole does not fit, full buffers are written, and the
  // rest of the division stays.
  const size_t size = __fbufsize(f);
  const size_t pending = Pending(f);
  const size_t all = writing.rest();
  const bool by_lines = __flbf(f) != 0;
  const size_t tail = by_lines ? writing.pieces->AfterLastLine() : all;
  if (size == 0) return 0;
  if (tail == all && all < size - pending) return all;
  return by_lines ? tail % size : (pending + all) % size;
}

enum class Sent : uint8_t { kAll, kSome, kNothing, kError };

// Accounts for the kernel's answer to one write.
Sent Note(Writing* writing, ssize_t written, size_t pending) {
  if (written < 0 && errno == EAGAIN) return Sent::kNothing;
  if (written < 0) {  // as stdio does, which forgets what it could not write
    const int error = errno;
    DropPending(writing->use->file->f, pending);
    errno = error;
    return Sent::kError;
  }
  const auto n = static_cast<size_t>(written);
  const size_t of_buffer = n < pending ? n : pending;
  DropPending(writing->use->file->f, of_buffer);
  if (n > of_buffer) writing->pieces->Advance(n - of_buffer);
  return n > 0 ? Sent::kSome : Sent::kNothing;
}

// Leaves the rest in the buffer.
Sent FinishSending(Writing* writing) {
  if (writing->keep == 0) return Sent::kAll;
  writing->keep = 0;
  return Append(writing->use->file->f, writing->pieces) ? Sent::kAll
                                                        : Sent::kError;
}

// Writes what there is room for, in one system call. Requires: the FILE is
// locked. Nothing here can raise.
Sent SendSome(Writing* writing) {
  File* file = writing->use->file;
  FILE* f = file->f;
  const size_t pending = Pending(f);
  if (pending + writing->to_send() == 0) return FinishSending(writing);
  if (file->child != nullptr && file->child->told_ns != 0) {
    errno = EPIPE;  // a write would raise a signal
    return Sent::kError;
  }
  if (file->needs_poll) return Sent::kNothing;
  iovec parts[kMaxParts];
  Number numbers[kMaxNumbers];
  int n = 0;
  if (pending > 0) parts[n++] = {PendingOf(f), pending};
  if (writing->to_send() > 0) {
    const size_t max = writing->to_send() < kBulk ? writing->to_send() : kBulk;
    n += writing->pieces->Gather(parts + n, kMaxParts - n, numbers, max);
  }
  ssize_t written = 0;
  do {
    written = pwritev2(fileno(f), parts, n, -1, RWF_NOWAIT);
  } while (written < 0 && errno == EINTR);
  if (written < 0 &&
      (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)) {
    file->needs_poll = true;
    return Sent::kNothing;
  }
  const Sent sent = Note(writing, written, pending);
  const bool ends = sent == Sent::kSome && Pending(f) + writing->to_send() == 0;
  return ends ? FinishSending(writing) : sent;
}

// Waits until there is room. Then writes a copy, if there is one.
struct RoomJob : Job {
  File* file = nullptr;
  bool locks = false;  // waits for the FILE's lock, not for room
  bool woken = false;
  size_t n = 0;
  ssize_t written = 0;
  char data[kRoom];

  [[gnu::noinline]] static void Work(Job* job) {
    auto* self = static_cast<RoomJob*>(job);
    FILE* f = self->file->f;
    if (self->locks) {
      flockfile(f);
      funlockfile(f);
      return;
    }
    pollfd wait[] = {{fileno(f), POLLOUT, 0}, {self->wake_fd, POLLIN, 0}};
    while (poll(wait, 2, -1) < 0 && errno == EINTR) {
    }
    self->woken = wait[0].revents == 0;
    if (self->woken || self->n == 0) return;
    self->written = write(fileno(f), self->data, self->n);
    if (self->written >= 0) return;
    self->written = 0;
    if (errno != EINTR && errno != EAGAIN) self->error = errno;
  }
  static void Abandon(Job* job) {
    AbandonUse(static_cast<RoomJob*>(job)->file);
  }
};

// Takes what the job is to write. Bytes of the buffer come first, and leave it,
// so that nobody else finds them there meanwhile.
size_t TakeCopy(Writing* writing, RoomJob* job) {
  FILE* f = writing->use->file->f;
  const size_t pending = Pending(f);
  const size_t of_buffer = pending < kRoom ? pending : kRoom;
  if (of_buffer > 0) {  // else there may be no buffer yet
    std::memcpy(job->data, PendingOf(f), of_buffer);
    DropPending(f, of_buffer);
  }
  job->n = of_buffer;
  size_t max = kRoom - of_buffer;
  if (max > writing->to_send()) max = writing->to_send();
  if (max == 0) return of_buffer;
  iovec parts[kMaxParts];
  Number numbers[kMaxNumbers];
  const int n = writing->pieces->Gather(parts, kMaxParts, numbers, max);
  for (int i = 0; i < n; i++) {
    std::memcpy(job->data + job->n, parts[i].iov_base, parts[i].iov_len);
    job->n += parts[i].iov_len;
  }
  return of_buffer;
}

// The copy was written in part, or not at all.
void GiveCopyBack(Writing* writing, const RoomJob& job, size_t of_buffer) {
  const auto written = static_cast<size_t>(job.written);
  if (written >= of_buffer) {
    if (written > of_buffer) writing->pieces->Advance(written - of_buffer);
    return;
  }
  PutBackPending(writing->use->file->f, job.data + written,
                 of_buffer - written);
}

bool HasRoom(FILE* f) {
  pollfd now = {fileno(f), POLLOUT, 0};
  return poll(&now, 1, 0) > 0;
}

// Waits: there is no room, or another thread has the FILE's lock. False:
// use->error, or the file was closed. May raise.
bool AwaitRoom(Writing* writing, bool is_locked) {
  Use* use = writing->use;
  File* file = use->file;
  const vm::Isolate* iso = vm::Isolate::Of(use->L);
  Own(use);
  // A cancelled G may still write its last words to a standard file.
  if (!file->shared() || iso->killed()) RaiseIfCancelled(use->L);
  if (!file->shared() && !HasRoom(file->f)) RaiseIfAtomic(use->L);
  RoomJob job;
  job.work = &RoomJob::Work;
  job.abandon = &RoomJob::Abandon;
  job.file = file;
  job.locks = is_locked;
  job.wake_fd = WakeFdOf(file);
  size_t of_buffer = 0;
  if (!is_locked && file->needs_poll && ftrylockfile(file->f) == 0) {
    of_buffer = TakeCopy(writing, &job);
    funlockfile(file->f);
  }
  InKernel(use, &job);
  if (job.n > 0 && job.error == 0) GiveCopyBack(writing, job, of_buffer);
  if (job.error != 0) use->error = job.error;
  if (WasClosed(use) || job.error != 0) return false;
  if (!job.woken) return true;
  DrainWakeFd(file);
  if (!file->shared() || iso->killed()) RaiseIfCancelled(use->L);
  return true;
}

// Sends what there is room for. Requires: the FILE's lock. `is_first`: this
// write has sent nothing yet.
Sent SendLocked(Writing* writing, bool is_first) {
  Use* use = writing->use;
  FILE* f = use->file->f;
  const size_t rest = writing->rest();
  if (is_first) {
    MakeBuffer(use->file);
    if (rest > 0) writing->keep = WhatStays(*writing);
  }
  errno = 0;
  // Append also where the FILE cannot be written to: then it says so.
  const bool all_stays =
      rest > 0 && (writing->keep == rest || __fwritable(f) == 0);
  Sent sent = Sent::kError;
  if (!all_stays) {
    sent = SendSome(writing);
  } else if (Append(f, writing->pieces)) {
    sent = Sent::kAll;
  }
  if (sent == Sent::kError) use->error = errno;
  return sent;
}

// Writes the pieces, after what is in the buffer already.
bool WriteToStream(Writing* writing) {
  Use* use = writing->use;
  FILE* f = use->file->f;
  bool is_first = true;
  while (true) {
    const size_t before = writing->rest();
    Sent sent = Sent::kNothing;
    const bool is_locked = ftrylockfile(f) != 0;
    if (!is_locked) {
      sent = SendLocked(writing, is_first);
      is_first = false;
      funlockfile(f);
    }
    switch (sent) {
      case Sent::kAll:
        return true;
      case Sent::kError:
        return false;
      case Sent::kSome:
        Own(use);
        BetweenChunks(use, before - writing->rest());
        if (WasClosed(use)) return false;
        break;
      case Sent::kNothing:
        if (!AwaitRoom(writing, is_locked)) return false;
        break;
    }
  }
}

// --- Regular files, foreign ones, and where the G cannot wait. ---

[[gnu::noinline]] bool WriteAtOnce(Writing* writing) {
  FILE* f = writing->use->file->f;
  flockfile(f);
  errno = 0;
  const bool ok = Append(f, writing->pieces) &&
                  (!writing->flushes || fflush_unlocked(f) == 0);
  if (!ok) writing->use->error = errno;
  funlockfile(f);
  return ok;
}

struct BulkJob : Job {
  File* file = nullptr;
  char* data = nullptr;
  size_t n = 0;
  bool ok = false;

  [[gnu::noinline]] static void Work(Job* job) {
    auto* self = static_cast<BulkJob*>(job);
    errno = 0;
    self->ok = std::fwrite(self->data, 1, self->n, self->file->f) == self->n;
    if (!self->ok) self->error = errno;
  }
  static void Abandon(Job* job) {
    auto* self = static_cast<BulkJob*>(job);
    std::free(self->data);
    AbandonUse(self->file);
  }
};

// Writes the next block outside the strand.
bool WriteBlock(Use* use, Pieces* pieces) {
  const size_t block = pieces->rest() < kBlock ? pieces->rest() : kBlock;
  BulkJob job;
  job.work = &BulkJob::Work;
  job.abandon = &BulkJob::Abandon;
  job.file = use->file;
  job.data = static_cast<char*>(std::malloc(block));
  if (job.data == nullptr) RaiseNoMemory(use->L);
  while (job.n < block) {
    Number numbers[kMaxNumbers];
    iovec parts[kMaxParts];
    const int n = pieces->Gather(parts, kMaxParts, numbers, block - job.n);
    for (int i = 0; i < n; i++) {
      std::memcpy(job.data + job.n, parts[i].iov_base, parts[i].iov_len);
      job.n += parts[i].iov_len;
      pieces->Advance(parts[i].iov_len);
    }
  }
  InKernel(use, &job);
  std::free(job.data);
  use->error = job.error;
  return job.ok;
}

// A long piece of a regular file: blocks the strand no longer than a copy
// takes.
bool WriteInBlocks(Writing* writing) {
  Use* use = writing->use;
  Own(use);
  while (writing->rest() > 0) {
    const size_t before = writing->rest();
    if (WasClosed(use) || !WriteBlock(use, writing->pieces)) return false;
    BetweenChunks(use, before - writing->rest());
  }
  if (WasClosed(use)) return false;
  return !writing->flushes || WriteAtOnce(writing);
}

bool WriteAll(Writing* writing) {
  Use* use = writing->use;
  if (WasClosed(use)) return false;
  if (use->alone || use->file->kind == File::Kind::kForeign) {
    return WriteAtOnce(writing);
  }
  if (use->file->kind == File::Kind::kStream) return WriteToStream(writing);
  return writing->rest() <= kBulk ? WriteAtOnce(writing)
                                  : WriteInBlocks(writing);
}

// The usual case: the string stays in the buffer, or goes to a regular file.
bool WriteQuickly(const Use* use, const char* data, size_t n) {
  const File* file = use->file;
  FILE* f = file->f;
  if (file->kind == File::Kind::kForeign || file->closed || f == nullptr ||
      n > kBulk || ftrylockfile(f) != 0) {
    return false;
  }
  const bool fits = n < __fbufsize(f) - Pending(f) && __fwritable(f) != 0 &&
                    __freading(f) == 0 && __fbufsize(f) > 1 &&
                    (__flbf(f) == 0 || std::memchr(data, '\n', n) == nullptr);
  const bool written = fits && fwrite_unlocked(data, 1, n, f) == n;
  funlockfile(f);
  return written;
}

bool WritePieces(Use* use, Pieces pieces) {
  if (pieces.rest() == 0) return true;
  if (pieces.whole() != nullptr &&
      WriteQuickly(use, pieces.whole(), pieces.rest())) {
    return true;
  }
  Writing writing = {use, &pieces, /*flushes=*/false};
  return WriteAll(&writing);
}

// Adds the string or number at `index`, unless it is too long.
bool AddShort(lua_State* L, int index, char* text, size_t* n) {
  if (lua_type(L, index) == LUA_TNUMBER) {
    if (kShort - *n < sizeof(Number)) return false;
    Number number;
    const size_t length = FormatNumber(L, index, &number);
    std::memcpy(text + *n, number.text, length);
    *n += length;
    return true;
  }
  size_t length = 0;
  const char* data = lua_tolstring(L, index, &length);
  if (length > kShort - *n) return false;
  std::memcpy(text + *n, data, length);
  *n += length;
  return true;
}

}  // namespace

bool Drain(Use* use) {
  Writing writing = {use, nullptr, /*flushes=*/true};
  return WasClosed(use) ? false : WriteToStream(&writing);
}

int DrainToClose(File* file, int wake_fd) {
  FILE* f = file->f;
  while (Pending(f) > 0 && file->child->told_ns == 0) {
    pollfd wait[] = {{fileno(f), POLLOUT, 0}, {wake_fd, POLLIN, 0}};
    while (poll(wait, 2, -1) < 0 && errno == EINTR) {
    }
    if (wait[0].revents == 0) return 0;  // nobody reads what is left
    const size_t n = Pending(f) < kRoom ? Pending(f) : kRoom;
    const ssize_t written = write(fileno(f), PendingOf(f), n);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return errno;
    if (written > 0) DropPending(f, static_cast<size_t>(written));
  }
  return 0;
}

int Write(Use* use, int first, int last) {
  lua_State* L = use->L;
  int end = first;  // of the good arguments
  bool is_short = true;
  char text[kShort];
  size_t n = 0;
  for (; end <= last; end++) {
    const int type = lua_type(L, end);
    if (type != LUA_TSTRING && type != LUA_TNUMBER) break;
    if (is_short && last > first) is_short = AddShort(L, end, text, &n);
  }
  bool ok = true;
  if (end == first + 1 && lua_type(L, first) == LUA_TSTRING) {
    const char* data = lua_tolstring(L, first, &n);
    ok = WritePieces(use, Pieces(data, n));
  } else if (is_short && last > first) {
    ok = WritePieces(use, Pieces(text, n));
  } else {
    ok = WritePieces(use, Pieces(L, first, end - 1, /*is_print=*/false));
  }
  EndTurn(use);
  // Raises as stock Lua does, which has written what comes before the bad
  // argument.
  if (end <= last) luaL_checklstring(L, end, nullptr);
  return ok ? 0 : PushFileResult(L, false, nullptr, use->error);
}

int Print(Use* use, int first, int last) {
  char text[kShort];
  size_t n = 0;
  bool is_short = true;
  for (int i = first; i <= last && is_short; i++) {
    is_short = AddShort(use->L, i, text, &n) && n < kShort;
    if (is_short) text[n++] = i < last ? '\t' : '\n';
  }
  if (first > last) text[n++] = '\n';
  Pieces pieces = is_short ? Pieces(text, n)
                           : Pieces(use->L, first, last, /*is_print=*/true);
  Writing writing = {use, &pieces, /*flushes=*/true};
  // As stock Lua's print, it ignores whether the write went well.
  WriteAll(&writing);
  return 0;
}

}  // namespace trilune::stdlib
