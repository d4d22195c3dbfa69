// Unit tests for sched/thread/sys_word.h. Interleavings are explored in
// tests/model/sys_word_model.cc; here threads only count.

#include "sched/thread/sys_word.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune {
namespace {

TEST_CASE("sys word: a look sees the call, the same one for as long as it is") {
  SysWord<> word;
  CHECK(word.Look() == 0);
  word.Enter();
  const uint64_t seen = word.Look();
  CHECK(seen != 0);
  CHECK(word.Look() == seen);
  CHECK(word.TryExit());
  CHECK(word.Look() == 0);
}

TEST_CASE("sys word: each call looks different, left or lost") {
  SysWord<> word;
  uint64_t last = 0;
  for (int i = 0; i < 100; i++) {
    word.Enter();
    const uint64_t seen = word.Look();
    REQUIRE(seen > last);
    last = seen;
    if (i % 2 == 0) {
      REQUIRE(word.TryExit());
      continue;
    }
    REQUIRE(word.TryRetake(seen));
    REQUIRE_FALSE(word.TryExit());
    word.Forget();
  }
}

// Invariant I1.
TEST_CASE("sys word: what is retaken is neither left nor retaken again") {
  SysWord<> word;
  word.Enter();
  const uint64_t seen = word.Look();
  CHECK(word.TryRetake(seen));
  CHECK(word.Look() == 0);
  CHECK_FALSE(word.TryRetake(seen));
  CHECK_FALSE(word.TryExit());
  word.Forget();
  CHECK_FALSE(word.TryRetake(seen));
  CHECK_FALSE(word.TryExit());
}

// Invariant I1.
TEST_CASE("sys word: a retake of a call that is over fails, also in a later") {
  SysWord<> word;
  word.Enter();
  const uint64_t seen = word.Look();
  CHECK(word.TryExit());
  CHECK_FALSE(word.TryRetake(seen));
  word.Enter();
  CHECK_FALSE(word.TryRetake(seen));
  CHECK(word.TryExit());
}

TEST_CASE("sys word: who saw no call retakes nothing") {
  SysWord<> word;
  CHECK_FALSE(word.TryRetake(word.Look()));
  word.Enter();
  CHECK_FALSE(word.TryRetake(0));
  CHECK(word.TryExit());
}

TEST_CASE("sys word: no call is left without a call") {
  SysWord<> word;
  CHECK_FALSE(word.TryExit());
  word.Enter();
  CHECK(word.TryExit());
  CHECK_FALSE(word.TryExit());
}

// An M and sysmon, who pass what the M holds to and fro.
struct Pair {
  static constexpr int64_t kCalls = 50'000;
  SysWord<> word;
  std::atomic<bool> is_back{false};
  std::atomic<bool> is_over{false};
  int64_t used = 0;  // the owner's
  int64_t left = 0;  // the M's; so is the next one
  int64_t lost = 0;
  int64_t retaken = 0;  // sysmon's

  void Call(bool until_lost) {
    used++;
    word.Enter();
    while (until_lost && !is_back.load(std::memory_order_acquire))
      std::this_thread::yield();
    if (word.TryExit()) {
      left++;
      used++;
      return;
    }
    word.Forget();
    lost++;
    while (!is_back.exchange(false, std::memory_order_acquire))
      std::this_thread::yield();
  }
  void RunM() {
    for (int64_t i = 0; i < kCalls; i++)
      Call(/*until_lost=*/i % 16 == 0);
    is_over.store(true, std::memory_order_release);
  }
  void RunSysmon() {
    while (!is_over.load(std::memory_order_acquire)) {
      const uint64_t seen = word.Look();
      if (seen == 0 || !word.TryRetake(seen)) {
        std::this_thread::yield();
        continue;
      }
      used++;
      retaken++;
      is_back.store(true, std::memory_order_release);
    }
  }
};

// The plain counter (TSan looks) shows that there is one owner at a time.
TEST_CASE("sys word: with sysmon at work each call has one winner") {
  Pair pair;
  OnThreads(2, [&](int i) { i == 0 ? pair.RunM() : pair.RunSysmon(); });
  CHECK(pair.used == 2 * Pair::kCalls);
  CHECK(pair.left + pair.lost == Pair::kCalls);
  CHECK(pair.lost == pair.retaken);
  CHECK(pair.lost >= Pair::kCalls / 16);
}

}  // namespace
}  // namespace trilune
