#include "stdlib/file.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "sched/loop.h"
#include "vm/park.h"
#include "vm/syscall.h"

namespace trilune::stdlib {
namespace {

const char kTag = 0;
const char kGuardKey = 0;

// The value on the stack of a function that owns a file: when the function
// ends, by an error or otherwise, so does its use. User value 1: the handle. A
// handle has at most one, user value 1.
struct Guard {
  static constexpr TypeTag kTag = {"use of a file"};
  const TypeTag* tag;
  File* file;
};

const vm::InternalKind kGuardKind(
    [](lua_State* L, int index) { return Test<Guard>(L, index) != nullptr; },
    vm::InternalKind::What::kHidden);

void MakeReady(WaiterBase* waiter, WakeResult result) {
  waiter->g->wake = result;
  ReadyInStrand(waiter->g, /*woken=*/false);
}

// Its own function, as InKernel is: the thread changes, and with it the address
// of errno, which the compiler takes for constant.
[[gnu::noinline]] int CloseNow(FILE* f, File::Closer closer, int* error) {
  errno = 0;
  const int result =
      closer == File::Closer::kProcess ? pclose(f) : std::fclose(f);
  *error = errno;
  return result;
}

struct CloseJob : Job {
  FILE* f = nullptr;
  File::Closer closer = File::Closer::kFile;
  int result = 0;

  static void Work(Job* job) {
    auto* self = static_cast<CloseJob*>(job);
    self->result = CloseNow(self->f, self->closer, &self->error);
  }
};

// Closes the FILE of a file that nobody uses.
void CloseIdle(lua_State* L, File* file, CloseJob* job) {
  job->work = &CloseJob::Work;
  job->f = file->f;
  job->closer = file->closer;
  file->f = nullptr;
  if (file->kind == File::Kind::kRegular) {
    job->work(job);
  } else {
    InKernel(L, job);
  }
}

// Ends the use of a busy file.
void Release(lua_State* L, File* file) {
  if (file->in_kernel) return;  // lua_close, while the call goes on
  WaiterBase* waiter = file->waiters.PopAndWin();
  if (waiter != nullptr) {
    MakeReady(waiter, WakeResult::kReady);  // with the file and its reference
    return;
  }
  file->busy = false;
  CloseJob job;
  const bool close = file->closed && file->f != nullptr;
  File last;
  if (close) {
    last.f = file->f;
    last.kind = file->kind;
    last.closer = file->closer;
    file->f = nullptr;
  }
  Unref(file);
  if (close) CloseIdle(L, &last, &job);
}

int l_guard_close(lua_State* L) {
  const auto* guard = Test<Guard>(L, 1);
  if (guard != nullptr) Release(L, guard->file);
  return 0;
}

// Pushes the guard of the handle at index `handle`.
void PushGuard(lua_State* L, File* file, int handle) {
  luaL_checkstack(L, 8, nullptr);
  lua_pushvalue(L, handle);
  if (lua_getiuservalue(L, -1, 1) != LUA_TUSERDATA) {
    lua_pop(L, 1);
    auto* guard = static_cast<Guard*>(lua_newuserdatauv(L, sizeof(Guard), 1));
    *guard = {&Guard::kTag, file};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuardKey);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
  }
  lua_remove(L, -2);
}

int l_with_file_k(lua_State* L, int, lua_KContext context) {
  const WakeResult result = EndWait(L);
  if (result == WakeResult::kCancelled) vm::RaiseCancelled(L);
  // The file itself may be gone with its handle.
  if (result == WakeResult::kClosed) {
    return luaL_error(L, "attempt to use a closed file");
  }
  auto* guard = static_cast<Guard*>(lua_touserdata(L, -1));
  const int top = lua_gettop(L) - 1;
  lua_toclose(L, top + 1);
  Use use = {L, guard->file, top + 1, top};
  use.owned = true;
  return reinterpret_cast<Body>(context)(&use);
}

// Ends a read that waits for input.
void WakeReader(const File* file) {
  // It cannot fail: nothing else is written.
  if (file->wake_fd >= 0) static_cast<void>(eventfd_write(file->wake_fd, 1));
}

// Sets `closed` and tells who waits.
void MarkClosed(File* file) {
  file->closed = true;
  WakeReader(file);
  while (WaiterBase* waiter = file->waiters.PopAndWin()) {
    MakeReady(waiter, WakeResult::kClosed);
  }
}

int l_close_file(lua_State* L) {
  File* file = static_cast<LuaFile*>(lua_touserdata(L, 1))->file;
  MarkClosed(file);
  if (file->busy || file->f == nullptr) {
    lua_pushboolean(L, 1);
    return 1;
  }
  const bool is_process = file->closer == File::Closer::kProcess;
  CloseJob job;
  CloseIdle(L, file, &job);
  if (is_process) return PushExit(L, job.result, job.error);
  return PushFileResult(L, job.result == 0, nullptr, job.error);
}

int l_close_nobody(lua_State* L) {
  CheckStream(L, 1)->closef = &l_close_nobody;  // stays open
  lua_pushnil(L);
  lua_pushliteral(L, "cannot close standard file");
  return 2;
}

bool IsOurs(lua_State* L, int index) {
  const auto* handle = static_cast<LuaFile*>(lua_touserdata(L, index));
  // A light userdata has no length.
  return handle != nullptr && lua_rawlen(L, index) == sizeof(LuaFile) &&
         handle->tag == &kTag;
}

const vm::InternalKind kFileKind(&IsOurs, vm::InternalKind::What::kStock);

}  // namespace

