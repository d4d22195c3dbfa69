// Models of sched/task/g_word.h, the production code: who wins a wait.

#include <doctest/doctest.h>

#include "sched/task/g_word.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// A G waits a second time. Two wakers mean this wait, a timer means the first
// one. At most one wins, never the timer; it sees what the G wrote before it
// parked, and the G sees what the winner wrote. [GW1]
//
// `kUseTicket` false: the timer takes whatever wait there is.
template <class Sync, bool kUseTicket>
struct Waking : rl::test_suite<Waking<Sync, kUseTicket>, 3> {
  GWord<Sync> word;
  typename Sync::template Atomic<uint32_t> wins;
  typename Sync::template Atomic<uint32_t> tries;
  typename Sync::template Atomic<uint32_t> run;
  rl::var<int> written_by_g;
  rl::var<int> written_by_winner;
  uint64_t first = 0;  // tickets; constant while threads run
  uint64_t second = 0;

  Waking() : wins(0), tries(0), run(0) {}

  void before() {
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
    first = word.BeginWait();
    word.Become(GState::kRunning, GState::kWaiting);
    RL_ASSERT(word.TryWake(first));
    word.Become(GState::kRunnable, GState::kRunning);
    second = first + 1;
  }

  void Won() {
    RL_ASSERT(wins.fetch_add(1, std::memory_order_relaxed) == 0);
    RL_ASSERT(written_by_g($) == 5);
    written_by_winner($) = 6;
    run.store(1, std::memory_order_release);
  }

  void thread(unsigned index) {
    if (index == 0) {
      written_by_g($) = 5;
      RL_ASSERT(word.BeginWait() == second);
      word.Become(GState::kRunning, GState::kWaiting);
      // As a queue would hand the G on.
      for (;;) {
        const bool over = tries.load(std::memory_order_acquire) == 2;
        if (run.load(std::memory_order_acquire) == 1) break;
        if (over) return;
        Yield();
      }
      RL_ASSERT(written_by_winner($) == 6);
      RL_ASSERT(word.state() == GState::kRunnable);
      return;
    }
    if (index == 2) {
      // The timer of the first wait, late.
      const bool won = kUseTicket ? word.TryWake(first) : word.TryWakeCurrent();
      RL_ASSERT(!won);
    }
    if (word.TryWake(second)) Won();
    tries.fetch_add(1, std::memory_order_acq_rel);
  }
};

TEST_CASE("model: g word: one waker wins, of the wait that it means") {
  CHECK(Holds<Waking<RelacySync<>, true>>());
}

TEST_CASE("model: g word: breaks if parking does not publish [GW1]") {
  CHECK(Breaks<Waking<RelacySync<Weak::kStores>, true>>());
}

TEST_CASE("model: g word: breaks if a waker does not acquire [GW1]") {
  CHECK(Breaks<Waking<RelacySync<Weak::kRmws>, true>>());
}

TEST_CASE("model: g word: breaks if winning takes two steps") {
  CHECK(Breaks<Waking<RelacySync<Weak::kTorn>, true>>());
}

TEST_CASE("model: g word: breaks if a late waker does not name its wait") {
  CHECK(Breaks<Waking<RelacySync<>, false>>());
}

// A G starts to wait while it is cancelled: either it sees the flag, or the one
// who cancels sees the wait; and one of the two ends it. [NC1]
//
// Publish of loop.cc and CancelAll of native.cc; those are no templates, so the
// steps are written again here, around the production word.
template <class Sync>
struct Cancelling : rl::test_suite<Cancelling<Sync>, 2> {
  GWord<Sync> word;
  typename Sync::template Atomic<uint32_t> cancelled;
  rl::var<int> wins;

  Cancelling() : cancelled(0) {}

  void before() {
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
    wins($) = 0;
  }

  void Won() { wins($) = wins($) + 1; }

  void thread(unsigned index) {
    if (index == 0) {
      const uint64_t ticket = word.BeginWait();
      word.Become(GState::kRunning, GState::kWaiting);
      Sync::FenceSeqCst();
      if (cancelled.load(std::memory_order_relaxed) == 1 &&
          word.TryWake(ticket)) {
        Won();
      }
      return;
    }
    cancelled.store(1, std::memory_order_seq_cst);
    Sync::FenceSeqCst();
    if (word.TryWakeCurrent()) Won();
  }

  void after() {
    RL_ASSERT(wins($) == 1);
    RL_ASSERT(word.state() == GState::kRunnable);
  }
};

TEST_CASE("model: cancelling: a wait that begins meanwhile is not missed") {
  CHECK(Holds<Cancelling<RelacySync<>>>());
}

TEST_CASE("model: cancelling: breaks without the fences [NC1]") {
  CHECK(Breaks<Cancelling<RelacySync<Weak::kFences>>>());
}

}  // namespace
}  // namespace trilune::model
