// Turns at standard files (stdlib/io/file_turn.h, sched/task/turn.h), with
// native Gs and threads: who has it, who is next, and waits that end otherwise.
// All interleavings of few steps: tests/model/turn_model.cc. What scripts see
// of it: tests/lua/io.

#include "stdlib/io/file_turn.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/native/native.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

using stdlib::FileTurn;
using stdlib::FileTurnOf;

// How a native G came out of its waits for one turn.
struct Taking {
  bool has_turn = false;
  int waits = 0;
  WakeResult last = WakeResult::kReady;
};

// The waits of one turn, counted as they are public: who reads a number with
// the turn in hand, knows so many to be queued.
struct Counts {
  std::atomic<int> waits{0};
};

struct Commit {
  FileTurn* turn;
  Counts* counts;
};

void UnlockAndCount(void* argument) {
  // The G may be gone as soon as the lock is released.
  const Commit commit = *static_cast<Commit*>(argument);
  commit.counts->waits.fetch_add(1, std::memory_order_release);
  FileTurn::Unlock(commit.turn);
}

// Waits for the turn as a G of an isolate does, but to `deadline_ns`.
Taking Take(FileTurn* turn, Counts* counts, int64_t deadline_ns = kNever) {
  Taking taking;
  if (turn->TryTake()) {
    taking.has_turn = true;
    return taking;
  }
  TurnWaiter waiter;
  for (;;) {
    G* g = BeginNative(WaitReason::kFile);
    REQUIRE(g != nullptr);
    if (!turn->Queue(&waiter, g)) {
      taking.has_turn = true;
      return taking;
    }
    taking.waits++;
    Commit unlocks = {turn, counts};
    ParkCommit commit;
    commit.deadline_ns = deadline_ns;
    commit.unlock = &UnlockAndCount;
    commit.unlock_argument = &unlocks;
    taking.last = ParkNative(g, commit);
    taking.has_turn = turn->EndWait(&waiter);
    if (taking.has_turn || taking.last != WakeResult::kReady) return taking;
  }
}

void AwaitWaits(const Counts& counts, int n) {
  Await([&] { return counts.waits.load(std::memory_order_acquire) == n; });
}

TEST_CASE("file turn: each standard file has one, and no other file has") {
  FileTurn* const turns[] = {FileTurnOf(stdin), FileTurnOf(stdout),
                             FileTurnOf(stderr)};
  for (FileTurn* turn : turns) {
    REQUIRE(turn != nullptr);
    CHECK(turn->TryTake());
  }
  for (FileTurn* turn : turns) {
    CHECK_FALSE(turn->TryTake());
    turn->Give();
    CHECK(turn->TryTake());
    turn->Give();
  }
  FILE* other = std::tmpfile();
  REQUIRE(other != nullptr);
  CHECK(FileTurnOf(other) == nullptr);
  std::fclose(other);
}

TEST_CASE("file turn: Gs get it in the order of their coming") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    FileTurn turn;
    Counts counts;
    std::vector<int> order;  // of who has the turn
    REQUIRE(turn.TryTake());
    for (int i = 0; i < 5; i++) {
      REQUIRE(fix.gs->Go([&, i] {
        const Taking taking = Take(&turn, &counts);
        CHECK(taking.has_turn);
        CHECK(taking.waits == 1);
        order.push_back(i);
        turn.Give();
      }));
      AwaitWaits(counts, i + 1);
    }
    turn.Give();
    Await([&] { return fix.gs->live() == 0; });
    CHECK(order == std::vector<int>{0, 1, 2, 3, 4});
    CHECK(turn.TryTake());
  }
}

// Invariant I3.
TEST_CASE("file turn: who was woken in vain is handed it, before all others") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    int barged = 0;
    // The G may be faster than the thread that barges in.
    while (barged < 20) {
      FileTurn turn;
      Counts counts;
      Taking first;
      Taking second;
      std::vector<int> order;
      REQUIRE(turn.TryTake());
      REQUIRE(fix.gs->Go([&] {
        first = Take(&turn, &counts);
        order.push_back(1);
        turn.Give();
      }));
      AwaitWaits(counts, 1);
      REQUIRE(fix.gs->Go([&] {
        second = Take(&turn, &counts);
        order.push_back(2);
        turn.Give();
      }));
      AwaitWaits(counts, 2);
      turn.Give();
      const bool has_turn = turn.TryTake();
      const bool was_first = has_turn && order.empty();
      if (was_first) {
        barged++;
        AwaitWaits(counts, 3);
      }
      if (has_turn) turn.Give();
      Await([&] { return fix.gs->live() == 0; });
      CHECK(first.has_turn);
      CHECK(second.has_turn);
      if (!was_first) continue;
      CHECK(first.waits == 2);
      CHECK(second.waits == 1);
      CHECK(order == std::vector<int>{1, 2});
    }
  }
}

TEST_CASE("file turn: a thread gives it to a G, and the G to a thread") {
  NativeFixture fix(2);
  FileTurn turn;
  Counts counts;
  int uses = 0;  // of who has the turn
  for (int i = 1; i <= 200; i++) {
    REQUIRE(turn.TryTake());
    REQUIRE(fix.gs->Go([&] {
      CHECK(Take(&turn, &counts).has_turn);
      uses++;
      turn.Give();
    }));
    AwaitWaits(counts, i);
    uses++;
    turn.Give();
    Await([&] { return fix.gs->live() == 0; });
  }
  CHECK(uses == 400);
}

