// The io library: stock Lua's, but that other Gs go on while a call waits in
// the kernel. How a file is read: read.cc; who may use it: file.h.

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stdlib/file.h"
#include "stdlib/modules.h"
#include "stdlib/stdio_ext.h"

namespace trilune::stdlib {
namespace {

// Where the registry keeps the default files; the name follows the prefix.
constexpr size_t kPrefix = 4;
constexpr char kInput[] = "_IO_input";
constexpr char kOutput[] = "_IO_output";
// What an iterator has room for beside its own three upvalues.
constexpr int kMaxLinesArguments = 250;

// --- Opening. ---

struct OpenJob : Job {
  enum class Way : uint8_t { kFile, kProcess, kTemporary } way = Way::kFile;
  char* name = nullptr;  // with the mode behind its end
  const char* mode = nullptr;
  FILE* f = nullptr;
  File::Kind kind = File::Kind::kRegular;
  bool is_terminal = false;

  [[gnu::noinline]] static void Work(Job* job) {
    auto* self = static_cast<OpenJob*>(job);
    errno = 0;
    switch (self->way) {
      case Way::kFile:
        self->f = std::fopen(self->name, self->mode);
        break;
      case Way::kProcess:
        std::fflush(nullptr);
        self->f = popen(self->name, self->mode);
        break;
      case Way::kTemporary:
        self->f = std::tmpfile();
        break;
    }
    self->error = errno;
    if (self->f != nullptr) self->kind = KindOf(self->f, &self->is_terminal);
    std::free(self->name);
  }
  static void Abandon(Job* job) {
    auto* self = static_cast<OpenJob*>(job);
    if (self->f == nullptr) return;
    if (self->way == Way::kProcess) {
      pclose(self->f);
    } else {
      std::fclose(self->f);
    }
  }
};

// Opens the file of a new handle. False: `*error` says why.
bool Open(lua_State* L, LuaFile* handle, OpenJob::Way way, const char* name,
          const char* mode, int* error) {
  OpenJob job;
  job.work = &OpenJob::Work;
  job.abandon = &OpenJob::Abandon;
  job.way = way;
  const size_t name_size = std::strlen(name) + 1;
  const size_t mode_size = std::strlen(mode) + 1;
  job.name = static_cast<char*>(std::malloc(name_size + mode_size));
  if (job.name == nullptr) RaiseNoMemory(L);
  std::memcpy(job.name, name, name_size);
  std::memcpy(job.name + name_size, mode, mode_size);
  job.mode = job.name + name_size;
  InKernel(L, &job);
  *error = job.error;
  if (job.f == nullptr) return false;
  SetFile(handle, job.f, job.kind, job.is_terminal);
  return true;
}

int PushOpened(lua_State* L, bool ok, const char* name, int error) {
  return ok ? 1 : PushFileResult(L, false, name, error);
}

bool IsMode(const char* mode) {
  if (*mode == '\0' || std::strchr("rwa", *mode) == nullptr) return false;
  mode++;
  if (*mode == '+') mode++;
  return std::strspn(mode, "b") == std::strlen(mode);
}

int l_open(lua_State* L) {
  const char* name = luaL_checkstring(L, 1);
  const char* mode = luaL_optstring(L, 2, "r");
  LuaFile* handle = NewFile(L, File::Closer::kFile);
  luaL_argcheck(L, IsMode(mode), 2, "invalid mode");
  int error = 0;
  const bool ok = Open(L, handle, OpenJob::Way::kFile, name, mode, &error);
  return PushOpened(L, ok, name, error);
}

int l_popen(lua_State* L) {
  const char* command = luaL_checkstring(L, 1);
  const char* mode = luaL_optstring(L, 2, "r");
  LuaFile* handle = NewFile(L, File::Closer::kProcess);
  const bool reads = std::strcmp(mode, "r") == 0;
  luaL_argcheck(L, reads || std::strcmp(mode, "w") == 0, 2, "invalid mode");
  int error = 0;
  // Not for the children that other Gs start meanwhile: they would keep it
  // open.
  const bool ok = Open(L, handle, OpenJob::Way::kProcess, command,
                       reads ? "re" : "we", &error);
  return PushOpened(L, ok, command, error);
}

int l_tmpfile(lua_State* L) {
  LuaFile* handle = NewFile(L, File::Closer::kFile);
  int error = 0;
  const bool ok = Open(L, handle, OpenJob::Way::kTemporary, "", "", &error);
  return PushOpened(L, ok, nullptr, error);
}

// Pushes the file of that name, or raises.
void PushFileByName(lua_State* L, const char* name, const char* mode) {
  LuaFile* handle = NewFile(L, File::Closer::kFile);
  int error = 0;
  if (!Open(L, handle, OpenJob::Way::kFile, name, mode, &error)) {
    luaL_error(L, "cannot open file '%s' (%s)", name, ErrorText(error));
  }
}

// --- The default files. ---

// Pushes the default file's handle; raises if it is closed.
void PushDefault(lua_State* L, const char* key) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  const auto* stream = static_cast<luaL_Stream*>(lua_touserdata(L, -1));
  if (stream == nullptr || stream->closef == nullptr) {
    luaL_error(L, "default %s file is closed", key + kPrefix);
  }
}

int Default(lua_State* L, const char* key, const char* mode) {
  if (!lua_isnoneornil(L, 1)) {
    const char* name = lua_tostring(L, 1);
    if (name != nullptr) {
      PushFileByName(L, name, mode);
    } else {
      File foreign;
      CheckFile(L, 1, &foreign);
      lua_pushvalue(L, 1);
    }
    lua_setfield(L, LUA_REGISTRYINDEX, key);
  }
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  return 1;
}

int l_input(lua_State* L) {
  return Default(L, kInput, "r");
}

int l_output(lua_State* L) {
  return Default(L, kOutput, "w");
}

// Runs `body` on the method's file at index 1, or on the default file, which it
// finds on top of the arguments.
int WithMethodFile(lua_State* L, Body body) {
  File foreign;
  return WithFile(L, CheckFile(L, 1, &foreign), 1, body);
}

int WithDefaultFile(lua_State* L, const char* key, Body body) {
  PushDefault(L, key);
  File foreign;
  const int top = lua_gettop(L);
  return WithFile(L, FileOf(L, top, &foreign), top, body);
}

// --- Reading. ---

int l_read(lua_State* L) {
  return WithDefaultFile(L, kInput,
                         [](Use* use) { return Read(use, 1, use->top - 1); });
}

int l_file_read(lua_State* L) {
  return WithMethodFile(L, [](Use* use) { return Read(use, 2, use->top); });
}

// One step of an iterator: upvalue 1 is the file, 3 says whether to close it.
int NextOfLines(Use* use) {
  lua_State* L = use->L;
  const int n = Read(use, 2, use->top);
  if (lua_toboolean(L, -n) != 0) return n;
  if (n > 1) return luaL_error(L, "%s", lua_tostring(L, -n + 1));
  if (lua_toboolean(L, lua_upvalueindex(3)) != 0) {
    lua_settop(L, 0);  // ends our use of it
    lua_pushvalue(L, lua_upvalueindex(1));
    CloseStream(L);
  }
  return 0;
}

int l_next_of_lines(lua_State* L) {
  const int handle = lua_upvalueindex(1);
  const auto* stream = static_cast<luaL_Stream*>(lua_touserdata(L, handle));
  if (stream->closef == nullptr) {
    return luaL_error(L, "file is already closed");
  }
  const auto n = static_cast<int>(lua_tointeger(L, lua_upvalueindex(2)));
  lua_settop(L, 1);
  luaL_checkstack(L, n, "too many arguments");
  for (int i = 1; i <= n; i++)
    lua_pushvalue(L, lua_upvalueindex(3 + i));
  File foreign;
  return WithFile(L, FileOf(L, handle, &foreign), handle, &NextOfLines);
}

// Turns the file at index 1 and the formats above it into an iterator.
void PushLines(lua_State* L, bool close_at_end) {
  const int n = lua_gettop(L) - 1;
  luaL_argcheck(L, n <= kMaxLinesArguments, kMaxLinesArguments + 2,
                "too many arguments");
  lua_pushvalue(L, 1);
  lua_pushinteger(L, n);
  lua_pushboolean(L, close_at_end);
  lua_rotate(L, 2, 3);
  lua_pushcclosure(L, &l_next_of_lines, 3 + n);
}

int l_file_lines(lua_State* L) {
  File foreign;
  CheckFile(L, 1, &foreign);
  PushLines(L, /*close_at_end=*/false);
  return 1;
}

int l_lines(lua_State* L) {
  if (lua_isnone(L, 1)) lua_pushnil(L);
  if (lua_isnil(L, 1)) {
    lua_getfield(L, LUA_REGISTRYINDEX, kInput);
    lua_replace(L, 1);
    return l_file_lines(L);
  }
  PushFileByName(L, luaL_checkstring(L, 1), "r");
  lua_replace(L, 1);
  PushLines(L, /*close_at_end=*/true);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, 1);  // a generic for closes its fourth value
  return 4;
}

