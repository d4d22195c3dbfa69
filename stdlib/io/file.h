// File: what a handle of the io library stands for, and who may use it now.
//
// Role       A call on a pipe, a terminal or a socket may take for ever, so it
//            runs outside the strand (vm::Syscall), and the file is busy until
//            the function that made it has ended. Others that want the file
//            wait in its queue; it is handed to the first of them. A standard
//            file, which other isolates use too, has a turn in its place
//            (file_turn.h).
// Threads    the running G; what a Job does, any
// Locks      FILE's own. It is never held while the kernel waits for input or
//            room: fflush(NULL), which popen needs, takes all of them.
// Invariants I1. While `in_kernel`, only the call touches `f`.
//            I2. The userdata holds one reference, the busy function another,
//                which it hands over with the file.
//                The function that has a turn does the same.
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

// More than this of a regular file is read and written outside the strand, too;
// and after so many bytes of any file others may have their turns.
constexpr size_t kBulk = size_t{64} << 10;

// As a SharedWait it stands for the turn that a function of its isolate has, as
// a Loan for its use by a function that owns it.
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
  int wake_fd = -1;          // readable once nobody shall wait here any more
  FileTurn* turn = nullptr;  // of a standard file
  vm::Child* child = nullptr;  // of io.popen
  std::atomic<int> references{1};
  WaitQueue waiters;
  // For BetweenChunks: bytes moved since others could have had their turns, and
  // the turn of the G that moves them.
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

// A call to make outside the strand, on memory that is not Lua's.
struct Job {
  void (*work)(Job* job) = nullptr;
  void (*abandon)(Job* job) = nullptr;  // the isolate is gone: frees all
  int error = 0;                        // errno, if it failed
  int wake_fd = -1;  // an eventfd that ends it, for a cancel; or -1
};

// Does the job; comes back only if the isolate is still there.
void InKernel(lua_State* L, Job* job);

// Raises if the running G is cancelled.
void RaiseIfCancelled(lua_State* L);
// Before what would wait in the kernel: raises in trilune.atomic.
void RaiseIfAtomic(lua_State* L);

[[noreturn]] void RaiseNoMemory(lua_State* L);

// One function's use of a file.
struct Use {
  lua_State* L;
  File* file;
  int top;                // of the stack as the function was called
  bool owned = false;     // the file is busy for us, or its turn is ours
  bool has_turn = false;  // it is, but not for sure: nothing may raise
  bool alone = false;     // we cannot wait, and another has the turn
  int error = 0;          // errno of what failed
};
struct Operation {
  int (*run)(Use* use);
  // What is written somehow even if another has the turn and we cannot wait: in
  // a finalizer; and what a cancelled G may wait for.
  bool writes = false;
};

// Runs `operation` on the file, once no other G is using it. The handle must be
// on the stack, or an upvalue. It begins with `has_turn` if the file is shared:
// before anything may raise it calls Own, or EndTurn.
int WithFile(lua_State* L, File* file, const Operation* operation);

// Makes the file busy, or its turn ours, until the function ends. May raise
// unless `has_turn`; leaves a value on the stack that must stay there.
void Own(Use* use);
// Ends the turn of a function that has not called Own.
inline void EndTurn(Use* use) {
  if (!use->has_turn) return;
  use->has_turn = false;
  use->file->turn->Give();
}

// After `n` bytes were moved, of which more may follow: an owned file lets the
// others of its strand go first once its G has run for a slice. Raises, if the
// G is cancelled or a limit is used up.
void BetweenChunks(Use* use, size_t n);

// What ends a call that waits on the file, for a cancel.
int WakeFdOf(File* file);
// Makes it wait again.
void DrainWakeFd(const File* file);

// As InKernel, for a job that uses the owned file. The job's `abandon` must end
// that use (AbandonUse).
void InKernel(const Use* use, Job* job);
void AbandonUse(File* file);
void Unref(File* file);
// Whether the file was closed meanwhile, by another G or a finalizer; then
// use->error says so.
[[nodiscard]] bool WasClosed(Use* use);

// Ends what waits in the kernel.
void Wake(const File* file);
// Sets `closed` and tells who waits.
void MarkClosed(File* file);

struct CloseJob : Job {
  File file;
  int result = 0;
};
// Moves what closes the FILE to the job.
void MoveTo(File* file, CloseJob* job);
// Closes the FILE that was moved there. A child whose file a cancelled G closes
// is told to end.
void CloseMoved(lua_State* L, CloseJob* job);

// Pushes a new handle without a file.
LuaFile* NewFile(lua_State* L, File::Closer closer);

// Makes what Own needs for a standard file. May raise.
void PrepareTurn(lua_State* L, File* file);
// The file goes.
void ForgetGuard(lua_State* L, const File* file);

// Gives it a file, and says of which kind that is.
void SetFile(LuaFile* handle, FILE* f, File::Kind kind, bool is_terminal);
[[nodiscard]] File::Kind KindOf(FILE* f, bool* is_terminal);

// The stream at `index`; raises if there is none.
luaL_Stream* CheckStream(lua_State* L, int index);
// Its file; `foreign` is used for one that a C module made.
File* FileOf(lua_State* L, int index, File* foreign);
// As FileOf, but raises if there is none, or it is closed.
File* CheckFile(lua_State* L, int index, File* foreign);

// Closes the open stream at index 1; pushes what close returns.
int CloseStream(lua_State* L);
// __gc
int l_file_gc(lua_State* L);

// The global print. print.cc.
int l_print(lua_State* L);
// Its file is the one on top.
void SetPrintFile(lua_State* L);

// Registers the metatable of the values that Own leaves.
void OpenFile(lua_State* L);

[[nodiscard]] const char* ErrorText(int error);
// What luaL_fileresult and luaL_execresult push, for an errno that was kept.
int PushFileResult(lua_State* L, bool ok, const char* name, int error);
int PushExit(lua_State* L, int status, int error);

// The formats at [first, last]; returns the number of results. read.cc.
int Read(Use* use, int first, int last);
// Writes the arguments at [first, last]. 0: they are written; else the number
// of results that say why not. write.cc.
int Write(Use* use, int first, int last);
// Writes the strings at [first, last] as print does. 0, or as Write.
int Print(Use* use, int first, int last);
// Writes what is in the buffer of a stream. False: use->error says why not.
bool Drain(Use* use);
// The same in a job that closes the file of a child, until `wake_fd` is
// readable. Returns 0, or the errno of a write.
int DrainToClose(File* file, int wake_fd);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_FILE_H_
