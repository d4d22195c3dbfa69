// What happens at a preemption point: a G lets others run first, or raises
// because it was cancelled. Also tri.atomic, which keeps other Gs away.
//
// A preemption point lies between two Lua instructions (preempt.cc brings the G
// there), or inside a C function of `io` that may wait. AtPreemptionPoint takes
// the first case that fits; docs/state-machines.md has them as a table:
// 1. The G may not leave its stack, as in a finalizer. It goes on; once a limit
//    is used up, the finalizer is ended by an error.
// 2. The G is cancelled or interrupted. It raises, or is put off by one
//    instruction (raise_delay.h).
// 3. Nobody else wants to run (mode count only). It goes on.
// 4. No stack is left to go on with. It goes on.
// 5. It parks as preempted, and may find on its return that it was cancelled
//    meanwhile: then it raises.
//
// A cancelled G that catches what is raised is raised again. Each raise adds to
// its count (RaiseAt). Above LuaG::kRaisesBeforeKill every instruction raises.
// If the G is also deep in its stack, even that takes too long, and it is
// closed as a whole (ShallAbandon).
//
// M::Answer tells sysmon that the request has been seen and led to nothing.
// Without an answer sysmon would take the P, as it does from C code that never
// comes back.

#include <algorithm>
#include <cstdio>
#include <new>
#include <string>
#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/sync/sanitizers.h"
#include "vm/goroutine/leave.h"
#include "vm/isolate/isolate.h"
#include "vm/lua/allow_hook.h"

