// How an M finds a strand to run, and how it goes to sleep if there is none.
//
// FindStrand looks in this order:
// 1. Due timers of its P, if it is time for a look at the clock.
// 2. Every 61st time the global queue, so that nothing waits there for ever.
// 3. The P's runnext: the strand that was woken here last. It inherits the
//    slice.
// 4. The P's own queue, then its due timers.
// 5. The global queue.
// 6. Half of another P's queue. Four rounds over all Ps, each from a random
//    one; the last round also takes due timers of others, and their runnext.
// 7. It gives up its P (GiveUpP), looks at everything once more (LookOnceMore),
//    and sleeps (SleepWithoutP).
//
// The look in step 7 is what makes sleeping safe. The M first makes public that
// it has no P and does not spin, and looks afterwards; a submitter first
// queues, and then looks whether a P is idle and nobody spins. So one of the
// two sees the other; waker.h has the protocol [WK1] [WK2].
//
// Timers: an M that holds a P looks at the timers of that P. While a P is idle,
// one M without a P, the sleeper, minds the timers of all Ps. Here, too, both
// sides write first and read then, with seq_cst [TM1]:
//
//   arms a timer (AddTimer)            minds them (SleepUntilTimer)
//   1. store the earliest deadline     1. sleeper_until_ = never
//   2. read sleeper_until_             2. read the deadline of every P
//   3. nobody minds: wake an M;        3. sleeper_until_ = the earliest;
//      minds until later: wake it         sleep until then
//
// Go's findrunnable (proc.go) is the model.

#include <algorithm>
#include <numeric>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/core/scheduler.h"
#include "sched/sync/check.h"

