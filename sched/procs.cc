// How many Ps there are: they come, and retire with what lies there, as a
// script or the host asks for it.

#include "sched/loop.h"
#include "sched/scheduler.h"
#include "sched/sync/check.h"

namespace trilune {

int Scheduler::SetProcs(int n) {
  TRI_CHECK(n >= 1 && n <= kMaxProcs);
  int old = 0;
  {
    MutexLock lock(mu_);
    old = procs_.load(std::memory_order_relaxed);
    procs_.store(n, std::memory_order_relaxed);
    // Grow: a retired P comes back; a held one just stays.
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
    // Shrink: idle ones retire here, held ones when their M looks; see
    // RetireIfSurplus. The queues of an idle P are empty.
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
  // Timers may have moved: let idle Ms look. A submitter may have found no idle
  // P just while the list was being rebuilt, so one M looks for work, whether
  // Ps were added or not.
  PokeIdle();
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
      // Every P is held: whoever gives one up looks at all there is.
      m->spinning = false;
      waker_.StopSpinning();
    }
  }
  WakeOne();  // for what was moved
}

// The timers of a P that retires. Who minds the timers may have read the
// deadlines while these were in neither heap: it shall read them again. [TM1]
void Scheduler::MoveTimers(P* p) {
  p->timers.MoveTo(ps_[0]->timers);
  if (sleeper_ != nullptr) sleeper_->parker.Wake();
}

}  // namespace trilune
