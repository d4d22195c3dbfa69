// WatchForOverflow: reports it when a G overflows its C stack.
//
// Role       A fault in a guard page would otherwise end the process without a
//            word. The handler names the goroutine. Then the fault takes its
//            usual course: the handler that was there before, or the default
//            action.
// Threads    Each M, at its start.
// Locks      none; the handler only reads
// Tests      tests/sched/overflow_test.cc

#ifndef TRI_SCHED_CORE_FAULT_H_
#define TRI_SCHED_CORE_FAULT_H_

#include <cstddef>

namespace trilune {

// Gives the calling thread `stack` for its signal handlers. Installs the
// handler of SIGSEGV, once in the process. `stack` must live as long as the
// thread. Does nothing under sanitizers, which have handlers of their own.
void WatchForOverflow(char* stack, size_t bytes);

}  // namespace trilune

#endif  // TRI_SCHED_CORE_FAULT_H_
