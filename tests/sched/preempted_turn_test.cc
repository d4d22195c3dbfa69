// Unit tests for sched/task/preempted_turn.h; at work in a strand:
// strand_test.cc.

#include "sched/task/preempted_turn.h"

#include <doctest/doctest.h>

namespace trilune {
namespace {

TEST_CASE("preempted turn: due at once where nobody was stopped") {
  PreemptedTurn turn;
  CHECK(turn.IsDue());
  turn.OnClock(1000);
  CHECK(turn.IsDue());
}

// I1: the length of a turn is known at the next look at the clock only.
TEST_CASE("preempted turn: not before the length of the last one is known") {
  PreemptedTurn turn;
  turn.OnStopped(1, true);
  CHECK_FALSE(turn.IsDue());
  turn.OnClock(100);
  CHECK_FALSE(turn.IsDue());
  turn.OnClock(99);
  CHECK_FALSE(turn.IsDue());
  turn.OnClock(1);
  CHECK(turn.IsDue());
  // A preempted G may run for a while and then wait: that is a turn, too.
  turn.OnPreemptedPicked();
  CHECK_FALSE(turn.IsDue());
  turn.OnClock(30);
  CHECK_FALSE(turn.IsDue());
  turn.OnClock(30);
  CHECK(turn.IsDue());
}

TEST_CASE("preempted turn: by picks no time counts") {
  PreemptedTurn turn;
  turn.CountPicks(true);
  turn.OnStopped(20, true);
  for (int i = 0; i < 20; i++) {
    CHECK_FALSE(turn.IsDue());
    turn.OnClock(1'000'000'000);
    turn.OnOtherPicked();
  }
  CHECK(turn.IsDue());
}

}  // namespace
}  // namespace trilune
