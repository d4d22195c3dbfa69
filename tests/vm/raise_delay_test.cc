// Unit tests for vm/goroutine/raise_delay.h: a preemption point before each
// instruction, as after a cancellation. On Lua code:
// tests/lua/sync/cancel_leaves_nothing_held_*.lua.

#include "vm/goroutine/raise_delay.h"

#include <doctest/doctest.h>

namespace trilune::vm {
namespace {

// How many points in a row put a raise off; `most` is enough for "for ever".
int PointsPutOff(RaiseDelay* delay, int most = 100) {
  int n = 0;
  while (n < most && !delay->MayRaise())
    n++;
  return n;
}

// Invariant I1, and not much longer: `m:lock(1) or error()` needs three.
TEST_CASE("raise delay: the points after an acquisition raise nothing") {
  RaiseDelay delay;
  CHECK(PointsPutOff(&delay) == 0);
  delay.NoteAcquired();
  const int n = PointsPutOff(&delay);
  CHECK(n >= 3);
  CHECK(n <= 4);
  CHECK(PointsPutOff(&delay) == 0);
}

TEST_CASE(
    "raise delay: it is put off only between an acquisition and a raise") {
  RaiseDelay delay;
  CHECK_FALSE(delay.is_put_off());
  delay.NoteAcquired();
  CHECK_FALSE(delay.is_put_off());
  CHECK_FALSE(delay.MayRaise());
  CHECK(delay.is_put_off());
  // Nothing is to be raised any more: the next instruction needs no point.
  delay.Pass();
  CHECK_FALSE(delay.is_put_off());
}

TEST_CASE("raise delay: points that raise nothing use it up as well") {
  RaiseDelay delay;
  delay.NoteAcquired();
  for (int i = 0; i < 4; i++)
    delay.Pass();
  CHECK(delay.MayRaise());
}

TEST_CASE("raise delay: assert passes on what was acquired just before it") {
  RaiseDelay delay;
  delay.NoteAcquired();
  int n = PointsPutOff(&delay);
  // At its call the last point has been: the mark comes after it.
  delay = RaiseDelay();
  delay.NoteAcquired();
  for (int i = 0; i < n; i++)
    CHECK_FALSE(delay.MayRaise());
  delay.PassOn();
  CHECK_FALSE(delay.MayRaise());
  CHECK(delay.MayRaise());
  // What it passes on was not acquired.
  delay.PassOn();
  CHECK(delay.MayRaise());
}

// Invariant I2.
TEST_CASE("raise delay: a loop that only acquires does not escape") {
  // A call and at least one other instruction for each acquisition.
  for (int instructions = 2; instructions <= 6; instructions++) {
    CAPTURE(instructions);
    RaiseDelay delay;
    delay.NoteAcquired();
    int put_off = 0;
    bool raised = false;
    for (int turn = 0; turn < 100 && !raised; turn++) {
      for (int i = 0; i < instructions && !raised; i++) {
        raised = delay.MayRaise();
        if (!raised) put_off++;
      }
      if (!raised) delay.NoteAcquired();
    }
    CHECK(raised);
    CHECK(put_off <= 10);
  }
}

// The next acquisition is as safe as the first one.
TEST_CASE("raise delay: after a raise it is fresh again") {
  RaiseDelay delay;
  for (int i = 0; i < 3; i++) {
    delay.NoteAcquired();
    CHECK_FALSE(delay.MayRaise());
    delay.NoteAcquired();  // while it is put off
    delay.NoteAcquired();
    CHECK(PointsPutOff(&delay) < 100);
    delay.NoteAcquired();
    CHECK(PointsPutOff(&delay) >= 3);
  }
}

}  // namespace
}  // namespace trilune::vm
