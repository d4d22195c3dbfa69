// tri.spawn: starts a program in an isolate of its own; also the program's
// handle and its methods.
//
// How a program starts. Spawn writes one message: what the isolate inherits
// (PushInheritance), the function or the module's name, the arguments. Writing
// may raise, so it comes first. Then Program::Start takes the message and
// starts the isolate, where RunProgram (spawn_body.cc) reads and runs it. At
// last the handle is made, in a protected call. If that fails the program is
// cancelled, because nothing else could ever cancel it.
//
// How a program is joined. Handle and isolate share the Program object
// (vm/runtime/program.h). A joiner opens a wait, and Program::Join notes its G
// under the program's lock. The lock is kept until the G is public as waiting.
// So a program that ends meanwhile finds a joiner that it can win. After a
// timeout or a cancellation the continuation takes the joiner out
// (ForgetJoiner).
//
// A handle may be finalized while a method of it runs: a finalizer may bring a
// handle back, and its own finalizer may run during an allocation. So after
// each step that may allocate, the program is read again from the handle
// (ProgramAt1). During a wait BeginHandleWait keeps it.
//
// In a group, a program is represented by a G of the group's isolate, which
// runs RunMember. That G waits for the program's end and ends in the same way.
// It may be woken twice. The first time, an error has just left the program's
// function (TakeEarly). So the group fails before clean-up code of the program
// can make other members fail. The second time the program has ended.

#include "stdlib/spawn/spawn.h"

#include <new>
#include <string_view>
#include <utility>

#include "sched/core/loop.h"
#include "stdlib/modules.h"
#include "stdlib/spawn/spawn_options.h"
#include "vm/goroutine/park.h"
#include "vm/runtime/program.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::Message;
using vm::Program;

constexpr TypeTag kTag = {"goroutine"};
void PushMetatable(lua_State* L);
constexpr vm::Shared::Type kType = {kTag.name, &kTag, &PushMetatable};

// The program whose handle is at 1. Null if the handle has been finalized
// meanwhile, after a finalizer had brought it back.
Program* ProgramAt1(lua_State* L) {
  return static_cast<Program*>(
      static_cast<vm::SharedHandle*>(lua_touserdata(L, 1))->object);
}

Program* CheckProgram(lua_State* L, int index) {
  Program* program = TestProgram(L, index);
  if (program == nullptr) luaL_typeerror(L, index, kTag.name);
  return program;
}

// --- Starting a program. ---

// Pushes a name for the program at `index`, for dumps and reports.
const char* PushName(lua_State* L, int index) {
  lua_Debug info;
  if (lua_type(L, index) == LUA_TSTRING) {
    lua_pushvalue(L, index);
  } else if (lua_iscfunction(L, index) != 0) {
    lua_pushliteral(L, "C function");
  } else {
    lua_pushvalue(L, index);
    lua_getinfo(L, ">S", &info);
    lua_pushfstring(L, "%s:%d", info.short_src, info.linedefined);
  }
  return lua_tostring(L, -1);
}

// The runtime stops, and so will this isolate in a moment. Until then the G
// waits. Otherwise it would fail with an error that nobody should get to see.
int AwaitStop(lua_State* L) {
  const vm::Parking parking = vm::BeginPark(L, WaitReason::kSleep);
  ParkCommit commit;
  commit.external = true;
  const auto k = [](lua_State* state, int, lua_KContext) {
    vm::RaiseCancelled(state);
    return 0;
  };
  return vm::Park(L, parking, commit, k, 0);
}

struct Refused {
  Program::Refusal why = Program::Refusal::kNoMemory;
  uint32_t max_goroutines = 0;
};

// Takes `call` over. Null: refused. C++ code throws without memory, and an
// exception must not go through Lua's frames.
Program* StartProgram(lua_State* L, const SpawnOptions& options,
                      const char* name, Message* call, bool watched,
                      Refused* refused) {
  Isolate* iso = Isolate::Of(L);
  vm::MemoryCharge* room = nullptr;
  if (!Program::TakeRoom(iso, &room)) {
    iso->CollectForLimit(L);
    if (!Program::TakeRoom(iso, &room)) {
      vm::FreeMessage(call);
      return nullptr;
    }
  }
  vm::IsolateConfig config;
  try {
    config = MakeConfig(iso, options, name);
  } catch (const std::bad_alloc&) {
    vm::MemoryCharge::Give(room);
    vm::FreeMessage(call);
    return nullptr;
  }
  if (config.budget != nullptr) {
    refused->max_goroutines = config.budget->max_goroutines();
  }
  return Program::Start(&kType, iso, std::move(config),
                        {&RunProgram, call, room, watched}, &refused->why);
}

