// Unit tests for sched/task/g.h and sched/task/g_word.h: the states of a G and
// its tickets. Interleavings of wakers are explored in
// tests/model/g_word_model.cc.

#include "sched/task/g.h"

#include <cstring>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune {
namespace {

constexpr GState kStates[] = {
    GState::kIdle,    GState::kRunnable,  GState::kRunning, GState::kSyscall,
    GState::kWaiting, GState::kPreempted, GState::kDead,
};

// Ways from a new word to each state, by legal edges only.
void Bring(GWord<>& word, GState to) {
  if (to == GState::kIdle) return;
  word.Become(GState::kIdle, GState::kRunnable);
  if (to == GState::kRunnable) return;
  word.Become(GState::kRunnable, GState::kRunning);
  if (to == GState::kRunning) return;
  if (to == GState::kWaiting) (void)word.BeginWait();
  word.Become(GState::kRunning, to);
}

// The table of docs/state-machines.md, written down a second time.
const std::set<std::pair<GState, GState>> kLegal = {
    {GState::kIdle, GState::kRunnable},
    {GState::kRunnable, GState::kRunning},
    {GState::kRunnable, GState::kDead},
    {GState::kRunning, GState::kRunnable},
    {GState::kRunning, GState::kSyscall},
    {GState::kRunning, GState::kWaiting},
    {GState::kRunning, GState::kPreempted},
    {GState::kRunning, GState::kDead},
    {GState::kSyscall, GState::kRunning},
    {GState::kSyscall, GState::kRunnable},
    {GState::kWaiting, GState::kRunnable},
    {GState::kPreempted, GState::kRunning},
    {GState::kPreempted, GState::kRunnable},
    {GState::kDead, GState::kIdle},
};

TEST_CASE("g: exactly the edges of the table are legal") {
  for (const GState from : kStates) {
    for (const GState to : kStates) {
      CAPTURE(GStateName(from));
      CAPTURE(GStateName(to));
      CHECK(IsLegal(from, to) == (kLegal.count({from, to}) == 1));
    }
  }
}

TEST_CASE("g: each legal edge can be walked") {
  for (const auto& edge : kLegal) {
    const GState from = edge.first;
    const GState to = edge.second;
    CAPTURE(GStateName(from));
    CAPTURE(GStateName(to));
    GWord<> word;
    Bring(word, from);
    REQUIRE(word.state() == from);
    const uint64_t ticket = word.ticket();
    word.Become(from, to);
    CHECK(word.state() == to);
    CHECK(word.ticket() == ticket);
  }
}

TEST_CASE("g: an illegal edge aborts, and so does a wrong idea of the state") {
  for (const auto& edge : std::initializer_list<std::pair<GState, GState>>{
           {GState::kIdle, GState::kRunning},
           {GState::kRunnable, GState::kWaiting},
           {GState::kWaiting, GState::kRunning},
           {GState::kDead, GState::kRunnable},
           {GState::kRunning, GState::kIdle}}) {
    const GState from = edge.first;
    const GState to = edge.second;
    CAPTURE(GStateName(from));
    CAPTURE(GStateName(to));
    CHECK(BreaksCheck([from, to] {
      GWord<> word;
      Bring(word, from);
      word.Become(from, to);
    }));
  }
  CHECK(BreaksCheck([] {
    GWord<> word;
    word.Become(GState::kRunnable, GState::kRunning);
  }));
}

TEST_CASE("g: only a running G opens a wait") {
  CHECK(BreaksCheck([] {
    GWord<> word;
    (void)word.BeginWait();
  }));
}

// Invariant I1 of g_word.h.
TEST_CASE("g: one wake-up wins a wait, the second loses") {
  GWord<> word;
  Bring(word, GState::kRunning);
  const uint64_t ticket = word.BeginWait();
  word.Become(GState::kRunning, GState::kWaiting);
  CHECK(word.TryWake(ticket));
  CHECK(word.state() == GState::kRunnable);
  CHECK_FALSE(word.TryWake(ticket));
  CHECK_FALSE(word.TryWakeCurrent());
}

TEST_CASE("g: nobody wins a wait before it is public") {
  GWord<> word;
  Bring(word, GState::kRunning);
  const uint64_t ticket = word.BeginWait();
  CHECK_FALSE(word.TryWake(ticket));
  word.Become(GState::kRunning, GState::kWaiting);
  CHECK(word.TryWake(ticket));
}

TEST_CASE("g: a wake-up of an earlier wait loses, for ever") {
  GWord<> word;
  Bring(word, GState::kRunning);
  const uint64_t first = word.BeginWait();
  word.Become(GState::kRunning, GState::kWaiting);
  REQUIRE(word.TryWake(first));
  word.Become(GState::kRunnable, GState::kRunning);
  const uint64_t second = word.BeginWait();
  CHECK(second != first);
  word.Become(GState::kRunning, GState::kWaiting);
  CHECK_FALSE(word.TryWake(first));
  CHECK(word.state() == GState::kWaiting);
  CHECK(word.TryWake(second));
}

TEST_CASE("g: tickets outlive the G: its record's next G has new ones") {
  GWord<> word;
  Bring(word, GState::kRunning);
  const uint64_t before = word.BeginWait();
  word.Become(GState::kRunning, GState::kDead);
  word.Become(GState::kDead, GState::kIdle);
  Bring(word, GState::kRunning);
  CHECK(word.BeginWait() > before);
}

TEST_CASE("g: an abandoned record is idle, and wakers of its waits lose") {
  GWord<> word;
  Bring(word, GState::kRunning);
  const uint64_t ticket = word.BeginWait();
  word.Become(GState::kRunning, GState::kWaiting);
  REQUIRE(word.TryWake(ticket));
  word.Abandon();
  CHECK(word.state() == GState::kIdle);
  CHECK_FALSE(word.TryWake(ticket));
  CHECK_FALSE(word.TryWake(ticket + 1));
}

TEST_CASE("g: the list gives back what came first, and can be refilled") {
  G gs[3];
  GList list;
  CHECK(list.empty());
  CHECK(list.PopHead() == nullptr);
  for (G& g : gs)
    list.PushTail(&g);
  CHECK(list.PopHead() == &gs[0]);
  CHECK(list.PopHead() == &gs[1]);
  list.PushTail(&gs[0]);
  CHECK(list.PopHead() == &gs[2]);
  CHECK(list.PopHead() == &gs[0]);
  CHECK(list.empty());
  list.PushTail(&gs[1]);
  CHECK(list.PopHead() == &gs[1]);
}

TEST_CASE("g: the list takes one at its head or behind another") {
  G gs[6];
  GList list;
  list.PushHead(&gs[1]);            // 1
  list.PushBehind(&gs[1], &gs[3]);  // 1 3
  list.PushBehind(&gs[1], &gs[2]);  // 1 2 3
  list.PushHead(&gs[0]);            // 0 1 2 3
  list.PushBehind(&gs[3], &gs[4]);  // 0 1 2 3 4
  list.PushTail(&gs[5]);            // 0 1 2 3 4 5
  for (G& g : gs)
    CHECK(list.PopHead() == &g);
  CHECK(list.PopHead() == nullptr);
}

// A flag of a wait that only the own strand ends spares an atomic operation.
TEST_CASE("g: a local wait is won once, like any other") {
  G g;
  Bring(g.word, GState::kRunning);
  for (int i = 0; i < 3; i++) {
    (void)g.word.BeginWait();
    g.Set(G::kLocalWait);
    CHECK_FALSE(g.TryWin());
    g.word.Become(GState::kRunning, GState::kWaiting);
    CHECK(g.TryWin());
    CHECK_FALSE(g.TryWin());
    CHECK_FALSE(g.word.TryWakeCurrent());
    g.word.Become(GState::kRunnable, GState::kRunning);
  }
  (void)g.word.BeginWait();
  g.Clear(G::kLocalWait);
  g.word.Become(GState::kRunning, GState::kWaiting);
  CHECK(g.TryWin());
  CHECK_FALSE(g.TryWin());
}

TEST_CASE("g: flags are set and cleared one by one") {
  G g;
  CHECK_FALSE(g.Has(0xff));
  g.Set(G::kCancelled | G::kStarted);
  CHECK(g.Has(G::kCancelled));
  CHECK_FALSE(g.Has(G::kExternal));
  g.Clear(G::kCancelled);
  CHECK_FALSE(g.Has(G::kCancelled));
  CHECK(g.Has(G::kStarted));
  g.ClearFlags();
  CHECK_FALSE(g.Has(0xff));
}

TEST_CASE("g: every state and every wait reason has a name of its own") {
  std::set<std::string> names;
  for (const GState state : kStates) {
    CHECK(std::strcmp(GStateName(state), "?") != 0);
    CHECK(names.insert(GStateName(state)).second);
  }
  int reasons = 0;
  while (std::strcmp(WaitReasonName(static_cast<WaitReason>(reasons)), "?") !=
         0) {
    CHECK(
        names.insert(WaitReasonName(static_cast<WaitReason>(reasons))).second);
    reasons++;
  }
  CHECK(reasons > static_cast<int>(WaitReason::kHostCall));
}

}  // namespace
}  // namespace trilune
