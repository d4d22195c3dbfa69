// The module trilune.sync: locks and counters for the Gs of one isolate.
// Semaphores and wait groups are in sync_counters.cc, events in event.cc.
//
// The Gs of an isolate take turns, so each object is a few fields and a queue,
// without atomics. Its waits have the shape that binding.cc describes.
//
// First come, first served: a release does not just mark the object free. It
// hands it to the G at the head of the queue and readies that G. A G that comes
// between the release and that G's run finds the object taken, so nobody
// overtakes.
//
// A G that gives up (timeout, cancellation) may have held back the ones behind
// it, where the head of the queue decides who may go. So its continuation calls
// Admit.
//
// lock, rlock and acquire return a value with __close, so that a script can
// write `local l <close> = m:lock()`. GiveHeld (sync.h) keeps a cancellation
// from being raised between the acquisition and that assignment.

#include "stdlib/sync/sync.h"

#include "sched/core/loop.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;

// --- mutex ---

struct LuaMutex {
  static constexpr TypeTag kTag = {"mutex"};
  const TypeTag* tag = &kTag;
  bool locked = false;
  WaitQueue waiters;

  void Release() {
    // If a waiter gets the mutex, it stays locked throughout.
    WaiterBase* waiter = waiters.PopAndWin();
    locked = waiter != nullptr;
    if (waiter != nullptr) MakeReady(waiter);
  }
};

int l_mutex(lua_State* L) {
  New<LuaMutex>(L, 0, lua_upvalueindex(1));
  return 1;
}

int l_mutex_lock_k(lua_State* L, int, lua_KContext) {
  const int n = EndTimedWait(L, EndWait(L));
  if (n > 0) return n;
  lua_settop(L, 1);
  return GiveHeld(L);
}

