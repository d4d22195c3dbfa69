// LockThread, UnlockThread: tie a G to its OS thread, alone.
//
// Role       For C libraries that keep their state per thread, and for threads
//            with an affinity or priority of their own. As Go's LockOSThread:
//            calls nest; while a G is locked it runs on that M only, and the M
//            runs nothing else; a G that ends locked takes the thread with it.
//            An M that picks a G which is locked elsewhere sends it there, with
//            strand and P (thread_mail.h).
// Threads    the running G; LockedTo, DropThreadLocks, FreeThreadLocks: the
//            strand's owner
// Locks      LockThread and UnlockThread take the scheduler's
// Docs       docs/architecture.md, "Locked threads"
// Tests      tests/sched/thread_lock_test.cc; tests/lua/thread

#ifndef TRI_SCHED_CORE_THREAD_LOCK_H_
#define TRI_SCHED_CORE_THREAD_LOCK_H_

#include <sched.h>

#include "sched/task/g.h"
#include "sched/thread/m.h"

namespace trilune {

// A locked G, in the list of its strand.
struct ThreadLock {
  G* g = nullptr;
  M* m = nullptr;
  int depth = 0;
  bool has_affinity = false;  // restore `before`
  cpu_set_t before = {};
  ThreadLock* next = nullptr;
};

// Locks the running G `g` to its M `m`, once more. Returns 0 or an errno.
// ENOMEM, or the reason why no other thread can be started: the other Gs need
// one.
[[nodiscard]] int LockThread(M* m, G* g);

// Undoes one LockThread. False: there was none. The last one frees the thread,
// and restores the affinity that it had.
[[nodiscard]] bool UnlockThread(M* m, G* g);

// Lets the thread of the running G `g`, which is locked to it, run on `cpus`
// only. Returns 0 or an errno. EPERM: `g` is not locked.
[[nodiscard]] int SetThreadAffinity(M* m, G* g, const cpu_set_t& cpus);

// The M that `g` is locked to, or null.
[[nodiscard]] M* LockedTo(const G* g);

// The running G `g` of `m` ends. If it is locked, `m` ends, too.
void EndThreadLock(M* m, G* g);

// The Gs of `strand`, which `m` owns, will never run again. So the Ms to which
// they are locked end.
void DropThreadLocks(M* m, Strand* strand);

// The same when no M exists any more: only the memory is freed.
void FreeThreadLocks(Strand* strand);

}  // namespace trilune

#endif  // TRI_SCHED_CORE_THREAD_LOCK_H_