// --- Writing. ---

int l_write(lua_State* L) {
  return WithDefaultFile(L, kOutput, [](Use* use) {
    const int n = Write(use, 1, use->top - 1);
    if (n > 0) return n;
    lua_pushvalue(use->L, use->top);
    return 1;
  });
}

int l_file_write(lua_State* L) {
  return WithMethodFile(L, [](Use* use) {
    const int n = Write(use, 2, use->top);
    if (n > 0) return n;
    lua_pushvalue(use->L, 1);
    return 1;
  });
}

// --- flush, seek, setvbuf: all may have to write what is in the buffer. ---

struct ControlJob : Job {
  enum class What : uint8_t { kFlush, kSeek, kSetBuffer } what = What::kFlush;
  File* file = nullptr;
  off_t offset = 0;
  int mode = 0;
  size_t size = 0;
  bool ok = false;
  off_t position = 0;

  [[gnu::noinline]] static void Work(Job* job) {
    auto* self = static_cast<ControlJob*>(job);
    FILE* f = self->file->f;
    errno = 0;
    switch (self->what) {
      case What::kFlush:
        self->ok = std::fflush(f) == 0;
        break;
      case What::kSeek:
        self->ok = fseeko(f, self->offset, self->mode) == 0;
        if (self->ok) self->position = ftello(f);
        break;
      case What::kSetBuffer:
        self->ok = std::setvbuf(f, nullptr, self->mode, self->size) == 0;
        break;
    }
    self->error = errno;
  }
  static void WorkOnStream(Job* job) {
    const File* file = static_cast<ControlJob*>(job)->file;
    if (!file->shared()) WaitForRoom(file->f);
    Work(job);
  }
  static void Abandon(Job* job) { Unref(static_cast<ControlJob*>(job)->file); }
};