// Spawns what the values from `first` on say, which are arguments of tri.spawn.
// Pushes the handle, and returns the program. The stack below stays as it is.
// `watched`: for a member of a group. Null: the runtime stops.
Program* Spawn(lua_State* L, int first, bool watched) {
  Isolate* iso = Isolate::Of(L);
  if (iso->runtime() == nullptr) luaL_error(L, "cannot spawn here");
  iso->CheckLimits();
  if (iso->killed()) {
    lua_pushstring(L, iso->kill_reason());
    lua_error(L);
  }
  if (iso->closing()) luaL_error(L, "cannot spawn: the isolate is closing");
  luaL_checkstack(L, 10, nullptr);
  SpawnOptions options;
  if (lua_istable(L, first)) {
    ReadSpawnOptions(L, first, &options);
    first++;
  }
  const vm::Budget* budget = iso->config().budget.get();
  if (options.limits.any() && budget != nullptr &&
      budget->depth() >= vm::Budget::kMaxDepth) {
    luaL_error(L, "too many programs with limits below each other (%d)",
               vm::Budget::kMaxDepth);
  }
  const int last = lua_gettop(L);
  // On the stack, because a __transfer may take it out of the table of options.
  const char* name = options.name != nullptr ? lua_pushstring(L, options.name)
                                             : PushName(L, first);
  const int count = last - first + 1;
  luaL_checkstack(L, count + 2, "too many arguments");
  PushInheritance(L);
  for (int i = first; i <= last; i++)
    lua_pushvalue(L, i);
  Message* call = vm::WriteMessage(L, last + 2, count + 1,
                                   {.name = "package", .first = first});
  // What it costs outside the heap: its outcome, which it keeps until its
  // handle goes, and what tells of it.
  constexpr size_t kOutside = 2048;
  iso->heap().NoteOutside(kOutside);
  // Nothing raises from here on.
  Refused refused;
  Program* program = StartProgram(L, options, name, call, watched, &refused);
  lua_settop(L, last);
  if (program == nullptr) {
    if (refused.why == Program::Refusal::kStopping) return nullptr;
    if (refused.why == Program::Refusal::kNoMemory) {
      luaL_error(L, "not enough memory");
    }
    luaL_error(L, "too many goroutines (limit %d)",
               static_cast<int>(refused.max_goroutines));
  }
  lua_pushcfunction(L, [](lua_State* state) {
    vm::PushShared(state, static_cast<Program*>(lua_touserdata(state, 1)));
    return 1;
  });
  lua_pushlightuserdata(L, program);
  const int status = lua_pcall(L, 1, 1, 0);
  if (status != LUA_OK) program->Cancel(nullptr);  // nobody else could
  program->Release();
  if (status != LUA_OK) lua_error(L);
  return program;
}

int l_spawn(lua_State* L) {
  CheckSpawn(L, 1);
  return Spawn(L, 1, /*watched=*/false) != nullptr ? 1 : AwaitStop(L);
}

// --- Joining a program. ---

// The program whose handle is at 1 has ended: pushes what came of it. `ok`: the
// first value says whether it ended well.
int PushOutcome(lua_State* L, Program* program, bool ok) {
  const Program::Outcome& outcome = program->outcome();
  if (ok) lua_pushboolean(L, outcome.ok);
  Message* values = nullptr;
  if (outcome.values != nullptr) {
    values = vm::CopyMessage(outcome.values, Isolate::Of(L));
    if (values == nullptr) {
      Isolate::Of(L)->CollectForLimit(L);
      if (ProgramAt1(L) == nullptr) vm::RaiseCollected(L, kType);
      values = vm::CopyMessage(outcome.values, Isolate::Of(L));
    }
    if (values == nullptr) return luaL_error(L, "not enough memory");
  }
  if (outcome.ok) return vm::ReadMessage(L, values) + static_cast<int>(ok);
  if (values != nullptr) {
    vm::ReadMessage(L, values);
  } else {
    lua_pushstring(L, outcome.text.c_str());
  }
  // The error counts as seen only once it has come so far.
  program = ProgramAt1(L);
  if (program != nullptr) program->MarkSeen();
  if (!ok) {  // for a member of a group
    Isolate* iso = Isolate::Of(L);
    iso->failures().Note(iso->current, L,
                         program == nullptr ? "" : outcome.trace.c_str());
    return lua_error(L);
  }
  lua_pushstring(L, program == nullptr ? "" : outcome.trace.c_str());
  return 3;
}

