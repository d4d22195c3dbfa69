// Life of a Lua G: Go makes it, Begin gives it a state at its first run,
// RunGoroutine runs it until it parks, yields or ends, Conclude takes it apart.
//
//  Go            record, handle, body and arguments in the handle; runnable
//   | RunGoroutine, the first time: Begin
//   v
//  lua_resume    on the G's own lua_State, until it
//   |  parks or yields     RunGoroutine returns, and later resumes it again
//   |  yields by itself    MayYield: a coroutine as body yields, others raise
//   |  returns             Finish, Conclude: results to the handle
//   |  fails               Finish: Failures::Note, CleanUp, Conclude
//   v
//  Ended         wakes joiners, leaves the group, completes the host's call
//  Free          the record serves another G
//
// A G has no lua_State before its first run, and keeps none after its end. Body
// and arguments wait in the handle, and the results rest there. So a million Gs
// that have not run cost a record and a userdata each.
//
// The main G differs: it runs on the isolate's main state, below lua_pcall as
// in lua.c (RunMain), so it always parks with its stack, and EndMain ends it.
//
// The order at the end of a failed G matters. The error is noted first, because
// it counts from the moment in which it leaves the function. Then
// lua_resetthread runs the __close handlers, which may park and may raise
// another error. Only then do joiners learn of the end.
//
// An isolate that has been halted never resumes a state again: EndLate ends the
// record alone.

#include <cstdlib>
#include <cstring>
#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/core/thread_lock.h"
#include "sched/sync/check.h"
#include "sched/thread/m.h"
#include "vm/goroutine/coroutine_body.h"
#include "vm/isolate/isolate.h"
#include "vm/lua/coroutine.h"

