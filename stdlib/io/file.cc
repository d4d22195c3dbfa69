// Handles and their ends: how a file is closed, and by which G.
//
// A FILE may be closed while a call is using it: by another G, or by a
// finalizer. Then the handle is marked closed at once, and the waiting Gs are
// told. The function that is using the FILE closes it in fact, when it ends
// (file_use.cc).
//
// Closing may block: fclose writes the buffer, and a child has to end. So what
// is needed is moved out of the File into a CloseJob, and the job runs outside
// the strand. From then on nothing else reaches the FILE.
//
// C modules make handles, too: a luaL_Stream without our tag. Those are used in
// the strand, as stock Lua does (File::Kind::kForeign).

#include "stdlib/io/file.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "stdlib/io/stdio_ext.h"

namespace trilune::stdlib {
namespace {

const char kTag = 0;

// Not inlined, as InKernel is not: the thread may change, and with it the
// address of errno, which the compiler takes for constant.
[[gnu::noinline]] int CloseNow(File* file, int wake_fd, int* error) {
  int written = 0;
  if (file->closer == File::Closer::kProcess) {
    written = DrainToClose(file, wake_fd);
    __fpurge(file->f);
  }
  errno = 0;
  int result = std::fclose(file->f);
  if (file->child != nullptr) {
    errno = 0;
    result = AwaitChild(file->child, wake_fd);
    std::free(file->child);
    if (result == 0 && written != 0) {
      result = -1;
      errno = written;
    }
  }
  *error = errno;
  return result;
}

void WorkOfClose(Job* job) {
  auto* self = static_cast<CloseJob*>(job);
  self->result = CloseNow(&self->file, self->wake_fd, &self->error);
}

void CloseWakeFd(Job* job) {
  if (job->wake_fd >= 0) close(job->wake_fd);
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
  MoveTo(file, &job);
  CloseMoved(L, &job);
  if (is_process) return PushExit(L, job.result, job.error);
  return PushFileResult(L, job.result == 0, nullptr, job.error);
}

// Whether the child has ended, so that a close would not wait for it.
bool HasEnded(const vm::Child* child) {
  siginfo_t info = {};
  const int result = waitid(P_PID, static_cast<id_t>(child->pid), &info,
                            WEXITED | WNOHANG | WNOWAIT);
  return result != 0 || info.si_pid != 0;
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

void MoveTo(File* file, CloseJob* job) {
  job->file.f = file->f;
  job->file.kind = file->kind;
  job->file.closer = file->closer;
  job->file.needs_poll = file->needs_poll;
  job->file.child = file->child;
  file->f = nullptr;
  file->child = nullptr;
}

void CloseMoved(lua_State* L, CloseJob* job) {
  job->work = &WorkOfClose;
  job->abandon = &CloseWakeFd;
  if (job->file.kind == File::Kind::kRegular) {
    job->work(job);
    return;
  }
  if (job->file.child != nullptr) {
    vm::Isolate* iso = vm::Isolate::Of(L);
    iso->children.Remove(job->file.child);
    const bool ends = iso->current != nullptr && iso->MustRaise();
    job->wake_fd = eventfd(ends ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ends && job->wake_fd < 0) job->file.child->TellToEnd();
  }
  InKernel(L, job);
  CloseWakeFd(job);
}

void Unref(File* file) {
  // release: what this thread did to the file comes before its end [FR1].
  // acquire: its end comes after what the other threads did [FR1].
  if (file->references.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  int error = 0;
  if (file->f != nullptr && !file->shared()) {
    CloseNow(file, -1, &error);
  } else if (file->child != nullptr) {  // a C module has closed the FILE
    AwaitChild(file->child, -1);
    std::free(file->child);
  }
  if (file->wake_fd >= 0) close(file->wake_fd);
  delete file;
}

LuaFile* NewFile(lua_State* L, File::Closer closer) {
  auto* handle =
      static_cast<LuaFile*>(lua_newuserdatauv(L, sizeof(LuaFile), 0));
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
  if (handle->file->shared()) handle->file->turn = FileTurnOf(f);
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
  if (close == &l_close_file) {
    const File* file = reinterpret_cast<LuaFile*>(stream)->file;
    const bool waits =
        file->child != nullptr && !file->busy && !HasEnded(file->child);
    if (waits) RaiseIfAtomic(L);
  }
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
  // Inside a finalizer lua_gc returns -1. Otherwise a script calls __gc itself.
  const bool collected = lua_gc(L, LUA_GCCOUNT) == -1;
  if (!collected) {
    if (is_open) CloseStream(L);
    return 0;
  }
  // A C module that has taken the FILE away has closed it, too.
  if (stream->closef == nullptr && !file->closed) file->f = nullptr;
  stream->closef = nullptr;
  handle->file = nullptr;
  ForgetGuard(L, file);
  // No G waits for the file, because it would hold the handle; or no G runs any
  // more.
  file->closed = true;
  Wake(file);
  if (file->child != nullptr) vm::Isolate::Of(L)->children.Remove(file->child);
  Unref(file);  // closes it, unless a call is using it
  return 0;
}

const char* ErrorText(int error) {
  // glibc needs no buffer for an error that it knows.
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
