// Semaphores and wait groups of trilune.sync, and the guards that give back
// units taken from them.

#include "stdlib/sync/sync.h"

namespace trilune::stdlib {
namespace {

// --- guards ---

// A guard stands for `n` units of what `owner` counts: its __close gives them
// back. It is a table {owner, n}. The guard for one unit is made with the owner
// and kept as its user value 1, so that the usual call allocates nothing.

// Pushes a guard of `n` units of the owner at `index`. Upvalue 2 is the
// metatable of such guards.
void NewGuard(lua_State* L, int index, lua_Integer n) {
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, index);
  lua_rawseti(L, -2, 1);
  lua_pushinteger(L, n);
  lua_rawseti(L, -2, 2);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
}

// Makes the guard of one unit and keeps it in its owner, which is on top.
void KeepGuard(lua_State* L) {
  NewGuard(L, lua_gettop(L), 1);
  lua_setiuservalue(L, -2, 1);
}

// Pushes the guard that a caller of the method gets for `n` units of the owner
// at 1. It may raise, so it comes before anything is acquired.
void PushGuard(lua_State* L, lua_Integer n) {
  if (n == 1) {
    lua_getiuservalue(L, 1, 1);
  } else {
    NewGuard(L, 1, n);
  }
}

// For __close: returns the owner that a guard leads to, and in `*n` its units.
template <class Owner>
Owner* CheckGuard(lua_State* L, lua_Integer* n) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawgeti(L, 1, 1);
  lua_rawgeti(L, 1, 2);
  *n = lua_tointeger(L, -1);
  // A script may have changed the table.
  if (*n < 1 || *n > INT32_MAX) luaL_error(L, "broken guard");
  return Check<Owner>(L, -2);
}

// --- semaphore ---

struct LuaSemaphore {
  static constexpr TypeTag kTag = {"semaphore"};
  const TypeTag* tag = &kTag;
  lua_Integer count = 0;
  WaitQueue waiters;

  // Lets the waiters go while there are units for the first of them. A waiter
  // that wants many keeps those behind it waiting, so that it cannot be
  // starved.
  void Admit() {
    while (waiters.First() != nullptr && NumberOf(waiters.head()) <= count) {
      const int32_t wanted = NumberOf(waiters.head());
      WaiterBase* waiter = waiters.WinHead();
      if (waiter == nullptr) continue;
      count -= wanted;
      MakeReady(waiter);
    }
  }
};

int32_t CheckCount(lua_State* L, int index) {
  const lua_Integer n = luaL_optinteger(L, index, 1);
  luaL_argcheck(L, n >= 1 && n <= INT32_MAX, index, "count is out of range");
  return static_cast<int32_t>(n);
}

int l_semaphore(lua_State* L) {
  const lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n <= INT32_MAX, 1, "count is out of range");
  New<LuaSemaphore>(L, 1, lua_upvalueindex(1))->count = n;
  KeepGuard(L);
  return 1;
}

int l_sem_acquire_k(lua_State* L, int, lua_KContext) {
  auto* sem = static_cast<LuaSemaphore*>(lua_touserdata(L, 1));
  const WakeResult result = EndWait(L);
  if (result != WakeResult::kReady) sem->Admit();
  const int n = EndTimedWait(L, result);
  if (n > 0) return n;
  lua_settop(L, 2);
  return GiveHeld(L);
}

int l_sem_acquire(lua_State* L) {
  auto* sem = Check<LuaSemaphore>(L, 1);
  const int32_t n = CheckCount(L, 2);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 3, &now);
  // sem, permit
  lua_settop(L, 1);
  PushGuard(L, n);
  if (sem->waiters.First() == nullptr && sem->count >= n) {
    sem->count -= n;
    return GiveHeld(L);
  }
  if (now) return PushTimeout(L);
  return WaitIn(
      L, sem->waiters,
      {.reason = WaitReason::kSemaphore, .deadline_ns = deadline, .number = n},
      &l_sem_acquire_k, 0);
}

int l_sem_tryacquire(lua_State* L) {
  auto* sem = Check<LuaSemaphore>(L, 1);
  const int32_t n = CheckCount(L, 2);
  const bool can = sem->waiters.First() == nullptr && sem->count >= n;
  if (can) sem->count -= n;
  lua_pushboolean(L, can);
  return 1;
}

int Release(lua_State* L, LuaSemaphore* sem, lua_Integer n) {
  if (sem->count > INT32_MAX - n) return luaL_error(L, "semaphore overflow");
  sem->count += n;
  sem->Admit();
  return 0;
}