TEST_CASE("file turn: a wait that times out leaves its place to the next") {
  NativeFixture fix(2);
  FileTurn turn;
  Counts counts;
  REQUIRE(turn.TryTake());
  Taking late;
  REQUIRE(fix.gs->Go([&] { late = Take(&turn, &counts, NowNs() + 1); }));
  Await([&] { return fix.gs->live() == 0; });
  CHECK_FALSE(late.has_turn);
  CHECK(late.last == WakeResult::kTimeout);
  Taking next;
  REQUIRE(fix.gs->Go([&] {
    next = Take(&turn, &counts);
    turn.Give();
  }));
  AwaitWaits(counts, 2);
  turn.Give();
  Await([&] { return fix.gs->live() == 0; });
  CHECK(next.has_turn);
  CHECK(turn.TryTake());
}

TEST_CASE("file turn: cancelled waits end without it, and leave nothing") {
  FileTurn turn;
  {
    NativeFixture fix(2);
    Counts counts;
    std::atomic<int> cancelled{0};
    REQUIRE(turn.TryTake());
    for (int i = 0; i < 10; i++) {
      REQUIRE(fix.gs->Go([&] {
        const Taking taking = Take(&turn, &counts);
        CHECK_FALSE(taking.has_turn);
        if (taking.last == WakeResult::kCancelled) cancelled++;
      }));
    }
    AwaitWaits(counts, 10);
    fix.gs->CancelAll();
    Await([&] { return fix.gs->live() == 0; });
    CHECK(cancelled == 10);
  }
  // Of those Gs nothing is left that this could touch.
  turn.Give();
  CHECK(turn.TryTake());
}

// What an isolate does that halts while its G is on its way with the turn.
TEST_CASE("file turn: what is handed to a dropped G goes to the next") {
  NativeFixture fix(2);
  FileTurn turn;
  Counts counts;
  REQUIRE(turn.TryTake());
  WakeResult woken = WakeResult::kCancelled;
  REQUIRE(fix.gs->Go([&] {
    TurnWaiter waiter;
    waiter.insists = true;  // is handed it
    G* g = BeginNative(WaitReason::kFile);
    REQUIRE(turn.Queue(&waiter, g));
    Commit unlocks = {&turn, &counts};
    ParkCommit commit;
    commit.unlock = &UnlockAndCount;
    commit.unlock_argument = &unlocks;
    woken = ParkNative(g, commit);
    turn.Drop(&waiter);
  }));
  AwaitWaits(counts, 1);
  Taking next;
  REQUIRE(fix.gs->Go([&] {
    next = Take(&turn, &counts);
    turn.Give();
  }));
  AwaitWaits(counts, 2);
  turn.Give();
  Await([&] { return fix.gs->live() == 0; });
  CHECK(woken == WakeResult::kReady);
  CHECK(next.has_turn);
  CHECK(turn.TryTake());
}

uint64_t Seed() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets it.
  const char* text = std::getenv("TRI_STRESS_SEED");
  if (text != nullptr) return std::strtoull(text, nullptr, 10);
  return std::random_device()();
}

// What the Gs and threads of one round of stress share.
struct Round {
  FileTurn turn;
  Counts counts;
  int64_t uses = 0;  // of who has the turn, as is `user`
  int user = -1;
  std::atomic<int64_t> taken{0};
  std::atomic<int> wrong{0};

  // With the turn.
  void Use(int who, bool yields) {
    user = who;
    uses++;
    if (yields) NativeGs::Yield();
    if (user != who) wrong++;
    taken++;
  }
};

void GoesByChance(Round* round, int who, uint64_t seed) {
  std::mt19937_64 random(seed + static_cast<uint64_t>(who));
  for (int i = 0; i < 400; i++) {
    const auto dice = random() % 8;
    // Sometimes it is over before the turn comes, sometimes just then.
    const int64_t deadline =
        dice == 0 ? NowNs() + static_cast<int64_t>(random() % 20'000) : kNever;
    const Taking taking = Take(&round->turn, &round->counts, deadline);
    if (taking.waits > 2) round->wrong++;
    if (!taking.has_turn) {
      if (taking.last != WakeResult::kTimeout) round->wrong++;
      continue;
    }
    if (dice != 1) round->Use(who, /*yields=*/dice == 2);
    round->turn.Give();
    if (dice == 3) NativeGs::Yield();
  }
}

void TriesByChance(Round* round, int who, uint64_t seed) {
  std::mt19937_64 random(seed + static_cast<uint64_t>(who));
  for (int i = 0; i < 2000; i++) {
    if (round->turn.TryTake()) {
      round->Use(who, /*yields=*/false);
      round->turn.Give();
    }
    if (random() % 4 == 0) std::this_thread::yield();
  }
}

TEST_CASE("file turn: stress: Gs and threads, one at a time, to the end") {
  const uint64_t seed = Seed();
  for (const int procs : {1, 2, 4}) {
    CAPTURE(procs);
    INFO("TRI_STRESS_SEED=", seed);
    // A wake-up that is lost hangs: then nothing else shows the seed.
    std::printf("TRI_STRESS_SEED=%llu, procs %d\n",
                static_cast<unsigned long long>(seed), procs);
    std::fflush(stdout);
    NativeFixture fix(procs);
    Round round;
    for (int who = 0; who < 12; who++) {
      REQUIRE(fix.gs->Go([&, who] { GoesByChance(&round, who, seed); }));
    }
    OnThreads(2, [&](int i) { TriesByChance(&round, 100 + i, seed); });
    Await([&] { return fix.gs->live() == 0; });
    CHECK(round.wrong == 0);
    CHECK(round.uses == round.taken);
    CHECK(round.turn.TryTake());
  }
}

}  // namespace
}  // namespace trilune
