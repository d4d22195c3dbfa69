#include "vm/goroutine/park.h"

#include "sched/core/loop.h"
#include "vm/goroutine/leave.h"

namespace trilune::vm {
namespace {

// Parking with the stack is the faster way (a fiber switch and no longjmp), but
// costs two pages: so it is for the first Gs of a strand that wait at one time,
// and while few stacks exist in all. Measured: docs/performance.md.
constexpr uint32_t kStackfulPerStrand = 512;
constexpr size_t kStackfulInAll = 4096;

// Whether the stack on which the running G is may be left, as far as a limit is
// concerned. `needed`: the G cannot wait in another way. Without a limit, which
// is on the path of each wait, no call is left of it.
[[gnu::noinline]] bool FitsItsLimit(Isolate* iso, M* m, bool needed) {
  Meter& meter = iso->meter();
  const size_t bytes = m->fiber->BytesAbove(__builtin_frame_address(0));
  if (!needed) {
    return iso->stackful < meter.max_idle_stacks() &&
           meter.MayLeaveStack(bytes);
  }
  if (meter.MayLeaveStack(bytes)) return true;
  // The heap may have freed much and not given it back yet. Nothing is collected
  // here: a finalizer might change what the G is about to wait for.
  iso->heap().TrimBudget(0);
  return meter.MayLeaveStack(bytes);
}

[[gnu::always_inline]] inline bool FitsLimit(Isolate* iso, M* m, bool needed) {
  return !iso->meter().counts_stacks() || FitsItsLimit(iso, m, needed);
}

// Says how the running G shall leave: with or without its stack. Gives why it
// may not wait at all, or null.
const char* ChooseStackless(lua_State* L, Isolate* iso, const LuaG* g, M* m,
                            bool* stackless) {
  // In its own state, and where it could yield: so this is neither a callback
  // nor a finalizer.
  *stackless = g != nullptr && L == g->L && lua_isyieldable(L) != 0;
  if (*stackless) {
    *stackless = iso->stackful >= kStackfulPerStrand ||
                 iso->sched->fibers().made() >= kStackfulInAll ||
                 !FitsLimit(iso, m, /*needed=*/false) || !CanParkWithStack(m);
    return nullptr;
  }
  const char* why = WhyNotLeave(L, iso);
  if (why == nullptr && !FitsLimit(iso, m, /*needed=*/true)) {
    why =
        "not enough memory for the stack of a coroutine blocked inside a C "
        "call";
  }
  if (why == nullptr && !CanParkWithStack(m)) {
    why = "too many coroutines blocked inside C calls";
  }
  return why;
}

bool MayHaveToRaise(const Isolate* iso, const LuaG* g) {
  return g->Has(G::kCancelled) || g->interrupts() > 0 ||
         iso->groups().has_listed();
}

// Why the running G may not wait, apart from where it is; null if it may.
// kCancelled stands for its reason.
constexpr char kCancelled[] = "cancelled";
const char* WhyNoWaitNow(Isolate* iso, const LuaG* g, bool shielded) {
  if (MayHaveToRaise(iso, g)) {
    iso->raise_delay = RaiseDelay();  // whoever runs next has none
    if (!shielded && iso->MustRaise()) return kCancelled;
  }
  return iso->in_atomic() ? "cannot wait inside trilune.atomic" : nullptr;
}

[[noreturn]] void Raise(lua_State* L, const char* why, Unwind unwind) {
  if (unwind.run != nullptr) unwind.run(unwind.argument);
  if (why == kCancelled) RaiseCancelled(L);
  luaL_error(L, "%s", why);
  __builtin_unreachable();
}

}  // namespace

Parking BeginPark(lua_State* L, WaitReason reason, bool shielded,
                  Unwind unwind) {
  Isolate* iso = Isolate::Of(L);
  LuaG* g = iso->current;
  if (iso->is_watched()) iso->CheckLimits();
  bool stackless = false;
  const char* why = ChooseStackless(L, iso, g, CurrentM(), &stackless);
  if (why == nullptr) why = WhyNoWaitNow(iso, g, shielded);
  if (why != nullptr) Raise(L, why, unwind);
  if (shielded) {
    g->Set(LuaG::kShielded);
  } else {
    g->Clear(LuaG::kShielded);
  }
  g->reason = reason;
  g->wake = WakeResult::kReady;
  g->word.BeginWait();
  return {g, stackless};
}

int Park(lua_State* L, Parking parking, const ParkCommit& commit,
         lua_KFunction k, lua_KContext context) {
  Isolate* iso = Isolate::Of(L);
  if (parking.stackless) {
    iso->commit = commit;
    iso->pending = Isolate::Pending::kPark;
    return lua_yieldk(L, 0, context, k);
  }
  M* m = CurrentM();
  Leaving leaving(iso, m);
  ParkWithStack(m, parking.g, commit);
  leaving.Return();
  return k(L, LUA_YIELD, context);
}

int Yield(lua_State* L, lua_KFunction k) {
  Isolate* iso = Isolate::Of(L);
  LuaG* g = iso->current;
  M* m = CurrentM();
  if (iso->is_watched()) iso->CheckLimits();
  bool stackless = false;
  const char* why = ChooseStackless(L, iso, g, m, &stackless);
  if (why == nullptr) why = WhyNoWaitNow(iso, g, /*shielded=*/false);
  if (why != nullptr) Raise(L, why, {});
  if (stackless) {
    iso->pending = Isolate::Pending::kYield;
    return lua_yieldk(L, 0, 0, k);
  }
  Leaving leaving(iso, m);
  YieldWithStack(m, g);
  leaving.Return();
  return k(L, LUA_YIELD, 0);
}

void RaiseCancelled(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  // Nobody cancelled it: its timer found no memory, see Publish in loop.cc.
  if (!iso->current->Has(G::kCancelled) && !iso->MustRaise()) {
    luaL_error(L, "not enough memory");
  }
  iso->RaiseAtWait(L);
}

}  // namespace trilune::vm
