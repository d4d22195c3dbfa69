// The scheduling loop. Read LoopStep first: it is one turn of the loop. Every
// other function here is a step of it, or a way out of it and back in. It
// stands last in the anonymous namespace because it calls all the others.
//
// One turn, in order:
// 1. The M without a P, because sysmon took it while a G ran: RegainP.
// 2. The M without a strand: FindStrand (find_work.cc), which may sleep.
// 3. Every so many switches the clock, the timers and the other queues: Check.
// 4. The next G of the strand: PickWithMail. If there is none: Release.
// 5. That G runs until it parks, yields or ends: Dispatch.
//
// A G leaves its M in one of two ways:
// - Without a stack. GKind::run returns an Outcome, and Dispatch publishes the
//   wait or queues the G.
// - With its stack. ParkWithStack, YieldWithStack, PreemptWithStack or
//   ExitSyscall notes in M::after what remains to be done, and switches to
//   another fiber. That fiber runs Landed first, which does it.
//
// Both obey one rule: switch, then publish. A parked G that is visible to
// wakers can be picked by another M at once. Visible a moment too early, it
// would run while the registers of its stack are still being saved. So nothing
// that lets another M reach a stack, a G or a strand happens before its stack
// has been left. tests/model/handover_model.cc breaks if the rule is broken.
//
// The loop's frames sit on a pooled fiber, below the G that they run. A G that
// parks with its stack takes these frames along. When its run function returns
// at last, it returns into them, and then they are the loop of whichever M is
// there. So no local keeps an M, a P or a strand across a call that runs a G:
// the code asks CurrentM() again.
//
// See loop.h for the interface, and docs/architecture.md, "Life of a G" and
// "Switch, then publish".

#include "sched/core/loop.h"

#include <algorithm>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "sched/core/thread_lock.h"
#include "sched/sync/asymmetric_fence.h"
#include "sched/sync/check.h"
#include "sched/thread/p.h"
#include "sched/thread/preempt_signal.h"

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

// Moves a fiber that `get` finds in the pool to the cache of `m`; false if it
// finds none. It touches no P, so user mode would be good enough.
bool TakeFiber(M* m, Fiber* (FiberPool::*get)()) {
  // ThreadSanitizer tolerates no signal handler of ours while it makes a fiber.
  // In the runtime the handler leaves the G alone.
  RuntimeScope scope(m);
  Fiber* fiber = (m->sched->fibers().*get)();
  if (fiber == nullptr) return false;
  m->cache[m->cached++] = fiber;
  return true;
}

// The flag, read after the wait is public. The thread that sets the flag passes
// a HeavyFence, and then looks for public waits. So at least one of the two
// sees the other.
bool SetAfterPublication(const std::atomic<bool>& flag) {
  LightFence();  // [NC1]
  return flag.load(std::memory_order_relaxed);
}

// Roughly the time now, for dumps: the newer of the last looks at the clock, by
// this P's M and by sysmon.
uint32_t WaitStamp(const M* m, const P* p) {
  const int64_t seen = m->sched->coarse_now_ns();
  const int64_t now = p != nullptr ? std::max(p->now_ns, seen) : seen;
  return static_cast<uint32_t>(now / 1'000'000);
}

