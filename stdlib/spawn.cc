// trilune.spawn: a program in an isolate of its own, and its handle.
//
// A program is sent as one message: what its isolate shall inherit (see
// PushInheritance), the function or the module's name, the arguments. The body
// that reads it is RunProgram.

#include "stdlib/spawn.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "sched/loop.h"
#include "stdlib/global_hint.h"
#include "stdlib/modules.h"
#include "stdlib/spawn_options.h"
#include "vm/isolates.h"
#include "vm/park.h"
#include "vm/spawned.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::Message;
using vm::Spawned;

constexpr TypeTag kTag = {"goroutine"};
void PushMetatable(lua_State* L);
constexpr vm::Shared::Type kType = {kTag.name, &kTag, &PushMetatable};

// The program whose handle is at 1; null if a finalizer had brought that back,
// and it has been finalized meanwhile.
Spawned* SpawnedAt1(lua_State* L) {
  return static_cast<Spawned*>(
      static_cast<vm::SharedHandle*>(lua_touserdata(L, 1))->object);
}

Spawned* CheckSpawned(lua_State* L, int index) {
  Spawned* spawned = TestSpawned(L, index);
  if (spawned == nullptr) luaL_typeerror(L, index, kTag.name);
  return spawned;
}

// --- The program, in its isolate. ---

// Pushes what a module is as a program: a function, a table's field "main". The
// module's value is on top and is replaced.
void PickMain(lua_State* L, const char* name) {
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "main");
    lua_remove(L, -2);
    if (lua_isfunction(L, -1)) return;
    luaL_error(L, "cannot run module '%s': its table has no function 'main'",
               name);
  }
  if (lua_isfunction(L, -1)) return;
  if (lua_isboolean(L, -1)) {  // it returned nothing: it has run
    lua_pop(L, 1);
    lua_pushcfunction(L, [](lua_State*) { return 0; });
    return;
  }
  luaL_error(L,
             "cannot run module '%s': it returned a %s, not a function or a "
             "table with 'main'",
             name, luaL_typename(L, -1));
}

// Stack: the Spawned, the results.
int SendResults(lua_State* L, int, lua_KContext) {
  auto* spawned = static_cast<Spawned*>(lua_touserdata(L, 1));
  spawned->SetResults(vm::WriteMessage(
      L, 2, lua_gettop(L) - 1, {.name = "result", .several = "result"}));
  return 0;
}

int CallProgram(lua_State* L, int, lua_KContext) {
  lua_callk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, &SendResults);
  return SendResults(L, LUA_OK, 0);
}

// Stack: the Spawned, the module's name, the arguments, then what require gave.
int CallModule(lua_State* L, int, lua_KContext n) {
  lua_settop(L, static_cast<int>(n) + 1);
  PickMain(L, lua_tostring(L, 2));
  lua_replace(L, 2);
  return CallProgram(L, LUA_OK, 0);
}

int RunProgram(lua_State* L) {
  auto* spawned = static_cast<Spawned*>(lua_touserdata(L, 1));
  vm::ReadMessage(L, spawned->TakeCall());
  Inherit(L, 2);
  lua_remove(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING) return CallProgram(L, LUA_OK, 0);
  const int n = lua_gettop(L);
  luaL_checkstack(L, 4, nullptr);
  lua_getglobal(L, "require");
  lua_pushvalue(L, 2);
  lua_callk(L, 1, 1, n, &CallModule);
  return CallModule(L, LUA_OK, n);
}

// Message handler. Keeps the traceback; the error object stays as it is, but
// for a hint.
int KeepTrace(lua_State* L) {
  auto* spawned = static_cast<Spawned*>(lua_touserdata(L, lua_upvalueindex(1)));
  spawned->SetTrace(Isolate::Of(L)->MakeTrace(L));
  lua_settop(L, 1);
  AddGlobalHint(L);
  lua_settop(L, 1);
  return 1;
}

// Stack: the error object. Results: its words, itself as a message or null.
int SendError(lua_State* L) {
  auto* spawned = static_cast<Spawned*>(lua_touserdata(L, 2));
  if (lua_isstring(L, 1) == 0 && luaL_callmeta(L, 1, "__tostring") == 0) {
    lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  } else if (lua_gettop(L) == 2) {
    lua_pushvalue(L, 1);
  }
  spawned->SetErrorText(luaL_tolstring(L, -1, nullptr));
  spawned->SetError(vm::WriteMessage(L, 1, 1, {.name = "error"}));
  return 0;
}

