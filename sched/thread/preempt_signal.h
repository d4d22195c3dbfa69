// InstallPreemptSignal: the signal by which sysmon asks a running G to come to
// a preemption point.
//
// Role       SIGURG, as in Go: by default it is ignored, debuggers let it pass,
//            and hardly any program uses it. A program that does still gets its
//            own: a signal that is not sysmon's goes to the handler that was
//            there before.
// Threads    InstallPreemptSignal: any, once in the process. SendPreemptSignal:
//            sysmon. The others: an M, for its own thread.
// Locks      none; the handler takes none
// Tests      tests/sched/sysmon_test.cc

#ifndef TRI_SCHED_THREAD_PREEMPT_SIGNAL_H_
#define TRI_SCHED_THREAD_PREEMPT_SIGNAL_H_

namespace trilune {

struct M;

void InstallPreemptSignal();

// Lets the signal through to the calling thread. A thread inherits the mask of
// its maker, which may have blocked it.
void UnblockPreemptSignal();

// Signals the thread of `m`, if it runs a G's code; false if it does not.
// `may_send` is asked last, right before the signal.
[[nodiscard]] bool SendPreemptSignal(M* m, bool (*may_send)(M* m));

// Returns when no signal of sysmon is under way to the calling thread, so that
// none ends the next system call early. Called by `m` itself, in the runtime.
void AwaitPreemptSignal(M* m);

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_PREEMPT_SIGNAL_H_