// Makes the wait that `g` has left visible to its wakers. The order matters:
// 1. Read the commit, which lies in the frame of `g`.
// 2. State waiting. From here on a waker may win `g`.
// 3. Arm the timer. Armed earlier, it could fire before `g` waits, and be lost.
// 4. Read the cancel flag. Read earlier, it would miss a canceller that looked
//    for waits before this one was public.
// 5. Release the lock that the wakers need.
//
// After step 2 a G of a solo strand may run elsewhere, or even be gone; any
// other stays until `m` releases the strand. So from then on nothing in the
// frames of `g` is touched, except through `unlock`: `g` takes that lock before
// it leaves the wait.
//
// A wait whose timer finds no memory ends at once, as if it were cancelled. The
// code that raises for a cancelled wait then finds no reason to cancel, and
// reports the missing memory.
void Publish(M* m, G* g, const ParkCommit& commit) {
  const int64_t deadline_ns = commit.deadline_ns;
  const std::atomic<bool>* cancelled = commit.cancelled;
  void (*const unlock)(void*) = commit.unlock;
  void* const unlock_argument = commit.unlock_argument;
  const bool timed = deadline_ns != kNever;
  P* p = m->p();  // null: sysmon took it while the G ran
  g->wait_since_ms = WaitStamp(m, p);
  if (p == nullptr) p = m->sched->AnyP();
  const uint64_t ticket = g->word.ticket();
  if (timed || commit.external) {
    g->Set(timed ? G::kExternal | G::kHasTimer : G::kExternal);
    g->strand->external++;
    g->timer_p = static_cast<uint8_t>(p->id);
  }
  // A wait that no timer, no other strand and no canceller can end is won
  // without a compare-and-swap: G::TryWin.
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

// Queues `g`, which has left its frames and yields.
void QueueYielded(M* m, G* g) {
  Strand* strand = g->strand;
  g->word.Become(GState::kRunning, GState::kRunnable);
  strand->PushReady(g);
  if (strand->solo) {
    if (m->strand == strand) m->strand = nullptr;
    m->sched->Requeue(m, strand);
  }
}

// Queues `g`, which has left its frames at a preemption point. `first`: before
// the other Gs of its strand.
void QueuePreempted(M* m, G* g, bool first) {
  g->word.Become(GState::kRunning, GState::kPreempted);
  if (first) {
    g->strand->PushFirst(g);
  } else {
    g->strand->PushPreempted(g);
  }
  if (m->p() != nullptr) Bump(m->p()->preemptions);
}

// Queues `g`, which has left its frames. Its call is over, but sysmon took
// strand and P meanwhile.
void QueueAfterSyscall(M* m, G* g) {
  m->sched->NoteBack(m);  // its P may have been taken before the call began
  // Take a P first, if one is idle: then Ready needs to wake no other M. Not
  // with a locked G: such an M could not run what it finds.
  if (m->locked_g == nullptr) m->sched->TryAcquireP(m);
  g->word.Become(GState::kSyscall, GState::kRunnable);
  Ready(g);
}

// The first thing that runs on every stack that is switched to. It does what
// the side that left could not do on its own stack: it recycles that stack, or
// publishes or queues the G that left it. `left` is the fiber that was left,
// its context saved already (Fiber::Land). Returns the M that is here.
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
    // EnterSyscall has noted the fiber. Do not write it again: the strand is no
    // longer this M's, and its owner may be reading the fiber for a dump.
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

// Leaves the calling stack for `to`. Returns once this stack is entered again,
// with the M that is here then.
M* SwitchTo(M* m, Fiber* to) {
  Fiber* from = m->fiber;
  m->fiber = to;
  return Landed(Fiber::Switch(from, to));
}

// The rare part of Start: `g` is cancelled, or its last wait was external.
void StartSpecial(M* m, G* g) {
  m->preempt_soon.store(g->Has(G::kCancelled), std::memory_order_relaxed);
  if (!g->Has(G::kExternal)) return;
  g->strand->external--;
  if (g->Has(G::kHasTimer) && g->wake != WakeResult::kTimeout) {
    m->sched->ForgetTimer(g->timer_p);
  }
  // A system call left timer_p alone: it still holds the kind's own number.
  if (g->reason != WaitReason::kSyscall) g->timer_p = 0;
  g->Clear(G::kExternal | G::kHasTimer);
}

// Marks `g` as running on `m`, right before its code runs.
void Start(M* m, G* g) {
  Strand* strand = g->strand;
  g->word.BecomeRunning();
  m->current.store(g, std::memory_order_relaxed);
  strand->gtick++;
  // A G that inherits the slice leaves the tick as it is: sysmon watches it and
  // its partner as one.
  m->tick.store(m->tick.load(std::memory_order_relaxed) +
                    static_cast<uint32_t>(!strand->inherited()),
                std::memory_order_relaxed);
  m->preempt_soon.store(false, std::memory_order_relaxed);
  if (g->Has(G::kExternal | G::kCancelled)) StartSpecial(m, g);
}

// Whether the strand that runs may pick its next G without a look at the clock:
// it is not time for that, the M has its P, and nobody asked the P to look.
[[gnu::always_inline]] inline bool MayPickAtOnce(M* m) {
  const P* p = m->p();
  return --m->check_countdown > 0 && p != nullptr &&
         !p->resched.load(std::memory_order_relaxed);
}

// The next G of `strand`. The inbox is emptied first, so that Gs woken from
// outside take part.
G* PickWithMail(Strand* strand) {
  if (strand->word.HasMail()) strand->TakeMail();
  return strand->Pick();
}

// Starts `g`, which parked with its stack. Returns that stack, for a switch.
Fiber* StartOnFiber(M* m, G* g) {
  Fiber* to = g->fiber;
  g->fiber = nullptr;
  g->strand->stackful--;
  Start(m, g);
  return to;
}

// A cheap test for Dispatch: whether `m` may not be the M that has to run `g`.
[[gnu::always_inline]] inline bool MayBelongElsewhere(const M* m, const G* g) {
  return m->locked_g != nullptr || g->strand->thread_locks != nullptr;
}

// `m` picked `g`. If `g` is locked to another M, or `m` has a locked G, `m`
// hands `g`, strand and P to an M that may run `g`. The strand thereby stays
// serial, and no P idles. False: `m` may run `g` itself.
bool SendElsewhere(M* m, G* g) {
  M* home = LockedTo(g);
  if (home == m || (home == nullptr && m->locked_g == nullptr)) return false;
  Strand* strand = g->strand;
  P* p = m->p();
  m->strand = nullptr;
  m->set_p(nullptr);
  if (home != nullptr) {
    home->handoff_slot.Send({g, strand, p});
    return true;
  }
  strand->PutBack(g);
  m->sched->HandOff(p, strand);
  return true;
}

// The stack on which `m` goes on when the running G leaves its own. That is the
// stack of `next`, if it has one: a switch straight from G to G. Else it is a
// loop, which runs `next` first.
Fiber* FiberFor(M* m, G* next) {
  if (next == nullptr || next->fiber == nullptr ||
      MayBelongElsewhere(m, next)) {
    m->next_g = next;
    return TakeLoopFiber(m);
  }
  return StartOnFiber(m, next);
}

// Releases the strand that `m` owns, as nothing in it is runnable. OnIdle and
// OnStuck may make something runnable; then the strand stays.
void Release(M* m, Strand* strand) {
  strand->OnIdle();
  if (strand->HasRunnable() || strand->word.HasMail()) return;
  if (strand->live > 0 && strand->IsStuck()) {
    strand->OnStuck();
    if (strand->HasRunnable()) return;
  }
  m->strand = nullptr;
  // On failure a G has just come into the inbox. The strand is still this M's.
  if (!strand->word.TryRelease()) m->strand = strand;
}

// Runs `g` until it parks, yields or ends, unless another M has to run it.
void Dispatch(M* m, G* g) {
  if (MayBelongElsewhere(m, g) && SendElsewhere(m, g)) return;
  if (g->fiber != nullptr) {
    Fiber* to = StartOnFiber(m, g);
    m->after.kind = AfterSwitch::Kind::kRecycle;
    SwitchTo(m, to);
    return;  // as a new loop, for the M that took this fiber
  }
  Start(m, g);
  m->slot.Leave();
  const Outcome outcome = g->kind->run(g);
  // Another M may be here: `g` may have parked with this stack meanwhile.
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

// Sysmon took the P of `m` while a G ran. With another P the M goes on; without
// one, the strand is queued for an M that has one.
void RegainP(M* m) {
  m->sched->NoteBack(m);
  if (m->strand == nullptr || m->sched->TryAcquireP(m)) return;
  Strand* strand = m->strand;
  m->strand = nullptr;
  m->rotate = false;
  m->sched->Submit(strand, /*soon=*/false);
}

// One turn of the loop; see the top of this file. Any call that runs a G may
// return on another M, so each turn gets its M anew.
void LoopStep(M* m) {
  if (m->p() == nullptr) RegainP(m);
  // The locked G of `m` has ended: give everything away, then end.
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
    // The only G of the strand yielded: other strands go first.
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
      if (m->strand->OnlyPreemptedWait()) {
        m->strand->preempted_turn.OnOtherPicked();  // `g` goes on, as if picked
      } else {
        next = PickWithMail(m->strand);
      }
      // `g` is alone in its strand: the strand goes behind others, if any wait.
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
  // The slice is over: make the loop look at clock, timers and other queues.
  m->check_countdown = 0;
  m->slice_start_ns = 0;
  Fiber* to = FiberFor(m, nullptr);
  m->after.kind = AfterSwitch::Kind::kPreempt;
  m->after.g = g;
  m->after.first = first;
  SwitchTo(m, to)->slot.Leave();
}

void EnterSyscall(M* m, G* g) {
  m->slot.Enter();  // [PR3] orders the mode before the look at signals_sent
  // A signal under way would end the call early, with EINTR.
  if (m->signals_seen.load(std::memory_order_relaxed) !=
      m->signals_sent.load(std::memory_order_relaxed)) {
    AwaitPreemptSignal(m);
  }
  Strand* strand = g->strand;
  if (!strand->solo) {
    // Count the G as parked. ExitSyscall undoes it, if nothing is retaken.
    strand->stackful++;
    strand->external++;
    g->Set(G::kExternal);
    g->Clear(G::kHasTimer | G::kLocalWait);
  }
  g->wake = WakeResult::kReady;
  g->reason = WaitReason::kSyscall;
  g->wait_since_ms = WaitStamp(m, m->p());
  g->fiber = m->fiber;  // for dumps, and if sysmon retakes strand and P
  g->word.Become(GState::kRunning, GState::kSyscall);
  m->sys_has_work.store(
      !strand->solo && (strand->HasRunnable() || strand->word.HasMail()),
      std::memory_order_relaxed);
  m->sys_strand.store(strand, std::memory_order_relaxed);
  // From here on strand and P may be sysmon's: the caller touches neither.
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
  // Sysmon won, so P and strand belong to others now.
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
  // Once pushed, the G may run and its strand may be gone, unless Push returned
  // true: then the strand belongs to this thread.
  if (strand->word.Push(g)) strand->sched->Submit(strand, /*soon=*/true);
}

}  // namespace trilune
