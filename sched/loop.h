// The scheduling loop, and the two ways in which a G leaves it.
//
// Role       What a G's code calls to park or yield with its stack, and what
//            any thread calls to make a parked G runnable. Parking without a
//            stack is a return from GKind::run (g.h).
// Threads    Park..., Yield...: the running G. Ready: who won TryWake.
// Locks      none Invariants Switch, then publish: nothing that lets another M
//            reach a stack, a G or a strand happens before its stack has been
//            left.
// Tests      tests/sched/loop_test.cc; tests/model/handover_model.cc

#ifndef TRI_SCHED_LOOP_H_
#define TRI_SCHED_LOOP_H_

#include "sched/fiber.h"
#include "sched/g.h"
#include "sched/m.h"
#include "sched/strand.h"

namespace trilune {

// Entry of pooled fibers: runs strands for whichever M is here, for ever.
void LoopEntry(Fiber* left);

// Runs strands on the calling thread until the scheduler stops. M's main.
void RunM(M* m);

// True if a G may park with its stack now: a fresh fiber is at hand for the M.
// It stays true until the caller switches.
[[nodiscard]] bool CanParkWithStack(M* m);
// The same where the G does not wait for others, or for good: to be preempted,
// in a system call. There is a reserve for that.
[[nodiscard]] bool CanLeaveStack(M* m);

// Makes `g`, an idle record of the strand that `m` runs, wait until
// `deadline_ns` as if it had run and parked: a G that nothing but its deadline
// needs to wake costs no dispatch before that.
void StartWaiting(M* m, G* g, int64_t deadline_ns);

// Ends such a wait, or one of a G that parked without a stack for nothing but
// its deadline, and the G with it: it does not run any more, and its record is
// dead. False: the wait is over, and the G on its way.
[[nodiscard]] bool StopWaiting(M* m, G* g);

// Parks the running G `g` of `m` on its stack. The caller has opened the wait
// (g->word.BeginWait) and set g->reason. Returns when the G runs again, perhaps
// on another thread. Requires: CanParkWithStack.
void ParkWithStack(M* m, G* g, const ParkCommit& commit);

// Lets others run first. Returns at once when there is nobody, or no fiber.
void YieldWithStack(M* m, G* g);

// Stops the running G `g` at a preemption point. `first`: it goes on before the
// other Gs of its strand; else behind them. Returns when it runs again, perhaps
// on another thread. Requires: CanLeaveStack, and a G of a shared strand.
void PreemptWithStack(M* m, G* g, bool first);

// Around a call of the running G that may block: in between sysmon may give P
// and strand to others, so the caller touches nothing of either. ExitSyscall
// returns when the G runs again, perhaps on another thread; true: it lost both
// meanwhile. Requires: CanLeaveStack, before EnterSyscall.
void EnterSyscall(M* m, G* g);
bool ExitSyscall(G* g);

// Leaves the stack of a G that has ended in the middle of a call: what is on it
// is gone. Requires: CanLeaveStack.
[[noreturn]] void LeaveStackForGood(M* m);

// Makes a G runnable whose TryWake the caller won.
void Ready(G* g);

// As Ready, when the caller runs inside the G's strand; `woken`: it may go
// first.
inline void ReadyInStrand(G* g, bool woken) {
  if (woken) {
    g->strand->PushWoken(g);
  } else {
    g->strand->PushFresh(g);
  }
}

}  // namespace trilune

#endif  // TRI_SCHED_LOOP_H_
