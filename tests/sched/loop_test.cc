// Tests of sched/core/loop.h: Gs of one strand, parking with and without a
//            stack.
// The kind of G here runs a closure for each step, as the Lua G runs its
// coroutine.

#include "sched/core/loop.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune {
namespace {

class TestStrand;

struct TestG : G {
  std::function<Outcome()> step;
  int64_t runs = 0;
};

Outcome RunStep(G* g) {
  auto* mine = static_cast<TestG*>(g);
  mine->runs++;
  return mine->step();
}

const GKind kTestKind = {&RunStep};

class TestStrand : public Strand {
 public:
  explicit TestStrand(Scheduler* scheduler) : Strand(scheduler) {}

  void OnIdle() override { idles++; }
  void OnStuck() override {
    stuck++;
    if (on_stuck) on_stuck();
  }

  // Makes a G. Requires: the caller owns the strand.
  TestG* Add(std::function<Outcome()> step) {
    TestG* g = &gs_.emplace_back();
    g->strand = this;
    g->kind = &kTestKind;
    g->step = std::move(step);
    g->word.Become(GState::kIdle, GState::kRunnable);
    live++;
    PushReady(g);
    return g;
  }
  // The end of the running G `g`.
  Outcome End(TestG* g) {
    g->word.Become(GState::kRunning, GState::kDead);
    live--;
    ended.fetch_add(1);
    return Outcome::kEnded;
  }

  // The test's thread takes the idle strand, and lets it run.
  void Claim() { REQUIRE(word.TryClaim()); }
  void Release() { sched->Submit(this, /*soon=*/false); }

  std::atomic<int> ended{0};
  std::atomic<int> idles{0};
  std::atomic<int> stuck{0};
  std::function<void()> on_stuck;

