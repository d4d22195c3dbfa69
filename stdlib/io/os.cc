// The functions of os that wait in the kernel, and os.exit. Each copies its
// names out of the Lua heap, because a Job may touch no memory of Lua.

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stdlib/io/file.h"
#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

// A call with up to two names, which Free frees.
struct NamesJob : Job {
  enum class What : uint8_t {
    kExecute,
    kRemove,
    kRename,
    kTemporaryName
  } what = What::kExecute;
  char* first = nullptr;
  char* second = nullptr;
  int result = 0;

  [[gnu::noinline]] static void Work(Job* job) {
    auto* self = static_cast<NamesJob*>(job);
    errno = 0;
    switch (self->what) {
      case What::kExecute:
        self->result = self->first != nullptr
                           ? RunShell(self->first, self->wake_fd)
                           : static_cast<int>(access("/bin/sh", X_OK) == 0);
        break;
      case What::kRemove:
        self->result = std::remove(self->first);
        break;
      case What::kRename:
        self->result = std::rename(self->first, self->second);
        break;
      case What::kTemporaryName:
        self->result = mkstemp(self->first);
        if (self->result >= 0) close(self->result);
        break;
    }
    self->error = errno;
  }
  static void Abandon(Job* job) { static_cast<NamesJob*>(job)->Free(); }
  void Free() {
    std::free(first);
    std::free(second);
    if (wake_fd >= 0) close(wake_fd);
  }
};

// Copies the names and makes the call. The caller frees the copies.
void Run(lua_State* L, NamesJob* job, NamesJob::What what, const char* first,
         const char* second) {
  job->work = &NamesJob::Work;
  job->abandon = &NamesJob::Abandon;
  job->what = what;
  if (first != nullptr) job->first = strdup(first);
  if (second != nullptr) job->second = strdup(second);
  if ((first != nullptr && job->first == nullptr) ||
      (second != nullptr && job->second == nullptr)) {
    job->Free();
    RaiseNoMemory(L);
  }
  InKernel(L, job);
}

// A cancellation does not end the wait by itself: it makes wake_fd readable,
// and AwaitChild then ends the child. So no child is left behind.
int l_execute(lua_State* L) {
  const char* command = luaL_optstring(L, 1, nullptr);
  NamesJob job;
  if (command != nullptr) {
    RaiseIfCancelled(L);
    RaiseIfAtomic(L);
    job.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  }
  Run(L, &job, NamesJob::What::kExecute, command, nullptr);
  job.Free();
  if (command != nullptr) {
    RaiseIfCancelled(L);  // a cancellation has ended the child
    return PushExit(L, job.result, job.error);
  }
  lua_pushboolean(L, job.result);  // whether there is a shell
  return 1;
}

int l_remove(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  NamesJob job;
  Run(L, &job, NamesJob::What::kRemove, name, nullptr);
  job.Free();
  return PushFileResult(L, job.result == 0, name, job.error);
}

int l_rename(lua_State* L) {
  const char* from = luaL_checkstring(L, 1);
  const char* to = luaL_checkstring(L, 2);
  NamesJob job;
  Run(L, &job, NamesJob::What::kRename, from, to);
  job.Free();
  return PushFileResult(L, job.result == 0, nullptr, job.error);
}

int l_tmpname(lua_State* L) {
  char name[] = "/tmp/lua_XXXXXX";
  NamesJob job;
  Run(L, &job, NamesJob::What::kTemporaryName, name, nullptr);
  if (job.result >= 0) std::memcpy(name, job.first, sizeof(name));
  job.Free();
  if (job.result < 0) {
    return luaL_error(L, "unable to generate a unique filename");
  }
  lua_pushstring(L, name);
  return 1;
}

// Looks like stock Lua's to the script. The host decides what becomes of the
// process.
int l_exit(lua_State* L) {
  int code = 0;
  if (lua_isboolean(L, 1)) {
    code = lua_toboolean(L, 1) != 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  } else {
    code = static_cast<int>(luaL_optinteger(L, 1, EXIT_SUCCESS));
  }
  return vm::Isolate::Of(L)->Exit(L, code, lua_toboolean(L, 2) != 0);
}

constexpr luaL_Reg kFunctions[] = {
    {"execute", &l_execute}, {"exit", &l_exit},       {"remove", &l_remove},
    {"rename", &l_rename},   {"tmpname", &l_tmpname}, {nullptr, nullptr}};

}  // namespace

void OpenOs(lua_State* L) {
  lua_getglobal(L, LUA_OSLIBNAME);
  luaL_setfuncs(L, kFunctions, 0);
  lua_pop(L, 1);
}

}  // namespace trilune::stdlib
