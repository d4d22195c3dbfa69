// Unit tests for sched/thread/parker.h, on the kernel's futex. Interleavings
// are explored in tests/model/parker_model.cc.

#include "sched/thread/parker.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "sched/base/clock.h"

namespace trilune {
namespace {

TEST_CASE("parker: a wake before the sleep is kept") {
  Parker<> parker;
  parker.Wake();
  CHECK(parker.Park(kNever, nullptr));
}

TEST_CASE("parker: several wakes before one sleep count once") {
  Parker<> parker;
  parker.Wake();
  parker.Wake();
  CHECK(parker.Park(kNever, nullptr));
  CHECK_FALSE(parker.Park(NowNs(), &NowNs));
}

TEST_CASE("parker: a deadline that has passed ends the sleep at once") {
  Parker<> parker;
  CHECK_FALSE(parker.Park(0, &NowNs));
  CHECK_FALSE(parker.Park(-1, &NowNs));
}

TEST_CASE("parker: with a wake there, the deadline does not matter") {
  Parker<> parker;
  parker.Wake();
  CHECK(parker.Park(0, &NowNs));
}

TEST_CASE("parker: a sleep is never shorter than its deadline") {
  Parker<> parker;
  for (int i = 0; i < 20; i++) {
    const int64_t until = NowNs() + 200'000;
    CHECK_FALSE(parker.Park(until, &NowNs));
    CHECK(NowNs() >= until);
  }
}

TEST_CASE("parker: can be used again after each end of a sleep") {
  Parker<> parker;
  for (int i = 0; i < 3; i++) {
    CHECK_FALSE(parker.Park(0, &NowNs));
    parker.Wake();
    CHECK(parker.Park(kNever, nullptr));
  }
}

TEST_CASE("parker: two threads wake each other, and see what was written") {
  constexpr int kRounds = 20'000;
  Parker<> ping;
  Parker<> pong;
  int number = 0;  // handed to and fro
  std::thread other([&] {
    for (int i = 0; i < kRounds; i++) {
      while (!ping.Park(kNever, nullptr)) {
      }
      number++;
      pong.Wake();
    }
  });
  for (int i = 0; i < kRounds; i++) {
    number++;
    ping.Wake();
    while (!pong.Park(kNever, nullptr)) {
    }
  }
  other.join();
  CHECK(number == 2 * kRounds);
}

TEST_CASE("parker: a wake against a deadline is either seen or kept") {
  constexpr int kRounds = 2'000;
  Parker<> parker;
  std::atomic<int> woken{0};
  std::atomic<int> round{-1};
  std::thread waker([&] {
    for (int i = 0; i < kRounds; i++) {
      while (round.load() < i)
        std::this_thread::yield();
      parker.Wake();
      woken.fetch_add(1);
    }
  });
  int seen = 0;
  for (int i = 0; i < kRounds; i++) {
    round.store(i);
    if (parker.Park(NowNs() + 2'000, &NowNs)) seen++;
    while (woken.load() <= i)
      std::this_thread::yield();
    // A wake that came too late for the sleep is there for the next.
    if (parker.Park(0, &NowNs)) seen++;
    REQUIRE(seen == i + 1);
  }
  waker.join();
}

}  // namespace
}  // namespace trilune
