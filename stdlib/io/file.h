// File: what a handle of the io library stands for, and who may use it now.
//
// Role       A call on a pipe, a terminal or a socket may take for ever. So it
//            runs outside the strand (vm::Syscall), and the file is busy until
//            the function that made the call has ended. Other Gs that want the
//            file wait in its queue, and it is handed to the first of them.
//            Other isolates use the standard files, too; those have a turn
//            instead (file_turn.h). file_use.cc explains both.
// Threads    the running G; any for what a Job does
// Locks      FILE's own. It is never held while the kernel waits for input or
//            room, because fflush(NULL), which popen needs, takes all of them.
// Invariants I1. While `in_kernel`, only the call touches `f`.
//            I2. The userdata holds one reference. The busy function holds
//                another, and hands it over with the file. The function that
//                has a turn does the same.
//            I3. `closed` comes before `f` is null: a file that is closed while
//                it is busy is really closed when the function ends.
// Tests      tests/lua/io

#ifndef TRI_STDLIB_IO_FILE_H_
#define TRI_STDLIB_IO_FILE_H_

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <type_traits>

#include <lua.hpp>

#include "sched/task/wait_queue.h"
#include "stdlib/binding.h"
#include "stdlib/io/child.h"
#include "stdlib/io/file_turn.h"
#include "vm/goroutine/loan.h"

namespace trilune::stdlib {

// A longer piece of a regular file is read and written outside the strand, too.
// After so many bytes of any file other Gs may have their turns.
constexpr size_t kBulk = size_t{64} << 10;

// A File is a SharedWait, too: it then stands for the turn that a function of
// its isolate has. As a Loan it stands for its use by a function that owns it.
struct File : vm::SharedWait, vm::Loan {
  enum class Kind : uint8_t {
    kRegular,  // answers at once, as far as the kernel can
    kStream,   // may keep its reader or writer waiting
    kForeign,  // a C module made the handle: never busy, always in the strand
  };
  enum class Closer : uint8_t { kFile, kProcess, kNobody };

  FILE* f = nullptr;
  Kind kind = Kind::kRegular;
  Closer closer = Closer::kFile;
  bool is_terminal = false;
  bool closed = false;
  bool busy = false;
  bool in_kernel = false;
  bool holds_turn = false;   // a function of the isolate has it, and is listed
  bool needs_poll = false;   // the kernel cannot write to it without waiting
  int wake_fd = -1;          // readable: calls on it must stop waiting
  FileTurn* turn = nullptr;  // of a standard file
  vm::Child* child = nullptr;  // of io.popen
  std::atomic<int> references{1};
  WaitQueue waiters;
  // For BetweenChunks: bytes moved since others could last have their turns,
  // and since when the G that moves them has been running.
  size_t moved = 0;
  int64_t since_ns = 0;
  uint32_t gtick = 0;

