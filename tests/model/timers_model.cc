// Models of who minds the timers (AddTimer, SleepUntilTimer and MoveTimers in
// find_work.cc and procs.cc): no deadline passes while the M that should
// mind it sleeps on. Written again here, as the scheduler is no template. [TM1]

#include <algorithm>
#include <cstdint>

#include <doctest/doctest.h>

#include "sched/task/g.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

constexpr int64_t kNobody = -1;

template <class Sync>
struct Shared {
  // The least deadline of each P, and until when the minder sleeps.
  typename Sync::template Atomic<int64_t> next_when0;
  typename Sync::template Atomic<int64_t> next_when1;
  typename Sync::template Atomic<int64_t> sleeper_until;
  rl::mutex mu;
  rl::var<bool> sleeper;  // there is one; under mu
  // The sleeper was woken: its sleep will not last until its deadline.
  typename Sync::template Atomic<uint32_t> woken;

  Shared()
      : next_when0(kNever),
        next_when1(kNever),
        sleeper_until(kNobody),
        woken(0) {}

  // SleepUntilTimer: returns until when it sleeps.
  int64_t Mind() {
    mu.lock($);
    sleeper($) = true;
    sleeper_until.store(kNever, std::memory_order_seq_cst);
    mu.unlock($);
    const int64_t until = std::min(next_when1.load(std::memory_order_seq_cst),
                                   next_when0.load(std::memory_order_seq_cst));
    sleeper_until.store(until, std::memory_order_seq_cst);
    return until;
  }

  void WakeSleeper() {
    mu.lock($);
    if (sleeper($)) woken.store(1, std::memory_order_release);
    mu.unlock($);
  }
};

// A busy P arms a timer while an M, after a first sleep until 30, lies down to
// mind the timers of busy Ps again. Either the M sees the deadline, or it is
// woken, or the one that arms it finds nobody minding and starts an M.
template <class Sync>
struct Adding : rl::test_suite<Adding<Sync>, 2> {
  Shared<Sync> shared;
  rl::var<bool> started;
  rl::var<int64_t> until;

  void before() {
    shared.sleeper($) = true;
    shared.sleeper_until.store(30, std::memory_order_seq_cst);
    started($) = false;
  }
  void thread(unsigned index) {
    if (index == 0) {
      shared.next_when1.store(50, std::memory_order_seq_cst);
      const int64_t sleeper =
          shared.sleeper_until.load(std::memory_order_seq_cst);
      if (sleeper == kNobody) {
        started($) = true;
      } else if (50 < sleeper) {
        shared.WakeSleeper();
      }
    } else {
      shared.mu.lock($);
      shared.sleeper($) = false;
      shared.sleeper_until.store(kNobody, std::memory_order_seq_cst);
      shared.mu.unlock($);
      until($) = shared.Mind();
    }
  }
  void after() {
    RL_ASSERT(started($) || until($) <= 50 ||
              shared.woken.load(std::memory_order_acquire) == 1);
  }
};

TEST_CASE(
    "model: timers: one armed while an M lies down to mind them is minded") {
  CHECK(Holds<Adding<RelacySync<>>>());
}

TEST_CASE("model: timers: breaks without sequential consistency [TM1]") {
  CHECK(Breaks<Adding<RelacySync<Weak::kSeqCst>>>());
}

// A P retires and its timers move to another P. Who reads the deadlines
// meanwhile may find them in neither place, and must be made to read again.
template <class Sync, bool kWakes>
struct Moving : rl::test_suite<Moving<Sync, kWakes>, 2> {
  Shared<Sync> shared;
  rl::var<int64_t> until;

  void before() {
    shared.sleeper($) = false;
    shared.next_when1.store(50, std::memory_order_seq_cst);
  }
  void thread(unsigned index) {
    if (index == 0) {
      shared.mu.lock($);
      shared.next_when1.store(kNever, std::memory_order_seq_cst);
      shared.next_when0.store(50, std::memory_order_seq_cst);
      if (kWakes && shared.sleeper($)) {
        shared.woken.store(1, std::memory_order_release);
      }
      shared.mu.unlock($);
    } else {
      until($) = shared.Mind();
    }
  }
  void after() {
    RL_ASSERT(until($) <= 50 ||
              shared.woken.load(std::memory_order_acquire) == 1);
  }
};

TEST_CASE("model: timers: those of a P that retires stay minded") {
  CHECK(Holds<Moving<RelacySync<>, true>>());
}

TEST_CASE("model: timers: breaks if nobody is told that they have moved") {
  CHECK(Breaks<Moving<RelacySync<>, false>>());
}

}  // namespace
}  // namespace trilune::model