[[gnu::noinline]] void InKernel(lua_State* L, Job* job) {
  // In lua_close no G runs.
  if (vm::Isolate::Of(L)->current == nullptr) {
    job->work(job);
    return;
  }
  vm::Syscall call(L, job->wake_fd);
  job->work(job);
  if (!call.End()) {
    if (job->abandon != nullptr) job->abandon(job);
    vm::Syscall::LeaveForGood();
  }
}

void InKernel(const Use* use, Job* job) {
  use->file->in_kernel = true;
  InKernel(use->L, job);
  use->file->in_kernel = false;
}

void RaiseIfCancelled(lua_State* L) {
  const vm::Isolate* iso = vm::Isolate::Of(L);
  if (iso->current != nullptr && iso->MustRaise()) vm::RaiseCancelled(L);
}

void RaiseNoMemory(lua_State* L) {
  lua_pushliteral(L, "not enough memory");
  lua_error(L);
  __builtin_unreachable();
}

int WithFile(lua_State* L, File* file, int handle, Body body) {
  if (!file->busy) {
    Use use = {L, file, handle, lua_gettop(L)};
    return body(&use);
  }
  PushGuard(L, file, handle);
  return WaitIn(L, file->waiters, {.reason = WaitReason::kFile}, &l_with_file_k,
                reinterpret_cast<lua_KContext>(body));
}

void Own(Use* use) {
  if (use->owned) return;
  PushGuard(use->L, use->file, use->handle);
  lua_toclose(use->L, -1);
  use->file->busy = true;
  // relaxed: we hold one already.
  use->file->references.fetch_add(1, std::memory_order_relaxed);
  use->owned = true;
}

void Unref(File* file) {
  // release: what we did to it comes before its end [FR1].
  // acquire: its end comes after what the others did [FR1].
  if (file->references.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  int error = 0;
  if (file->f != nullptr && !file->shared()) {
    CloseNow(file->f, file->closer, &error);
  }
  if (file->wake_fd >= 0) close(file->wake_fd);
  delete file;
}

bool WasClosed(Use* use) {
  if (!use->file->closed && use->file->f != nullptr) return false;
  use->error = EBADF;
  return true;
}

LuaFile* NewFile(lua_State* L, File::Closer closer) {
  auto* handle =
      static_cast<LuaFile*>(lua_newuserdatauv(L, sizeof(LuaFile), 1));
  *handle = {{nullptr, nullptr}, &kTag, nullptr};
  luaL_setmetatable(L, LUA_FILEHANDLE);
  handle->file = new (std::nothrow) File;
  if (handle->file == nullptr) RaiseNoMemory(L);
  handle->file->closer = closer;
  handle->stream.closef =
      closer == File::Closer::kNobody ? &l_close_nobody : &l_close_file;
  return handle;
}

void SetFile(LuaFile* handle, FILE* f, File::Kind kind, bool is_terminal) {
  handle->stream.f = f;
  handle->file->f = f;
  handle->file->kind = kind;
  handle->file->is_terminal = is_terminal;
}

File::Kind KindOf(FILE* f, bool* is_terminal) {
  struct stat status = {};
  *is_terminal = false;
  if (fstat(fileno(f), &status) != 0) return File::Kind::kRegular;
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ||
      S_ISBLK(status.st_mode)) {
    return File::Kind::kRegular;
  }
  *is_terminal = S_ISCHR(status.st_mode) && isatty(fileno(f)) != 0;
  return File::Kind::kStream;
}

