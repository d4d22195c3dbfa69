// The loop's protocol: see loop.h and docs/architecture.md, "Life of a G".
//
// Loop frames sit on a pooled fiber. A G parked with its stack takes the frames
// below it along; when its run function at last returns, it returns into those
// frames, which then are the loop of whichever M is there. So nothing about M,
// P or strand is kept in a local across a call that runs a G.

#include "sched/loop.h"

#include <algorithm>

#include "sched/clock.h"
#include "sched/p.h"
#include "sched/preempt_signal.h"
#include "sched/scheduler.h"
#include "sched/sync/asymmetric_fence.h"
#include "sched/sync/check.h"
#include "sched/thread_lock.h"

namespace trilune {
namespace {

Fiber* TakeLoopFiber(M* m) {
  TRI_CHECK(m->cached > 0);
  return m->cache[--m->cached];
}

void RecycleFiber(M* m, Fiber* fiber) {
  if (m->cached < M::kCacheSize) {
    m->cache[m->cached++] = fiber;
  } else {
    m->sched->fibers().Put(fiber);
  }
}

// No P is touched here, so user mode will do.
bool TakeFiber(M* m, Fiber* (FiberPool::*get)()) {
  // ThreadSanitizer bears no signal handler of ours while it makes a fiber.
  RuntimeScope scope(m);
  Fiber* fiber = (m->sched->fibers().*get)();
  if (fiber == nullptr) return false;
  m->cache[m->cached++] = fiber;
  return true;
}

bool SetAfterPublication(const std::atomic<bool>& flag) {
  LightFence();  // [NC1]
  return flag.load(std::memory_order_relaxed);
}

// The time for dumps, about: of the last look at the clock, here or by sysmon.
uint32_t WaitStamp(const M* m, const P* p) {
  const int64_t seen = m->sched->coarse_now_ns();
  const int64_t now = p != nullptr ? std::max(p->now_ns, seen) : seen;
  return static_cast<uint32_t>(now / 1'000'000);
}

// Makes the wait that `g` has left for visible to its wakers. From then on a G
// of a solo strand may run elsewhere, or even be gone; any other stays until
// `m` releases the strand. So after Become nothing of the G's frames is touched
// but through `unlock`, whose lock the G takes before it leaves the wait.
// A wait whose timer finds no memory ends at once, as if it were cancelled: who
// raises for that finds no reason, and says what is missing.
void Publish(M* m, G* g, const ParkCommit& commit) {
  // Read now what is in the frame of `g`.
  const int64_t deadline_ns = commit.deadline_ns;
  const std::atomic<bool>* cancelled = commit.cancelled;
  void (*const unlock)(void*) = commit.unlock;
  void* const unlock_argument = commit.unlock_argument;
  const bool timed = deadline_ns != kNever;
  P* p = m->p();  // null: it was taken while the G ran
  g->wait_since_ms = WaitStamp(m, p);
  if (p == nullptr) p = m->sched->AnyP();
  const uint64_t ticket = g->word.ticket();
  if (timed || commit.external) {
    g->Set(timed ? G::kExternal | G::kHasTimer : G::kExternal);
    g->strand->external++;
    g->timer_p = static_cast<uint8_t>(p->id);
  }
  if (timed || commit.external || cancelled != nullptr || g->strand->solo) {
    g->Clear(G::kLocalWait);
  } else {
    g->Set(G::kLocalWait);
  }
  if (m->strand == g->strand && g->strand->solo) m->strand = nullptr;
  g->word.Become(GState::kRunning, GState::kWaiting);
  bool ends = timed && !m->sched->AddTimer(p, deadline_ns, g, ticket);
  ends = ends || (cancelled != nullptr && SetAfterPublication(*cancelled));
  if (unlock != nullptr) unlock(unlock_argument);
  if (ends && g->word.TryWake(ticket)) {
    g->wake = WakeResult::kCancelled;
    Ready(g);
  }
}

// `g` has left its frames and is runnable.
void QueueYielded(M* m, G* g) {
  Strand* strand = g->strand;
  g->word.Become(GState::kRunning, GState::kRunnable);
  strand->PushFresh(g);
  if (strand->solo) {
    if (m->strand == strand) m->strand = nullptr;
    m->sched->Requeue(m, strand);
  }
}

// `g` has left its frames at a preemption point, runnable.
void QueuePreempted(M* m, G* g, bool first) {
  g->word.Become(GState::kRunning, GState::kPreempted);
  if (first) {
    g->strand->PushFirst(g);
  } else {
    g->strand->PushSpent(g);
  }
  if (m->p() != nullptr) Bump(m->p()->preemptions);
}

// `g` has left its frames; its call is over, and it lost strand and P.
void QueueAfterSyscall(M* m, G* g) {
  m->sched->NoteBack(m);  // it may have lost its P before it made the call
  // With a P again at once, if there is one: no other M needs to be woken then.
  // A locked M could not run what it finds.
  if (m->locked_g == nullptr) m->sched->TryAcquireP(m);
  g->word.Become(GState::kSyscall, GState::kRunnable);
  Ready(g);
}

// The first thing on every stack that is switched to. Returns the M that is
// here.
M* Landed(Fiber* left) {
  M* m = CurrentM();
  AfterSwitch& after = m->after;
  if (after.kind == AfterSwitch::Kind::kRecycle) {
    if (left != &m->home) RecycleFiber(m, left);
    return m;
  }
  if (after.kind == AfterSwitch::Kind::kAbandon) {
    Fiber* list = nullptr;
    Fiber::PushTo(&list, left);
    m->sched->fibers().Reclaim(list);
    return m;
  }
  if (after.kind == AfterSwitch::Kind::kSyscall) {
    // Its fiber was noted as it entered. The strand, which is not this M's, may
    // be looking at it: for a dump.
    TRI_DCHECK(after.g->fiber == left);
    QueueAfterSyscall(m, after.g);
    return m;
  }
  after.g->fiber = left;
  after.g->strand->stackful++;
  if (after.kind == AfterSwitch::Kind::kPark) {
    Publish(m, after.g, *after.commit);
  } else if (after.kind == AfterSwitch::Kind::kYield) {
    QueueYielded(m, after.g);
  } else {
    QueuePreempted(m, after.g, after.first);
  }
  return m;
}

// Returns, once this stack is entered again, the M that is here then.
M* SwitchTo(M* m, Fiber* to) {
  Fiber* from = m->fiber;
  m->fiber = to;
  return Landed(Fiber::Switch(from, to));
}

// The rare part of Start.
void StartSpecial(M* m, G* g) {
  m->hurry.store(g->Has(G::kCancelled), std::memory_order_relaxed);
  if (!g->Has(G::kExternal)) return;
  g->strand->external--;
  if (g->Has(G::kHasTimer) && g->wake != WakeResult::kTimeout) {
    m->sched->ForgetTimer(g->timer_p);
  }
  // A system call left it alone.
  if (g->reason != WaitReason::kSyscall) g->timer_p = 0;
  g->Clear(G::kExternal | G::kHasTimer);
}

// `g` is about to run on `m`.
void Start(M* m, G* g) {
  Strand* strand = g->strand;
  g->word.BecomeRunning();
  m->current.store(g, std::memory_order_relaxed);
  strand->gtick++;
  m->tick.store(m->tick.load(std::memory_order_relaxed) +
                    static_cast<uint32_t>(!strand->inherited()),
                std::memory_order_relaxed);
  m->hurry.store(false, std::memory_order_relaxed);
  if (g->Has(G::kExternal | G::kCancelled)) StartSpecial(m, g);
}

// True while the running strand may pick its next G at once.
[[gnu::always_inline]] inline bool MayPickAtOnce(M* m) {
  const P* p = m->p();
  return --m->check_countdown > 0 && p != nullptr &&
         !p->resched.load(std::memory_order_relaxed);
}

G* PickWithMail(Strand* strand) {
  if (strand->word.HasMail()) strand->TakeMail();
  return strand->Pick();
}

// Starts `g`, which parked with its stack; returns that.
Fiber* StartOnFiber(M* m, G* g) {
  Fiber* to = g->fiber;
  g->fiber = nullptr;
  g->strand->stackful--;
  Start(m, g);
  return to;
}

// Whether Dispatch has to see if `m` is the M for `g`.
[[gnu::always_inline]] inline bool MayBelongElsewhere(const M* m, const G* g) {
  return m->locked_g != nullptr || g->strand->thread_locks != nullptr;
}

// `m` picked `g`. If `g` is locked to another M, or `m` has a locked G, `m`
// hands `g` with strand and P to who may run it. False: that is `m`.
bool SendElsewhere(M* m, G* g) {
  M* home = LockedTo(g);
  if (home == m || (home == nullptr && m->locked_g == nullptr)) return false;
  Strand* strand = g->strand;
  P* p = m->p();
  m->strand = nullptr;
  m->set_p(nullptr);
  if (home != nullptr) {
    home->mail.Send({g, strand, p});
    return true;
  }
  strand->PutBack(g);
  m->sched->HandOff(p, strand);
  return true;
}

// Where `m` goes on when the running G leaves its stack: with `next` at once if
// that has a stack, else in the loop.
Fiber* FiberFor(M* m, G* next) {
  if (next == nullptr || next->fiber == nullptr ||
      MayBelongElsewhere(m, next)) {
    m->next_g = next;
    return TakeLoopFiber(m);
  }
  return StartOnFiber(m, next);
}

// Nothing is runnable in the strand that `m` owns: release it.
void Release(M* m, Strand* strand) {
  strand->OnIdle();
  if (strand->HasRunnable() || strand->word.HasMail()) return;
  if (strand->live > 0 && strand->IsStuck()) {
    strand->OnStuck();
    if (strand->HasRunnable()) return;
  }
  m->strand = nullptr;
  // On failure the inbox got mail, and the strand is still ours.
  if (!strand->word.TryRelease()) m->strand = strand;
}

void Dispatch(M* m, G* g) {
  if (MayBelongElsewhere(m, g) && SendElsewhere(m, g)) return;
  if (g->fiber != nullptr) {
    Fiber* to = StartOnFiber(m, g);
    m->after.kind = AfterSwitch::Kind::kRecycle;
    SwitchTo(m, to);
    return;  // as a fresh loop, for whoever took this fiber
  }
  Start(m, g);
  m->slot.Leave();
  const Outcome outcome = g->kind->run(g);
  m = CurrentM();
  m->slot.Enter();
  switch (outcome) {
    case Outcome::kParked: {
      const ParkCommit commit = g->strand->commit;
      Publish(m, g, commit);
      break;
    }
    case Outcome::kYielded:
      QueueYielded(m, g);
      break;
    case Outcome::kEnded:
      break;
    case Outcome::kStrandEnded:
      m->strand = nullptr;
      break;
  }
}

// The P was taken while a G ran: with another one the M goes on, else somebody
// else runs the strand.
void RegainP(M* m) {
  m->sched->NoteBack(m);
  if (m->strand == nullptr || m->sched->TryAcquireP(m)) return;
  Strand* strand = m->strand;
  m->strand = nullptr;
  m->rotate = false;
  m->sched->Submit(strand, /*soon=*/false);
}

void LoopStep(M* m) {
  if (m->p() == nullptr) RegainP(m);
  if (m->ends && m->p() != nullptr) {
    P* p = m->p();
    Strand* strand = m->strand;
    m->strand = nullptr;
    m->set_p(nullptr);
    m->sched->HandOff(p, strand);
  }
  if (m->strand == nullptr) {
    m->strand = m->locked_g != nullptr ? m->sched->AwaitLockedG(m)
                : m->ends              ? nullptr
                                       : m->sched->FindStrand(m);
    if (m->strand == nullptr) {  // the M ends
      m->after.kind = AfterSwitch::Kind::kRecycle;
      SwitchTo(m, &m->home);
    }
    return;
  }
  G* g = m->next_g;
  m->next_g = nullptr;
  if (g == nullptr) {
    if (m->rotate) {
      m->rotate = false;
      Strand* strand = m->strand;
      m->strand = nullptr;
      m->sched->Requeue(m, strand);
      return;
    }
    if (!MayPickAtOnce(m) && !m->sched->Check(m)) return;
    g = PickWithMail(m->strand);
    if (g == nullptr) {
      Release(m, m->strand);
      return;
    }
  }
  Dispatch(m, g);
}

}  // namespace

void LoopEntry(Fiber* left) {
  Landed(left);
  for (;;)
    LoopStep(CurrentM());
}

void RunM(M* m) {
  m->home.Adopt();
  m->fiber = &m->home;
  m->after.kind = AfterSwitch::Kind::kRecycle;
  SwitchTo(m, TakeLoopFiber(m));
  while (m->cached > 0)
    m->sched->fibers().Put(TakeLoopFiber(m));
}

bool CanParkWithStack(M* m) {
  return m->cached > 0 || TakeFiber(m, &FiberPool::Get);
}

bool CanLeaveStack(M* m) {
  return m->cached > 0 || TakeFiber(m, &FiberPool::GetReserved);
}

void StartWaiting(M* m, G* g, int64_t deadline_ns) {
  RuntimeScope scope(m);
  g->word.Become(GState::kIdle, GState::kRunnable);
  g->word.BecomeRunning();
  g->reason = WaitReason::kSleep;
  g->wake = WakeResult::kReady;
  g->word.BeginWait();
  ParkCommit commit;
  commit.deadline_ns = deadline_ns;
  commit.external = true;
  Publish(m, g, commit);
}

bool StopWaiting(M* m, G* g) {
  if (!g->TryWin()) return false;
  RuntimeScope scope(m);
  g->strand->external--;
  if (g->Has(G::kHasTimer)) g->strand->sched->ForgetTimer(g->timer_p);
  g->ClearFlags();
  g->word.Become(GState::kRunnable, GState::kDead);
  return true;
}

void ParkWithStack(M* m, G* g, const ParkCommit& commit) {
  m->slot.EnterFromUser();
  G* next = nullptr;
  if (MayPickAtOnce(m)) {
    if (g->strand->solo) m->strand = m->sched->TakeNearby(m);
    if (m->strand != nullptr) next = PickWithMail(m->strand);
  }
  Fiber* to = FiberFor(m, next);
  m->after.kind = AfterSwitch::Kind::kPark;
  m->after.g = g;
  m->after.commit = &commit;
  SwitchTo(m, to)->slot.Leave();
}

void YieldWithStack(M* m, G* g) {
  if (!CanParkWithStack(m)) return;
  m->slot.EnterFromUser();
  G* next = nullptr;
  if (MayPickAtOnce(m)) {
    if (!g->strand->solo) {
      if (m->strand->OnlySpentWait()) {
        m->strand->spent_turn.OnOtherPicked();  // `g` goes on, as if picked
      } else {
        next = PickWithMail(m->strand);
      }
      // Alone in the strand: go behind the other strands, if any waits.
      if (next == nullptr) m->rotate = true;
    }
    if (next == nullptr && !m->sched->LooksBusy(m->p())) {
      m->rotate = false;
      m->slot.Leave();
      return;
    }
    if (g->strand->solo) {
      m->strand = m->sched->TakeNearby(m);
      if (m->strand != nullptr) next = PickWithMail(m->strand);
    }
  }
  Fiber* to = FiberFor(m, next);
  m->after.kind = AfterSwitch::Kind::kYield;
  m->after.g = g;
  SwitchTo(m, to)->slot.Leave();
}

void PreemptWithStack(M* m, G* g, bool first) {
  m->slot.Enter();
  // The slice is over: the loop looks at clock, timers and the other queues.
  m->check_countdown = 0;
  m->slice_start_ns = 0;
  Fiber* to = FiberFor(m, nullptr);
  m->after.kind = AfterSwitch::Kind::kPreempt;
  m->after.g = g;
  m->after.first = first;
  SwitchTo(m, to)->slot.Leave();
}

void EnterSyscall(M* m, G* g) {
  m->slot.Enter();  // the mode before the look at signals_sent [PR3]
  if (m->signals_seen.load(std::memory_order_relaxed) !=
      m->signals_sent.load(std::memory_order_relaxed)) {
    AwaitPreemptSignal(m);
  }
  Strand* strand = g->strand;
  if (!strand->solo) {
    // As if it were parked already; undone if it goes well.
    strand->stackful++;
    strand->external++;
    g->Set(G::kExternal);
    g->Clear(G::kHasTimer | G::kLocalWait);
  }
  g->wake = WakeResult::kReady;
  g->reason = WaitReason::kSyscall;
  g->wait_since_ms = WaitStamp(m, m->p());
  g->fiber = m->fiber;  // for dumps, and if strand and P are retaken
  g->word.Become(GState::kRunning, GState::kSyscall);
  m->sys_has_work.store(
      !strand->solo && (strand->HasRunnable() || strand->word.HasMail()),
      std::memory_order_relaxed);
  m->sys_strand.store(strand, std::memory_order_relaxed);
  m->sys.Enter();
}

bool ExitSyscall(G* g) {
  M* m = CurrentM();
  if (m->sys.TryExit()) {
    Strand* strand = g->strand;
    g->word.Become(GState::kSyscall, GState::kRunning);
    g->fiber = nullptr;
    if (!strand->solo) {
      strand->stackful--;
      strand->external--;
      g->Clear(G::kExternal);
    }
    m->slot.Leave();
    return false;
  }
  m->sys.Forget();
  m->set_p(nullptr);
  m->strand = nullptr;
  Fiber* to = FiberFor(m, nullptr);
  m->after.kind = AfterSwitch::Kind::kSyscall;
  m->after.g = g;
  SwitchTo(m, to)->slot.Leave();
  return true;
}

void LeaveStackForGood(M* m) {
  m->slot.Enter();
  Fiber* to = FiberFor(m, nullptr);
  m->after.kind = AfterSwitch::Kind::kAbandon;
  SwitchTo(m, to);
  Fatal(__FILE__, __LINE__, "came back to a stack that was left for good");
}

void Ready(G* g) {
  Strand* strand = g->strand;
  if (strand->solo) {
    strand->PushWoken(g);
    strand->sched->Submit(strand, /*soon=*/true);
    return;
  }
  M* m = CurrentM();
  if (m != nullptr && m->strand == strand) {
    if (g->kind->is_service) {
      strand->PushService(g);
    } else {
      strand->PushWoken(g);
    }
    return;
  }
  // Once pushed, the G may run and its strand be gone, unless it became ours.
  if (strand->word.Push(g)) strand->sched->Submit(strand, /*soon=*/true);
}

}  // namespace trilune