  // The process's standard files belong to every isolate.
  [[nodiscard]] bool shared() const { return closer == Closer::kNobody; }
};
static_assert(std::is_trivially_destructible_v<File>, "lies in frames");

// The userdata. It begins as every C module expects.
struct LuaFile {
  luaL_Stream stream;
  const void* tag;  // tells it from the luaL_Stream of a C module
  File* file;       // null until it has been made, and once collected
};

// A call to be made outside the strand, on memory that is not Lua's.
struct Job {
  void (*work)(Job* job) = nullptr;
  void (*abandon)(Job* job) = nullptr;  // the isolate is gone: frees all
  int error = 0;                        // errno, if it failed
  int wake_fd = -1;  // an eventfd by which a cancel ends it; or -1
};

// Does the job outside the strand. Returns only if the isolate still exists.
void InKernel(lua_State* L, Job* job);

// Raises if the running G is cancelled.
void RaiseIfCancelled(lua_State* L);
// For what would wait in the kernel: raises in tri.atomic.
void RaiseIfAtomic(lua_State* L);

[[noreturn]] void RaiseNoMemory(lua_State* L);

// One function's use of a file. There are four cases: it uses the file without
// more ado; it owns it; it has its turn; it has to do without the turn.
struct Use {
  lua_State* L;
  File* file;
  int top;                // of the stack as the function was called
  bool owned = false;     // the file is busy for us, or its turn is ours
  bool has_turn = false;  // the turn is ours without a guard: must not raise
  bool alone = false;     // another has the turn, and we cannot wait
  int error = 0;          // errno of what failed
};
struct Operation {
  int (*run)(Use* use);
  // What is written in any case: in a finalizer, even if another G has the turn
  // and this one cannot wait. A cancelled G may wait for its turn.
  bool writes = false;
};

// Runs `operation` on the file, once no other G is using it. The handle must be
// on the stack, or an upvalue. If the file is shared, the operation begins with
// `has_turn`. Before anything may raise it must call Own or EndTurn.
int WithFile(lua_State* L, File* file, const Operation* operation);

// Makes the file busy, or its turn ours, until the function ends. May raise
// unless `has_turn`. Leaves a value on the stack that must stay there.
void Own(Use* use);
// Ends the turn of a function that has not called Own.
inline void EndTurn(Use* use) {
  if (!use->has_turn) return;
  use->has_turn = false;
  use->file->turn->Give();
}

// To be called after `n` bytes were moved, if more may follow. Once its G has
// run for a slice, the owner of a file lets the others of its strand go first.
// Raises if the G is cancelled or a limit is used up.
void BetweenChunks(Use* use, size_t n);

// The eventfd by which a cancel ends a call that waits on the file.
int WakeFdOf(File* file);
// Makes the eventfd unreadable again.
void DrainWakeFd(const File* file);

// As InKernel, for a job that uses the owned file. The job's `abandon` must end
// that use by AbandonUse.
void InKernel(const Use* use, Job* job);
void AbandonUse(File* file);
void Unref(File* file);
// Whether another G or a finalizer has closed the file meanwhile. Then it sets
// use->error.
[[nodiscard]] bool WasClosed(Use* use);

// Ends calls on the file that wait in the kernel.
void Wake(const File* file);
// Sets `closed` and wakes the waiting Gs with that result.
void MarkClosed(File* file);

struct CloseJob : Job {
  File file;
  int result = 0;
};
// Moves what is needed to close the FILE into the job.
void MoveTo(File* file, CloseJob* job);
// Closes the FILE that was moved there. If a cancelled G closes the file of a
// child, the child is told to end.
void CloseMoved(lua_State* L, CloseJob* job);

// Pushes a new handle without a file.
LuaFile* NewFile(lua_State* L, File::Closer closer);

// Makes what Own needs for a standard file. May raise.
void PrepareTurn(lua_State* L, File* file);
// Drops the file's guard. The file is about to go.
void ForgetGuard(lua_State* L, const File* file);

// Gives the handle a FILE, and says of which kind it is.
void SetFile(LuaFile* handle, FILE* f, File::Kind kind, bool is_terminal);
[[nodiscard]] File::Kind KindOf(FILE* f, bool* is_terminal);

// The stream at `index`. Raises if there is none.
luaL_Stream* CheckStream(lua_State* L, int index);
// The File of the stream. For one that a C module made, `foreign` is filled in.
File* FileOf(lua_State* L, int index, File* foreign);
// As FileOf, but raises if there is no stream, or it is closed.
File* CheckFile(lua_State* L, int index, File* foreign);

// Closes the open stream at index 1. Pushes what close returns.
int CloseStream(lua_State* L);
// __gc
int l_file_gc(lua_State* L);

// The global print, in print.cc.
int l_print(lua_State* L);
// Makes the handle on top the file of print.
void SetPrintFile(lua_State* L);

// Registers the metatable of guards, the values that Own leaves.
void OpenFile(lua_State* L);

[[nodiscard]] const char* ErrorText(int error);
// Push what luaL_fileresult and luaL_execresult push, for an errno that was
// kept.
int PushFileResult(lua_State* L, bool ok, const char* name, int error);
int PushExit(lua_State* L, int status, int error);

// Reads the formats at [first, last]. Returns the number of results. In
// read.cc.
int Read(Use* use, int first, int last);
// Writes the arguments at [first, last]. Returns 0 if all are written.
// Otherwise it pushes results that say why not, and returns their number. In
// write.cc.
int Write(Use* use, int first, int last);
// Writes the strings at [first, last] as print does. Returns what Write does.
int Print(Use* use, int first, int last);
// Writes what is in the buffer of a stream. False: use->error says why not.
bool Drain(Use* use);
// Does that in a job that closes the file of a child, until `wake_fd` is
// readable. Returns 0, or the errno of a write.
int DrainToClose(File* file, int wake_fd);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_FILE_H_
