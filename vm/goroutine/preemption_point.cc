// What happens at a preemption point: the G lets others go first, or raises
// because it was cancelled. And tri.atomic, which holds off the others.

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

// The signal handler's. Nothing of the isolate is half done: the G runs Lua
// code, or C code that does not care.
TRI_NO_TSAN void Isolate::OnPreemptSignal(G* g) {
  auto* iso = static_cast<Isolate*>(g->strand);
  M* m = CurrentM();
  if (iso->ShallTakeRequest(m)) {
    iso->preempter_.WantInHandler(m);
  } else {
    m->Answer();
  }
}

TRI_NO_TSAN bool Isolate::ShallTakeRequest(const M* m) const {
  return m->asked_for_others.load(std::memory_order_relaxed) ||
         HasReasonToPreempt();
}

TRI_NO_TSAN bool Isolate::HasReasonToPreempt() const {
  const LuaG* g = current;
  return is_watched() || HasRunnable() || word.HasMail() ||
         (g != nullptr && (g->Has(G::kCancelled) || g->interrupts() > 0)) ||
         groups_.has_listed();
}

// It has caught what its points raised too often, and raises at every
// instruction from now on; or a raise was put off by one.
TRI_NO_TSAN bool Isolate::MustStopAtOnce() const {
  return current != nullptr &&
         (current->is_killed() || raise_delay.is_put_off());
}

void Isolate::AtPreemptionPoint(lua_State* L, Point point) {
  LuaG* g = current;
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
  const RaiseDelay delay = raise_delay;  // others change it meanwhile
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

// The running finalizer, or what it calls, may catch this: then it is raised
// again.
void Isolate::EndFinalizer(lua_State* L) {
  CurrentM()->Answer();
  // There may be many, each of which liblua begins with hooks off.
  if (closing_)
    CurrentM()->preempt_every_tick.store(true, std::memory_order_relaxed);
  preempter_.Want(CurrentM());
  AllowHooks(L);
  lua_pushvalue(data_, kTooLong);
  lua_xmove(data_, L, 1);
  lua_error(L);
  __builtin_unreachable();
}

// The G must raise: here, or at the next instruction (raise_delay.h).
void Isolate::RaiseOrPutOff(lua_State* L, Point point) {
  const bool may_raise = raise_delay.MayRaise();
  if (may_raise && point == Point::kInstruction && ShallAbandon(L)) {
    CurrentM()->Answer();
    abandoned = L;
    lua_yield(L, 0);  // it takes place as the hook returns
    return;
  }
  if (may_raise) RaiseAt(L, LuaG::kRaiseOfPoint);
  CurrentM()->Answer();
  preempter_.Want(CurrentM());
}

// Whether raising would take too long: the G is to be stopped at every
// instruction, and `L` is deep; or it has caught one, and `L` is very deep. A
// loop that recurses through pcall gets as deep as the stack has room for, some
// 100,000 calls, as Lua's limit of nested C calls begins anew with each error
// that it catches. Each level would catch what is raised, and each time liblua
// walks all the levels that are left, or copies the whole stack: a few
// instructions may take 10 ms there. So the coroutine yields, which nothing
// catches, and is closed. Not with a script's line hook, which liblua would
// call in between.
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

// Level-triggered: what this raises may be caught, and then it is raised again.
// Waits count, too, as a loop of them would not come to a preemption point
// before sysmon has asked for it; but less, as clean-up code may try several.
void Isolate::RaiseAt(lua_State* L, int weight) {
  LuaG* g = current;
  M* m = CurrentM();
  // One that a limit has ended is let go on once.
  if (killed_) {
    g->set_raises(
        std::max(g->raises(), LuaG::kRaisesBeforeKill - LuaG::kRaiseOfPoint));
  }
  if (!g->is_killed()) g->set_raises(g->raises() + weight);
  m->preempt_soon.store(true, std::memory_order_relaxed);
  if (weight == LuaG::kRaiseOfPoint) m->Answer();
  // At every instruction from here on.
  if (g->is_killed()) preempter_.Want(m);
  // Else Lua would call no hooks of `L` until a pcall around this has ended.
  if (weight == LuaG::kRaiseOfPoint) AllowHooks(L);
  RaiseReason(L, g);
}

// liblua would count but one instruction more to the next count hook.
void Isolate::TakeAbandoned() {
  lua_State* L = std::exchange(abandoned, nullptr);
  preempter_.Set(L, preempter_.Get(L));
}

// --- tri.atomic. ---

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
  // The call was left already, as its coroutine failed.
  if (number == 0 || atomic_ != number) return;
  if (call->around == 0) ReportIfLongAtomic(L);
  atomic_ = call->around;
}

void Isolate::ReportIfLongAtomic(lua_State* L) {
  if (atomic_reported_) return;
  const int64_t ns = NowNs() - atomic_since_ns_;
  // With short slices nobody wants to hear of each.
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