// Waits for the end of the program whose handle is at 1. Then it calls `k`,
// which must begin with EndHandleWait. `*waits` is false if the program had
// ended already.
struct Awaiting {
  int64_t deadline_ns = kNever;
  bool shielded = false;
  bool early = false;  // see Program::Join
  lua_KContext context = 0;
};
int Await(lua_State* L, Program* program, const Awaiting& how, lua_KFunction k,
          bool* waits) {
  const vm::Parking parking = vm::BeginPark(L, WaitReason::kJoin, how.shielded);
  *waits = false;
  switch (program->Join(parking.g, how.early)) {
    case Program::Joining::kEnded:
      return 0;
    case Program::Joining::kNoMemory:
      return luaL_error(L, "not enough memory");
    case Program::Joining::kWaits:
      break;
  }
  *waits = true;
  vm::BeginHandleWait(L, 1);
  ParkCommit commit;
  commit.deadline_ns = how.deadline_ns;
  commit.external = true;
  commit.unlock = &Program::Unlock;
  commit.unlock_argument = program;
  return vm::Park(L, parking, commit, k, how.context);
}

int l_join_k(lua_State* L, int, lua_KContext) {
  vm::EndHandleWait(L, 1);
  Program* program = ProgramAt1(L);
  const vm::LuaG* g = Isolate::Of(L)->current;
  switch (g->wake) {
    case WakeResult::kCancelled:
      program->ForgetJoiner(g);
      vm::RaiseCancelled(L);
    case WakeResult::kTimeout:
      program->ForgetJoiner(g);
      return PushTimeout(L);
    default:
      break;
  }
  return PushOutcome(L, program, true);
}

int l_join(lua_State* L) {
  Program* program = CheckProgram(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (program->ended()) return PushOutcome(L, program, true);
  if (Isolate::Of(L) == program->isolate().get()) {
    return luaL_error(L, "a goroutine cannot join the isolate it runs in");
  }
  if (now) return PushTimeout(L);
  bool waits = false;
  const int results =
      Await(L, program, {.deadline_ns = deadline}, &l_join_k, &waits);
  return waits ? results : PushOutcome(L, program, true);
}

int l_cancel(lua_State* L) {
  Program* program = CheckProgram(L, 1);
  Message* reason = nullptr;
  if (!lua_isnoneornil(L, 2)) {
    reason = vm::WriteMessage(L, 2, 1, {.name = "reason"});
    // The reason is read in the other isolate, but not by one of its Gs.
    if (!vm::IsPlain(reason)) {
      vm::FreeMessage(reason);
      return luaL_argerror(L, 2, "a reason must be plain data");
    }
    program = ProgramAt1(L);  // writing may have run finalizers
    if (program == nullptr) {
      vm::FreeMessage(reason);
      vm::RaiseCollected(L, kType);
    }
  }
  lua_pushboolean(L, program->Cancel(reason));
  return 1;
}

int l_status(lua_State* L) {
  lua_pushstring(L, CheckProgram(L, 1)->status());
  return 1;
}

int l_id(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(CheckProgram(L, 1)->id()));
  return 1;
}

int l_tostring(lua_State* L) {
  const Program* program = CheckProgram(L, 1);
  lua_pushfstring(L, "goroutine %I (isolate '%s')",
                  static_cast<LUAI_UACINT>(program->id()),
                  program->name().c_str());
  return 1;
}

// --- A program as a member of a group. ---

// Stack: the handle; then the program's error, if it was known before the end.

// Whether the error of a program that was cancelled says no more than that.
// Then it is the reason. Or it has no trace: the isolate ended the program, as
// what it waited for had gone.
bool IsReason(lua_State* L, const Program::Outcome& outcome) {
  if (outcome.trace.empty()) return true;
  Isolate* iso = Isolate::Of(L);
  iso->PushReason(L, iso->current);
  size_t size = 0;
  const char* reason =
      lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
  const bool is_reason =
      std::string_view(outcome.text).ends_with(std::string_view(reason, size));
  lua_pop(L, 1);
  return is_reason;
}

