// RaiseDelay: keeps a raise that comes from outside away from the moment
// between the return of a function that acquires and the instruction that marks
// the variable to be closed.
//
// Role       In `local held <close> = m:lock()` the instruction after the call
//            marks the variable. A cancellation that was raised before it would
//            leave the mutex locked. So a function that acquires says so last
//            of all, and the first preemption point after that puts its raise
//            off by one instruction.
// Threads    the strand's owner; is_put_off: its signal handler, too
// Locks      none
// Invariants I1. No two raises in a row are put off, unless something was
//                acquired in between, which takes an instruction more than that
//                one: so a loop that only acquires does not escape.
// Rejected   Looking at the next instruction: liblua does not show it. Acquiring
//            and marking in one function: lua_toclose marks a slot of its own C
//            frame only.
// Tests      tests/lua/sync/cancel_leaves_nothing_held_*.lua

#ifndef TRI_VM_RAISE_DELAY_H_
#define TRI_VM_RAISE_DELAY_H_

#include <cstdint>

#include "sched/sync/sanitizers.h"

namespace trilune::vm {

class RaiseDelay {
 public:
  // The running C function has acquired what its caller must release, and
  // returns it now. It may have been long ago when somebody asks: that puts a
  // raise off for nothing, by one instruction.
  void NoteAcquired() { state_ = State::kAcquired; }

  // For assert, whose call is the instruction after the first one in `local
  // held <close> = assert(m:lock(1))`: what it passes on was just acquired.
  void PassOn() {
    if (state_ == State::kPutOff) state_ = State::kAcquired;
  }

  // At a preemption point that is to raise: whether it may. False: the next
  // instruction is to be one, too.
  [[nodiscard]] bool MayRaise() {
    const bool may = state_ != State::kAcquired;
    state_ = may ? State::kNothing : State::kPutOff;
    return may;
  }
  // At one that does not raise: the instruction that may mark comes next.
  void Pass() { state_ = State::kNothing; }
  [[nodiscard]] TRI_NO_TSAN bool is_put_off() const {
    return state_ == State::kPutOff;
  }

 private:
  enum class State : uint8_t {
    kNothing,
    kAcquired,  // since the last preemption point
    kPutOff,    // at that one a raise was put off
  };
  State state_ = State::kNothing;
};

}  // namespace trilune::vm

#endif  // TRI_VM_RAISE_DELAY_H_