// Stack: the Spawned, the handler; after an error, its object.
int ProgramEnded(lua_State* L, int status, lua_KContext) {
  auto* spawned = static_cast<Spawned*>(lua_touserdata(L, 1));
  if (status == LUA_OK || status == LUA_YIELD) return 0;
  const Isolate* iso = Isolate::Of(L);
  if (iso->killed()) {  // whatever has become of the error on its way
    spawned->SetErrorText(iso->kill_reason());
    return 0;
  }
  // Fails without memory, or if the object cannot be sent: then its words do.
  spawned->SetErrorText(lua_type(L, -1) == LUA_TSTRING
                            ? lua_tostring(L, -1)
                            : "(error object is not a string)");
  lua_pushcfunction(L, &SendError);
  lua_insert(L, -2);
  lua_pushvalue(L, 1);
  lua_pcall(L, 2, 0, 0);
  return 0;
}

int ProgramBody(lua_State* L) {
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, &KeepTrace, 1);
  lua_pushcfunction(L, &RunProgram);
  lua_pushvalue(L, 1);
  const int status = lua_pcallk(L, 1, 0, 2, 0, &ProgramEnded);
  return ProgramEnded(L, status, 0);
}

// --- Starting one. ---

// A name for the program at `index`, in dumps and reports.
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

// The runtime stops: so will this isolate, in a moment. Until then the G waits,
// rather than fail of something that nobody shall be told.
int AwaitStop(lua_State* L) {
  vm::BeginPark(L, WaitReason::kSleep);
  ParkCommit commit;
  commit.external = true;
  const auto k = [](lua_State* state, int, lua_KContext) {
    vm::RaiseCancelled(state);
    return 0;
  };
  return vm::Park(L, commit, k, 0);
}

struct Refused {
  Spawned::Refusal why = Spawned::Refusal::kNoMemory;
  uint32_t max_goroutines = 0;
};

