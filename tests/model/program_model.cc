// Models of a spawned program's end and those who join it
// (vm/runtime/program.cc), and of the count by which a pool's end waits for its
// isolates (vm/runtime/isolate_pool.cc). The steps are written again here,
// around the production G word.

#include <doctest/doctest.h>

#include "sched/task/g_word.h"
#include "tests/model/model_lock.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// --- The end, a joiner, and one who only looks. ---

enum class End {
  kRight,
  kFlagOutside,   // ended_ is set after the lock that took the joiners
  kUnlocksEarly,  // a joiner leaves the lock before its wait is public
};

// Thread 0 ends the program. Thread 1 joins it: it finds the end, or is woken
// by it. Thread 2 asks whether it has ended, and reads the outcome then.
template <class Sync, End end>
struct Joined : rl::test_suite<Joined<Sync, end>, 3> {
  GWord<Sync> word;
  Lock<Sync> lock;
  typename Sync::template Atomic<uint32_t> ended;
  rl::var<int> outcome;
  rl::var<uint64_t> joiner;  // its ticket, under the lock; 0: none
  rl::var<bool> woken;
  rl::var<bool> found;

  Joined() : ended(0) {}
  void before() {
    outcome($) = 0;
    joiner($) = 0;
    woken($) = false;
    found($) = false;
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
  }

  void Publish() {
    outcome($) = 1;
    lock.Take();
    if (end != End::kFlagOutside) ended.store(1, std::memory_order_release);
    const uint64_t ticket = joiner($);
    joiner($) = 0;
    lock.Leave();
    if (end == End::kFlagOutside) ended.store(1, std::memory_order_release);
    if (ticket != 0 && word.TryWake(ticket)) woken($) = true;
  }

  void Join() {
    const uint64_t ticket = word.BeginWait();
    lock.Take();
    if (ended.load(std::memory_order_acquire) != 0) {
      lock.Leave();
      RL_ASSERT(outcome($) == 1);
      found($) = true;
      return;
    }
    joiner($) = ticket;
    if (end == End::kUnlocksEarly) lock.Leave();
    word.Become(GState::kRunning, GState::kWaiting);
    if (end != End::kUnlocksEarly) lock.Leave();
  }

  void thread(unsigned index) {
    if (index == 0) {
      Publish();
    } else if (index == 1) {
      Join();
    } else if (ended.load(std::memory_order_acquire) != 0) {
      RL_ASSERT(outcome($) == 1);
    }
  }
  void after() { RL_ASSERT(found($) != woken($)); }
};

TEST_CASE("model: spawned: a joiner finds the end, or is woken by it [SP1]") {
  CHECK(Holds<Joined<RelacySync<>, End::kRight>>());
}

TEST_CASE("model: spawned: breaks if the end is told after the lock") {
  CHECK(Breaks<Joined<RelacySync<>, End::kFlagOutside>>());
}

TEST_CASE("model: spawned: breaks if a joiner leaves the lock too early") {
  CHECK(Breaks<Joined<RelacySync<>, End::kUnlocksEarly>>());
}

TEST_CASE("model: spawned: breaks if the flag does not publish [SP1]") {
  CHECK(Breaks<Joined<RelacySync<Weak::kStores>, End::kRight>>());
  CHECK(Breaks<Joined<RelacySync<Weak::kLoads>, End::kRight>>());
}

// --- A limit that the body has not noticed. ---

enum class Overdue {
  kRight,
  kDoesNotLook,  // the body writes its results whether it has ended or not
  kLooksEarly,   // it asks before it takes the lock
};

// Thread 0 is the body, which says how it ended, then publishes that. Thread 1
// is sysmon, which publishes that the limit is used up. Thread 2 reads the
// outcome once there is one; it is constant from then on.
template <class Sync, Overdue overdue>
struct Limited : rl::test_suite<Limited<Sync, overdue>, 3> {
  Lock<Sync> lock;
  typename Sync::template Atomic<uint32_t> ended;
  rl::var<int> outcome;  // under the lock, until the end
  rl::var<int> published;

  Limited() : ended(0) {}
  void before() {
    outcome($) = 0;
    published($) = 0;
  }

  bool HasEnded() { return ended.load(std::memory_order_acquire) != 0; }

  void SetResults() {
    const bool early = overdue == Overdue::kLooksEarly && HasEnded();
    lock.Take();
    const bool late = overdue == Overdue::kRight && HasEnded();
    if (!early && !late) outcome($) = 1;
    lock.Leave();
  }
  void Publish(int what) {
    lock.Take();
    if (!HasEnded()) {
      if (what != 0) outcome($) = what;
      published($) = published($) + 1;
      ended.store(1, std::memory_order_release);
    }
    lock.Leave();
  }

  void thread(unsigned index) {
    if (index == 0) {
      SetResults();
      Publish(0);
    } else if (index == 1) {
      Publish(2);
    } else if (HasEnded()) {
      const int first = outcome($);
      Yield();
      RL_ASSERT(first != 0 && outcome($) == first);
    }
  }
  void after() { RL_ASSERT(published($) == 1); }
};

TEST_CASE("model: spawned: one outcome, whoever is first to tell it [SP1]") {
  CHECK(Holds<Limited<RelacySync<>, Overdue::kRight>>());
}

TEST_CASE("model: spawned: breaks if results are written after the end") {
  CHECK(Breaks<Limited<RelacySync<>, Overdue::kDoesNotLook>>());
  CHECK(Breaks<Limited<RelacySync<>, Overdue::kLooksEarly>>());
}

// --- A joiner's isolate is dropped meanwhile. ---

