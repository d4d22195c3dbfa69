// File: what a handle of the io library stands for, and who may use it now.
//
// Role       A call on a pipe, a terminal or a socket may take for ever, so it
//            runs outside the strand (vm::Syscall), and the file is busy until
//            the function that made it has ended. Others that want the file
//            wait in its queue; it is handed to the first of them.
// Threads    the running G; what a Job does, any
// Locks      FILE's own. It is never held while the kernel waits for input:
//            fflush(NULL), which popen needs, takes all of them.
// Invariants I1. While `in_kernel`, only the call touches `f`.
//            I2. The userdata holds one reference, the busy function another,
//                which it hands over with the file.
//            I3. `closed` comes before `f` is null: a file that is closed while
//                it is busy is really closed when the function ends.
// Tests      tests/lua/io

#ifndef TRI_STDLIB_FILE_H_
#define TRI_STDLIB_FILE_H_

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <type_traits>

#include <lua.hpp>

#include "sched/wait_queue.h"
#include "stdlib/binding.h"

namespace trilune::stdlib {

// More than this of a regular file is read and written outside the strand, too.
constexpr size_t kBulk = size_t{64} << 10;

struct File {
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
  int wake_fd = -1;  // readable once a reader shall no longer wait for input
  std::atomic<int> references{1};
  WaitQueue waiters;

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

[[noreturn]] void RaiseNoMemory(lua_State* L);

// One function's use of a file.
struct Use {
  lua_State* L;
  File* file;
  int handle;          // index of the userdata
  int top;             // of the stack as the function was called
  bool owned = false;  // the file is busy for us
  int error = 0;       // errno of what failed
};
using Body = int (*)(Use* use);

// Runs `body` on the file of the handle at index `handle`, once no other G is
// using it.
int WithFile(lua_State* L, File* file, int handle, Body body);

// Makes the file busy until the function ends. May raise; leaves a value on the
// stack that must stay there.
void Own(Use* use);

// As InKernel, for a job that uses the owned file. The job's `abandon` must
// drop the reference (Unref).
void InKernel(const Use* use, Job* job);
void Unref(File* file);
// Whether the file was closed meanwhile, by another G or a finalizer; then
// use->error says so.
[[nodiscard]] bool WasClosed(Use* use);

// Pushes a new handle without a file.
LuaFile* NewFile(lua_State* L, File::Closer closer);

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

// Registers the metatable of the values that Own leaves.
void OpenFile(lua_State* L);

[[nodiscard]] const char* ErrorText(int error);
// What luaL_fileresult and luaL_execresult push, for an errno that was kept.
int PushFileResult(lua_State* L, bool ok, const char* name, int error);
int PushExit(lua_State* L, int status, int error);

// The formats at [first, last]; returns the number of results. read.cc.
int Read(Use* use, int first, int last);
// Writes the arguments at [first, last]; returns the handle. write.cc.
int Write(Use* use, int first, int last);
// Before a job waits for input: what was written must be on its way.
void WaitForRoom(FILE* f);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_FILE_H_