// Takes `call`. Null: refused. C++ throws without memory, which must not go
// through Lua's frames.
Spawned* StartProgram(lua_State* L, const SpawnOptions& options,
                      const char* name, Message* call, Refused* refused) {
  Isolate* iso = Isolate::Of(L);
  vm::MemoryCharge* room = nullptr;
  if (!Spawned::TakeRoom(iso, &room)) {
    iso->CollectForLimit(L);
    if (!Spawned::TakeRoom(iso, &room)) {
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
  return Spawned::Start(&kType, iso, std::move(config),
                        {&ProgramBody, call, room}, &refused->why);
}

// The arguments of tri.spawn are the values from `first` on. Pushes the handle,
// which is returned too. The stack below stays. Null: the runtime stops.
Spawned* Spawn(lua_State* L, int first) {
  Isolate* iso = Isolate::Of(L);
  if (iso->isolates() == nullptr) luaL_error(L, "cannot spawn here");
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
  // On the stack: a __transfer may take it out of the options.
  const char* name = options.name != nullptr ? lua_pushstring(L, options.name)
                                             : PushName(L, first);
  const int count = last - first + 1;
  luaL_checkstack(L, count + 2, "too many arguments");
  PushInheritance(L);
  for (int i = first; i <= last; i++)
    lua_pushvalue(L, i);
  Message* call = vm::WriteMessage(L, last + 2, count + 1,
                                   {.name = "package", .first = first});
  // Its outcome, which it keeps until its handle goes, and what tells it.
  constexpr size_t kOutside = 2048;
  iso->heap().NoteOutside(kOutside);
  // Nothing raises from here on.
  Refused refused;
  Spawned* spawned = StartProgram(L, options, name, call, &refused);
  lua_settop(L, last);
  if (spawned == nullptr) {
    if (refused.why == Spawned::Refusal::kStopping) return nullptr;
    if (refused.why == Spawned::Refusal::kNoMemory) {
      luaL_error(L, "not enough memory");
    }
    luaL_error(L, "too many goroutines (limit %d)",
               static_cast<int>(refused.max_goroutines));
  }
  lua_pushcfunction(L, [](lua_State* state) {
    vm::PushShared(state, static_cast<Spawned*>(lua_touserdata(state, 1)));
    return 1;
  });
  lua_pushlightuserdata(L, spawned);
  const int status = lua_pcall(L, 1, 1, 0);
  if (status != LUA_OK) spawned->Cancel(nullptr);  // nobody else could
  spawned->Release();
  if (status != LUA_OK) lua_error(L);
  return spawned;
}

int l_spawn(lua_State* L) {
  CheckSpawn(L, 1);
  return Spawn(L, 1) != nullptr ? 1 : AwaitStop(L);
}

// --- Joining. ---

// The program, whose handle is at 1, has ended. `ok`: whether its end was a
// good one comes first.
int PushOutcome(lua_State* L, Spawned* spawned, bool ok) {
  const Spawned::Outcome& outcome = spawned->outcome();
  if (ok) lua_pushboolean(L, outcome.ok);
  Message* values = nullptr;
  if (outcome.values != nullptr) {
    values = vm::CopyMessage(outcome.values, Isolate::Of(L));
    if (values == nullptr) {
      Isolate::Of(L)->CollectForLimit(L);
      if (SpawnedAt1(L) == nullptr) vm::RaiseCollected(L, kType);
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
  // It is seen only if it has come so far.
  spawned = SpawnedAt1(L);
  if (spawned != nullptr) spawned->MarkSeen();
  if (!ok) return lua_error(L);
  lua_pushstring(L, spawned == nullptr ? "" : outcome.trace.c_str());
  return 3;
}

// Waits for the end of the program whose handle is at 1; then calls `k`, which
// begins with EndHandleWait. Not `*waits`: it has ended already.
int Await(lua_State* L, Spawned* spawned, int64_t deadline_ns, bool shielded,
          lua_KFunction k, bool* waits) {
  G* g = vm::BeginPark(L, WaitReason::kJoin, shielded);
  *waits = false;
  switch (spawned->Join(g)) {
    case Spawned::Joining::kEnded:
      return 0;
    case Spawned::Joining::kNoMemory:
      return luaL_error(L, "not enough memory");
    case Spawned::Joining::kWaits:
      break;
  }
  *waits = true;
  vm::BeginHandleWait(L, 1);
  ParkCommit commit;
  commit.deadline_ns = deadline_ns;
  commit.external = true;
  commit.unlock = &Spawned::Unlock;
  commit.unlock_argument = spawned;
  return vm::Park(L, commit, k, 0);
}

int l_join_k(lua_State* L, int, lua_KContext) {
  vm::EndHandleWait(L, 1);
  Spawned* spawned = SpawnedAt1(L);
  const vm::LuaG* g = Isolate::Of(L)->current;
  switch (g->wake) {
    case WakeResult::kCancelled:
      spawned->ForgetJoiner(g);
      vm::RaiseCancelled(L);
    case WakeResult::kTimeout:
      spawned->ForgetJoiner(g);
      return PushTimeout(L);
    default:
      break;
  }
  return PushOutcome(L, spawned, true);
}

int l_join(lua_State* L) {
  Spawned* spawned = CheckSpawned(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (spawned->ended()) return PushOutcome(L, spawned, true);
  if (Isolate::Of(L) == spawned->isolate().get()) {
    return luaL_error(L, "a goroutine cannot join the isolate it runs in");
  }
  if (now) return PushTimeout(L);
  bool waits = false;
  const int results = Await(L, spawned, deadline, false, &l_join_k, &waits);
  return waits ? results : PushOutcome(L, spawned, true);
}

int l_cancel(lua_State* L) {
  Spawned* spawned = CheckSpawned(L, 1);
  Message* reason = nullptr;
  if (!lua_isnoneornil(L, 2)) {
    reason = vm::WriteMessage(L, 2, 1, {.name = "reason"});
    // It is read in the other isolate, but not by one of its Gs.
    if (!vm::IsPlain(reason)) {
      vm::FreeMessage(reason);
      return luaL_argerror(L, 2, "a reason must be plain data");
    }
    spawned = SpawnedAt1(L);  // writing may have run finalizers
    if (spawned == nullptr) {
      vm::FreeMessage(reason);
      vm::RaiseCollected(L, kType);
    }
  }
  lua_pushboolean(L, spawned->Cancel(reason));
  return 1;
}

int l_status(lua_State* L) {
  lua_pushstring(L, CheckSpawned(L, 1)->status());
  return 1;
}

int l_id(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(CheckSpawned(L, 1)->id()));
  return 1;
}

int l_tostring(lua_State* L) {
  const Spawned* spawned = CheckSpawned(L, 1);
  lua_pushfstring(L, "goroutine %I (isolate '%s')",
                  static_cast<LUAI_UACINT>(spawned->id()),
                  spawned->name().c_str());
  return 1;
}

// --- As a member of a group. ---

int MemberEnded(lua_State* L) {
  const Isolate* iso = Isolate::Of(L);
  if (iso->MustRaise()) {
    SpawnedAt1(L)->MarkSeen();
    vm::RaiseCancelled(L);
  }
  return PushOutcome(L, SpawnedAt1(L), false);
}

// The group was cancelled: so is the program, and the member waits until it has
// ended.
int EndMember(lua_State* L) {
  const auto k = [](lua_State* state, int, lua_KContext) {
    vm::EndHandleWait(state, 1);
    return MemberEnded(state);
  };
  // A reason that cannot be sent, or no memory: the default does.
  lua_pushcfunction(L, [](lua_State* state) {
    Isolate* iso = Isolate::Of(state);
    iso->PushReason(state, iso->current);
    Message* reason = vm::WriteMessage(state, lua_gettop(state), 1);
    if (!vm::IsPlain(reason)) {
      vm::FreeMessage(reason);
      reason = nullptr;
    }
    static_cast<Spawned*>(lua_touserdata(state, 1))->Cancel(reason);
    return 0;
  });
  lua_pushlightuserdata(L, SpawnedAt1(L));
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) SpawnedAt1(L)->Cancel(nullptr);
  lua_settop(L, 1);
  bool waits = false;
  const int results = Await(L, SpawnedAt1(L), kNever, true, k, &waits);
  return waits ? results : MemberEnded(L);
}

int l_member_k(lua_State* L, int, lua_KContext) {
  vm::EndHandleWait(L, 1);
  const vm::LuaG* g = Isolate::Of(L)->current;
  if (g->wake != WakeResult::kCancelled) return MemberEnded(L);
  SpawnedAt1(L)->ForgetJoiner(g);
  return EndMember(L);
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

Spawned* TestSpawned(lua_State* L, int index) {
  auto* handle = static_cast<vm::SharedHandle*>(lua_touserdata(L, index));
  if (handle == nullptr || lua_rawlen(L, index) != sizeof(vm::SharedHandle) ||
      handle->tag != &kTag) {
    return nullptr;
  }
  if (handle->object == nullptr) vm::RaiseCollected(L, kType);
  return static_cast<Spawned*>(handle->object);
}

int PushJoined(lua_State* L) {
  return PushOutcome(L, SpawnedAt1(L), true);
}

int RunSpawned(lua_State* L) {
  if (Spawn(L, 1) == nullptr) return AwaitStop(L);
  lua_replace(L, 1);
  lua_settop(L, 1);
  SpawnedAt1(L)->MarkSeen();
  if (Isolate::Of(L)->MustRaise()) return EndMember(L);
  bool waits = false;
  const int results =
      Await(L, SpawnedAt1(L), kNever, false, &l_member_k, &waits);
  return waits ? results : MemberEnded(L);
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

// Body in a spare isolate. Its argument is a message: what it inherits, the
// modules' names.
int PreloadBody(lua_State* L) {
  // A copy, as the call that brought it frees it.
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
  // The isolate is for programs of others, who bring what they have.
  Disinherit(L, 1);
  return 0;
}

int l_preload(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Isolate* iso = Isolate::Of(L);
  if (iso->isolates() == nullptr) return luaL_error(L, "cannot preload here");
  // What it loads runs outside of every budget, and in other programs.
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
  iso->isolates()->pool().SetPreload(
      &PreloadBody, what, static_cast<size_t>(spares), iso->config().report);
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