enum class Wake {
  kByTicket,
  kCurrent,  // whatever the G waits for now
};

// Thread 0 ends the program, with a joiner on its list. Thread 1 is the
// joiner's isolate, which drops it and leaves it on the list; the record then
// serves another G, which waits for something else.
template <class Sync, Wake wake>
struct Dropped : rl::test_suite<Dropped<Sync, wake>, 2> {
  GWord<Sync> word;
  rl::var<uint64_t> joiner;
  rl::var<bool> readied;
  rl::var<bool> halted;  // who halts has won the joiner

  void before() {
    readied($) = false;
    halted($) = false;
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
    joiner($) = word.BeginWait();
    word.Become(GState::kRunning, GState::kWaiting);
  }
  void thread(unsigned index) {
    if (index == 0) {
      // Early or late: the other has many more steps.
      for (unsigned n = rl::rand(16); n > 0; n--)
        Yield();
      readied($) = wake == Wake::kByTicket ? word.TryWake(joiner($))
                                           : word.TryWakeCurrent();
      return;
    }
    if (!word.TryWakeCurrent()) return;  // the end was first: it is queued
    halted($) = true;
    word.Abandon();
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
    (void)word.BeginWait();
    word.Become(GState::kRunning, GState::kWaiting);
  }
  void after() { RL_ASSERT(halted($) != readied($)); }
};

TEST_CASE(
    "model: spawned: the end does not wake what a dropped joiner became") {
  CHECK(Holds<Dropped<RelacySync<>, Wake::kByTicket>>());
}

TEST_CASE("model: spawned: breaks if the end wakes without a ticket") {
  CHECK(Breaks<Dropped<RelacySync<>, Wake::kCurrent>>());
}

// --- A start that meets the stop. ---

enum class Start {
  kRight,
  kDoesNotLook,  // the start does not ask whether it was to end
};

// Thread 0 starts a program that is listed already: it takes an isolate, then
// posts the program. Thread 1 stops the runtime, and the program with it. One
// of them must drain the isolate, and only one.
template <class Sync, Start start>
struct Aborted : rl::test_suite<Aborted<Sync, start>, 2> {
  Lock<Sync> lock;
  rl::var<bool> has_isolate;  // under the lock
  rl::var<bool> ending;       // under the lock
  rl::var<int> by_start;
  rl::var<int> by_stop;

  void before() {
    has_isolate($) = false;
    ending($) = false;
    by_start($) = 0;
    by_stop($) = 0;
  }
  void thread(unsigned index) {
    lock.Take();
    if (index == 0) {
      has_isolate($) = true;
      const bool aborted = ending($);
      lock.Leave();
      if (aborted && start == Start::kRight) by_start($) = 1;
    } else {
      const bool drains = !ending($) && has_isolate($);
      ending($) = true;
      lock.Leave();
      if (drains) by_stop($) = 1;
    }
  }
  void after() { RL_ASSERT(by_start($) + by_stop($) == 1); }
};

TEST_CASE("model: spawned: who is stopped as it starts is drained once") {
  CHECK(Holds<Aborted<RelacySync<>, Start::kRight>>());
}

TEST_CASE("model: spawned: breaks if a start does not look for the stop") {
  CHECK(Breaks<Aborted<RelacySync<>, Start::kDoesNotLook>>());
}

// --- The pool: one spare, who takes it, its idle timer, and the end. ---

enum class Count {
  kRight,
  kLater,  // an isolate that leaves is counted after the lock
};

// Thread 0 takes the spare, if it is still there. Thread 1 is the spare's timer
// and closes it, if it is still there. Thread 2 stops the pool and waits until
// none is closing: the spare is somebody's or closed by then.
template <class Sync, Count count>
struct Pool : rl::test_suite<Pool<Sync, count>, 3> {
  Lock<Sync> lock;
  // Under the lock.
  rl::var<bool> idle;
  rl::var<bool> taken;
  rl::var<bool> closed;
  rl::var<int> closing;

  void before() {
    idle($) = true;
    taken($) = false;
    closed($) = false;
    closing($) = 0;
  }

  void Take() {
    lock.Take();
    if (idle($)) {
      idle($) = false;
      taken($) = true;
    }
    lock.Leave();
  }
  void CloseIfIdle() {
    lock.Take();
    const bool mine = idle($);
    if (mine) {
      idle($) = false;
      if (count == Count::kRight) closing($) = closing($) + 1;
    }
    lock.Leave();
    if (!mine) return;
    if (count == Count::kLater) {
      lock.Take();
      closing($) = closing($) + 1;
      lock.Leave();
    }
    // On the isolate's strand.
    lock.Take();
    RL_ASSERT(!closed($));
    closed($) = true;
    closing($) = closing($) - 1;
    lock.Leave();
  }
  void AwaitNone() {
    for (;;) {
      lock.Take();
      const bool none = closing($) == 0;
      if (none) RL_ASSERT(taken($) || closed($));
      lock.Leave();
      if (none) return;
      Yield();
    }
  }

  void thread(unsigned index) {
    if (index == 0) {
      Take();
      return;
    }
    CloseIfIdle();
    if (index == 2) AwaitNone();
  }
  void after() { RL_ASSERT(taken($) != closed($)); }
};

TEST_CASE("model: isolate pool: its end waits for whom it told to close") {
  CHECK(Holds<Pool<RelacySync<>, Count::kRight>>());
}

TEST_CASE("model: isolate pool: breaks if who leaves is counted too late") {
  CHECK(Breaks<Pool<RelacySync<>, Count::kLater>>());
}

}  // namespace
}  // namespace trilune::model