luaL_Stream* CheckStream(lua_State* L, int index) {
  if (IsOurs(L, index)) {
    return static_cast<luaL_Stream*>(lua_touserdata(L, index));
  }
  return static_cast<luaL_Stream*>(luaL_checkudata(L, index, LUA_FILEHANDLE));
}

File* FileOf(lua_State* L, int index, File* foreign) {
  auto* stream = static_cast<luaL_Stream*>(lua_touserdata(L, index));
  if (IsOurs(L, index)) return reinterpret_cast<LuaFile*>(stream)->file;
  foreign->f = stream->f;
  foreign->kind = File::Kind::kForeign;
  return foreign;
}

File* CheckFile(lua_State* L, int index, File* foreign) {
  if (CheckStream(L, index)->closef == nullptr) {
    luaL_error(L, "attempt to use a closed file");
  }
  return FileOf(L, index, foreign);
}

int CloseStream(lua_State* L) {
  luaL_Stream* stream = CheckStream(L, 1);
  const lua_CFunction close = stream->closef;
  stream->closef = nullptr;
  return close(L);
}

int l_file_gc(lua_State* L) {
  luaL_Stream* stream = CheckStream(L, 1);
  const bool is_open = stream->closef != nullptr && stream->f != nullptr;
  if (!IsOurs(L, 1)) {
    if (is_open) CloseStream(L);
    return 0;
  }
  auto* handle = reinterpret_cast<LuaFile*>(stream);
  File* file = handle->file;
  if (file == nullptr) return 0;
  // Inside a finalizer the collector does not answer. Elsewhere a script calls.
  const bool collected = lua_gc(L, LUA_GCCOUNT) == -1;
  if (!collected) {
    if (is_open) CloseStream(L);
    return 0;
  }
  // A C module that took the FILE away has closed it.
  if (stream->closef == nullptr && !file->closed) file->f = nullptr;
  stream->closef = nullptr;
  handle->file = nullptr;
  // Nobody waits, who would hold the handle; or no G runs any more.
  file->closed = true;
  WakeReader(file);
  Unref(file);  // closes it, unless a call is using it
  return 0;
}

void OpenFile(lua_State* L) {
  static constexpr luaL_Reg kGuardMeta[] = {{"__close", &l_guard_close},
                                            {nullptr, nullptr}};
  lua_newtable(L);
  luaL_setfuncs(L, kGuardMeta, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kGuardKey);
}

const char* ErrorText(int error) {
  // glibc's needs no buffer for an error that it knows.
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe)
}

int PushFileResult(lua_State* L, bool ok, const char* name, int error) {
  if (ok) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushnil(L);
  if (name != nullptr) {
    lua_pushfstring(L, "%s: %s", name, ErrorText(error));
  } else {
    lua_pushstring(L, ErrorText(error));
  }
  lua_pushinteger(L, error);
  return 3;
}

int PushExit(lua_State* L, int status, int error) {
  if (status != 0 && error != 0) {
    return PushFileResult(L, false, nullptr, error);
  }
  const bool signalled = !WIFEXITED(status) && WIFSIGNALED(status);
  int code = status;
  if (WIFEXITED(status)) code = WEXITSTATUS(status);
  if (signalled) code = WTERMSIG(status);
  if (!signalled && code == 0) {
    lua_pushboolean(L, 1);
  } else {
    lua_pushnil(L);
  }
  lua_pushstring(L, signalled ? "signal" : "exit");
  lua_pushinteger(L, code);
  return 3;
}

}  // namespace trilune::stdlib
