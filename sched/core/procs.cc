// Changes the number of Ps, when a script or the host asks for it. New Ps come
// onto the idle list. A surplus P retires: at once if it is idle, else when its
// M looks (RetireIfSurplus). Its strands go to the global queue and its timers
// to P 0, which never retires. A retired P is kept, as other Ms may still look
// at it.

#include "sched/core/loop.h"
#include "sched/core/scheduler.h"
#include "sched/sync/check.h"

namespace trilune {

int Scheduler::SetProcs(int n) {
  TRI_CHECK(n >= 1 && n <= kMaxProcs);
  int old = 0;
  {
    MutexLock lock(mu_);
    old = procs_.load(std::memory_order_relaxed);
    procs_.store(n, std::memory_order_relaxed);
    // Grow: a retired P comes back, a held one just stays.
    for (int i = 0; i < n; i++) {
      P* p = i < ps_made_.load(std::memory_order_relaxed) ? ps_[i].get()
                                                          : MakeP(i);
      if (p == nullptr) {  // as many as there is memory for
        n = i;
        procs_.store(n, std::memory_order_relaxed);
        break;
      }
      if (p->place == P::Place::kRetired) PushIdleP(p);
    }
    // Shrink: idle Ps retire here, held ones in RetireIfSurplus. The queues of
    // an idle P are empty.
    P* kept = nullptr;
    while (P* p = PopIdleP()) {
      if (p->id >= n) {
        p->place = P::Place::kRetired;
        MoveTimers(p);
        continue;
      }
      p->next_idle = kept;
      kept = p;
    }
    while (kept != nullptr) {
      P* p = kept;
      kept = p->next_idle;
      PushIdleP(p);
    }
    for (int i = n; i < ps_made_.load(std::memory_order_relaxed); i++) {
      ps_[i]->resched.store(true, std::memory_order_relaxed);
    }
  }
  // Timers may have moved, so let the idle Ms look. A submitter may have found
  // no idle P while the list was being rebuilt. So one M looks for work,
  // whether Ps were added or not.
  LookForQuiescence();
  WakeOne();
  return old;
}

void Scheduler::RetireIfSurplus(M* m) {
  P* p = m->p();
  if (p->id < procs_.load(std::memory_order_relaxed)) return;
  {
    MutexLock lock(mu_);
    if (p->id < procs_.load(std::memory_order_relaxed)) return;
    Strand* strand = p->runnext.exchange(nullptr, std::memory_order_acq_rel);
    if (strand != nullptr) PushGlobal(strand, strand, 1);  // [NX1]
    while ((strand = p->queue.PopLocal()) != nullptr) {
      PushGlobal(strand, strand, 1);
    }
    MoveTimers(p);
    p->resched.store(false, std::memory_order_relaxed);
    p->place = P::Place::kRetired;
    m->set_p(PopIdleP());
    if (m->p() == nullptr && m->spinning) {
      // Every P is held: an M that gives one up looks at all there is.
      m->spinning = false;
      waker_.StopSpinning();
    }
  }
  WakeOne();  // for the strands that were moved
}

// Moves the timers of a P that retires. The M that minds the timers may have
// read the deadlines of ps_[0] before the move and those of `p` after it, so it
// must read them again. [TM1]
void Scheduler::MoveTimers(P* p) {
  p->timers.MoveTo(ps_[0]->timers);
  if (sleeper_ != nullptr) sleeper_->parker.Wake();
}

}  // namespace trilune
