// Unit tests for sched/sync/mutex.h and sched/sync/handover_lock.h.

#include "sched/sync/mutex.h"

#include <chrono>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/sync/handover_lock.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

TEST_CASE("mutex: holds off other threads") {
  Mutex mu(LockRank::kScheduler);
  int count = 0;
  OnThreads(4, [&](int) {
    for (int k = 0; k < 10'000; k++) {
      MutexLock lock(mu);
      count++;
    }
  });
  CHECK(count == 40'000);
}

TEST_CASE("mutex: ranks that rise are in order") {
  Mutex low(LockRank::kScheduler);
  Mutex high(LockRank::kTimers);
  for (int i = 0; i < 2; i++) {
    MutexLock first(low);
    MutexLock second(high);
  }
  MutexLock alone(high);
  Mutex other(LockRank::kTimers);
  MutexLock both(other);  // as Timers::MoveTo
}

#if !defined(NDEBUG)
TEST_CASE("mutex: a debug build aborts when ranks fall or repeat") {
  CHECK(BreaksCheck([] {
    Mutex low(LockRank::kScheduler);
    Mutex high(LockRank::kTimers);
    MutexLock first(high);
    MutexLock second(low);
  }));
  CHECK(BreaksCheck([] {
    Mutex one(LockRank::kScheduler);
    Mutex two(LockRank::kScheduler);
    MutexLock first(one);
    MutexLock second(two);
  }));
  CHECK(BreaksCheck([] {
    Mutex timers(LockRank::kTimers);
    HandoverLock chan;
    MutexLock first(timers);
    chan.Lock();
    chan.Unlock();
  }));
}

TEST_CASE("mutex: two channels may be locked at once, as select does") {
  const Death death = RunInChild([] {
    HandoverLock one;
    HandoverLock two;
    one.Lock();
    two.Lock();
    one.Unlock();
    two.Unlock();
  });
  CHECK(death.signal == 0);
  CHECK(death.code == 0);
}
#endif

TEST_CASE("condition variable: wakes who waits") {
  Mutex mu(LockRank::kHost);
  CondVar changed;
  int turn = 0;
  std::thread other([&] {
    for (int i = 1; i < 2000; i += 2) {
      MutexLock lock(mu);
      while (turn != i)
        changed.Wait(mu);
      turn++;
      changed.NotifyAll();
    }
  });
  for (int i = 0; i < 2000; i += 2) {
    MutexLock lock(mu);
    while (turn != i)
      changed.Wait(mu);
    turn++;
    changed.NotifyAll();
  }
  other.join();
  CHECK(turn == 2000);
}

TEST_CASE("condition variable: a wait ends at its deadline, not before") {
  Mutex mu(LockRank::kHost);
  CondVar changed;
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
  MutexLock lock(mu);
  while (changed.WaitUntil(mu, deadline)) {
  }
  CHECK(std::chrono::steady_clock::now() >= deadline);
}

TEST_CASE("handover lock: holds off other threads, however many") {
  HandoverLock lock;
  int count = 0;
  OnThreads(8, [&](int) {
    for (int k = 0; k < 5'000; k++) {
      lock.Lock();
      count++;
      // Now and then the holder loses its CPU.
      if (k % 512 == 0) std::this_thread::yield();
      lock.Unlock();
    }
  });
  CHECK(count == 40'000);
}

}  // namespace
}  // namespace trilune