int MemberEnded(lua_State* L) {
  Program* program = ProgramAt1(L);
  const Program::Outcome& outcome = program->outcome();
  program->MarkSeen();
  if (outcome.is_early && lua_gettop(L) > 1) return lua_error(L);
  if (Isolate::Of(L)->MustRaise() && (outcome.ok || IsReason(L, outcome))) {
    vm::RaiseCancelled(L);
  }
  lua_settop(L, 1);
  return PushOutcome(L, program, false);
}

// The group was cancelled. So it cancels the program, and the member waits
// until the program has ended.
int EndMember(lua_State* L) {
  const auto k = [](lua_State* state, int, lua_KContext) {
    vm::EndHandleWait(state, 1);
    return MemberEnded(state);
  };
  // The default reason serves where the group's cannot be sent, and without
  // memory.
  lua_pushcfunction(L, [](lua_State* state) {
    Isolate* iso = Isolate::Of(state);
    iso->PushReason(state, iso->current);
    Message* reason = vm::WriteMessage(state, lua_gettop(state), 1);
    if (!vm::IsPlain(reason)) {
      vm::FreeMessage(reason);
      reason = nullptr;
    }
    static_cast<Program*>(lua_touserdata(state, 1))->Cancel(reason);
    return 0;
  });
  lua_pushlightuserdata(L, ProgramAt1(L));
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    ProgramAt1(L)->Cancel(nullptr);
    lua_pop(L, 1);
  }
  bool waits = false;
  const int results = Await(L, ProgramAt1(L), {.shielded = true}, k, &waits);
  return waits ? results : MemberEnded(L);
}

// What a member is to its program. An owner cancels it; a watcher does not.
enum Membership : lua_KContext { kOwner, kWatcher };

int AwaitMember(lua_State* L, lua_KContext membership);

// Stack: an EarlyError, as a light userdata. Pushes the error object.
int PushEarlyObject(lua_State* L) {
  auto* early = static_cast<Program::EarlyError*>(lua_touserdata(L, 1));
  if (early->error == nullptr) {
    lua_pushstring(L, early->text);
    return 1;
  }
  return vm::ReadMessage(L, std::exchange(early->error, nullptr));
}

// The program has ended, or its error is known.
int MemberWoken(lua_State* L, lua_KContext membership) {
  Program* program = ProgramAt1(L);
  Program::EarlyError early;
  if (program->TakeEarly(&early)) {
    lua_pushcfunction(L, &PushEarlyObject);
    lua_pushlightuserdata(L, &early);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK) {
      Isolate* iso = Isolate::Of(L);
      iso->failures().Note(iso->current, L, early.trace);
    } else {
      lua_pop(L, 1);  // no memory: the end will tell
    }
    Program::Free(early);
  }
  return program->ended() ? MemberEnded(L) : AwaitMember(L, membership);
}

int l_member_k(lua_State* L, int, lua_KContext membership) {
  vm::EndHandleWait(L, 1);
  const vm::LuaG* g = Isolate::Of(L)->current;
  if (g->wake != WakeResult::kCancelled) return MemberWoken(L, membership);
  ProgramAt1(L)->ForgetJoiner(g);
  if (membership == kOwner) return EndMember(L);
  vm::RaiseCancelled(L);
}

// Waits for the program's end, and before that for its error. The error fails
// the group at once, because the program's clean-up code may make other members
// fail.
int AwaitMember(lua_State* L, lua_KContext membership) {
  luaL_checkstack(L, 8, nullptr);
  bool waits = false;
  const int results = Await(
      L, ProgramAt1(L), {.early = lua_gettop(L) == 1, .context = membership},
      &l_member_k, &waits);
  return waits ? results : MemberWoken(L, membership);
}

constexpr luaL_Reg kMethods[] = {
    {"join", &l_join}, {"cancel", &l_cancel}, {"status", &l_status},
    {"id", &l_id},     {nullptr, nullptr},
};
constexpr luaL_Reg kMeta[] = {{"__tostring", &l_tostring}, {nullptr, nullptr}};

constexpr char kMetatableKey = 0;