int l_mutex_lock(lua_State* L) {
  auto* mutex = Check<LuaMutex>(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (!mutex->locked) {
    mutex->locked = true;
    lua_settop(L, 1);
    return GiveHeld(L);
  }
  if (now) return PushTimeout(L);
  return WaitIn(L, mutex->waiters,
                {.reason = WaitReason::kMutexLock, .deadline_ns = deadline},
                &l_mutex_lock_k, 0);
}

int l_mutex_trylock(lua_State* L) {
  auto* mutex = Check<LuaMutex>(L, 1);
  lua_pushboolean(L, !mutex->locked);
  mutex->locked = true;
  return 1;
}

int l_mutex_unlock(lua_State* L) {
  auto* mutex = Check<LuaMutex>(L, 1);
  if (!mutex->locked) return luaL_error(L, "unlock of unlocked mutex");
  mutex->Release();
  return 0;
}

constexpr luaL_Reg kMutexMethods[] = {{"lock", &l_mutex_lock},
                                      {"trylock", &l_mutex_trylock},
                                      {"unlock", &l_mutex_unlock},
                                      {nullptr, nullptr}};
constexpr luaL_Reg kMutexMeta[] = {{"__close", &l_mutex_unlock},
                                   {nullptr, nullptr}};

// --- rwmutex ---

// A waiting writer keeps new readers out, so that readers cannot starve it.
struct LuaRWMutex {
  static constexpr TypeTag kTag = {"rwmutex"};
  enum : int32_t { kReader, kWriter };
  const TypeTag* tag = &kTag;
  bool writing = false;
  uint32_t readers = 0;
  WaitQueue waiters;

  [[nodiscard]] bool CanRead() {
    return !writing && waiters.First() == nullptr;
  }
  [[nodiscard]] bool CanWrite() {
    return !writing && readers == 0 && waiters.First() == nullptr;
  }
  // Lets in the waiters that may go now, in the order in which they came.
  void Admit() {
    while (!writing && waiters.First() != nullptr) {
      const bool writer = NumberOf(waiters.head()) == kWriter;
      if (writer && readers > 0) return;
      WaiterBase* waiter = waiters.WinHead();
      if (waiter == nullptr) continue;
      writing = writer;
      if (!writer) readers++;
      MakeReady(waiter);
    }
  }
};

int l_rwmutex(lua_State* L) {
  New<LuaRWMutex>(L, 1, lua_upvalueindex(1));
  // What rlock returns: a table that leads back here, with __close.
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

int PushReadLock(lua_State* L) {
  lua_getiuservalue(L, 1, 1);
  return GiveHeld(L);
}

int l_rw_lock_k(lua_State* L, int, lua_KContext context) {
  auto* rw = static_cast<LuaRWMutex*>(lua_touserdata(L, 1));
  const WakeResult result = EndWait(L);
  // The waiters behind the one that gives up may be able to go now.
  if (result != WakeResult::kReady) rw->Admit();
  const int n = EndTimedWait(L, result);
  if (n > 0) return n;
  if (context == LuaRWMutex::kReader) return PushReadLock(L);
  lua_settop(L, 1);
  return GiveHeld(L);
}

int l_rw_lock(lua_State* L) {
  auto* rw = Check<LuaRWMutex>(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (rw->CanWrite()) {
    rw->writing = true;
    lua_settop(L, 1);
    return GiveHeld(L);
  }
  if (now) return PushTimeout(L);
  return WaitIn(L, rw->waiters,
                {.reason = WaitReason::kRWMutexLock,
                 .deadline_ns = deadline,
                 .number = LuaRWMutex::kWriter},
                &l_rw_lock_k, LuaRWMutex::kWriter);
}

int l_rw_rlock(lua_State* L) {
  auto* rw = Check<LuaRWMutex>(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (rw->CanRead()) {
    rw->readers++;
    return PushReadLock(L);
  }
  if (now) return PushTimeout(L);
  return WaitIn(L, rw->waiters,
                {.reason = WaitReason::kRWMutexRLock,
                 .deadline_ns = deadline,
                 .number = LuaRWMutex::kReader},
                &l_rw_lock_k, LuaRWMutex::kReader);
}

int l_rw_trylock(lua_State* L) {
  auto* rw = Check<LuaRWMutex>(L, 1);
  const bool can = rw->CanWrite();
  if (can) rw->writing = true;
  lua_pushboolean(L, can);
  return 1;
}

int l_rw_tryrlock(lua_State* L) {
  auto* rw = Check<LuaRWMutex>(L, 1);
  const bool can = rw->CanRead();
  if (can) rw->readers++;
  lua_pushboolean(L, can);
  return 1;
}

int l_rw_unlock(lua_State* L) {
  auto* rw = Check<LuaRWMutex>(L, 1);
  if (!rw->writing) return luaL_error(L, "unlock of unlocked rwmutex");
  rw->writing = false;
  rw->Admit();
  return 0;
}

int ReadUnlock(lua_State* L, LuaRWMutex* rw) {
  if (rw->readers == 0) return luaL_error(L, "runlock of unlocked rwmutex");
  rw->readers--;
  rw->Admit();
  return 0;
}

int l_rw_runlock(lua_State* L) {
  return ReadUnlock(L, Check<LuaRWMutex>(L, 1));
}

int l_read_lock_close(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_rawgeti(L, 1, 1);
  return ReadUnlock(L, Check<LuaRWMutex>(L, -1));
}

constexpr luaL_Reg kRWMutexMethods[] = {{"lock", &l_rw_lock},
                                        {"trylock", &l_rw_trylock},
                                        {"unlock", &l_rw_unlock},
                                        {"rlock", &l_rw_rlock},
                                        {"tryrlock", &l_rw_tryrlock},
                                        {"runlock", &l_rw_runlock},
                                        {nullptr, nullptr}};
constexpr luaL_Reg kRWMutexMeta[] = {{"__close", &l_rw_unlock},
                                     {nullptr, nullptr}};
constexpr luaL_Reg kReadLockMeta[] = {{"__close", &l_read_lock_close},
                                      {nullptr, nullptr}};

// --- cond ---

struct LuaCond {
  static constexpr TypeTag kTag = {"cond"};
  const TypeTag* tag = &kTag;
  LuaMutex* mutex = nullptr;  // user value 1 keeps it alive
  WaitQueue waiters;
};

int l_cond(lua_State* L) {
  auto* mutex = Check<LuaMutex>(L, 1);
  New<LuaCond>(L, 1, lua_upvalueindex(1))->mutex = mutex;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

// The mutex is locked again. `context` is how the wait itself ended.
int l_cond_locked_k(lua_State* L, int, lua_KContext context) {
  const int n = EndTimedWait(L, static_cast<WakeResult>(context));
  return n > 0 ? n : PushTrue(L);
}

int l_cond_relock_k(lua_State* L, int status, lua_KContext context) {
  EndWait(L);  // shielded and without a deadline: only an unlock can end it
  return l_cond_locked_k(L, status, context);
}

// The wait has ended, well or not. The mutex must be locked again in either
// case, because the caller will unlock it. So this second wait is shielded and
// has no deadline.
int l_cond_wait_k(lua_State* L, int status, lua_KContext) {
  auto* cond = static_cast<LuaCond*>(lua_touserdata(L, 1));
  const auto result = static_cast<lua_KContext>(EndWait(L));
  if (!cond->mutex->locked) {
    cond->mutex->locked = true;
    return l_cond_locked_k(L, status, result);
  }
  return WaitIn(L, cond->mutex->waiters,
                {.reason = WaitReason::kMutexLock, .shielded = true},
                &l_cond_relock_k, result);
}

int l_cond_wait(lua_State* L) {
  auto* cond = Check<LuaCond>(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (!cond->mutex->locked) {
    return luaL_error(L, "wait on a cond whose mutex is unlocked");
  }
  if (now) return PushTimeout(L);
  luaL_checkstack(L, 8, nullptr);
  // The wait is opened before the mutex is, and nothing raises in between. So a
  // cancelled G raises with its mutex still locked, and no signal is missed.
  const vm::Parking parking = vm::BeginPark(L, WaitReason::kCond);
  cond->waiters.PushTail(&parking.g->waiter, parking.g);
  cond->mutex->Release();
  ParkCommit commit;
  commit.deadline_ns = deadline;
  return vm::Park(L, parking, commit, &l_cond_wait_k, 0);
}

int l_cond_signal(lua_State* L) {
  WaiterBase* waiter = Check<LuaCond>(L, 1)->waiters.PopAndWin();
  if (waiter != nullptr) MakeReady(waiter);
  return 0;
}

int l_cond_broadcast(lua_State* L) {
  WakeAll(Check<LuaCond>(L, 1)->waiters);
  return 0;
}

constexpr luaL_Reg kCondMethods[] = {{"wait", &l_cond_wait},
                                     {"signal", &l_cond_signal},
                                     {"broadcast", &l_cond_broadcast},
                                     {nullptr, nullptr}};

// --- once ---

// Runs a function once. Callers that come during the run wait for its end. The
// function counts as run even if it fails.
struct LuaOnce {
  static constexpr TypeTag kTag = {"once"};
  const TypeTag* tag = &kTag;
  enum class State : uint8_t { kNew, kRunning, kDone } state = State::kNew;
  uint64_t runner_id = 0;
  WaitQueue waiters;

  void Finish() {
    state = State::kDone;
    runner_id = 0;
    WakeAll(waiters);
  }
};

constexpr char kOnceGuardKey = 0;

int l_once(lua_State* L) {
  New<LuaOnce>(L, 0, lua_upvalueindex(1));
  return 1;
}

int l_once_ran_k(lua_State* L, int status, lua_KContext) {
  auto* once = static_cast<LuaOnce*>(lua_touserdata(L, 1));
  once->Finish();
  if (status != LUA_OK && status != LUA_YIELD) return lua_error(L);
  return PushTrue(L);
}

int l_once_waited_k(lua_State* L, int, lua_KContext) {
  EndTimedWait(L, EndWait(L));
  lua_pushboolean(L, 0);
  return 1;
}

int l_once_call(lua_State* L) {
  auto* once = Check<LuaOnce>(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (once->state == LuaOnce::State::kDone) {
    lua_pushboolean(L, 0);
    return 1;
  }
  const vm::LuaG* g = Isolate::Of(L)->current;
  if (once->state == LuaOnce::State::kRunning) {
    if (g != nullptr && once->runner_id == g->id)
      return luaL_error(L, "once called inside its own call");
    return WaitIn(L, once->waiters, {.reason = WaitReason::kOnce},
                  &l_once_waited_k, 0);
  }
  // The coroutine in which the function runs may be closed or dropped. Then the
  // call has ended, too, and waiters must go on. A guard to which only this
  // frame refers notices that.
  lua_newuserdatauv(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kOnceGuardKey);
  lua_setmetatable(L, -2);
  lua_insert(L, 2);
  lua_toclose(L, 2);
  once->state = LuaOnce::State::kRunning;
  once->runner_id = g == nullptr ? 0 : g->id;
  const int status = lua_pcallk(L, lua_gettop(L) - 3, 0, 0, 0, &l_once_ran_k);
  return l_once_ran_k(L, status, 0);
}

int l_once_close(lua_State* L) {
  luaL_checktype(L, 1, LUA_TUSERDATA);
  lua_getiuservalue(L, 1, 1);
  auto* once = Check<LuaOnce>(L, -1);
  if (once->state == LuaOnce::State::kRunning) once->Finish();
  return 0;
}

constexpr luaL_Reg kOnceGuardMeta[] = {
    {"__close", &l_once_close}, {"__gc", &l_once_close}, {nullptr, nullptr}};
constexpr luaL_Reg kOnceMethods[] = {{"call", &l_once_call},
                                     {nullptr, nullptr}};

}  // namespace

int OpenSync(lua_State* L) {
  lua_newtable(L);
  AddType(L, "mutex", &l_mutex, kMutexMethods, kMutexMeta);
  OpenSyncCounters(L);
  AddType(L, "cond", &l_cond, kCondMethods, nullptr);
  AddType(L, "once", &l_once, kOnceMethods, nullptr);
  OpenEvent(L);
  NewMetatable(L, "once guard", kNoMethods, kOnceGuardMeta);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kOnceGuardKey);
  NewMetatable(L, "rwmutex", kRWMutexMethods, kRWMutexMeta);
  NewMetatable(L, "rwmutex read lock", kNoMethods, kReadLockMeta);
  lua_pushcclosure(L, &l_rwmutex, 2);
  lua_setfield(L, -2, "rwmutex");
  return 1;
}

}  // namespace trilune::stdlib
