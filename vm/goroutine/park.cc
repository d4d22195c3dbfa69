// How a Lua G waits: BeginPark opens the wait, Park leaves the stack.
//
// A wait has two halves because of errors. BeginPark does all that can raise,
// before the operation has queued anything. From BeginPark to Park nothing may
// raise: an error there would leave a waiter linked to a frame that is gone.
//
// A G leaves in one of two ways, and BeginPark chooses:
// - Without its stack. lua_yieldk unwinds the C stack by longjmp, RunGoroutine
//   (run.cc) returns to the loop, and the loop publishes the wait. The G keeps
//   no C stack, but pays for longjmp and for lua_resume. Lua allows it only in
//   the G's own state, and only if no C function without a continuation is on
//   the way.
// - With its stack. ParkWithStack switches to another fiber, and that fiber
//   publishes the wait. It is the faster way, and works below any C function.
//   It costs a stack for as long as the G waits.
//
// So a wait that could be stackless still keeps its stack while few Gs do
// (ChooseStackless). A wait that must keep its stack is refused where a G may
// not leave it at all (WhyNotLeave), by a limit, or when no stack is left.
//
// Cancellation is checked here at each wait, before anything has changed. That
// makes it a level: a loop of `pcall` around a wait raises at each turn.

#include "vm/goroutine/park.h"

#include "sched/core/loop.h"
#include "vm/goroutine/leave.h"

namespace trilune::vm {
namespace {

// Parking with the stack is faster: a fiber switch and no longjmp. But it costs
// two pages. So it is for the first Gs of a strand that wait at one time, and
// only while few stacks exist in all. Measured: docs/performance.md.
constexpr uint32_t kStackfulPerStrand = 512;
constexpr size_t kStackfulInAll = 4096;

// Whether a limit allows the running G to leave its stack. `needed`: the G
// cannot wait in another way. Not inlined, so that a wait without a limit pays
// for one test (FitsLimit) and for no call.
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

// Decides whether the running G leaves with or without its stack. Returns why
// it may not wait at all, or null.
const char* ChooseStackless(lua_State* L, Isolate* iso, const LuaG* g, M* m,
                            bool* stackless) {
  // The G is in its own state and could yield, so this is neither a callback
  // nor a finalizer. WhyNotLeave need not be asked.
  *stackless = g != nullptr && L == g->L && lua_isyieldable(L) != 0;
  if (*stackless) {
    // It can go without its stack, but keeps it while that is cheap.
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

// A cheap test before MustRaise, which walks lists. It never misses a reason.
bool MayHaveToRaise(const Isolate* iso, const LuaG* g) {
  return g->Has(G::kCancelled) || g->interrupts() > 0 ||
         iso->groups().has_listed();
}

// Why the running G may not wait now, wherever it is; null if it may.
// kCancelled, compared by address, stands for the G's own reason, which is a
// Lua value.
constexpr char kCancelled[] = "cancelled";
const char* WhyNoWaitNow(Isolate* iso, const LuaG* g, bool shielded) {
  if (MayHaveToRaise(iso, g)) {
    iso->raise_delay = RaiseDelay();  // whoever runs next has none
    if (!shielded && iso->MustRaise()) return kCancelled;
  }
  return iso->in_atomic() ? kNoWaitInAtomic : nullptr;
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
  // From here on nothing raises.
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

// In both ways the G runs on in `k`: lua_resume calls it, or the last line
// here.
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
  // A wait may end as cancelled although nobody cancelled the G: its timer
  // found no memory. See Publish in loop.cc.
  if (!iso->current->Has(G::kCancelled) && !iso->MustRaise()) {
    luaL_error(L, "not enough memory");
  }
  iso->RaiseAtWait(L);
}

}  // namespace trilune::vm
