// tri.group: structured concurrency. The function runs in the calling G, and
// its members are Gs of their own. The call ends when all have ended.
//
// Who keeps what alive: a member keeps its group, because its failure must
// reach it. The group keeps the handles of its members. The frame of tri.group
// keeps the guard, and nothing else does.
//
// How a call ends:
//
// 1. The function returns or fails. NoteError, its message handler, notes an
//    error at once, before any __close handler can make others do something.
// 2. Wait parks until `live` is 0. If the caller is cancelled meanwhile, it
//    cancels the members and goes on waiting, shielded from now on.
// 3. Finish raises the group's first error, or the cancellation, or returns the
//    function's results.
//
// When a member fails first, vm::Groups interrupts the function: each of its
// waits raises until it has ended. The caller itself is not cancelled.
//
// If the group runs in a generator that is closed, __close of the group cancels
// the members and waits. If the generator is dropped instead, no code of the
// frame runs again. The finalizer of the guard notices that and cancels the
// members.

#include "stdlib/goroutine/go.h"
#include "stdlib/modules.h"
#include "stdlib/spawn/spawn.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {
namespace {

using vm::GHandle;
using vm::GroupCore;
using vm::Isolate;

// GroupCore comes first, because vm/ knows only that part.
struct Group {
  GroupCore core;
  const TypeTag* tag;
  static constexpr TypeTag kTag = {"group"};
};

// Watches over the frame of tri.group, which alone refers to it. Until the
// frame is left, this userdata refers to the group and to the state in which
// the frame is. If it is finalized before, the frame was dropped, in a
// generator that nobody closed. The group itself would not notice, because
// members keep it alive.
struct Guard {
  const TypeTag* tag;
  static constexpr TypeTag kTag = {"group guard"};
  bool is_open;
};
const vm::InternalKind kGuardKind(
    [](lua_State* L, int index) { return Test<Guard>(L, index) != nullptr; },
    vm::InternalKind::What::kHidden);
enum : int { kGuardedGroup = 1, kGuardedState, kGuardValues = kGuardedState };

// The stack of a group call: the group, to be closed; then these; then the
// function's results.
enum : int { kGuardAt = 2, kHandlerAt, kLastOfFrame = kHandlerAt };

const vm::InternalKind kGroupKind(
    [](lua_State* L, int index) { return Test<Group>(L, index) != nullptr; },
    vm::InternalKind::What::kObject);

// Makes a member of the group at `index` and pushes its handle. The body and
// its `n - 1` arguments are on top. Upvalue 1: the handles.
void AddMember(lua_State* L, int index, int n, vm::CoroutineBody body) {
  luaL_checkstack(L, 8, nullptr);
  auto* group = static_cast<Group*>(lua_touserdata(L, index));
  lua_getiuservalue(L, index, GroupCore::kMembers);
  lua_pushvalue(L, index);
  lua_insert(L, -n - 2);  // group, body, arguments, members
  lua_insert(L, -n - 2);  // members, group, body, arguments
  lua_pushvalue(L, -n - 1);
  Isolate::Of(L)->Go(L, n, /*in_group=*/true, body);
  group->core.live++;
  lua_pushvalue(L, -1);
  lua_pushboolean(L, 1);
  lua_rawset(L, -n - 6);
}

// Pushes the handle of a new member. Body and arguments are the values from
// `at` on.
int StartMember(lua_State* L, const Group* group, int at,
                vm::CoroutineBody body) {
  AddMember(L, 1, lua_gettop(L) - at + 1, body);
  // In a group that was cancelled a new member never runs.
  if (group->core.cancelled) {
    auto* handle = static_cast<GHandle*>(lua_touserdata(L, -1));
    Isolate::Of(L)->CancelQuietly(handle->g);
  }
  return 1;
}

int l_group_go(lua_State* L) {
  const Group* group = Check<Group>(L, 1);
  if (group->core.over) return luaL_error(L, "the group has ended");
  int at = 2;
  const vm::CoroutineBody body = CheckBody(L, 2, &at);
  return StartMember(L, group, at, body);
}

// A G of this isolate stands for the program. It ends as the program does, and
// cancelling it cancels the program.
int l_group_spawn(lua_State* L) {
  const Group* group = Check<Group>(L, 1);
  if (group->core.over) return luaL_error(L, "the group has ended");
  CheckSpawn(L, 2);
  lua_pushcfunction(L, &RunMember);
  lua_insert(L, 2);
  return StartMember(L, group, 2, {});
}

int l_group_cancel(lua_State* L) {
  Group* group = Check<Group>(L, 1);
  lua_settop(L, 2);
  group->core.cancelled = true;
  lua_getiuservalue(L, 1, GroupCore::kMembers);
  lua_pushnil(L);
  while (lua_next(L, 3) != 0) {
    lua_pop(L, 1);
    const auto* handle = static_cast<GHandle*>(lua_touserdata(L, -1));
    if (handle->g == nullptr) continue;
    lua_pushvalue(L, 2);
    Isolate::Of(L)->Cancel(L, handle->g);
  }
  return 0;
}

// errors() -> a list of { error = object, goroutine = g, traceback = text }
int l_group_errors(lua_State* L) {
  Check<Group>(L, 1);
  lua_settop(L, 1);
  luaL_checkstack(L, 8, nullptr);
  lua_newtable(L);
  if (lua_getiuservalue(L, 1, GroupCore::kErrors) != LUA_TTABLE) {
    lua_pop(L, 1);
    return 1;
  }
  const auto n = static_cast<lua_Integer>(lua_rawlen(L, 3));
  for (lua_Integer i = 1; i <= n; i++) {
    lua_createtable(L, 0, 3);
    lua_rawgeti(L, 3, i);
    lua_rawgeti(L, -1, vm::Failures::kGoroutine);
    lua_setfield(L, -3, "goroutine");
    if (Isolate::Of(L)->failures().PushSeen(L) == 2) {
      lua_setfield(L, -3, "traceback");
    }
    lua_setfield(L, -2, "error");
    lua_rawseti(L, 2, i);
  }
  lua_settop(L, 2);
  return 1;
}

// The frame is left: the function and all members have ended.
void EndFrame(lua_State* L, Group* group) {
  group->core.over = true;
  static_cast<Guard*>(lua_touserdata(L, kGuardAt))->is_open = false;
  // The guard still has a finalizer. Until that has run, it would keep these
  // values alive.
  for (int value = 1; value <= kGuardValues; value++) {
    lua_pushnil(L);
    lua_setiuservalue(L, kGuardAt, value);
  }
}

int Finish(lua_State* L, Group* group, bool cancelled) {
  EndFrame(L, group);
  // Errors that nobody can read any more are to be reported soon.
  vm::Failures& failures = Isolate::Of(L)->failures();
  const bool has_errors =
      lua_getiuservalue(L, 1, GroupCore::kErrors) == LUA_TTABLE;
  if (has_errors) failures.set_waits_for_collection(true);
  if (group->core.failed) {
    lua_getiuservalue(L, 1, GroupCore::kError);
    if (has_errors && group->core.raised > 0) {
      lua_rawgeti(L, -2, group->core.raised);
      lua_insert(L, -2);
      failures.NoteRaised(L, lua_gettop(L) - 1);
    }
    return lua_error(L);
  }
  lua_pop(L, 1);
  if (cancelled) vm::RaiseCancelled(L);
  return lua_gettop(L) - kLastOfFrame;
}

// Waits for the last member. Once the caller must raise, this cancels the
// members, and goes on waiting.
int Wait(lua_State* L, Group* group, bool cancelled);

int l_wait_k(lua_State* L, int, lua_KContext context) {
  auto* group = static_cast<Group*>(lua_touserdata(L, 1));
  const bool cancelled = EndWait(L) == WakeResult::kCancelled;
  if (cancelled) Isolate::Of(L)->groups().Cancel(L, 1);
  return Wait(L, group, cancelled || context != 0);
}

int Wait(lua_State* L, Group* group, bool cancelled) {
  Isolate* iso = Isolate::Of(L);
  luaL_checkstack(L, 8, nullptr);
  if (!cancelled && iso->current != nullptr && iso->MustRaise()) {
    iso->groups().Cancel(L, 1);  // this may end the last member
    cancelled = true;
  }
  if (group->core.live == 0) return Finish(L, group, cancelled);
  return WaitIn(L, group->core.waiters,
                {.reason = WaitReason::kGroup, .shielded = cancelled},
                &l_wait_k, cancelled ? 1 : 0);
}

// Message handler of the function. Its error counts from here on, before any
// __close handler has run. Upvalue 1: the group.
int NoteError(lua_State* L) {
  lua_settop(L, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  Isolate::Of(L)->failures().NoteOfFunction(L, 1);
  return 1;
}

int l_body_k(lua_State* L, int status, lua_KContext) {
  auto* group = static_cast<Group*>(lua_touserdata(L, 1));
  Isolate* iso = Isolate::Of(L);
  iso->groups().EndFunction(&group->core);
  if (status != LUA_OK && status != LUA_YIELD) {
    iso->failures().NoteEndOfFunction(L, 1, status);
    lua_pop(L, 1);
  }
  return Wait(L, group, false);
}

int l_group(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  Isolate* iso = Isolate::Of(L);
  luaL_checkstack(L, 12, nullptr);
  auto* group =
      new (lua_newuserdatauv(L, sizeof(Group), GroupCore::kValues)) Group();
  group->tag = &Group::kTag;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  lua_newtable(L);
  lua_setiuservalue(L, -2, GroupCore::kMembers);
  lua_insert(L, 1);
  auto* guard =
      static_cast<Guard*>(lua_newuserdatauv(L, sizeof(Guard), kGuardValues));
  *guard = {&Guard::kTag, /*is_open=*/true};
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, kGuardedGroup);
  lua_pushthread(L);
  lua_setiuservalue(L, -2, kGuardedState);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
  lua_insert(L, kGuardAt);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, &NoteError, 1);
  lua_insert(L, kHandlerAt);
  // The function's first argument.
  lua_pushvalue(L, 1);
  lua_insert(L, kLastOfFrame + 2);
  lua_toclose(L, 1);
  iso->groups().Begin(&group->core, L);
  const int status = lua_pcallk(L, lua_gettop(L) - kLastOfFrame - 1,
                                LUA_MULTRET, kHandlerAt, 0, &l_body_k);
  return l_body_k(L, status, 0);
}

