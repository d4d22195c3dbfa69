// LockThread, UnlockThread: a G that stays on its OS thread, alone.
//
// Role       For C libraries that keep their state per thread, and for threads
//            with an affinity or priority of their own. As Go's LockOSThread:
//            calls nest; while a G is locked it runs on that M only, and the M
//            runs nothing else; a G that ends locked takes the thread with it.
// Threads    the running G
// Locks      none
// Tests      tests/sched/thread_lock_test.cc; tests/lua/thread

#ifndef TRI_SCHED_THREAD_LOCK_H_
#define TRI_SCHED_THREAD_LOCK_H_

#include <sched.h>

#include "sched/g.h"
#include "sched/m.h"

namespace trilune {

// A locked G, in its strand's list.
struct ThreadLock {
  G* g = nullptr;
  M* m = nullptr;
  int depth = 0;
  bool has_affinity = false;  // `before` is to be restored
  cpu_set_t before = {};
  ThreadLock* next = nullptr;
};

// Locks the running G `g` of `m` to it, once more. Returns 0, or an errno:
// ENOMEM, or why no other thread can be started, which the other Gs need.
[[nodiscard]] int LockThread(M* m, G* g);

// Undoes one LockThread; false: there was none. The last one gives the thread
// back, with the affinity it had.
[[nodiscard]] bool UnlockThread(M* m, G* g);

// Lets the thread of the running G, which is locked to it, run on `cpus` only.
// Returns 0, or an errno; EPERM: the G is not locked.
[[nodiscard]] int SetThreadAffinity(M* m, G* g, const cpu_set_t& cpus);

// The M that `g` is locked to, or null. The strand's owner.
[[nodiscard]] M* LockedTo(const G* g);

// The running G `g` of `m` ends: if it is locked, so does the M.
void EndThreadLock(M* m, G* g);

// The Gs of `strand`, which `m` owns, will never run again: the Ms to which
// they are locked end.
void DropThreadLocks(M* m, Strand* strand);

// The same when there is no M any more.
void FreeThreadLocks(Strand* strand);

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_LOCK_H_