 private:
  std::deque<TestG> gs_;
};

struct Fixture {
  explicit Fixture(int procs, SchedulerConfig config = {}) {
    config.procs = procs;
    sched = std::make_unique<Scheduler>(config);
    REQUIRE(sched->Start().ok());
  }
  ~Fixture() { CHECK(sched->Stop(NowNs() + 60 * kSecond)); }
  std::unique_ptr<Scheduler> sched;
};

// Opens a wait of the running G, to be published when it leaves.
uint64_t BeginWait(G* g, const ParkCommit& commit = {}) {
  g->reason = WaitReason::kSleep;
  g->wake = WakeResult::kReady;
  const uint64_t ticket = g->word.BeginWait();
  g->strand->commit = commit;
  return ticket;
}

// Invariant: at most one M runs inside a strand.
TEST_CASE("loop: Gs of one strand never run at one time, on however many Ps") {
  constexpr int kStrands = 3;
  constexpr int kGs = 10;
  constexpr int kSteps = 500;
  Fixture fix(4);
  struct Counted {
    std::unique_ptr<TestStrand> strand;
    int64_t steps = 0;  // plain: TSan would object to two Ms
    std::atomic<int> inside{0};
  };
  std::vector<Counted> all(kStrands);
  std::atomic<int> violations{0};
  for (Counted& one : all) {
    one.strand = std::make_unique<TestStrand>(fix.sched.get());
    one.strand->Claim();
    for (int i = 0; i < kGs; i++) {
      auto* slot = new TestG*;
      *slot = one.strand->Add([&one, &violations, slot] {
        if (one.inside.fetch_add(1) != 0) violations++;
        one.steps++;
        one.inside.fetch_sub(1);
        TestG* self = *slot;
        if (self->runs < kSteps) return Outcome::kYielded;
        delete slot;
        return one.strand->End(self);
      });
    }
    one.strand->Release();
  }
  for (Counted& one : all) {
    Await([&] { return one.strand->ended == kGs; });
  }
  CHECK(violations == 0);
  for (Counted& one : all) {
    Await([&] { return one.strand->word.TryClaim(); });
    CHECK(one.steps == kGs * kSteps);
  }
}

TEST_CASE("loop: a G parked without a stack runs again when it is made ready") {
  Fixture fix(2);
  TestStrand strand(fix.sched.get());
  std::atomic<uint64_t> ticket{0};
  strand.Claim();
  TestG* g = nullptr;
  ParkCommit commit;
  commit.external = true;
  g = strand.Add([&] {
    if (g->runs == 1) {
      ticket = BeginWait(g, commit);
      return Outcome::kParked;
    }
    CHECK(g->wake == WakeResult::kReady);
    return strand.End(g);
  });
  strand.Release();
  Await([&] { return ticket != 0 && g->word.TryWake(ticket); });
  Ready(g);
  Await([&] { return strand.ended == 1; });
  CHECK(g->runs == 2);
  CHECK(strand.idles >= 1);
  CHECK(strand.stuck == 0);
}

TEST_CASE("loop: a deadline ends a wait, never early") {
  Fixture fix(2);
  TestStrand strand(fix.sched.get());
  strand.Claim();
  TestG* g = nullptr;
  int64_t until = 0;
  g = strand.Add([&] {
    if (g->runs > 1) {
      CHECK(g->wake == WakeResult::kTimeout);
      CHECK(NowNs() >= until);
    }
    if (g->runs > 10) return strand.End(g);
    ParkCommit commit;
    until = commit.deadline_ns = NowNs() + 200'000;
    (void)BeginWait(g, commit);
    return Outcome::kParked;
  });
  strand.Release();
  Await([&] { return strand.ended == 1; });
}

TEST_CASE("loop: a flag set before the wait is public ends it as cancelled") {
  Fixture fix(1);
  TestStrand strand(fix.sched.get());
  std::atomic<bool> flag{true};
  strand.Claim();
  TestG* g = nullptr;
  g = strand.Add([&] {
    if (g->runs == 1) {
      ParkCommit commit;
      commit.cancelled = &flag;
      (void)BeginWait(g, commit);
      return Outcome::kParked;
    }
    CHECK(g->wake == WakeResult::kCancelled);
    return strand.End(g);
  });
  strand.Release();
  Await([&] { return strand.ended == 1; });
}

TEST_CASE("loop: the lock of a wait is released once the G is public") {
  Fixture fix(1);
  TestStrand strand(fix.sched.get());
  strand.Claim();
  struct Seen {
    TestG* g = nullptr;
    GState state = GState::kIdle;
    uint64_t ticket = 0;
  } seen;
  TestG* g = nullptr;
  g = strand.Add([&] {
    if (g->runs > 1) return strand.End(g);
    seen.g = g;
    ParkCommit commit;
    commit.unlock = [](void* argument) {
      auto* at = static_cast<Seen*>(argument);
      at->state = at->g->word.state();
      if (at->g->word.TryWake(at->ticket)) Ready(at->g);
    };
    commit.unlock_argument = &seen;
    seen.ticket = BeginWait(g, commit);
    return Outcome::kParked;
  });
  strand.Release();
  Await([&] { return strand.ended == 1; });
  CHECK(seen.state == GState::kWaiting);
}

TEST_CASE("loop: a G can park with its stack at any depth, and keeps it") {
  Fixture fix(2);
  TestStrand strand(fix.sched.get());
  strand.Claim();
  constexpr int kGs = 20;
  std::function<int(TestG*, int)> descend = [&](TestG* g, int depth) -> int {
    int local = depth;
    if (depth == 0) {
      for (int i = 0; i < 5; i++) {
        REQUIRE(CanParkWithStack(CurrentM()));
        ParkCommit commit;
        commit.deadline_ns = NowNs() + 1000;
        (void)BeginWait(g);
        ParkWithStack(CurrentM(), g, commit);
        CHECK(CurrentM()->running() == g);
        YieldWithStack(CurrentM(), g);
      }
      return 0;
    }
    local += descend(g, depth - 1);
    return local;
  };
  for (int i = 0; i < kGs; i++) {
    auto slot = std::make_shared<TestG*>();
    *slot = strand.Add([&, slot, i] {
      CHECK(descend(*slot, i) == i * (i + 1) / 2);
      return strand.End(*slot);
    });
  }
  strand.Release();
  Await([&] { return strand.ended == kGs; });
  Await([&] { return strand.word.TryClaim(); });
  CHECK(strand.stackful == 0);
  CHECK(strand.external == 0);
  CHECK(strand.live == 0);
}

TEST_CASE("loop: without a fiber a yield comes back at once") {
  SchedulerConfig config;
  config.max_fibers = 1;  // the M's own
  Fixture fix(1, config);
  TestStrand strand(fix.sched.get());
  strand.Claim();
  std::vector<int> order;
  TestG* first = nullptr;
  TestG* second = nullptr;
  first = strand.Add([&] {
    CHECK_FALSE(CanParkWithStack(CurrentM()));
    YieldWithStack(CurrentM(), first);
    order.push_back(1);
    return strand.End(first);
  });
  second = strand.Add([&] {
    order.push_back(2);
    return strand.End(second);
  });
  strand.Release();
  Await([&] { return strand.ended == 2; });
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("loop: Gs that yield in one strand take turns") {
  for (const bool with_stack : {false, true}) {
    CAPTURE(with_stack);
    Fixture fix(1);
    TestStrand strand(fix.sched.get());
    strand.Claim();
    std::vector<int> order;
    for (int i = 0; i < 3; i++) {
      auto slot = std::make_shared<TestG*>();
      *slot = strand.Add([&, slot, i] {
        if (with_stack) {
          for (int k = 0; k < 50; k++) {
            order.push_back(i);
            YieldWithStack(CurrentM(), *slot);
          }
          return strand.End(*slot);
        }
        if ((*slot)->runs > 50) return strand.End(*slot);
        order.push_back(i);
        return Outcome::kYielded;
      });
    }
    strand.Release();
    Await([&] { return strand.ended == 3; });
    REQUIRE(order.size() == 150);
    int wrong = 0;
    for (size_t i = 0; i < order.size(); i++) {
      if (order[i] != static_cast<int>(i % 3)) wrong++;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("loop: a strand whose Gs all wait for each other is told so") {
  Fixture fix(2);
  TestStrand strand(fix.sched.get());
  strand.Claim();
  std::vector<TestG*> gs;
  for (int i = 0; i < 3; i++) {
    auto slot = std::make_shared<TestG*>();
    *slot = strand.Add([&, slot] {
      if ((*slot)->runs == 1) {
        (void)BeginWait(*slot);
        return Outcome::kParked;
      }
      CHECK((*slot)->wake == WakeResult::kCancelled);
      return strand.End(*slot);
    });
    gs.push_back(*slot);
  }
  strand.on_stuck = [&] {
    for (TestG* g : gs) {
      REQUIRE(g->word.TryWakeCurrent());
      g->wake = WakeResult::kCancelled;
      ReadyInStrand(g, false);
    }
  };
  strand.Release();
  Await([&] { return strand.ended == 3; });
  CHECK(strand.stuck == 1);
}

TEST_CASE("loop: a wait with a deadline is no deadlock") {
  Fixture fix(2);
  TestStrand strand(fix.sched.get());
  strand.Claim();
  TestG* g = nullptr;
  g = strand.Add([&] {
    if (g->runs > 1) return strand.End(g);
    ParkCommit commit;
    commit.deadline_ns = NowNs() + kMillisecond;
    (void)BeginWait(g, commit);
    return Outcome::kParked;
  });
  strand.Release();
  Await([&] { return strand.ended == 1; });
  CHECK(strand.stuck == 0);
}

TEST_CASE("loop: a strand may go with its last G") {
  Fixture fix(2);
  std::atomic<int> gone{0};
  constexpr int kStrands = 200;
  for (int i = 0; i < kStrands; i++) {
    auto* strand = new TestStrand(fix.sched.get());
    strand->Claim();
    auto slot = std::make_shared<TestG*>();
    *slot = strand->Add([strand, slot, &gone] {
      if ((*slot)->runs < 3) return Outcome::kYielded;
      auto* const keep = &gone;  // the closure goes with the strand
      (*slot)->word.Become(GState::kRunning, GState::kDead);
      delete strand;
      keep->fetch_add(1);
      return Outcome::kStrandEnded;
    });
    strand->Release();
  }
  Await([&] { return gone == kStrands; });
}

// Made ready from several threads at once, a G runs once for each wait.
TEST_CASE("loop: of many wakers of one wait, one makes the G run") {
  Fixture fix(2);
  TestStrand strand(fix.sched.get());
  constexpr int kWaits = 3000;
  std::atomic<uint64_t> ticket{0};
  std::atomic<int> wins{0};
  strand.Claim();
  TestG* g = nullptr;
  g = strand.Add([&] {
    if (g->runs > kWaits) return strand.End(g);
    ParkCommit commit;
    commit.external = true;
    ticket = BeginWait(g, commit);
    return Outcome::kParked;
  });
  strand.Release();
  OnThreads(3, [&](int) {
    while (strand.ended == 0) {
      if (g->word.TryWake(ticket)) {
        wins++;
        Ready(g);
      } else {
        std::this_thread::yield();
      }
    }
  });
  CHECK(wins == kWaits);
  CHECK(g->runs == kWaits + 1);
}

}  // namespace
}  // namespace trilune
