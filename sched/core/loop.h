// The loop's interface: how a G leaves its M, and becomes runnable again.
//
// Role       A G's code calls these to park or yield with its stack; any thread
//            calls Ready to make a parked G runnable. A G parks without its
//            stack by a return from GKind::run (g.h).
// Threads    Ready: the winner of TryWake. The rest: the M that runs the
//            strand; Park..., Yield..., Preempt... and ...Syscall: for the
//            running G.
// Locks      none
// Invariants I1. Switch, then publish: nothing that lets another M reach a
//                stack, a G or a strand happens before its stack has been left.
// Docs       docs/architecture.md, "Switch, then publish"; loop.cc
// Tests      tests/sched/loop_test.cc; tests/model/handover_model.cc

#ifndef TRI_SCHED_CORE_LOOP_H_
#define TRI_SCHED_CORE_LOOP_H_

#include "sched/stack/fiber.h"
#include "sched/task/g.h"
#include "sched/task/strand.h"
#include "sched/thread/m.h"

namespace trilune {

// The entry of pooled fibers: runs strands, for whichever M is here, for ever.
void LoopEntry(Fiber* left);

// Runs strands on the calling thread until the scheduler stops. An M's main.
void RunM(M* m);

// Whether a G may park with its stack now: `m` has a fresh fiber to go on with.
// It stays true until the caller switches.
[[nodiscard]] bool CanParkWithStack(M* m);
// The same, with a reserve: for a G that leaves its stack but does not wait for
// other Gs (preempted, in a system call), or leaves it for good.
[[nodiscard]] bool CanLeaveStack(M* m);

// Makes `g`, an idle record of the strand that `m` runs, wait until
// `deadline_ns`, as if it had run and parked. A G that only its deadline wakes
// needs no dispatch before that.
void StartWaiting(M* m, G* g, int64_t deadline_ns);

// Ends such a wait and its G; also that of a G that parked without a stack only
// until its deadline. The G does not run again, and its record is dead. False:
// the wait is over, and the G will run.
[[nodiscard]] bool StopWaiting(M* m, G* g);

// Parks the running G `g` of `m` on its stack. The caller has opened the wait
// (g->word.BeginWait) and set g->reason. Returns when `g` runs again, perhaps
// on another thread. Requires: CanParkWithStack.
void ParkWithStack(M* m, G* g, const ParkCommit& commit);

// Lets others run first. Returns at once if there are none, or no fiber.
void YieldWithStack(M* m, G* g);

// Stops the running G `g` at a preemption point. `first`: it goes on before the
// other Gs of its strand; otherwise behind them. Returns when it runs again,
// perhaps on another thread. Requires: CanLeaveStack, and a G of a shared
// strand.
void PreemptWithStack(M* m, G* g, bool first);

// Called before and after a call of the running G that may block. In between
// sysmon may give P and strand to others, so the caller must touch neither.
// ExitSyscall returns when the G runs again, perhaps on another thread. True:
// it had lost both. Requires: CanLeaveStack, before EnterSyscall.
void EnterSyscall(M* m, G* g);
bool ExitSyscall(G* g);

// Leaves the stack of a G that has ended in the middle of a call. What is on
// the stack is gone. Requires: CanLeaveStack.
[[noreturn]] void LeaveStackForGood(M* m);

// Makes a G runnable. The caller has won its TryWake.
void Ready(G* g);

// As Ready, for a caller that runs inside the G's strand. `woken`: the G may
// run next.
inline void ReadyInStrand(G* g, bool woken) {
  if (woken) {
    g->strand->PushWoken(g);
  } else {
    g->strand->PushReady(g);
  }
}

}  // namespace trilune

#endif  // TRI_SCHED_CORE_LOOP_H_