void Control(Use* use, ControlJob* job) {
  job->file = use->file;
  job->abandon = &ControlJob::Abandon;
  const File* file = use->file;
  if (file->kind != File::Kind::kStream ||
      (!file->shared() && __fpending(file->f) == 0)) {
    ControlJob::Work(job);
    return;
  }
  if (!file->shared()) RaiseIfCancelled(use->L);
  Own(use);
  job->error = EBADF;
  if (WasClosed(use)) return;
  job->work = &ControlJob::WorkOnStream;
  InKernel(use, job);
}

int Flush(Use* use) {
  ControlJob job;
  Control(use, &job);
  return PushFileResult(use->L, job.ok, nullptr, job.error);
}

int l_flush(lua_State* L) {
  return WithDefaultFile(L, kOutput, &Flush);
}

int l_file_flush(lua_State* L) {
  return WithMethodFile(L, &Flush);
}

int l_file_seek(lua_State* L) {
  return WithMethodFile(L, [](Use* use) {
    static constexpr const char* kNames[] = {"set", "cur", "end", nullptr};
    static constexpr int kModes[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    ControlJob job;
    job.what = ControlJob::What::kSeek;
    job.mode = kModes[luaL_checkoption(use->L, 2, "cur", kNames)];
    // off_t has the 64 bits that a Lua integer has.
    job.offset = luaL_optinteger(use->L, 3, 0);
    Control(use, &job);
    if (!job.ok) return PushFileResult(use->L, false, nullptr, job.error);
    lua_pushinteger(use->L, job.position);
    return 1;
  });
}

int l_file_setvbuf(lua_State* L) {
  return WithMethodFile(L, [](Use* use) {
    static constexpr const char* kNames[] = {"no", "full", "line", nullptr};
    static constexpr int kModes[] = {_IONBF, _IOFBF, _IOLBF};
    ControlJob job;
    job.what = ControlJob::What::kSetBuffer;
    job.mode = kModes[luaL_checkoption(use->L, 2, nullptr, kNames)];
    job.size = static_cast<size_t>(luaL_optinteger(use->L, 3, LUAL_BUFFERSIZE));
    Control(use, &job);
    return PushFileResult(use->L, job.ok, nullptr, job.error);
  });
}

// --- Closing, and the rest. ---

int l_file_close(lua_State* L) {
  File foreign;
  CheckFile(L, 1, &foreign);
  return CloseStream(L);
}

int l_close(lua_State* L) {
  if (lua_isnone(L, 1)) lua_getfield(L, LUA_REGISTRYINDEX, kOutput);
  return l_file_close(L);
}

int l_file_meta_close(lua_State* L) {
  const luaL_Stream* stream = CheckStream(L, 1);
  if (stream->closef != nullptr && stream->f != nullptr) CloseStream(L);
  return 0;
}

int l_type(lua_State* L) {
  luaL_checkany(L, 1);
  const auto* stream =
      static_cast<luaL_Stream*>(luaL_testudata(L, 1, LUA_FILEHANDLE));
  if (stream == nullptr) {
    lua_pushnil(L);
  } else if (stream->closef == nullptr) {
    lua_pushliteral(L, "closed file");
  } else {
    lua_pushliteral(L, "file");
  }
  return 1;
}

int l_file_tostring(lua_State* L) {
  const luaL_Stream* stream = CheckStream(L, 1);
  if (stream->closef == nullptr) {
    lua_pushliteral(L, "file (closed)");
  } else {
    lua_pushfstring(L, "file (%p)", static_cast<void*>(stream->f));
  }
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"close", &l_close}, {"flush", &l_flush}, {"input", &l_input},
    {"lines", &l_lines}, {"open", &l_open},   {"output", &l_output},
    {"popen", &l_popen}, {"read", &l_read},   {"tmpfile", &l_tmpfile},
    {"type", &l_type},   {"write", &l_write}, {nullptr, nullptr}};
