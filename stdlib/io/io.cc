// The io library: stock Lua's, except that other Gs go on while a call waits in
// the kernel. file_use.cc says who may use a file, read.cc how one is read,
// write.cc how one is written.

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "stdlib/io/file.h"
#include "stdlib/io/stdio_ext.h"
#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

// Keys of the default files in the registry. The file's name follows the
// prefix.
constexpr size_t kPrefix = 4;
constexpr char kInput[] = "_IO_input";
constexpr char kOutput[] = "_IO_output";
// What an iterator has room for besides its own three upvalues.
constexpr int kMaxLinesArguments = 250;

// --- Opening. ---

// Opening may block: a FIFO waits for its other end, and popen flushes every
// FILE.
struct OpenJob : Job {
  enum class Way : uint8_t { kFile, kProcess, kTemporary } way = Way::kFile;
  char* name = nullptr;  // with the mode behind its end
  const char* mode = nullptr;
  vm::Child* child = nullptr;  // of a process
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
        self->f = StartWithPipe(self->name, *self->mode == 'r', self->child);
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
    if (self->f != nullptr) std::fclose(self->f);
    if (self->f != nullptr && self->child != nullptr) {
      self->child->TellToEnd();
      AwaitChild(self->child, -1);
    }
    std::free(self->child);
  }
};

// Opens the file of a new handle. False: `*error` says why not.
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
  if (way == OpenJob::Way::kProcess) {
    void* memory = std::malloc(sizeof(vm::Child));
    if (memory == nullptr) {
      std::free(job.name);
      RaiseNoMemory(L);
    }
    job.child = new (memory) vm::Child();
  }
  InKernel(L, &job);
  *error = job.error;
  if (job.f == nullptr) {
    std::free(job.child);
    return false;
  }
  SetFile(handle, job.f, job.kind, job.is_terminal);
  handle->file->child = job.child;
  vm::Isolate* iso = vm::Isolate::Of(L);
  if (job.child != nullptr && iso->current != nullptr) {
    iso->children.Add(job.child, iso->current);
  }
  return true;
}

// Opening a FIFO waits for its other end, which tri.atomic does not allow.
void RaiseIfFifoInAtomic(lua_State* L, const char* name) {
  if (!vm::Isolate::Of(L)->in_atomic()) return;
  struct stat status = {};
  if (stat(name, &status) == 0 && S_ISFIFO(status.st_mode)) RaiseIfAtomic(L);
}

// Returns what was opened. A raise is delayed until the caller has kept it in a
// variable that will be closed: see vm/goroutine/raise_delay.h.
int PushOpened(lua_State* L, bool ok, const char* name, int error) {
  if (!ok) return PushFileResult(L, false, name, error);
  vm::Isolate::Of(L)->raise_delay.NoteAcquired();
  return 1;
}

// As stock Lua's l_checkmode.
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
  RaiseIfFifoInAtomic(L, name);
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
  const bool ok =
      Open(L, handle, OpenJob::Way::kProcess, command, mode, &error);
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
  RaiseIfFifoInAtomic(L, name);
  int error = 0;
  if (!Open(L, handle, OpenJob::Way::kFile, name, mode, &error)) {
    luaL_error(L, "cannot open file '%s' (%s)", name, ErrorText(error));
  }
}

// --- The default files. ---

// Pushes the default file's handle. Raises if it is closed.
void PushDefault(lua_State* L, const char* key) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  const auto* stream = static_cast<luaL_Stream*>(lua_touserdata(L, -1));
  if (stream == nullptr || stream->closef == nullptr) {
    luaL_error(L, "default %s file is closed", key + kPrefix);
  }
}

// io.input and io.output: sets the default file to a file by name or a handle,
// if there is an argument. Returns the default file.
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

// Run `operation` on the method's file at index 1, or on the default file. The
// default file's handle is then on top of the arguments.
int WithMethodFile(lua_State* L, const Operation& operation) {
  File foreign;
  return WithFile(L, CheckFile(L, 1, &foreign), &operation);
}

int WithDefaultFile(lua_State* L, const char* key, const Operation& operation) {
  PushDefault(L, key);
  File foreign;
  return WithFile(L, FileOf(L, -1, &foreign), &operation);
}

// --- Reading. ---

constexpr Operation kRead = {
    [](Use* use) { return Read(use, 1, use->top - 1); }};
constexpr Operation kFileRead = {
    [](Use* use) { return Read(use, 2, use->top); }};

int l_read(lua_State* L) {
  return WithDefaultFile(L, kInput, kRead);
}

int l_file_read(lua_State* L) {
  return WithMethodFile(L, kFileRead);
}

// One step of an iterator. Upvalue 1 is the file, upvalue 3 says whether to
// close it.
int NextOfLines(Use* use) {
  lua_State* L = use->L;
  const int n = Read(use, 2, use->top);
  EndTurn(use);
  if (lua_toboolean(L, -n) != 0) return n;
  if (n > 1) return luaL_error(L, "%s", lua_tostring(L, -n + 1));
  if (lua_toboolean(L, lua_upvalueindex(3)) != 0) {
    lua_settop(L, 0);  // ends our use of the file
    lua_pushvalue(L, lua_upvalueindex(1));
    CloseStream(L);
  }
  return 0;
}

