// Unit tests for sched/task/strand.h and sched/task/strand_word.h.
// Interleavings of the word are explored in tests/model/strand_word_model.cc.

#include "sched/task/strand.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune {
namespace {

// Picks a G as the loop does, which counts each dispatch.
G* PickAndCount(Strand& strand) {
  G* g = strand.Pick();
  if (g != nullptr) strand.gtick++;
  return g;
}

TEST_CASE("strand: woken first, then the others as they came") {
  Strand strand(nullptr);
  G ready1;
  G ready2;
  G woken;
  G woken_later;
  strand.PushReady(&ready1);
  strand.PushReady(&ready2);
  strand.PushWoken(&woken);
  strand.PushWoken(&woken_later);  // the place of the woken one is taken
  CHECK(strand.HasRunnable());
  for (G* expected : {&woken, &ready1, &ready2, &woken_later}) {
    CHECK(PickAndCount(strand) == expected);
  }
  CHECK_FALSE(strand.HasRunnable());
  CHECK(strand.Pick() == nullptr);
}

TEST_CASE(
    "strand: a pair that wakes each other lets others in every 64 picks") {
  Strand strand(nullptr);
  G pair[2];
  G other;
  strand.PushWoken(&pair[0]);
  strand.PushReady(&other);
  int picks = 0;
  G* g = nullptr;
  while ((g = PickAndCount(strand)) != &other) {
    picks++;
    REQUIRE(picks < 1000);
    strand.PushWoken(g == &pair[0] ? &pair[1] : &pair[0]);
  }
  CHECK(picks == 64);
}

TEST_CASE("strand: mail for the service goes before a G that goes first") {
  Strand strand(nullptr);
  constexpr GKind kService = {nullptr, nullptr, true};
  constexpr GKind kOther = {};
  G service;
  service.kind = &kService;
  G other;
  other.kind = &kOther;
  G first;
  G woken;
  REQUIRE(strand.word.TryClaim());
  strand.PushWoken(&woken);
  strand.PushFirst(&first);
  CHECK_FALSE(strand.word.Push(&other));
  CHECK_FALSE(strand.word.Push(&service));
  strand.TakeMail();
  for (G* expected : {&service, &first, &woken, &other}) {
    CHECK(strand.HasRunnable());
    CHECK(PickAndCount(strand) == expected);
  }
  CHECK_FALSE(strand.HasRunnable());
}

TEST_CASE("strand: a pair alone is not slowed by that limit") {
  Strand strand(nullptr);
  G pair[2];
  strand.PushWoken(&pair[0]);
  for (int i = 0; i < 1000; i++) {
    G* g = PickAndCount(strand);
    REQUIRE(g == &pair[i % 2]);
    strand.PushWoken(&pair[(i + 1) % 2]);
  }
}

// The clock is looked at after each of these, as by the loop.
constexpr int64_t kTurnNs = 1000;

TEST_CASE("strand: who was stopped waits for as long as its turn lasted") {
  Strand strand(nullptr);
  G preempted;
  G busy;
  strand.PushPreempted(&preempted);
  strand.preempted_turn.OnClock(10 * kTurnNs);  // how long it ran
  strand.PushReady(&busy);
  for (int round = 0; round < 3; round++) {
    int picks = 0;
    G* g = nullptr;
    while ((g = PickAndCount(strand)) != &preempted) {
      REQUIRE(++picks < 1000);
      strand.PushReady(g);
      strand.preempted_turn.OnClock(kTurnNs);
    }
    CHECK(picks == 10);
    strand.PushPreempted(&preempted);
    strand.preempted_turn.OnClock(10 * kTurnNs);
  }
  CHECK(PickAndCount(strand) == &busy);
  CHECK(PickAndCount(strand) == &preempted);  // nobody else is there
}

// I2 of preempted_turn.h: each of them is one of the others until it has been.
TEST_CASE("strand: new Gs that are all stopped do not starve one that was") {
  for (const bool by_picks : {false, true}) {
    CAPTURE(by_picks);
    Strand strand(nullptr);
    strand.preempted_turn.CountPicks(by_picks);
    G old;
    std::vector<G> chain(600);
    strand.PushReady(&chain[0]);
    strand.PushPreempted(&old);
    strand.preempted_turn.OnClock(10 * kTurnNs);
    int turns = 0;
    size_t next = 1;
    while (next < chain.size()) {
      G* g = PickAndCount(strand);
      if (g == &old) {
        turns++;
      } else if (g >= &chain[next - 1]) {  // the newest makes the next
        strand.PushNew(&chain[next++]);
      }
      strand.PushPreempted(g);
      strand.preempted_turn.OnClock(10 * kTurnNs);
    }
    CHECK(turns >= 1);
  }
}

TEST_CASE(
    "strand: who yields goes on while only a preempted G waits, not due") {
  Strand strand(nullptr);
  REQUIRE(strand.word.TryClaim());
  G preempted;
  G other;
  CHECK_FALSE(strand.OnlyPreemptedWait());
  strand.PushPreempted(&preempted);
  CHECK(strand.OnlyPreemptedWait());  // its turn's length is not known yet
  strand.preempted_turn.OnClock(kTurnNs);
  CHECK(strand.OnlyPreemptedWait());
  strand.PushReady(&other);
  CHECK_FALSE(strand.OnlyPreemptedWait());
  CHECK(PickAndCount(strand) == &other);
  strand.preempted_turn.OnClock(kTurnNs);
  CHECK_FALSE(strand.OnlyPreemptedWait());  // due
}

TEST_CASE("strand: by picks, who was stopped waits for all before it") {
  for (const int others : {1, 100}) {
    CAPTURE(others);
    Strand strand(nullptr);
    strand.preempted_turn.CountPicks(true);
    G preempted;
    std::vector<G> busy(static_cast<size_t>(others));
    for (G& g : busy)
      strand.PushReady(&g);
    strand.PushPreempted(&preempted);
    int picks = 0;
    G* g = nullptr;
    while ((g = PickAndCount(strand)) != &preempted) {
      REQUIRE(++picks < 1000);
      strand.PushReady(g);
      strand.preempted_turn.OnClock(
          1'000'000'000);  // no time makes a difference
    }
    CHECK(picks == std::max(others, 15));
  }
}

// With both rules at work: what was stopped gets its turns without giving the
// pair a new start.
TEST_CASE("strand: a pair and a stopped G together starve nobody") {
  Strand strand(nullptr);
  G pair[2];
  G preempted;
  G other;
  strand.PushWoken(&pair[0]);
  strand.PushPreempted(&preempted);
  strand.PushReady(&other);
  int picks = 0;
  for (;;) {
    REQUIRE(++picks < 1000);
    G* g = PickAndCount(strand);
    if (g == &other) break;
    if (g == &preempted) {
      strand.PushPreempted(g);
    } else {
      strand.PushWoken(g == &pair[0] ? &pair[1] : &pair[0]);
    }
    strand.preempted_turn.OnClock(kTurnNs);
  }
  CHECK(picks <= 64 + 64 + 2);
}

// Each maker's turn is a slice. What it makes ends at once.
TEST_CASE("strand: makers for ever do not starve an old G, nor it them") {
  for (const bool old_is_preempted : {false, true}) {
    CAPTURE(old_is_preempted);
    Strand strand(nullptr);
    G makers[3];
    G old;
    std::vector<G> made(200'000);
    size_t next = 0;
    for (G& maker : makers)
      strand.PushPreempted(&maker);
    if (old_is_preempted) {
      strand.PushPreempted(&old);
    } else {
      strand.PushReady(&old);
    }
    int turns_of_makers = 0;
    int turns_of_old = 0;
    size_t ended = 0;
    while (next + 1000 <= made.size()) {
      G* g = PickAndCount(strand);
      REQUIRE(g != nullptr);
      if (g == &old) {
        turns_of_old++;
        if (old_is_preempted) {
          strand.PushPreempted(g);
          strand.preempted_turn.OnClock(1000 * kTurnNs);
        } else {
          strand.PushReady(g);
          strand.preempted_turn.OnClock(kTurnNs);
        }
      } else if (g >= makers && g < makers + 3) {
        turns_of_makers++;
        for (int i = 0; i < 1000; i++)
          strand.PushNew(&made[next++]);
        strand.PushPreempted(g);
        strand.preempted_turn.OnClock(1000 * kTurnNs);
      } else {
        ended++;
        strand.preempted_turn.OnClock(kTurnNs);
      }
    }
    CHECK(turns_of_makers >= 190);
    // What is new goes last every 64th time only.
    CHECK(turns_of_old >= turns_of_makers / (old_is_preempted ? 3 : 64) - 1);
    CHECK(ended + 2000 >= next);  // they do not pile up
  }
}

TEST_CASE(
    "strand: new Gs run in the order of their making, before older ones") {
  Strand strand(nullptr);
  G older;
  G ready[3];
  strand.PushReady(&older);
  for (G& g : ready)
    strand.PushNew(&g);
  for (G& g : ready)
    CHECK(PickAndCount(strand) == &g);
  CHECK(PickAndCount(strand) == &older);
}

TEST_CASE("strand: a tree of new Gs is walked depth first") {
  Strand strand(nullptr);
  G nodes[7];  // of a binary tree: the children of i are 2i+1 and 2i+2
  std::vector<G*> walk;
  strand.PushNew(&nodes[0]);
  while (G* g = PickAndCount(strand)) {
    walk.push_back(g);
    const auto i = static_cast<size_t>(g - nodes);
    for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < 7; child++) {
      strand.PushNew(&nodes[child]);
    }
  }
  CHECK(walk == std::vector<G*>{&nodes[0], &nodes[1], &nodes[3], &nodes[4],
                                &nodes[2], &nodes[5], &nodes[6]});
}

TEST_CASE("strand: Gs that make Gs for ever starve nobody") {
  Strand strand(nullptr);
  G other;
  G made[200];
  strand.PushReady(&other);
  strand.PushNew(&made[0]);
  int picks = 0;
  while (PickAndCount(strand) != &other) {
    picks++;
    REQUIRE(picks < 200);
    strand.PushNew(&made[picks]);
  }
  CHECK(picks <= 64);
}

TEST_CASE("strand: mail is taken oldest first, behind what is queued") {
  Strand strand(nullptr);
  REQUIRE(strand.word.TryClaim());
  G queued;
  G mail[3];
  strand.PushReady(&queued);
  for (G& g : mail)
    CHECK_FALSE(strand.word.Push(&g));
  CHECK(strand.word.HasMail());
  strand.TakeMail();
  CHECK_FALSE(strand.word.HasMail());
  CHECK(strand.Pick() == &queued);
  for (G& g : mail)
    CHECK(strand.Pick() == &g);
}

// Invariants I1 and I2 of strand_word.h.
TEST_CASE("strand word: the first push into an idle strand makes an owner") {
  StrandWord<G> word;
  G g1;
  G g2;
  CHECK(word.Push(&g1));
  CHECK_FALSE(word.Push(&g2));
  CHECK_FALSE(word.TryClaim());
  CHECK(word.Drain() == &g1);
  CHECK(g1.next == &g2);
  CHECK(g2.next == nullptr);
  CHECK(word.Drain() == nullptr);
  CHECK(word.TryRelease());
}

TEST_CASE("strand word: is not released with mail in it") {
  StrandWord<G> word;
  G g;
  REQUIRE(word.TryClaim());
  CHECK_FALSE(word.Push(&g));
  CHECK_FALSE(word.TryRelease());
  CHECK(word.Drain() == &g);
  CHECK(word.TryRelease());
  CHECK(word.Push(&g));
}

TEST_CASE("strand word: is claimed by one at a time") {
  StrandWord<G> word;
  CHECK(word.TryClaim());
  CHECK_FALSE(word.TryClaim());
  CHECK_FALSE(word.HasMail());
  CHECK(word.TryRelease());
  CHECK(word.TryClaim());
}

TEST_CASE("strand: a solo one never has mail and cannot be claimed") {
  Strand strand(nullptr, /*is_solo=*/true);
  CHECK_FALSE(strand.word.HasMail());
  CHECK_FALSE(strand.word.TryClaim());
}

// Many threads push, each owner drains and releases: every push arrives once,
// and the owner's plain counter (TSan looks) shows that there is one owner at a
// time.
TEST_CASE(
    "strand word: pushes from many threads all arrive, one owner at a time") {
  constexpr int kThreads = 3;
  constexpr int kPushes = 20'000;
  struct Node {
    Node* next = nullptr;
  };
  StrandWord<Node> word;
  std::vector<std::vector<Node>> nodes(kThreads, std::vector<Node>(kPushes));
  int64_t arrived = 0;  // the owner's
  const auto own = [&] {
    do {
      for (Node* node = word.Drain(); node != nullptr; node = node->next) {
        arrived++;
      }
    } while (!word.TryRelease());
  };
  OnThreads(kThreads, [&](int i) {
    for (Node& node : nodes[static_cast<size_t>(i)]) {
      if (word.Push(&node)) own();
    }
  });
  CHECK(arrived == kThreads * kPushes);
  CHECK(word.TryClaim());
}

}  // namespace
}  // namespace trilune
