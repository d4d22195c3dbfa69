// The coroutine library. Why not the stock one? Each resume must tell the
// isolate that another state is the innermost one now:
// - dumps and tracebacks walk the chain (Isolate::frames);
// - a request to preempt must be armed in the state that really runs
//   (Preempter::Moved);
// - groups and shields ask whether a G runs a state (Isolate::IsRunBy).
//
// The signal handler reads `frames` at any moment. So the new CoFrame is
// complete before it is linked, and a compiler fence stands between.
//
// A G's own state looks like a normal coroutine to scripts. Its tag says whose
// it is, so nobody resumes or closes it (Isolate::OfCoroutine is null).
//
// After lua_resume three things may have to be put right: shields in the
// coroutine no longer cover the G, a failed coroutine has left its calls of
// tri.atomic, and a state that was stopped for good is closed (EndAbandoned).

#include "vm/lua/coroutine.h"

#include "sched/thread/m.h"
#include "vm/goroutine/park.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {
namespace {

constexpr int kMaxCloseDepth = 190;
// A coroutine that is closed counts its nested C calls from the beginning.
// Lua's limit of 200 takes up to half a megabyte of C stack, and a C module's
// own recursion takes more.
constexpr size_t kStackReserveBytes = 1536 << 10;

lua_State* CheckThread(lua_State* L) {
  lua_State* co = lua_tothread(L, 1);
  luaL_argexpected(L, co != nullptr, 1, "thread");
  return co;
}

enum class CoStatus { kRunning, kDead, kSuspended, kNormal };

constexpr const char* kStatusNames[] = {"running", "dead", "suspended",
                                        "normal"};

// As auxstatus of lcorolib, except that a G's own state counts as normal.
CoStatus StatusOf(lua_State* L, lua_State* co) {
  if (L == co) return CoStatus::kRunning;
  if (Isolate::OwnerOf(co) != nullptr) return CoStatus::kNormal;
  switch (lua_status(co)) {
    case LUA_YIELD:
      return CoStatus::kSuspended;
    case LUA_OK: {
      lua_Debug ar;
      if (lua_getstack(co, 0, &ar) != 0) return CoStatus::kNormal;
      return lua_gettop(co) == 0 ? CoStatus::kDead : CoStatus::kSuspended;
    }
    default:
      return CoStatus::kDead;
  }
}

// Whether `g` runs a coroutine that a script has made: see Isolate::Go.
bool RunsCoroutine(lua_State* L, LuaG* g) {
  Isolate::Of(L)->PushHandle(L, g);
  const auto* handle = static_cast<const GHandle*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  return handle != nullptr && handle->state == GHandle::kCoroutine;
}

int Reset(lua_State* L, lua_State* co);

// The running G was cancelled, and `co` is to be closed as a whole: see
// Isolate::ShallAbandon. Its handlers mostly raise the same reason again.
int EndAbandoned(lua_State* L, lua_State* co) {
  Isolate* iso = Isolate::Of(L);
  iso->TakeAbandoned();
  Reset(L, co);
  lua_settop(co, 0);
  iso->PushReason(L, iso->current);
  // The resumer is raised at its next instruction.
  iso->preempter().Want(CurrentM());
  return -1;
}

// Moves `n` arguments to `co` and resumes it. Returns the number of results,
// which are on L's stack then; or -1, with the error there.
int Resume(lua_State* L, lua_State* co, int n) {
  if (n > 0 && lua_checkstack(co, n) == 0) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  // The own state of a G, this one or another: it is nobody's coroutine.
  Isolate* iso = Isolate::OfCoroutine(co);
  if (iso == nullptr) {
    lua_pushliteral(L, "cannot resume non-suspended coroutine");
    return -1;
  }
  if (n > 0) lua_xmove(L, co, n);
  CoFrame frame = {co, iso->frames};
  std::atomic_signal_fence(std::memory_order_seq_cst);  // before it is linked
  iso->frames = &frame;
  iso->preempter().Moved();
  const uint64_t atomic = iso->atomic();
  int results = 0;
  const int status = lua_resume(co, L, n, &results);
  iso->frames = frame.below;
  iso->preempter().Moved();
  if (status != LUA_OK && iso->shields().any()) iso->shields().OnLeft(co);
  if (status == LUA_YIELD && iso->abandoned == co) return EndAbandoned(L, co);
  if (status != LUA_OK && status != LUA_YIELD) {
    iso->set_atomic(atomic);
    lua_xmove(co, L, 1);
    if (iso->loans.any()) iso->loans.OnFailed(L, co);
    return -1;
  }
  // The arguments are gone, so the slots that each C function has are free.
  if (results >= LUA_MINSTACK && lua_checkstack(L, results + 1) == 0) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

int l_resume(lua_State* L) {
  lua_State* co = CheckThread(L);
  const int results = Resume(L, co, lua_gettop(L) - 1);
  if (results < 0) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, -(results + 1));
  return results + 1;
}

// lua_resetthread. During the call the coroutine is the innermost state, so
// that its __close handlers count as running in it.
int Reset(lua_State* L, lua_State* co) {
  Isolate* iso = Isolate::Of(L);
  CoFrame frame = {co, iso->frames};
  const M* m = CurrentM();
  const bool is_low =
      m != nullptr && m->fiber->BytesBelow(&frame) < kStackReserveBytes;
  if (is_low || iso->close_depth >= kMaxCloseDepth) {
    luaL_error(L, "C stack overflow");
  }
  std::atomic_signal_fence(std::memory_order_seq_cst);  // before it is linked
  iso->frames = &frame;
  iso->preempter().Moved();
  // A wait in a handler may let another G run, which has a nesting of its own.
  const int depth = iso->close_depth;
  iso->close_depth = depth + 1;
  const int status = lua_resetthread(co);
  iso->close_depth = depth;
  iso->frames = frame.below;
  iso->preempter().Moved();
  return status;
}

int l_wrapped(lua_State* L) {
  lua_State* co = lua_tothread(L, lua_upvalueindex(1));
  const int results = Resume(L, co, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(co);
  // It has failed, now or before. The end of a goroutine is not handled here.
  if (status != LUA_OK && status != LUA_YIELD &&
      Isolate::OfCoroutine(co) != nullptr) {
    // The message stays on L's stack. The trace looks for it on the stack of
    // `co`.
    lua_pushvalue(L, -1);
    lua_xmove(L, co, 1);
    Isolate::Of(L)->failures().NoteNested(L, co);
    lua_pop(co, 1);
    status = Reset(L, co);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

int l_create(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State* co = lua_newthread(L);
  Isolate::Of(L)->preempter().Inherit(L, co);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

int l_wrap(lua_State* L) {
  l_create(L);
  lua_pushcclosure(L, &l_wrapped, 1);
  return 1;
}

// Stack: the channel, the values. Those from index `at` on are still to be
// sent.
int SendYielded(lua_State* L, int, lua_KContext at) {
  while (at <= lua_gettop(L)) {
    lua_getfield(L, 1, "send");
    lua_pushvalue(L, 1);
    lua_pushvalue(L, static_cast<int>(at++));
    lua_callk(L, 2, 0, at, &SendYielded);
  }
  lua_settop(L, 0);
  return Yield(L, [](lua_State*, int, lua_KContext) { return 0; });
}

// coroutine.yield at a G's own level.
int YieldOf(lua_State* L, LuaG* g) {
  if (!RunsCoroutine(L, g)) {
    // As on the main thread: nobody has resumed this state.
    lua_pushliteral(L, "attempt to yield from outside a coroutine");
    return lua_error(L);
  }
  // A yield cannot cross a C call, so this raises. Only the runtime's own waits
  // can.
  if (lua_isyieldable(L) == 0) return lua_yield(L, 0);
  luaL_checkstack(L, 4, nullptr);
  Isolate::Of(L)->PushHandle(L, g);
  lua_getiuservalue(L, -1, 2);
  lua_remove(L, -2);
  if (lua_isnil(L, -1)) {
    lua_settop(L, 0);
  } else {
    lua_insert(L, 1);
  }
  return SendYielded(L, LUA_OK, 2);
}

int l_yield(lua_State* L) {
  LuaG* g = Isolate::OwnerOf(L);
  if (g != nullptr) return YieldOf(L, g);
  return lua_yield(L, lua_gettop(L));
}

int l_status(lua_State* L) {
  lua_State* co = CheckThread(L);
  lua_pushstring(L, kStatusNames[static_cast<int>(StatusOf(L, co))]);
  return 1;
}

int l_isyieldable(lua_State* L) {
  lua_State* co = lua_isnone(L, 1) ? L : CheckThread(L);
  LuaG* g = Isolate::OwnerOf(co);
  lua_pushboolean(
      L, lua_isyieldable(co) != 0 && (g == nullptr || RunsCoroutine(L, g)));
  return 1;
}

int l_running(lua_State* L) {
  const int is_main = lua_pushthread(L);
  LuaG* owner = Isolate::OwnerOf(L);
  if (owner != nullptr) owner->Set(LuaG::kEscaped);
  lua_pushboolean(
      L, is_main != 0 || (owner != nullptr && !RunsCoroutine(L, owner)));
  return 2;
}

int l_close(lua_State* L) {
  lua_State* co = CheckThread(L);
  const CoStatus status = StatusOf(L, co);
  if (status != CoStatus::kDead && status != CoStatus::kSuspended) {
    return luaL_error(L, "cannot close a %s coroutine",
                      kStatusNames[static_cast<int>(status)]);
  }
  if (Reset(L, co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

constexpr luaL_Reg kFunctions[] = {
    {"create", &l_create},
    {"resume", &l_resume},
    {"running", &l_running},
    {"status", &l_status},
    {"wrap", &l_wrap},
    {"yield", &l_yield},
    {"isyieldable", &l_isyieldable},
    {"close", &l_close},
    {nullptr, nullptr},
};

}  // namespace

const char* WhyNoGoroutine(lua_State* L, lua_State* co, int n) {
  switch (StatusOf(L, co)) {
    case CoStatus::kSuspended:
      return lua_checkstack(co, n) != 0 ? nullptr : "too many arguments";
    case CoStatus::kRunning:
      return "the coroutine is running";
    case CoStatus::kNormal:
      return Isolate::OwnerOf(co) != nullptr
                 ? "the coroutine is a goroutine already"
                 : "the coroutine is not suspended, it has resumed another";
    case CoStatus::kDead:
      break;
  }
  return "the coroutine is dead";
}

int OpenCoroutine(lua_State* L) {
  lua_getglobal(L, "coroutine");
  luaL_setfuncs(L, kFunctions, 0);
  lua_pop(L, 1);
  return 0;
}

}  // namespace trilune::vm
