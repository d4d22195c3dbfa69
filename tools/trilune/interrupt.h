// Ctrl-C while Lua code runs.
//
// Role       The first SIGINT raises "interrupted!" in the main G. A second
//            one, before DisarmInterrupt, ends the process, as in stock lua.
// Threads    To be called from the host's thread only. A thread of its own
//            waits for the signal, because a handler may do next to nothing.
//            The signal is caught, not blocked: programs that a script starts
//            would inherit a blocked signal.
// Locks      a leaf of its own, held while Isolate::Interrupt runs
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_INTERRUPT_H_
#define TRI_TOOLS_TRILUNE_INTERRUPT_H_

#include "embed/trilune.h"

namespace trilune::command {

// From now on SIGINT interrupts `isolate`, which must live until
// DisarmInterrupt.
void ArmInterrupt(Isolate* isolate);

// From now on SIGINT does its default: it ends the process.
void DisarmInterrupt();

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_INTERRUPT_H_