constexpr luaL_Reg kMethods[] = {
    {"read", &l_file_read},       {"write", &l_file_write},
    {"lines", &l_file_lines},     {"flush", &l_file_flush},
    {"seek", &l_file_seek},       {"close", &l_file_close},
    {"setvbuf", &l_file_setvbuf}, {nullptr, nullptr}};
constexpr luaL_Reg kMeta[] = {{"__gc", &l_file_gc},
                              {"__close", &l_file_meta_close},
                              {"__tostring", &l_file_tostring},
                              {nullptr, nullptr}};

// Adds a standard file to the library on top of the stack; `key`: it is a
// default file.
void AddStandardFile(lua_State* L, FILE* f, const char* key, const char* name) {
  LuaFile* handle = NewFile(L, File::Closer::kNobody);
  bool is_terminal = false;
  const File::Kind kind = KindOf(f, &is_terminal);
  SetFile(handle, f, kind, is_terminal);
  if (key != nullptr) {
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
  }
  lua_setfield(L, -2, name);
}

}  // namespace

void OpenIo(lua_State* L) {
  OpenFile(L);
  luaL_newmetatable(L, LUA_FILEHANDLE);  // or stock Lua's, as it is
  luaL_setfuncs(L, kMeta, 0);
  luaL_getsubtable(L, -1, "__index");
  luaL_setfuncs(L, kMethods, 0);
  lua_pop(L, 2);
  lua_getglobal(L, LUA_IOLIBNAME);
  luaL_setfuncs(L, kFunctions, 0);
  AddStandardFile(L, stdin, kInput, "stdin");
  AddStandardFile(L, stdout, kOutput, "stdout");
  AddStandardFile(L, stderr, nullptr, "stderr");
  lua_pop(L, 1);
}

}  // namespace trilune::stdlib