namespace trilune::vm {
namespace {

// The Lua function of a G whose body and arguments were packed into a table.
int UnpackAndRun(lua_State* L) {
  lua_rawgeti(L, 1, 1);
  const auto count = static_cast<int>(lua_tointeger(L, -1));
  lua_pop(L, 1);
  luaL_checkstack(L, count, "too many arguments");
  for (int i = 1; i <= count; i++)
    lua_rawgeti(L, 1, i + 1);
  const auto k = [](lua_State* state, int, lua_KContext) {
    return lua_gettop(state) - 1;
  };
  lua_callk(L, count - 1, LUA_MULTRET, 0, k);
  return k(L, LUA_OK, 0);
}

// Packs `n` values on the stack, from `first` on, into a new table: first their
// number, then the values.
void PackTable(lua_State* L, int first, int n) {
  lua_createtable(L, n + 1, 0);
  lua_pushinteger(L, n);
  lua_rawseti(L, -2, 1);
  for (int i = 0; i < n; i++) {
    lua_pushvalue(L, first + i);
    lua_rawseti(L, -2, i + 2);
  }
}

}  // namespace

const GKind Isolate::kGoroutineKind = {&Isolate::RunGoroutine,
                                       &Isolate::OnPreemptSignal};
const GKind Isolate::kMainKind = {&Isolate::RunMain, &Isolate::OnPreemptSignal};
const GKind Isolate::kQuietGoroutineKind = {&Isolate::RunGoroutine};
const GKind Isolate::kQuietMainKind = {&Isolate::RunMain};

// --- Making. ---

// One list of steps. Their order matters: all that may raise comes first. A
// late step that fails takes the handle out of the table again.
// NOLINTNEXTLINE(readability-function-size,readability-function-cognitive-complexity)
GHandle* Isolate::Go(lua_State* L, int n, bool in_group, CoroutineBody body) {
  if (is_timed_) CheckLimits();
  if (killed_) {
    lua_pushstring(L, kill_reason());
    lua_error(L);
  }
  if (stopping_)
    luaL_error(L, "cannot start a goroutine: the isolate is stopping");
  const bool packed = n > (body.co != nullptr ? 1 : kMaxDirect);
  const int group = in_group ? 1 : 0;
  const int first = lua_gettop(L) - group - n + 1;
  const int values = body.co != nullptr ? 2 : packed ? 1 : n;
  auto* handle = static_cast<GHandle*>(
      lua_newuserdatauv(L, sizeof(GHandle), values + group));
  const int at = lua_gettop(L);
  *handle = {};
  handle->count = n;
  handle->is_packed = packed;
  if (packed) {
    PackTable(L, first, n);
    lua_setiuservalue(L, at, 1);
  } else {
    for (int i = 0; i < n; i++) {
      lua_pushvalue(L, first + i);
      lua_setiuservalue(L, at, i + 1);
    }
  }
  if (body.co != nullptr) {
    handle->state = GHandle::kCoroutine;
    if (body.values_index != 0) {
      lua_pushvalue(L, body.values_index);
      lua_setiuservalue(L, at, 2);
    }
  }
  if (in_group) {
    handle->group_at = static_cast<uint8_t>(values + 1) & 7;
    lua_pushvalue(L, at - 1);
    lua_setiuservalue(L, at, handle->group_at);
  }
  lua_pushvalue(data_, kMeta);
  lua_xmove(data_, L, 1);
  lua_setmetatable(L, at);
  // A record that was taken before something raised serves the next call:
  // lua_error runs no destructor that could give it back.
  LuaG* g = half_made_ != nullptr ? half_made_ : Allocate(/*own=*/false);
  if (g == nullptr) {
    CollectForLimit(L);
    g = Allocate(/*own=*/false);
  }
  if (g == nullptr) luaL_error(L, "not enough memory for a goroutine");
  half_made_ = g;
  lua_pushvalue(L, at);
  lua_rawseti(L, lua_upvalueindex(1), g->slot());
  // What was asked for above may have run a finalizer, which may have resumed
  // the coroutine. So look again.
  if (body.co != nullptr) {
    const char* why = WhyNoGoroutine(L, body.co, n - 1);
    if (why != nullptr) {
      lua_pushnil(L);
      lua_rawseti(L, lua_upvalueindex(1), g->slot());
      luaL_error(L, "%s", why);
    }
  }
  if (config_.budget != nullptr && !TakeG()) {
    lua_pushnil(L);
    lua_rawseti(L, lua_upvalueindex(1), g->slot());
    luaL_error(L, "too many goroutines (limit %d)",
               static_cast<int>(config_.budget->max_goroutines()));
  }
  half_made_ = nullptr;
  // Nothing raises from here on.
  handle->g = g;
  handle->id = NextId();
  g->id = handle->id;
  g->ClearFlags();
  if (in_group) g->Set(LuaG::kGrouped);
  if (body.co != nullptr) {
    // The tag says that the state is the G's own. From here on nobody else
    // resumes or closes it.
    TagOf(body.co) = reinterpret_cast<uintptr_t>(g) | 1;
    if (lua_status(body.co) == LUA_YIELD) g->L = body.co;
  }
  g->word.Become(GState::kIdle, GState::kRunnable);
  live++;
  PushNew(g);
  return handle;
}

void Isolate::PushHandles(lua_State* L) {
  lua_pushvalue(data_, kHandles);
  lua_xmove(data_, L, 1);
}

void Isolate::PushHandle(lua_State* L, LuaG* g) {
  lua_rawgeti(data_, kHandles, g->slot());
  lua_xmove(data_, L, 1);
}

void Isolate::MakeMainHandle(lua_State* L) {
  auto* handle =
      static_cast<GHandle*>(lua_newuserdatauv(L, sizeof(GHandle), 1));
  *handle = {};
  lua_pushvalue(data_, kMeta);
  lua_xmove(data_, L, 1);
  lua_setmetatable(L, -2);
  PushHandles(L);
  lua_pushvalue(L, -2);
  lua_rawseti(L, -2, main_g_->slot());
  lua_pop(L, 1);
  handle->g = main_g_;
  handle->id = main_g_->id;
}

// The module that defines the methods of handles may be opened after the first
// G was made.
void Isolate::SetHandleMetatable(lua_State* L) {
  lua_xmove(L, data_, 1);
  lua_replace(data_, kMeta);
  // Handles made before there was a metatable get it now: the body's G of a
  // program.
  ForEachG([this](const LuaG* g) {
    if (lua_rawgeti(data_, kHandles, g->slot()) == LUA_TUSERDATA) {
      lua_pushvalue(data_, kMeta);
      lua_setmetatable(data_, -2);
    }
    lua_pop(data_, 1);
    return false;
  });
}

// --- Running. ---

// Gives `g` a state, and moves body and arguments there. `*n` becomes the
// number of arguments for lua_resume. False: no memory.
bool Isolate::Begin(LuaG* g, int* n) {
  lua_rawgeti(data_, kHandles, g->slot());
  const int at = lua_gettop(data_);
  auto* handle = static_cast<GHandle*>(lua_touserdata(data_, at));
  if (handle->state == GHandle::kCoroutine) {
    const bool is_cancelled = g->Has(G::kCancelled) && !shields_.Covers(g);
    g->L = BeginCoroutine(data_, at, is_cancelled, n);
    return true;
  }
  int16_t number = 0;
  lua_State* L = TakeState(&number);
  if (L == nullptr) {
    lua_settop(data_, at - 1);
    return false;
  }
  g->L = L;
  TagOf(L) = reinterpret_cast<uintptr_t>(g) | 1;
  handle->state = number;
  if (handle->is_packed) {
    lua_pushcfunction(L, &UnpackAndRun);
    lua_getiuservalue(data_, at, 1);
    lua_xmove(data_, L, 1);
    *n = 1;
  } else {
    const int count = handle->count;
    *n = count - 1;
    for (int i = 1; i <= count; i++)
      lua_getiuservalue(data_, at, i);
    lua_xmove(data_, L, count);
    for (int i = 2; i <= count; i++) {
      lua_pushnil(data_);
      lua_setiuservalue(data_, at, i);
    }
  }
  // No pool anchors this state, so the handle does, until the end of the G.
  if (number == GHandle::kUnpooled) {
    lua_pushthread(L);
    lua_xmove(L, data_, 1);
    lua_setiuservalue(data_, at, 1);
    lua_settop(worker_, 0);
  }
  lua_settop(data_, at - 1);
  return true;
}

Outcome Isolate::RunGoroutine(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  int n = 0;
  if (iso->halted_) return iso->EndLate(g);
  if (!g->Has(G::kStarted)) {
    if (iso->is_timed_) iso->CheckLimits();
    // EndCancelledUnstarted has done the rest.
    if (g->Has(G::kCancelled) && g->L == nullptr) {
      g->word.Become(GState::kRunning, GState::kDead);
      iso->Free(g);
      return Outcome::kEnded;
    }
    g->Set(G::kStarted);
    iso->meter_.Charge(iso->preempter_.count());
    if (!iso->Begin(g, &n)) {
      iso->Finish(g, LUA_ERRMEM, 0);
      return Outcome::kEnded;
    }
  }
  for (;;) {
    // Each turn resumes the state once. There is a further turn only if a C
    // module has yielded by itself, and must raise now.
    iso->Enter(g, nullptr, 0);
    int results = 0;
    const int status = lua_resume(g->L, nullptr, n, &results);
    if (status != LUA_YIELD) {
      iso->Finish(g, status, results);
      return Outcome::kEnded;
    }
    // ShallAbandon has stopped the G in its own state.
    if (iso->abandoned == g->L) {
      iso->EndAbandoned(g);
      return Outcome::kEnded;
    }
    // A yield of the runtime's own has set `pending`. MustRaise asks about the
    // running G, so it comes before Leave.
    const Pending pending = iso->pending;
    const bool must_raise = pending == Pending::kNothing && iso->MustRaise();
    iso->Leave();
    iso->pending = Pending::kNothing;
    if (pending == Pending::kPark) return Outcome::kParked;
    if (pending == Pending::kYield) return Outcome::kYielded;
    // A C module called lua_yield itself.
    lua_pop(g->L, results);
    lua_rawgeti(iso->data_, kHandles, g->slot());
    if (MayYield(iso->data_, g->L, results > 0, must_raise)) {
      return Outcome::kYielded;
    }
    n = 0;
  }
}

Outcome Isolate::RunMain(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  if (iso->halted_) return iso->EndLate(g);
  // At most one call that waits runs the main G: StartMain refuses others.
  HostCall* call = iso->waiting_;
  while (!call->IsMain())
    call = call->next;
  g->Set(G::kStarted);
  lua_State* L = iso->main_;
  lua_pushcfunction(L, call->body);
  lua_pushlightuserdata(L, call->argument);
  iso->Enter(g, nullptr, 0);
  const int status = lua_pcall(L, 1, 0, 0);
  iso->EndMain(status);
  return Outcome::kEnded;
}

// --- Ending. ---

// As Conclude, for the main G: its state is never released, and its record
// stays for the next call.
void Isolate::EndMain(int status) {
  Leave();
  Status result;
  if (status != LUA_OK) {
    // Not lua_tostring: it would convert a number, which allocates.
    const bool is_string = lua_type(main_, -1) == LUA_TSTRING;
    result = ErrorStatus(
        status == LUA_ERRMEM ? StatusCode::kNoMemory : StatusCode::kLuaError,
        is_string ? lua_tostring(main_, -1) : "(error object is not a string)");
  }
  main_g_->set_raises(0);
  if (raise_delay.is_put_off()) raise_delay = RaiseDelay();
  main_runs_ = false;
  lua_rawgeti(data_, kHandles, main_g_->slot());
  auto* handle = static_cast<GHandle*>(lua_touserdata(data_, -1));
  if (handle != nullptr) {
    handle->result =
        status == LUA_OK ? GHandle::Result::kOk : GHandle::Result::kError;
    if (status != LUA_OK) {
      lua_xmove(main_, data_, 1);
      lua_setiuservalue(data_, -2, 1);
    }
  }
  lua_settop(main_, 0);
  HostCall** link = &waiting_;
  while (*link != nullptr && !(*link)->IsMain()) {
    link = &(*link)->next;
  }
  HostCall* call = *link;  // null: it was ended before, by a deadlock
  if (call != nullptr) *link = call->next;
  EndRunning(main_g_);
  Ended(main_g_, handle);
  if (call != nullptr && call->kind == HostCall::Kind::kProgram) {
    stopping_ = true;
    CancelAll();
  }
  if (call != nullptr) Complete(call, std::move(result));
}

// Takes the state from an ended G: back to the pool, or out of it for the
// collector to find.
void Isolate::ReleaseState(LuaG* g, GHandle* handle) {
  lua_State* L = g->L;
  g->L = nullptr;
  if (L == nullptr) return;
  TagOf(L) = reinterpret_cast<uintptr_t>(this);
  const int16_t number = handle->state;
  if (number == GHandle::kCoroutine) lua_settop(L, 0);  // dead, for scripts
  if (number < 0) return;
  idle_states_.push_back(number);  // has room, so it cannot throw
  // Only a state that ended well serves again. lua_resetthread of Lua 5.4.4
  // leaves the hook flags, the message handler and the call depth of a state
  // that failed.
  if (!g->Has(LuaG::kEscaped) && preempter_.IsReset(L)) {
    lua_settop(L, 0);
    preempter_.Reset(L);
    return;
  }
  states_[static_cast<size_t>(number)] = nullptr;
  lua_pushnil(data_);
  lua_rawseti(data_, kStates, number + 1);
}

// Moves `n` results from the top of the G's state to its handle, which is on
// top of data_. False: no memory for a table of them.
bool Isolate::StoreResults(LuaG* g, GHandle* handle, int n) {
  lua_State* L = g->L;
  handle->result = GHandle::Result::kOk;
  handle->count = n;
  if (n == 0) {
    lua_pushnil(data_);
  } else if (n == 1) {
    lua_xmove(L, data_, 1);
  } else {
    if (lua_checkstack(L, 1) == 0) return false;
    lua_pushcfunction(L, [](lua_State* state) {
      PackTable(state, 1, lua_gettop(state));
      return 1;
    });
    lua_insert(L, -n - 1);
    if (CallOutside(L, n, 1) != LUA_OK) return false;
    lua_xmove(L, data_, 1);
  }
  lua_setiuservalue(data_, -2, 1);
  return true;
}

void Isolate::Finish(LuaG* g, int status, int n) {
  if (status != LUA_OK) {
    failures_.Note(g, g->L);
    CleanUp(g);  // may park, in __close
  }
  Conclude(g, status, n);
}

// ShallAbandon has stopped the G. It ends as if it had raised the reason, which
// is no failure.
void Isolate::EndAbandoned(LuaG* g) {
  TakeAbandoned();
  if (CleanUp(g) == LUA_ERRRUN) {
    failures_.Note(g, g->L);  // a handler's own error
  } else {
    lua_settop(g->L, 0);
    PushReason(g->L, g);
  }
  Conclude(g, LUA_ERRRUN, 0);
}

// The last part of the G's life. The error or the results are on top of its
// state, and move to its handle.
void Isolate::Conclude(LuaG* g, int status, int n) {
  Leave();
  lua_rawgeti(data_, kHandles, g->slot());
  auto* handle = static_cast<GHandle*>(lua_touserdata(data_, -1));
  if (status != LUA_OK && g->L != nullptr) {
    lua_xmove(g->L, data_, 1);
    failures_.Keep(g, handle);
  } else if (status != LUA_OK || !StoreResults(g, handle, n)) {
    if (status == LUA_OK) failures_.Note(g, nullptr);
    g->Set(LuaG::kEscaped);  // its state, if any, is used up
    lua_pushvalue(data_, kNoMemory);
    failures_.Keep(g, handle);
  }
  ReleaseState(g, handle);
  // It may have been about to raise.
  if (raise_delay.is_put_off()) raise_delay = RaiseDelay();
  EndRunning(g);
  Ended(g, handle);
  Free(g);
}

// The G's function has failed. Runs the __close handlers that are left, and
// leaves the error object on top of the state. Returns the status after those
// handlers, which may have raised another error.
int Isolate::CleanUp(LuaG* g) {
  g->Set(LuaG::kEscaped);
  if (g->L == nullptr) return LUA_ERRMEM;
  // A cancelled G has used up its raises. Its handlers get a slice all the
  // same.
  g->set_raises(0);
  CurrentM()->preempt_soon.store(false, std::memory_order_relaxed);
  Leave();
  Enter(g, nullptr, 0);
  return lua_resetthread(g->L);
}

// Ends a G that was cancelled before its first run. Its record stays queued,
// and RunGoroutine frees it when it is picked.
void Isolate::EndCancelledUnstarted(LuaG* g) {
  lua_rawgeti(data_, kHandles, g->slot());
  auto* handle = static_cast<GHandle*>(lua_touserdata(data_, -1));
  for (int i = 2; i <= (handle->is_packed ? 1 : handle->count); i++) {
    lua_pushnil(data_);
    lua_setiuservalue(data_, -2, i);
  }
  if (handle->state == GHandle::kCoroutine) {
    g->L = PushCoroutine(data_, lua_gettop(data_));
    ReleaseState(g, handle);
    lua_pop(data_, handle->is_packed ? 2 : 1);
  }
  PushReason(data_, g);
  lua_setiuservalue(data_, -2, 1);
  handle->result = GHandle::Result::kError;
  Ended(g, handle);
}

// The running G ends, and with it its lock on a thread.
void Isolate::EndRunning(LuaG* g) {
  if (thread_locks != nullptr) EndThreadLock(CurrentM(), g);
  g->word.Become(GState::kRunning, GState::kDead);
}

// Tells joiners, the group and the host that `g` has ended. Its handle, or nil,
// is on top of data_ and is popped.
void Isolate::Ended(LuaG* g, GHandle* handle) {
  while (WaiterBase* waiter = g->joiners.PopAndWin()) {
    waiter->g->wake = WakeResult::kReady;
    waiter->g->wake_index = static_cast<LuaWaiter*>(waiter)->index;
    ReadyInStrand(waiter->g, /*woken=*/false);
  }
  live--;
  if (gs_taken_ > 0 && g != main_g_) GiveGs(1);  // the main G takes none
  if (handle != nullptr) {
    handle->g = nullptr;
    if (g->Has(LuaG::kGrouped)) groups_.Leave(handle);
    if (handle->host_call != nullptr) EndHostCall(handle);
    if (handle->state == GHandle::kCoroutine) {
      lua_pushnil(data_);
      lua_setiuservalue(data_, -2, 2);
    }
    lua_pushnil(data_);
    lua_rawseti(data_, kHandles, g->slot());
  }
  if (g->Has(G::kCancelled)) {
    children.TellThoseOf(g);
    lua_pushnil(data_);
    lua_rawseti(data_, kReasons, g->slot());
  }
  lua_pop(data_, 1);
  CheckDrained();
}

// The G was made for a call of the host. The handle is on top of data_.
void Isolate::EndHostCall(GHandle* handle) {
  HostCall** link = &waiting_;
  while (*link != nullptr && *link != handle->host_call)
    link = &(*link)->next;
  HostCall* call = *link;
  if (call == nullptr) return;  // it was ended before, by a deadlock
  *link = call->next;
  Status result;
  if (handle->result == GHandle::Result::kError) {
    lua_getiuservalue(data_, -1, 1);
    // Not lua_tostring: it would convert a number, which allocates.
    const bool is_string = lua_type(data_, -1) == LUA_TSTRING;
    result = ErrorStatus(
        StatusCode::kLuaError,
        is_string ? lua_tostring(data_, -1) : "(error object is not a string)");
    lua_pop(data_, 1);
  }
  Complete(call, std::move(result));
}

// A failure is seen from here on: it will not be reported.
int Isolate::PushResults(lua_State* L, GHandle* handle, int handle_index) {
  luaL_checkstack(L, 6, "too many results");
  if (handle->result == GHandle::Result::kFailure) {
    lua_pushboolean(L, 0);
    lua_getiuservalue(L, handle_index, 1);
    return 1 + failures_.PushSeen(L);
  }
  lua_pushboolean(L, handle->result == GHandle::Result::kOk);
  const bool is_error = handle->result == GHandle::Result::kError;
  const int n = is_error ? 1 : handle->count;
  if (n == 0) return 1;
  lua_getiuservalue(L, handle_index, 1);
  if (n == 1) return 2;
  const int table = lua_gettop(L);
  luaL_checkstack(L, n, "too many results");
  for (int i = 1; i <= n; i++)
    lua_rawgeti(L, table, i + 1);
  lua_remove(L, table);
  return n + 1;
}

}  // namespace trilune::vm