namespace trilune::vm {

// Called by the signal handler, in user mode only. So nothing of the isolate is
// half written: the G runs Lua code, or C code that does not care.
TRI_NO_TSAN void Isolate::OnPreemptSignal(G* g) {
  auto* iso = static_cast<Isolate*>(g->strand);
  M* m = CurrentM();
  if (iso->ShallTakeRequest(m)) {
    iso->preempter_.WantInHandler(m);
  } else {
    m->Answer();
  }
}

// The handler calls this too. A request that serves nobody is only answered:
// arming would cost more than it brings.
TRI_NO_TSAN bool Isolate::ShallTakeRequest(const M* m) const {
  return m->asked_for_others.load(std::memory_order_relaxed) ||
         HasReasonToPreempt();
}

// Other Gs of the strand want to run, or the running one may have to raise.
TRI_NO_TSAN bool Isolate::HasReasonToPreempt() const {
  const LuaG* g = current;
  return is_watched() || HasRunnable() || word.HasMail() ||
         (g != nullptr && (g->Has(G::kCancelled) || g->interrupts() > 0)) ||
         groups_.has_listed();
}

// Either the G has caught too often what its preemption points raised, and
// raises at every instruction from now on. Or a raise was put off by one
// instruction.
TRI_NO_TSAN bool Isolate::MustStopAtOnce() const {
  return current != nullptr &&
         (current->is_killed() || raise_delay.is_put_off());
}

void Isolate::AtPreemptionPoint(lua_State* L, Point point) {
  LuaG* g = current;
  // No code of a script runs, such as while the heap is opened.
  if (g == nullptr && outside_ == nullptr && !closing_) return;
  CurrentM()->has_request.store(false, std::memory_order_relaxed);
  CheckLimits();
  if (WhyNotLeave(L, this) != nullptr) {
    if (IsOverLimit()) EndFinalizer(L);
    CurrentM()->Answer();
    return;
  }
  if (MustRaise()) {
    RaiseOrPutOff(L, point);
    return;
  }
  M* m = CurrentM();
  // In the mode count, points come without a request. A switch without need
  // would only cost time.
  if (preempter_.mode() == PreemptMode::kCount && !HasReasonToPreempt() &&
      !sched->SomebodyWaitsForP(m)) {
    return;
  }
  if (in_atomic()) ReportIfLongAtomic(L);
  if (!CanLeaveStack(m)) {
    m->Answer();
    return;
  }
  const bool first =
      in_atomic() ||
      (preempter_.mode() == PreemptMode::kStrand && point != Point::kCall);
  const RaiseDelay delay = raise_delay;  // other Gs change it meanwhile
  Leaving leaving(this, m);
  PreemptWithStack(m, g, first);
  leaving.Return();
  raise_delay = delay;
  if (MustRaise()) {
    RaiseOrPutOff(L, point);
  } else {
    raise_delay.Pass();
  }
}

// Ends a finalizer after a limit is used up. It may catch the error; then the
// next instruction raises it again.
void Isolate::EndFinalizer(lua_State* L) {
  CurrentM()->Answer();
  // The heap may have many finalizers, and liblua begins each with hooks off.
  // So sysmon signals at each tick.
  if (closing_)
    CurrentM()->preempt_every_tick.store(true, std::memory_order_relaxed);
  preempter_.Want(CurrentM());
  AllowHooks(L);
  lua_pushvalue(data_, kTooLong);
  lua_xmove(data_, L, 1);
  lua_error(L);
  __builtin_unreachable();
}

// The G must raise: here, or at the next instruction if it has just acquired
// something (raise_delay.h).
void Isolate::RaiseOrPutOff(lua_State* L, Point point) {
  const bool may_raise = raise_delay.MayRaise();
  if (may_raise && point == Point::kInstruction && ShallAbandon(L)) {
    CurrentM()->Answer();
    abandoned = L;
    lua_yield(L, 0);  // takes effect as the hook returns
    return;
  }
  if (may_raise) RaiseAt(L, LuaG::kRaiseOfPoint);
  CurrentM()->Answer();
  preempter_.Want(CurrentM());
}

// Whether raising would take too long, so that the G must be closed as a whole.
// Two cases: the G is to be stopped at every instruction and `L` is deep; or it
// has caught one raise and `L` is very deep.
//
// A loop that recurses through pcall gets as deep as the stack has room for,
// some 100,000 calls. Lua limits nested C calls, but that count begins anew
// with each error that is caught. Each level would catch what is raised. Each
// time liblua walks all levels that are left, or copies the whole stack, so a
// few instructions may take 10 ms.
//
// So the coroutine yields, which no pcall catches, and the code that resumed it
// closes it: RunGoroutine or coroutine.resume. Not with a script's line hook:
// liblua would call that between the yield and the return.
bool Isolate::ShallAbandon(lua_State* L) const {
  constexpr int kDeep = 1000, kVeryDeep = 10000;
  const LuaG* g = current;
  if (g->raises() == 0 || !g->Has(G::kCancelled)) return false;
  if (g == main_g_ && interrupts_once_) return false;
  if (L != Innermost() || lua_isyieldable(L) == 0) return false;
  lua_Debug ar;
  return (lua_gethookmask(L) & LUA_MASKLINE) == 0 &&
         lua_getstack(L, g->is_killed() ? kDeep : kVeryDeep, &ar) != 0;
}

// Raises the reason, and counts that it did. Cancellation is a level: a G that
// catches this is raised again.
//
// Waits count too. A loop of waits would not come to a preemption point before
// sysmon asks for one. They count less, because clean-up code may try several.
void Isolate::RaiseAt(lua_State* L, int weight) {
  LuaG* g = current;
  M* m = CurrentM();
  // A G that a limit has ended may catch one raise, not eight.
  if (killed_) {
    g->set_raises(
        std::max(g->raises(), LuaG::kRaisesBeforeKill - LuaG::kRaiseOfPoint));
  }
  if (!g->is_killed()) g->set_raises(g->raises() + weight);
  m->preempt_soon.store(true, std::memory_order_relaxed);
  if (weight == LuaG::kRaiseOfPoint) m->Answer();
  // The G comes to a preemption point at every instruction from here on.
  if (g->is_killed()) preempter_.Want(m);
  // An error in a hook leaves hooks off until a pcall around it has ended. So
  // allow them again.
  if (weight == LuaG::kRaiseOfPoint) AllowHooks(L);
  RaiseReason(L, g);
}

// The state is about to be closed, and its __close handlers run in it. liblua
// left the hook's counter at one instruction; setting the hook again makes a
// full turn of it.
void Isolate::TakeAbandoned() {
  lua_State* L = std::exchange(abandoned, nullptr);
  preempter_.Set(L, preempter_.Get(L));
}

// --- tri.atomic. ---

// Calls nest. `around` of a call names the one around it; 0 means that it is
// the outermost, whose time is measured.
void Isolate::BeginAtomic(AtomicCall* call) {
  call->around = atomic_;
  call->number = ++atomic_calls_;
  atomic_ = call->number;
  if (call->around != 0) return;
  atomic_since_ns_ = NowNs();
  atomic_reported_ = false;
}

void Isolate::EndAtomic(lua_State* L, AtomicCall* call) {
  const uint64_t number = std::exchange(call->number, 0);
  // The call was left before: its coroutine failed, and coroutine.resume set
  // back the innermost call.
  if (number == 0 || atomic_ != number) return;
  if (call->around == 0) ReportIfLongAtomic(L);
  atomic_ = call->around;
}

void Isolate::ReportIfLongAtomic(lua_State* L) {
  if (atomic_reported_) return;
  const int64_t ns = NowNs() - atomic_since_ns_;
  // With short slices a report of each would be noise.
  if (ns <= std::max(sched->config().slice_ns, kLeastLongAtomicNs)) return;
  atomic_reported_ = true;
  const uint64_t id = current == nullptr ? 0 : current->id;
  char title[160];
  std::snprintf(title, sizeof(title),
                "trilune: goroutine %llu is in trilune.atomic for %lld ms: no "
                "other goroutine of its isolate can run\n",
                static_cast<unsigned long long>(id),
                static_cast<long long>(ns / 1'000'000));
  try {
    Report(title + TraceOf(L) + "\n");
  } catch (const std::bad_alloc&) {
    Report(title);
  }
}

}  // namespace trilune::vm
