// What an isolate does besides its Gs: timers, and the work of an idle isolate.
//
// A timer is a G that runs no Lua. It is a G because then its end needs no
// other way than any wait: it is won by ticket, and a stopped timer that was
// just woken runs once more, to end itself. It is not counted in `live`.
//
// When nothing in the strand is runnable, the scheduler calls OnIdle before it
// releases the strand. If live Gs wait and nothing outside can wake them, it
// calls OnStuck, too. Both run between two Gs, where no Lua may be called. What
// needs Lua they only note, and they wake host_g_ to do it (WakeService).

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/isolate_pool.h"

namespace trilune::vm {

const GKind Isolate::kWarmKind = {&Isolate::RunWarm};

void Isolate::KeepWarm(IsolatePool* pool, int64_t next_ns) {
  pool_ = pool;
  warm_timer_ = StartTimer(&kWarmKind, {this, next_ns, 0}, /*own=*/true);
}

Outcome Isolate::RunWarm(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  if (iso->warm_timer_ != g || iso->halted_) return iso->EndTimer(g);
  const int64_t now = NowNs();
  if (now >= g->timer.next_ns) {
    g->timer.next_ns = iso->pool_->Expire(iso, now);
    if (g->timer.next_ns == 0) {  // the isolate goes, or was just taken
      iso->warm_timer_ = nullptr;
      return iso->EndTimer(g);
    }
  }
  return iso->ParkTimer(g);
}

// Its G begins as if it had run and parked: it needs no dispatch before its
// time.
LuaG* Isolate::StartTimer(const GKind* kind, const TimerBody& body, bool own) {
  LuaG* g = Allocate(own);
  if (g == nullptr) return nullptr;
  g->kind = kind;
  g->id = 0;
  g->ClearFlags();
  g->Set(G::kStarted);
  g->Set(LuaG::kShielded);
  g->timer = body;
  M* m = CurrentM();
  if (m != nullptr && m->strand == this) {
    StartWaiting(m, g, body.next_ns);
  } else {  // no G has run yet: the first M runs it, and it waits
    g->word.Become(GState::kIdle, GState::kRunnable);
    PushReady(g);
  }
  return g;
}

Outcome Isolate::ParkTimer(LuaG* g) {
  g->reason = WaitReason::kSleep;
  g->wake = WakeResult::kReady;
  g->word.BeginWait();
  commit = ParkCommit();
  commit.deadline_ns = g->timer.next_ns;
  commit.external = true;
  return Outcome::kParked;
}

Outcome Isolate::EndTimer(LuaG* g) {
  g->waiter = LuaWaiter();
  g->word.Become(GState::kRunning, GState::kDead);
  Free(g);
  return FinishClose() ? Outcome::kStrandEnded : Outcome::kEnded;
}

// The timer may have been won already. Then its G finds no target when it runs,
// and ends.
void Isolate::StopTimer(LuaG* g) {
  g->timer.target = nullptr;
  if (!StopWaiting(CurrentM(), g)) return;  // it runs soon, to end itself
  g->waiter = LuaWaiter();
  static_cast<Isolate*>(g->strand)->Free(g);
}

// Called by the scheduler each time before it releases the strand. So the usual
// case must cost little: a few comparisons.
void Isolate::OnIdle() {
  heap_.TrimBudget();
  meter_.TrimStacks();
  if (idle_timer_ == nullptr && MayBeWorthCollecting()) ArmIdleGc();
  if (!failures_.waits_for_collection() || halted_) return;
  // An error is reported when its handle is garbage. Look now, if the last such
  // look was cheap enough.
  if (NowNs() < next_idle_gc_ns_) return;
  failures_.set_waits_for_collection(false);
  wants_look_ = true;
  WakeService();
}

void Isolate::WakeService() {
  if (host_g_->word.TryWakeCurrent()) PushService(host_g_);
}

// A full collection: the finalizers of reports write the errors that nobody can
// see any more.
void Isolate::LookForUnseen() {
  const int64_t begin = NowNs();
  lua_pushcfunction(worker_, [](lua_State* L) {
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
  });
  CallOutside(worker_, 0, 0);
  lua_settop(worker_, 0);
  preempter_.Reset(worker_);
  const int64_t end = NowNs();
  constexpr int64_t kShare = 20;  // at most 5 % of the time
  next_idle_gc_ns_ = end + (end - begin) * kShare;
}

// Only notes that it seems so. RunHost looks again: a call of the host may have
// come, or host_g_ itself may make a G runnable.
void Isolate::OnStuck() {
  if (config_.host_wakes || waiting_ == nullptr || halted_) return;
  seems_stuck_ = true;
  WakeService();
}

// Called by RunHost, when nothing has become runnable since OnStuck.
void Isolate::EndDeadlock() {
  failures_.ReportAll();  // one of them may be the cause
  // A main script that can be woken gets an error to catch. Only if nothing is
  // runnable after that do the host's calls end.
  const HostCall* call = main_runs_ ? waiting_ : nullptr;
  while (call != nullptr && !call->IsMain())
    call = call->next;
  if (call != nullptr && call->raises_deadlock) {
    InterruptMain("all goroutines are asleep - deadlock!");
    if (HasRunnable()) return;
  }
  CompleteWaiting(
      Status(StatusCode::kDeadlock,
             "fatal: all goroutines are asleep - deadlock!\n\n" + Dump()));
}

}  // namespace trilune::vm
