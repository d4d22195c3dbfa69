// Mutex, MutexLock, CondVar: std::mutex where Clang's analysis can see it, with
// a rank that debug builds check.
//
// Role       Every lock of the project is one, except those that a parking G
//            holds (handover_lock.h). The ranks are the lock order. A thread
//            may acquire a mutex only while all locks that it holds have a
//            lower rank. Channels may share their rank: a select takes them in
//            address order. So may heaps of timers: Timers::MoveTo.
// Threads    any; blocks the M
// Locks      docs/locks.md lists every mutex with its rank
// Tests      tests/sched/mutex_test.cc

#ifndef TRI_SCHED_SYNC_MUTEX_H_
#define TRI_SCHED_SYNC_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "sched/sync/thread_annotations.h"

namespace trilune {

// The lock order, lowest first. docs/locks.md has each mutex of each rank.
enum class LockRank : int {
  kIsolates = 10,   // lists of isolates, programs and spare isolates
  kDicts = 12,      // stdlib: the names of a runtime's dictionaries
  kIsolate = 15,    // stdlib: the calls that an isolate has to answer
  kRegistry = 17,   // vm: the isolates of programs (statistics, MemoryWatch)
  kHost = 20,       // vm: an isolate's requests; a host call's result
  kChan = 30,       // channels and the other HandoverLocks
  kCycles = 35,     // vm: shared objects that no isolate holds
  kScheduler = 40,  // sched: idle lists and the global queue
  kTimers = 50,     // sched: a P's timers
  kGSlabs = 60,     // sched: memory of Gs
  kFibers = 70,     // sched: the pool of stacks
  kChunks = 80,     // vm: the memory of Lua heaps
  kMessages = 85,   // vm: the depot of message blocks
  kShells = 88,     // stdlib: os.execute, while interrupts are ignored
};

// Debug builds call it for each lock. Aborts when the order is broken.
void CheckLockOrder(LockRank rank);
void ForgetLock(LockRank rank);

class TRI_CAPABILITY("mutex") Mutex {
 public:
  explicit Mutex(LockRank rank) : rank_(rank) {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() TRI_ACQUIRE() {
#ifndef NDEBUG
    CheckLockOrder(rank_);
#endif
    mu_.lock();
  }
  void Unlock() TRI_RELEASE() {
    // Before the unlock: after it, this mutex may be gone.
#ifndef NDEBUG
    ForgetLock(rank_);
#endif
    mu_.unlock();
  }

 private:
  friend class CondVar;
  std::mutex mu_;
  [[maybe_unused]] const LockRank rank_;
};

class TRI_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) TRI_ACQUIRE(mu) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() TRI_RELEASE() { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

class CondVar {
 public:
  // Unlocks `mu`, waits for a notification, and locks it again. May return
  // without one, so call it in a loop.
  void Wait(Mutex& mu) TRI_REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // As Wait, but returns false once `deadline` has passed.
  bool WaitUntil(Mutex& mu, std::chrono::steady_clock::time_point deadline)
      TRI_REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    const bool in_time =
        cv_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_MUTEX_H_