namespace trilune {
namespace {

// Prime, so that the looks at the global queue do not fall into step with a
// period of the program.
constexpr uint32_t kGlobalEvery = 61;
constexpr int kStealRounds = 4;
// The most that an M without any strand takes from the global queue: half of
// its P's queue.
constexpr uint32_t kMaxGlobalShare = 128;
// A look at clock and timers costs about as much as a switch. Once in this many
// switches it costs nothing that counts. If Gs run long between switches, the
// looks come about every kCheckPeriodNs.
constexpr int32_t kMaxCheckInterval = 64;
// A thief waits this long before it takes a P's runnext. The M that wakes a
// strand mostly parks soon and runs the strand itself. This is about what it
// costs to wake another M for it.
constexpr long kRunnextGraceNs = 10'000;
constexpr int64_t kCheckPeriodNs = 50'000;

}  // namespace

bool Scheduler::AddTimer(P* p, int64_t when_ns, G* g, uint64_t ticket) {
  if (!p->timers.Add(when_ns, g, ticket)) return false;
  const int64_t sleeper_until = sleeper_until_.load(std::memory_order_seq_cst);
  if (sleeper_until == kNobody) {  // [TM1]
    // As a P is idle, an M should mind the timers of the busy ones.
    WakeOne();
  } else if (when_ns < sleeper_until) {
    MutexLock lock(mu_);
    if (sleeper_ != nullptr) sleeper_->parker.Wake();
  }
  return true;
}

bool Scheduler::RunTimers(M* m, P* p, int64_t now_ns) {
  if (p->timers.next_when() > now_ns) return false;
  G* g = p->timers.TakeDue(now_ns);
  if (g == nullptr) return false;
  // A strand woken here goes behind what is queued on this M's P. So many
  // timers that are due at once run in the order of their deadlines.
  while (g != nullptr) {
    G* following = g->next;
    Strand* strand = g->strand;
    if (strand->solo) {
      strand->PushReady(g);
      QueueLocal(m, strand);
    } else if (m->strand == strand) {
      strand->PushReady(g);
    } else if (strand->word.Push(g)) {
      QueueLocal(m, strand);
    }
    g = following;
  }
  WakeOne();
  return true;
}

// Tells the strand that `m` runs how long its Gs have run since the last look.
// If the strand came to this M after that look, or the M did something else in
// between, nobody knows. A slice is a fair guess of a turn's length then.
void Scheduler::NoteTurns(M* m, int64_t elapsed_ns) {
  const bool is_same =
      m->checked_strand == m->strand && m->checked_dispatches == m->dispatches;
  m->checked_strand = m->strand;
  m->checked_dispatches = m->dispatches;
  // Limited even so: a program that stood still for seconds, or a long call of
  // a C function, must not hold preempted Gs up for as long. But a short slice
  // is no limit: on a busy machine sysmon may be late by many of them, and the
  // others are owed all of that.
  constexpr int64_t kLongTurnNs = 20'000'000;
  const int64_t most_ns =
      is_same ? std::max(2 * config_.slice_ns, kLongTurnNs) : config_.slice_ns;
  m->strand->preempted_turn.OnClock(std::min(elapsed_ns, most_ns));
}

bool Scheduler::CheckClock(M* m) {
  P* p = m->p();
  const int64_t now = NowNs();
  p->now_ns = now;
  // Adapt the interval to how long the switches took.
  const int64_t elapsed = std::max<int64_t>(now - m->last_check_ns, 1);
  const int64_t fitting = m->check_interval * kCheckPeriodNs / elapsed;
  m->check_interval =
      static_cast<int32_t>(std::clamp<int64_t>(fitting, 1, kMaxCheckInterval));
  m->check_countdown = m->check_interval;
  if (m->strand != nullptr) NoteTurns(m, now - m->last_check_ns);
  m->last_check_ns = now;
  p->resched.store(false, std::memory_order_relaxed);
  RunTimers(m, p, now);
  if (now - m->slice_start_ns < config_.slice_ns) return false;
  m->slice_start_ns = now;
  // A strand that lives on inherited slices must queue now and then.
  Strand* next = p->runnext.exchange(nullptr, std::memory_order_acq_rel);
  if (next != nullptr) QueueLocal(m, next);  // [NX1]
  return true;
}

bool Scheduler::Check(M* m) {
  const bool slice_over = CheckClock(m);
  if (stopping_.load(std::memory_order_relaxed)) {
    m->strand = nullptr;
    return false;
  }
  const bool surplus = m->p()->id >= procs();
  const bool others_wait = global_size_.load(std::memory_order_relaxed) > 0 ||
                           m->p()->queue.LooksLong() > 0;
  if (!surplus && !(slice_over && others_wait)) return true;
  Strand* strand = m->strand;
  m->strand = nullptr;
  {
    MutexLock lock(mu_);
    // The strand has just had its turn. Without this the 61st look would find
    // it in the empty global queue at once.
    if (global_head_ == nullptr && m->dispatches % kGlobalEvery == 0) {
      m->dispatches++;
    }
    PushGlobal(strand, strand, 1);
  }
  WakeOne();
  return false;
}

Strand* Scheduler::FindStrand(M* m) {
  for (;;) {
    if (stopping_.load(std::memory_order_acquire)) return nullptr;
    if (m->p() == nullptr) {
      SleepWithoutP(m);
      if (m->strand == nullptr) continue;
      m->dispatches++;
      return m->strand;  // handed over with the P
    }
    RetireIfSurplus(m);
    if (m->p() == nullptr) continue;
    if (--m->check_countdown <= 0 ||
        m->p()->resched.load(std::memory_order_relaxed)) {
      CheckClock(m);
    }
    Strand* strand = FindNearby(m);
    if (strand == nullptr) strand = GiveUpP(m);
    if (strand == nullptr) continue;
    if (m->spinning) FinishSpinning(m);
    Bump(m->p()->schedtick);
    m->dispatches++;
    return strand;
  }
}

Strand* Scheduler::TakeNearby(M* m) {
  if (m->dispatches % kGlobalEvery == 0) return nullptr;
  P* p = m->p();
  Strand* strand = nullptr;
  if (p->runnext.load(std::memory_order_relaxed) != nullptr) {
    strand = p->runnext.exchange(nullptr, std::memory_order_acq_rel);  // [NX1]
  }
  if (strand == nullptr) {
    strand = p->queue.PopLocal();
    if (strand == nullptr) return nullptr;
    m->slice_start_ns = p->now_ns;
  }
  Bump(p->schedtick);
  m->dispatches++;
  return strand;
}

Strand* Scheduler::FindNearby(M* m) {
  P* p = m->p();
  if (m->dispatches % kGlobalEvery == 0) {
    // Only one: more could overfill the P's queue, which then gives its oldest
    // strands to the global queue.
    Strand* strand = PopGlobal(p, 1);
    if (strand != nullptr) {
      m->slice_start_ns = p->now_ns;
      return strand;
    }
  }
  // The strand woken last inherits the slice.
  if (p->runnext.load(std::memory_order_relaxed) != nullptr) {
    Strand* strand = p->runnext.exchange(nullptr, std::memory_order_acq_rel);
    if (strand != nullptr) return strand;  // [NX1]
  }
  Strand* strand = p->queue.PopLocal();
  if (strand == nullptr) {
    CheckClock(m);
    strand = TakeLocal(p);
  }
  if (strand == nullptr) strand = PopGlobal(p, kMaxGlobalShare);
  if (strand == nullptr) {
    if (!m->spinning && waker_.TryStartSpinning(procs())) m->spinning = true;
    if (m->spinning) strand = Steal(m);
  }
  m->slice_start_ns = p->now_ns;
  return strand;
}

Strand* Scheduler::TakeLocal(P* p) {
  Strand* strand = p->runnext.exchange(nullptr, std::memory_order_acq_rel);
  return strand != nullptr ? strand : p->queue.PopLocal();  // [NX1]
}

// Takes the strand that `victim` has woken last, but only if that P starts no
// strand for a moment. A P that does has strands that wake each other. Apart
// from each other, each wake-up would have to wake an M.
Strand* Scheduler::StealRunnext(P* victim) {
  if (victim->runnext.load(std::memory_order_relaxed) == nullptr) {
    return nullptr;
  }
  const uint64_t ticks = victim->schedtick.load(std::memory_order_relaxed);
  const timespec moment = {0, kRunnextGraceNs};
  nanosleep(&moment, nullptr);
  if (victim->schedtick.load(std::memory_order_relaxed) != ticks) {
    return nullptr;
  }
  return victim->runnext.exchange(nullptr, std::memory_order_acq_rel);  // [NX1]
}

Strand* Scheduler::Steal(M* m) {
  const int made = ps_made_.load(std::memory_order_acquire);  // [PS1]
  for (int round = 0; round < kStealRounds; round++) {
    const bool last_round = round == kStealRounds - 1;
    // A stride coprime to the number of Ps visits each P once.
    auto stride =
        static_cast<int>(m->random.Next() % static_cast<uint32_t>(made));
    while (std::gcd(stride, made) != 1)
      stride++;
    auto at = static_cast<int>(m->random.Next() % static_cast<uint32_t>(made));
    for (int i = 0; i < made; i++, at = (at + stride) % made) {
      P* victim = ps_[at].get();
      if (victim == m->p()) continue;
      if (last_round && RunTimers(m, victim, m->p()->now_ns)) {
        Strand* strand = TakeLocal(m->p());
        if (strand != nullptr) return strand;
      }
      Strand* strand = m->p()->queue.StealHalf(victim->queue);
      if (strand == nullptr && last_round) strand = StealRunnext(victim);
      if (strand != nullptr) {
        Bump(m->p()->steals);
        return strand;
      }
    }
  }
  return nullptr;
}

void Scheduler::FinishSpinning(M* m) {
  m->spinning = false;
  if (waker_.StopSpinning() && (SeesWork() || LooksUnminded())) WakeOne();
  // `m` has found work. If it was the last to spin, and there is more, it wakes
  // the next M: submitters woke nobody while it spun.
}

// Whether timers are armed while a P is idle and no M minds them. They may
// belong to Ps that run a G for long.
bool Scheduler::LooksUnminded() const {
  return waker_.idle_ps() > 0 &&
         sleeper_until_.load(std::memory_order_seq_cst) == kNobody &&  // [TM1]
         EarliestTimer() != kNever;
}

bool Scheduler::SeesWork() const {
  if (global_size_.load(std::memory_order_seq_cst) > 0) return true;  // [WK2]
  const int made = ps_made_.load(std::memory_order_acquire);          // [PS1]
  for (int i = 0; i < made; i++) {
    const P& p = *ps_[i];
    if (p.queue.LooksLong() > 0 ||
        p.runnext.load(std::memory_order_seq_cst) != nullptr) {
      return true;
    }
  }
  const int64_t earliest = EarliestTimer();
  return earliest != kNever && earliest <= NowNs();
}

int64_t Scheduler::EarliestTimer() const {
  int64_t earliest = kNever;
  const int made = ps_made_.load(std::memory_order_acquire);  // [PS1]
  for (int i = 0; i < made; i++) {
    earliest = std::min(earliest, ps_[i]->timers.next_when());
  }
  return earliest;
}

// Nothing is nearby: gives the P up, or returns a strand if the global queue
// has one after all. The order is that of waker.h: the P on the idle list, then
// the M not counted as spinning. SleepWithoutP then looks at everything once
// more.
Strand* Scheduler::GiveUpP(M* m) {
  {
    MutexLock lock(mu_);
    P* p = m->p();
    Strand* strand = PopGlobalLocked(p, kMaxGlobalShare);
    if (strand != nullptr) return strand;
    m->set_p(nullptr);
    if (p->id < procs()) {
      PushIdleP(p);
    } else {
      p->place = P::Place::kRetired;
      MoveTimers(p);
    }
  }
  if (m->spinning) {
    m->spinning = false;
    waker_.StopSpinning();
  }
  return nullptr;
}

// Takes an idle P, if there is work. Either a submitter saw a P idle, or its
// work is seen here. [WK1] [WK2]
//
// Every M looks before it sleeps, even one that has lost its P: perhaps no
// thread could be made for what lies there.
bool Scheduler::LookOnceMore(M* m) {
  if (!SeesWork()) return false;
  MutexLock lock(mu_);
  if (m->handed_p != nullptr) return false;
  m->set_p(PopIdleP());
  if (m->p() == nullptr) return false;
  if (m->is_idle) RemoveIdleM(m);
  m->spinning = true;
  waker_.StartSpinning();
  return true;
}

void Scheduler::ReportQuiescence() {
  QuiescenceListener* listener =
      listener_.load(std::memory_order_acquire);  // [QL1]
  if (listener != nullptr) listener->OnQuiescent();
}

// Sleeps until an M hands over a P, or a timer is due while a P is idle. The
// order: look once more; join the idle list, so that others can hand over a P;
// report quiescence, if this was the last M awake; sleep.
void Scheduler::SleepWithoutP(M* m) {
  if (LookOnceMore(m)) return;
  bool quiescent = false;
  {
    MutexLock lock(mu_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    if (m->handed_p == nullptr && !m->is_idle) PushIdleM(m);
    quiescent = IsQuiescentLocked();
  }
  if (quiescent) ReportQuiescence();
  const bool woken = SleepUntilTimer(m);
  MutexLock lock(mu_);
  if (m->handed_p != nullptr) {
    m->set_p(m->handed_p);
    m->spinning = m->handed_spinning;
    m->handed_p = nullptr;
    m->strand = m->handed_strand;
    m->handed_strand = nullptr;
  } else if (!woken) {
    m->set_p(PopIdleP());
    if (m->p() != nullptr) {
      m->spinning = true;
      waker_.StartSpinning();
    }
  }
  if (m->is_idle &&
      (m->p() != nullptr || stopping_.load(std::memory_order_relaxed))) {
    RemoveIdleM(m);
  }
}

// Parks the M. If no other M minds the timers, it does so, and sleeps until the
// earliest deadline at most. False: the deadline has come.
bool Scheduler::SleepUntilTimer(M* m) {
  bool minds = false;
  {
    MutexLock lock(mu_);
    // With every P held, each M looks at the timers of its own P.
    minds = sleeper_ == nullptr && idle_ps_ != nullptr;
    if (minds) {
      sleeper_ = m;
      sleeper_until_.store(kNever, std::memory_order_seq_cst);  // [TM1]
    }
  }
  if (!minds) return m->parker.Park(kNever, nullptr);
  DropStaleTimers();
  const int64_t until = EarliestTimer();
  sleeper_until_.store(until, std::memory_order_seq_cst);  // [TM1]
  const bool woken = m->parker.Park(until, until == kNever ? nullptr : &NowNs);
  MutexLock lock(mu_);
  sleeper_ = nullptr;
  sleeper_until_.store(kNobody, std::memory_order_seq_cst);
  return woken;
}

void Scheduler::DropStaleTimers() {
  const int made = ps_made_.load(std::memory_order_acquire);  // [PS1]
  for (int i = 0; i < made; i++)
    ps_[i]->timers.DropStale();
}

bool Scheduler::IsQuiescent() {
  MutexLock lock(mu_);
  return IsQuiescentLocked();
}

bool Scheduler::IsQuiescentLocked() {
  if (idle_m_count_ + locked_waiting_ != m_count_ - ended_ms_ ||
      global_head_ != nullptr) {
    return false;
  }
  // Every M waits, so a P that is held is on its way to an M with a locked G.
  const int made = ps_made_.load(std::memory_order_relaxed);
  for (int i = 0; i < made; i++) {
    if (ps_[i]->place == P::Place::kHeld) return false;
  }
  DropStaleTimers();
  return EarliestTimer() == kNever && !SeesWork();
}

}  // namespace trilune
