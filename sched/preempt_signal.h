// InstallPreemptSignal: the signal by which sysmon asks a running G to come to
// a preemption point.
//
// Role       SIGURG, as in Go: by default it is ignored, debuggers let it pass,
//            and hardly a program uses it. One that does is called as before:
//            a signal that is not sysmon's goes to the handler there was.
// Threads    any; installed once in the process
// Locks      none; the handler takes none
// Tests      tests/sched/sysmon_test.cc

#ifndef TRI_SCHED_PREEMPT_SIGNAL_H_
#define TRI_SCHED_PREEMPT_SIGNAL_H_

namespace trilune {

struct M;

void InstallPreemptSignal();

// Lets the signal through to the calling thread, whose maker may have blocked
// it.
void UnblockPreemptSignal();

// Signals the thread of `m`, if it runs a G's code; false: it does not.
// Sysmon's.
// `may_send` is asked last of all, a moment before.
[[nodiscard]] bool SendPreemptSignal(M* m, bool (*may_send)(M* m));

// The calling thread is that of `m` and in the runtime: returns when no signal
// of sysmon is under way to it, so that none ends the next system call early.
void AwaitPreemptSignal(M* m);

}  // namespace trilune

#endif  // TRI_SCHED_PREEMPT_SIGNAL_H_