int l_sem_release(lua_State* L) {
  auto* sem = Check<LuaSemaphore>(L, 1);
  return Release(L, sem, CheckCount(L, 2));
}

int l_permit_close(lua_State* L) {
  lua_Integer n = 0;
  auto* sem = CheckGuard<LuaSemaphore>(L, &n);
  return Release(L, sem, n);
}

int l_sem_count(lua_State* L) {
  lua_pushinteger(L, Check<LuaSemaphore>(L, 1)->count);
  return 1;
}

constexpr luaL_Reg kSemaphoreMethods[] = {{"acquire", &l_sem_acquire},
                                          {"tryacquire", &l_sem_tryacquire},
                                          {"release", &l_sem_release},
                                          {"count", &l_sem_count},
                                          {nullptr, nullptr}};

// --- waitgroup ---

struct LuaWaitGroup {
  static constexpr TypeTag kTag = {"waitgroup"};
  const TypeTag* tag = &kTag;
  lua_Integer count = 0;
  WaitQueue waiters;
};

int l_waitgroup(lua_State* L) {
  New<LuaWaitGroup>(L, 1, lua_upvalueindex(1));
  KeepGuard(L);
  return 1;
}

// Adds `n`, which may be negative. At 0 all waiters go.
int AddTo(lua_State* L, LuaWaitGroup* group, lua_Integer n) {
  lua_Integer sum = 0;
  if (__builtin_add_overflow(group->count, n, &sum)) {
    return luaL_error(L, "waitgroup counter overflow");
  }
  if (sum < 0) return luaL_error(L, "negative waitgroup counter");
  group->count = sum;
  if (sum == 0) WakeAll(group->waiters);
  return 0;
}

int l_wg_add(lua_State* L) {
  auto* group = Check<LuaWaitGroup>(L, 1);
  const lua_Integer n = luaL_optinteger(L, 2, 1);
  if (n < 1 || n > INT32_MAX) return AddTo(L, group, n);  // without a guard
  PushGuard(L, n);
  AddTo(L, group, n);
  return GiveHeld(L);
}

int l_member_close(lua_State* L) {
  lua_Integer n = 0;
  auto* group = CheckGuard<LuaWaitGroup>(L, &n);
  return AddTo(L, group, -n);
}

int l_wg_done(lua_State* L) {
  return AddTo(L, Check<LuaWaitGroup>(L, 1), -1);
}

int l_wg_wait_k(lua_State* L, int, lua_KContext) {
  const int n = EndTimedWait(L, EndWait(L));
  return n > 0 ? n : PushTrue(L);
}

int l_wg_wait(lua_State* L) {
  auto* group = Check<LuaWaitGroup>(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (group->count == 0) return PushTrue(L);
  if (now) return PushTimeout(L);
  return WaitIn(L, group->waiters,
                {.reason = WaitReason::kWaitGroup, .deadline_ns = deadline},
                &l_wg_wait_k, 0);
}

constexpr luaL_Reg kWaitGroupMethods[] = {{"add", &l_wg_add},
                                          {"done", &l_wg_done},
                                          {"wait", &l_wg_wait},
                                          {nullptr, nullptr}};

constexpr luaL_Reg kPermitMeta[] = {{"__close", &l_permit_close},
                                    {nullptr, nullptr}};
constexpr luaL_Reg kMemberMeta[] = {{"__close", &l_member_close},
                                    {nullptr, nullptr}};

// As AddType, for a type whose methods and constructor make guards. Their
// upvalue 2 is the metatable of the guards.
void AddGuardedType(lua_State* L, const char* name, lua_CFunction constructor,
                    const luaL_Reg* methods, const char* guard_name,
                    const luaL_Reg* guard_methods) {
  NewMetatable(L, guard_name, kNoMethods, guard_methods);
  NewMetatable(L, name, kNoMethods, nullptr);
  lua_getfield(L, -1, "__index");
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -4);
  luaL_setfuncs(L, methods, 2);
  lua_pop(L, 1);
  lua_insert(L, -2);
  lua_pushcclosure(L, constructor, 2);
  lua_setfield(L, -2, name);
}

}  // namespace

void OpenSyncCounters(lua_State* L) {
  AddGuardedType(L, "semaphore", &l_semaphore, kSemaphoreMethods, "permit",
                 kPermitMeta);
  AddGuardedType(L, "waitgroup", &l_waitgroup, kWaitGroupMethods,
                 "waitgroup member", kMemberMeta);
}

}  // namespace trilune::stdlib
