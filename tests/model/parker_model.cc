// Models of sched/thread/parker.h, the production code, over a futex of two
// steps.

#include <array>

#include <doctest/doctest.h>

#include "sched/task/g.h"
#include "sched/thread/parker.h"
#include "tests/model/model_futex.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// Two threads add work and wake the third, which sleeps until it has seen both.
// The sleeper misses none, however the wakes fall together. [PK1]
template <class Sync, bool kCompares>
struct Waking : rl::test_suite<Waking<Sync, kCompares>, 3> {
  Parker<Sync, ModelFutex<kCompares>> parker;
  typename Sync::template Atomic<uint32_t> work;
  FutexState state;

  Waking() : work(0) {}
  void before() { futex = &state; }

  void thread(unsigned index) {
    if (index == 0) {
      // relaxed: the parker alone makes the work visible.
      while (work.load(std::memory_order_relaxed) < 2) {
        RL_ASSERT(parker.Park(kNever, nullptr));
      }
      return;
    }
    work.fetch_add(1, std::memory_order_relaxed);
    parker.Wake();
  }
};

TEST_CASE("model: parker: no wake is lost") {
  CHECK(Holds<Waking<RelacySync<>, true>>());
}

TEST_CASE("model: parker: breaks if the futex sleeps without looking") {
  CHECK(Breaks<Waking<RelacySync<>, false>>());
}

TEST_CASE("model: parker: breaks if the word changes in two steps") {
  CHECK(Breaks<Waking<RelacySync<Weak::kTorn>, true>>());
}

// What was written before the wake is there after the sleep. [PK1]
template <class Sync>
struct Publishing : rl::test_suite<Publishing<Sync>, 2> {
  Parker<Sync, ModelFutex<true>> parker;
  FutexState state;
  rl::var<int> written;

  void before() { futex = &state; }

  void thread(unsigned index) {
    if (index == 0) {
      RL_ASSERT(parker.Park(kNever, nullptr));
      RL_ASSERT(written($) == 9);
      return;
    }
    written($) = 9;
    parker.Wake();
  }
};

TEST_CASE("model: parker: a wake publishes") {
  CHECK(Holds<Publishing<RelacySync<>>>());
}

TEST_CASE("model: parker: breaks if a wake does not publish [PK1]") {
  CHECK(Breaks<Publishing<RelacySync<Weak::kRmws>>>());
}

// A sleep with a deadline, against a wake: a sleep that ended by its deadline
// leaves a later wake for the next sleep.
template <class Sync>
struct Deadline : rl::test_suite<Deadline<Sync>, 2> {
  Parker<Sync, ModelFutex<true>> parker;
  FutexState state;

  void before() { futex = &state; }

  static int64_t Clock() { return static_cast<int64_t>(rl::rand(3)); }

  void thread(unsigned index) {
    if (index == 0) {
      if (!parker.Park(1, &Clock)) RL_ASSERT(parker.Park(kNever, nullptr));
      return;
    }
    parker.Wake();
  }
};

TEST_CASE("model: parker: a wake at the deadline is seen or kept") {
  CHECK(Holds<Deadline<RelacySync<>>>());
}

TEST_CASE("model: parker: breaks if leaving at the deadline takes two steps") {
  CHECK(Breaks<Deadline<RelacySync<Weak::kTorn>>>());
}

}  // namespace
}  // namespace trilune::model