void PushMetatable(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kMetatableKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  NewMetatable(L, kTag.name, kMethods, kMeta);
  vm::SetSharedMetatable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMetatableKey);
}

}  // namespace

Program* TestProgram(lua_State* L, int index) {
  return TestSharedOf<Program>(L, index, kType);
}

int PushJoined(lua_State* L) {
  return PushOutcome(L, ProgramAt1(L), true);
}

int RunMember(lua_State* L) {
  if (Spawn(L, 1, /*watched=*/true) == nullptr) return AwaitStop(L);
  lua_replace(L, 1);
  lua_settop(L, 1);
  ProgramAt1(L)->MarkSeen();
  if (Isolate::Of(L)->MustRaise()) return EndMember(L);
  return AwaitMember(L, kOwner);
}

int WatchProgram(lua_State* L) {
  const Program* program = CheckProgram(L, 1);
  lua_settop(L, 1);
  return program->ended() ? MemberEnded(L) : AwaitMember(L, kWatcher);
}

int ExpectWatcher(lua_State* L) {
  CheckProgram(L, 1)->SetWatched();
  return 0;
}

int ReadSpawnOptions(lua_State* L) {
  SpawnOptions options;
  ReadSpawnOptions(L, 1, &options);
  return 0;
}

void CheckSpawn(lua_State* L, int first) {
  int at = first;
  if (lua_istable(L, at)) {
    SpawnOptions options;
    ReadSpawnOptions(L, at, &options);
    at++;
  }
  if (lua_type(L, at) != LUA_TSTRING && !lua_isfunction(L, at)) {
    luaL_typeerror(L, at, "function or module name");
  }
}

namespace {

// --- tri.preload. ---

// Body in a spare isolate. Its argument is a message: what the isolate
// inherits, then the modules' names.
int PreloadBody(lua_State* L) {
  // A copy, because the call that brought the message frees it.
  Message* what =
      vm::CopyMessage(static_cast<Message*>(lua_touserdata(L, 1)), nullptr);
  if (what == nullptr) return luaL_error(L, "not enough memory");
  lua_settop(L, 0);
  const int n = vm::ReadMessage(L, what);
  Inherit(L, 1);
  luaL_checkstack(L, 4, nullptr);
  for (int i = 2; i <= n; i++) {
    lua_getglobal(L, "require");
    lua_pushvalue(L, i);
    lua_call(L, 1, 0);
  }
  // The isolate will serve programs of others, which bring their own
  // inheritance.
  Disinherit(L, 1);
  return 0;
}

int l_preload(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Isolate* iso = Isolate::Of(L);
  if (iso->runtime() == nullptr) return luaL_error(L, "cannot preload here");
  // What it loads runs outside every budget, and in other programs.
  if (iso->config().budget != nullptr) {
    return luaL_error(L, "cannot preload in an isolate with limits");
  }
  lua_Integer spares = 1;
  if (lua_getfield(L, 1, "spares") != LUA_TNIL) {
    spares = lua_isinteger(L, -1) != 0 ? lua_tointeger(L, -1) : -1;
    constexpr auto kMost =
        static_cast<lua_Integer>(vm::IsolatePool::kMaxSpares);
    luaL_argcheck(L, spares >= 0 && spares <= kMost, 1,
                  "spares must be an integer from 0 to 64");
  }
  lua_settop(L, 1);
  const auto n = static_cast<int>(lua_rawlen(L, 1));
  luaL_checkstack(L, n + 4, "too many modules");
  PushInheritance(L);
  for (int i = 1; i <= n; i++) {
    if (lua_rawgeti(L, 1, i) != LUA_TSTRING) {
      return luaL_error(
          L, "bad argument #1 to 'preload' (module %d is a %s, not a string)",
          i, luaL_typename(L, -1));
    }
  }
  Message* what =
      vm::WriteMessage(L, 2, n + 1, {.name = "package", .first = 1});
  if (!iso->runtime()->pool().SetPreload(&PreloadBody, what,
                                         static_cast<size_t>(spares),
                                         iso->config().report)) {
    return luaL_error(L, "not enough memory");
  }
  return 0;
}

}  // namespace

void OpenSpawn(lua_State* L) {
  lua_pushcfunction(L, &l_preload);
  lua_setfield(L, -2, "preload");
  lua_pushcfunction(L, &l_spawn);
  lua_setfield(L, -2, "spawn");
}

}  // namespace trilune::stdlib