constexpr Operation kNextOfLines = {&NextOfLines};

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
  return WithFile(L, FileOf(L, handle, &foreign), &kNextOfLines);
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

// io.lines. The four results let a generic for close the file if the loop is
// left early.
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
  vm::Isolate::Of(L)->raise_delay.NoteAcquired();
  return 4;
}

// --- Writing. ---

constexpr Operation kWrite = {[](Use* use) {
                                const int n = Write(use, 1, use->top - 1);
                                if (n > 0) return n;
                                lua_pushvalue(use->L, use->top);
                                return 1;
                              },
                              /*writes=*/true};
constexpr Operation kFileWrite = {[](Use* use) {
                                    const int n = Write(use, 2, use->top);
                                    if (n > 0) return n;
                                    lua_pushvalue(use->L, 1);
                                    return 1;
                                  },
                                  /*writes=*/true};

int l_write(lua_State* L) {
  return WithDefaultFile(L, kOutput, kWrite);
}

int l_file_write(lua_State* L) {
  return WithMethodFile(L, kFileWrite);
}

// --- flush, seek, setvbuf: all have to write what is in the buffer. ---

// False: use->error says why not. Then the caller must make no call that could
// wait in the kernel.
bool DrainStream(Use* use) {
  if (use->file->kind != File::Kind::kStream || use->alone) return true;
  if (use->has_turn) Own(use);  // from here on something may raise
  return Pending(use->file->f) == 0 || Drain(use);
}

[[gnu::noinline]] int Flush(Use* use) {
  bool ok = DrainStream(use);
  // A stream's buffer is empty now. What it has read ahead stays.
  if (ok && (use->file->kind != File::Kind::kStream || use->alone)) {
    errno = 0;
    ok = std::fflush(use->file->f) == 0;
    use->error = errno;
  }
  EndTurn(use);
  return PushFileResult(use->L, ok, nullptr, use->error);
}

constexpr Operation kFlush = {&Flush, /*writes=*/true};

int l_flush(lua_State* L) {
  return WithDefaultFile(L, kOutput, kFlush);
}

int l_file_flush(lua_State* L) {
  return WithMethodFile(L, kFlush);
}

// Requires: the values at 2 and 3 are numbers.
[[gnu::noinline]] int Seek(Use* use) {
  const auto mode = static_cast<int>(lua_tointeger(use->L, 2));
  // off_t has the 64 bits that a Lua integer has.
  const off_t offset = lua_tointeger(use->L, 3);
  bool ok = DrainStream(use);
  if (ok) {
    errno = 0;
    ok = fseeko(use->file->f, offset, mode) == 0;
    use->error = errno;
  }
  if (!ok) return PushFileResult(use->L, false, nullptr, use->error);
  lua_pushinteger(use->L, ftello(use->file->f));
  return 1;
}

[[gnu::noinline]] int SetBuffer(Use* use) {
  const auto mode = static_cast<int>(lua_tointeger(use->L, 2));
  const auto size = static_cast<size_t>(lua_tointeger(use->L, 3));
  bool ok = DrainStream(use);
  if (ok) {
    errno = 0;
    ok = std::setvbuf(use->file->f, nullptr, mode, size) == 0;
    use->error = errno;
  }
  return PushFileResult(use->L, ok, nullptr, use->error);
}

// Runs `operation` on the file at index 1, with these two values above.
int WithNumbers(lua_State* L, lua_Integer second, lua_Integer third,
                const Operation& operation) {
  lua_settop(L, 1);
  lua_pushinteger(L, second);
  lua_pushinteger(L, third);
  return WithMethodFile(L, operation);
}

int l_file_seek(lua_State* L) {
  static constexpr const char* kNames[] = {"set", "cur", "end", nullptr};
  static constexpr int kModes[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  static constexpr Operation kSeek = {&Seek};
  File foreign;
  CheckFile(L, 1, &foreign);
  const int mode = kModes[luaL_checkoption(L, 2, "cur", kNames)];
  return WithNumbers(L, mode, luaL_optinteger(L, 3, 0), kSeek);
}

int l_file_setvbuf(lua_State* L) {
  static constexpr const char* kNames[] = {"no", "full", "line", nullptr};
  static constexpr int kModes[] = {_IONBF, _IOFBF, _IOLBF};
  static constexpr Operation kSetBuffer = {&SetBuffer};
  File foreign;
  CheckFile(L, 1, &foreign);
  const int mode = kModes[luaL_checkoption(L, 2, nullptr, kNames)];
  return WithNumbers(L, mode, luaL_optinteger(L, 3, LUAL_BUFFERSIZE),
                     kSetBuffer);
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

// Adds a standard file to the library on top of the stack. `key`: the registry
// key, if it is a default file.
void AddStandardFile(lua_State* L, FILE* f, const char* key, const char* name) {
  LuaFile* handle = NewFile(L, File::Closer::kNobody);
  bool is_terminal = false;
  const File::Kind kind = KindOf(f, &is_terminal);
  SetFile(handle, f, kind, is_terminal);
  PrepareTurn(L, handle->file);
  if (f == stdout) SetPrintFile(L);
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
  lua_pushcfunction(L, &l_print);
  lua_setglobal(L, "print");
}

}  // namespace trilune::stdlib