// The group's frame is left for good. As a rule all is over by then. Otherwise
// the generator in which it runs is being closed, and the members must end
// first.
int l_group_close(lua_State* L) {
  Group* group = Check<Group>(L, 1);
  if (group->core.over) return 0;
  Isolate* iso = Isolate::Of(L);
  iso->groups().EndFunction(&group->core);
  group->core.over = true;
  iso->groups().Cancel(L, 1);
  const auto wait = [](lua_State* state, int, lua_KContext) {
    EndWait(state);
    return 0;
  };
  if (group->core.live == 0 || iso->current == nullptr) return 0;
  return WaitIn(L, group->core.waiters,
                {.reason = WaitReason::kGroup, .shielded = true}, wait, 0);
}

int l_guard_gc(lua_State* L) {
  const auto* guard = Test<Guard>(L, 1);
  if (guard == nullptr || !guard->is_open) return 0;
  lua_getiuservalue(L, 1, kGuardedGroup);
  Isolate::Of(L)->groups().Drop(L, lua_gettop(L));
  return 0;
}

constexpr luaL_Reg kGroupMeta[] = {{"__close", &l_group_close},
                                   {nullptr, nullptr}};
constexpr luaL_Reg kGuardMeta[] = {{"__gc", &l_guard_gc}, {nullptr, nullptr}};
constexpr luaL_Reg kNoMethods[] = {{nullptr, nullptr}};

}  // namespace

void OpenGroup(lua_State* L) {
  NewMetatable(L, "group", kNoMethods, kGroupMeta);
  lua_getfield(L, -1, "__index");
  Isolate::Of(L)->PushHandles(L);
  lua_pushcclosure(L, &l_group_go, 1);
  lua_setfield(L, -2, "go");
  Isolate::Of(L)->PushHandles(L);
  lua_pushcclosure(L, &l_group_spawn, 1);
  lua_setfield(L, -2, "spawn");
  lua_pushcfunction(L, &l_group_cancel);
  lua_setfield(L, -2, "cancel");
  lua_pushcfunction(L, &l_group_errors);
  lua_setfield(L, -2, "errors");
  lua_pop(L, 1);
  NewMetatable(L, Guard::kTag.name, kNoMethods, kGuardMeta);
  lua_pushcclosure(L, &l_group, 2);
  lua_setfield(L, -2, "group");
}

}  // namespace trilune::stdlib
