// Unit tests for sched/queue/timers.h and sched/base/clock.h. How Ms mind the
// timers is tested in scheduler_test.cc and modelled in
// tests/model/timers_model.cc.

#include "sched/queue/timers.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "sched/base/clock.h"

namespace trilune {
namespace {

// A G whose waits the test opens and ends by hand.
struct TestG : G {
  TestG() {
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
  }
  uint64_t Wait() {
    const uint64_t ticket = word.BeginWait();
    word.Become(GState::kRunning, GState::kWaiting);
    return ticket;
  }
  // Ends a wait before its timer does, and runs on.
  void EndEarly(uint64_t ticket) {
    REQUIRE(word.TryWake(ticket));
    word.Become(GState::kRunnable, GState::kRunning);
  }
};

TEST_CASE("timers: none is due in an empty heap") {
  Timers timers;
  CHECK(timers.next_when() == kNever);
  CHECK(timers.TakeDue(1000) == nullptr);
  CHECK(timers.size() == 0);
}

TEST_CASE("timers: what is due comes out by deadline, the rest stays") {
  constexpr size_t kCount = 1000;
  Timers timers;
  auto gs = std::make_unique<TestG[]>(kCount);
  std::vector<int64_t> whens(kCount);
  std::mt19937 random(1);
  for (size_t i = 0; i < kCount; i++) {
    whens[i] = static_cast<int64_t>(random() % 5000);
    gs[i].id = static_cast<uint64_t>(whens[i]);
    REQUIRE(timers.Add(whens[i], &gs[i], gs[i].Wait()));
    CHECK(timers.next_when() ==
          *std::min_element(whens.begin(),
                            whens.begin() + static_cast<ptrdiff_t>(i) + 1));
  }
  std::sort(whens.begin(), whens.end());
  size_t at = 0;
  for (const int64_t now :
       {int64_t{0}, int64_t{1}, int64_t{2500}, int64_t{9999}}) {
    for (G* g = timers.TakeDue(now); g != nullptr; g = g->next) {
      REQUIRE(at < whens.size());
      CHECK(static_cast<int64_t>(g->id) == whens[at]);
      CHECK(whens[at] <= now);
      CHECK(g->wake == WakeResult::kTimeout);
      CHECK(g->word.state() == GState::kRunnable);
      at++;
    }
    CHECK(timers.next_when() == (at < whens.size() ? whens[at] : kNever));
    if (at < whens.size()) CHECK(whens[at] > now);
  }
  CHECK(at == whens.size());
  CHECK(timers.size() == 0);
}

TEST_CASE("timers: one for a wait that has ended wakes nobody") {
  Timers timers;
  TestG g;
  const uint64_t first = g.Wait();
  REQUIRE(timers.Add(10, &g, first));
  g.EndEarly(first);
  (void)g.Wait();
  CHECK(timers.TakeDue(20) == nullptr);
  CHECK(g.word.state() == GState::kWaiting);
  CHECK(timers.size() == 0);
}

TEST_CASE("timers: a million timed waits that end early leave no heap") {
  Timers timers;
  TestG g;
  TestG sleeper;
  REQUIRE(timers.Add(1, &sleeper, sleeper.Wait()));
  size_t longest = 0;
  for (int i = 0; i < 1'000'000; i++) {
    const uint64_t ticket = g.Wait();
    REQUIRE(timers.Add(1'000'000 + i, &g, ticket));
    g.EndEarly(ticket);
    timers.NoteStale();
    if (i % 64 == 0) longest = std::max(longest, timers.size());
  }
  CHECK(longest <= 256);
  CHECK(timers.next_when() == 1);
  CHECK(timers.TakeDue(1) == &sleeper);
}

TEST_CASE("timers: a purge keeps those that somebody waits for, in order") {
  constexpr size_t kCount = 1000;
  Timers timers;
  auto gs = std::make_unique<TestG[]>(kCount);
  std::vector<uint64_t> tickets(kCount);
  for (size_t i = 0; i < kCount; i++) {
    tickets[i] = gs[i].Wait();
    REQUIRE(timers.Add(static_cast<int64_t>(kCount - i), &gs[i], tickets[i]));
  }
  // All but every fifth end early.
  for (size_t i = 0; i < kCount; i++) {
    if (i % 5 == 0) continue;
    gs[i].EndEarly(tickets[i]);
    timers.NoteStale();
  }
  CHECK(timers.size() < kCount / 2);
  size_t expected = kCount - 5;
  size_t count = 0;
  for (G* g = timers.TakeDue(kCount); g != nullptr; g = g->next) {
    CHECK(g == &gs[expected]);
    expected -= 5;
    count++;
  }
  CHECK(count == kCount / 5);
}

TEST_CASE("timers: what nobody says to be stale goes before the heap doubles") {
  Timers timers;
  TestG g;
  TestG sleepers[100];
  for (int i = 0; i < 100; i++)
    REQUIRE(timers.Add(i, &sleepers[i], sleepers[i].Wait()));
  size_t longest = 0;
  for (int i = 0; i < 100'000; i++) {
    const uint64_t ticket = g.Wait();
    REQUIRE(timers.Add(1000 + i, &g, ticket));
    g.EndEarly(ticket);
    longest = std::max(longest, timers.size());
  }
  CHECK(longest <= 2 * 101);
  int due = 0;
  for (const G* at = timers.TakeDue(1'000'000); at != nullptr; at = at->next)
    CHECK(at == &sleepers[due++]);
  CHECK(due == 100);
}

TEST_CASE("timers: stale ones in front can be dropped without being due") {
  Timers timers;
  TestG gs[3];
  const uint64_t tickets[3] = {gs[0].Wait(), gs[1].Wait(), gs[2].Wait()};
  for (int i = 0; i < 3; i++)
    REQUIRE(timers.Add(100 + i, &gs[i], tickets[i]));
  timers.DropStale();
  CHECK(timers.size() == 3);
  gs[0].EndEarly(tickets[0]);
  gs[1].EndEarly(tickets[1]);
  timers.DropStale();
  CHECK(timers.size() == 1);
  CHECK(timers.next_when() == 102);
  gs[2].EndEarly(tickets[2]);
  timers.DropStale();
  CHECK(timers.next_when() == kNever);
}

TEST_CASE("timers: moving takes what is waited for along, and leaves nothing") {
  Timers from;
  Timers to;
  TestG gs[4];
  uint64_t tickets[4] = {};
  for (int i = 0; i < 4; i++)
    tickets[i] = gs[i].Wait();
  REQUIRE(to.Add(25, &gs[3], tickets[3]));
  REQUIRE(from.Add(30, &gs[2], tickets[2]));
  REQUIRE(from.Add(20, &gs[1], tickets[1]));
  REQUIRE(from.Add(10, &gs[0], tickets[0]));
  gs[0].EndEarly(tickets[0]);
  from.MoveTo(to);
  CHECK(from.size() == 0);
  CHECK(from.next_when() == kNever);
  CHECK(to.size() == 3);
  CHECK(to.next_when() == 20);
  G* g = to.TakeDue(100);
  for (const int i : {1, 3, 2}) {
    REQUIRE(g != nullptr);
    CHECK(g == &gs[i]);
    g = g->next;
  }
  CHECK(g == nullptr);
}

TEST_CASE("clock: it does not go backwards") {
  int64_t last = NowNs();
  for (int i = 0; i < 10'000; i++) {
    const int64_t now = NowNs();
    REQUIRE(now >= last);
    last = now;
  }
}

TEST_CASE("clock: a deadline is never early and never overflows") {
  CHECK(DeadlineAfter(1000, 0) == 1000);
  CHECK(DeadlineAfter(1000, 1e-9) == 1001);
  CHECK(DeadlineAfter(1000, 1.5e-9) == 1002);
  CHECK(DeadlineAfter(0, 1) == 1'000'000'000);
  CHECK(DeadlineAfter(1, 9e9) == kNever);
  CHECK(DeadlineAfter(1, 1e300) == kNever);
  CHECK(DeadlineAfter(1, std::numeric_limits<double>::infinity()) == kNever);
  CHECK(DeadlineAfter(kNever - 5, 1) == kNever);
}

}  // namespace
}  // namespace trilune
