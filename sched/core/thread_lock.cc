#include "sched/core/thread_lock.h"

#include <cerrno>
#include <new>

#include "sched/core/scheduler.h"
#include "sched/sync/check.h"
#include "sched/task/strand.h"

namespace trilune {
namespace {

// The link in the strand's list that leads to the lock of `g`; if `g` is not
// locked, the link at the end.
ThreadLock** Find(const G* g) {
  ThreadLock** link = &g->strand->thread_locks;
  while (*link != nullptr && (*link)->g != g)
    link = &(*link)->next;
  return link;
}

// Takes the lock at `link` off the list. `m` has no locked G then.
void Remove(M* m, ThreadLock** link) {
  ThreadLock* lock = *link;
  TRI_CHECK(lock->m == m && m->locked_g == lock->g);
  *link = lock->next;
  m->locked_g = nullptr;
  delete lock;
}

}  // namespace

int LockThread(M* m, G* g) {
  ThreadLock** link = Find(g);
  if (*link == nullptr) {
    auto* lock = new (std::nothrow) ThreadLock();
    if (lock == nullptr) return ENOMEM;
    const int error = m->sched->BindM(m);
    if (error != 0) {
      delete lock;
      return error;
    }
    lock->g = g;
    lock->m = m;
    *link = lock;
    m->locked_g = g;
  }
  (*link)->depth++;
  return 0;
}

bool UnlockThread(M* m, G* g) {
  ThreadLock** link = Find(g);
  ThreadLock* lock = *link;
  if (lock == nullptr) return false;
  if (--lock->depth > 0) return true;
  if (lock->has_affinity) {
    sched_setaffinity(0, sizeof(lock->before), &lock->before);
  }
  Remove(m, link);
  m->sched->UnbindM(m);
  return true;
}

int SetThreadAffinity(M* m, G* g, const cpu_set_t& cpus) {
  ThreadLock* lock = *Find(g);
  if (lock == nullptr) return EPERM;
  TRI_CHECK(lock->m == m);
  if (!lock->has_affinity &&
      sched_getaffinity(0, sizeof(lock->before), &lock->before) != 0) {
    return errno;
  }
  if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0) return errno;
  lock->has_affinity = true;
  return 0;
}

M* LockedTo(const G* g) {
  const ThreadLock* lock = *Find(g);
  return lock == nullptr ? nullptr : lock->m;
}

void EndThreadLock(M* m, G* g) {
  ThreadLock** link = Find(g);
  if (*link == nullptr) return;
  Remove(m, link);
  m->ends = true;
}

void DropThreadLocks(M* m, Strand* strand) {
  for (const ThreadLock* lock = strand->thread_locks; lock != nullptr;
       lock = lock->next) {
    if (lock->m == m) {
      m->locked_g = nullptr;
      m->ends = true;
    } else {
      // An empty handoff: the M, which sleeps, ends.
      lock->m->handoff_slot.Send({});
    }
  }
  FreeThreadLocks(strand);
}

void FreeThreadLocks(Strand* strand) {
  while (strand->thread_locks != nullptr) {
    ThreadLock* lock = strand->thread_locks;
    strand->thread_locks = lock->next;
    delete lock;
  }
}

}  // namespace trilune
