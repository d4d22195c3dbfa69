// RaiseDelay: keeps a raise from outside away from the moment between the
// return of a function that acquires and the instruction that marks the
// variable to be closed.
//
// Role       In `local held <close> = m:lock()` the instruction after the call
//            marks the variable. A cancellation raised between the two would
//            leave the mutex locked for ever. So a function that acquires calls
//            NoteAcquired as its last step. The preemption points after that
//            put a raise off by a few instructions.
// Threads    the strand's owner; is_put_off: also its signal handler
// Locks      none
// Invariants I1. At a preemption point right after an acquisition nothing
//                raises.
//            I2. While a raise is put off, one acquisition may put it off by
//                several instructions more, and others by one. A loop that only
//                acquires needs two instructions for each turn, so it does not
//                escape.
//            I3. It is the running G's. A preempted G takes it along. A G that
//                waits or ends while it must raise leaves none to the next one.
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
  // returns it now. A preemption point may come long after that. Then a raise
  // is put off for nothing, by a few instructions.
  void NoteAcquired() {
    if (!is_put_off_) {
      left_ = kMost;
    } else {
      left_ = is_fresh_ ? kMost : std::max(left_, kLeast);
      is_fresh_ = false;
    }
  }

  // For `assert`, which passes on what was acquired just before its call.
  void PassOn() {
    if (was_acquired_) left_ = std::max(left_, kLeast);
  }

  // At a preemption point that is to raise: whether it may. False: the next
  // instruction must be a preemption point, too.
  [[nodiscard]] bool MayRaise() {
    Pass();
    is_put_off_ = was_acquired_;
    if (!is_put_off_) is_fresh_ = true;
    return !is_put_off_;
  }
  // At a preemption point that does not raise: the next instruction will run.
  void Pass() {
    is_put_off_ = false;
    was_acquired_ = left_ > 0;
    if (was_acquired_) left_--;
  }
  [[nodiscard]] TRI_NO_TSAN bool is_put_off() const { return is_put_off_; }

 private:
  // In instructions. From the call to the mark there are three, with the mark,
  // in `m:lock(1) or error "busy"`, in `assert(m:lock(1), "busy")` and in
  // `select(1, m:lock())`.
  static constexpr uint8_t kMost = 4;
  static constexpr uint8_t kLeast = 1;

  uint8_t left_ = 0;           // points at which nothing raises
  bool is_fresh_ = true;       // none has put this raise off by kMost: I2
  bool is_put_off_ = false;    // the last point put a raise off
  bool was_acquired_ = false;  // shortly before the last point
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_RAISE_DELAY_H_
