// RaiseDelay: keeps a raise that comes from outside away from the moment
// between the return of a function that acquires and the instruction that marks
// the variable to be closed.
//
// Role       In `local held <close> = m:lock()` the instruction after the call
//            marks the variable. A cancellation that was raised before it would
//            leave the mutex locked. So a function that acquires says so last
//            of all, and the preemption points after that put a raise off by a
//            few instructions.
// Threads    the strand's owner; is_put_off: its signal handler, too
// Locks      none
// Invariants I1. At a preemption point right after an acquisition nothing
//                raises.
//            I2. While a raise is put off, one acquisition may put it off by
//                several instructions more, others by one: a loop that only
//                acquires needs two for each turn, and does not escape.
//            I3. It is the running G's. A preempted G takes it along; a G that
//                waits or ends while it must raise leaves none to the next.
// Rejected   Looking at the next instruction: liblua does not show it. To
//            acquire and mark in one function: lua_toclose marks a slot of its
//            own C frame only.
// Tests      tests/vm/raise_delay_test.cc;
//            tests/lua/sync/cancel_leaves_nothing_held_*.lua

#ifndef TRI_VM_GOROUTINE_RAISE_DELAY_H_
#define TRI_VM_GOROUTINE_RAISE_DELAY_H_

#include <algorithm>
#include <cstdint>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {

class RaiseDelay {
 public:
  // The running C function has acquired what its caller must release, and
  // returns it now. It may have been long ago when somebody asks: that puts a
  // raise off for nothing, by a few instructions.
  void NoteAcquired() {
    if (!is_put_off_) {
      left_ = kMost;
    } else {
      left_ = is_fresh_ ? kMost : std::max(left_, kLeast);
      is_fresh_ = false;
    }
  }

  // For assert, which passes on what was acquired just before its call.
  void PassOn() {
    if (was_acquired_) left_ = std::max(left_, kLeast);
  }

  // At a preemption point that is to raise: whether it may. False: the next
  // instruction is to be one, too.
  [[nodiscard]] bool MayRaise() {
    Pass();
    is_put_off_ = was_acquired_;
    if (!is_put_off_) is_fresh_ = true;
    return !is_put_off_;
  }
  // At one that does not raise: the next instruction comes.
  void Pass() {
    is_put_off_ = false;
    was_acquired_ = left_ > 0;
    if (was_acquired_) left_--;
  }
  [[nodiscard]] TRI_NO_TSAN bool is_put_off() const { return is_put_off_; }

 private:
  // Instructions: from the call to the mark in `m:lock(1) or error "busy"`,
  // `assert(m:lock(1), "busy")`, `select(1, m:lock())` there are three, of
  // which the mark is the last.
  static constexpr uint8_t kMost = 4;
  static constexpr uint8_t kLeast = 1;

  uint8_t left_ = 0;           // points at which nothing raises
  bool is_fresh_ = true;       // see I2
  bool is_put_off_ = false;    // at the last point
  bool was_acquired_ = false;  // shortly before the last point
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_RAISE_DELAY_H_
