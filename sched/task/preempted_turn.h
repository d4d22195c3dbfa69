// PreemptedTurn: when the next preempted G of a strand has its turn. A
// preempted G was stopped because its slice was over.
//
// Role       A preempted G goes behind the other Gs of its strand. Its turn
//            comes when they have run for as long as its own last turn lasted,
//            or have nothing to do. Fairness by the number of picks would
//            favour a G that makes a million others. Their turns are short, so
//            it would get nearly all the time, and they would pile up
//            unstarted.
// Threads    the strand's owner
// Locks      none
// Invariants I1. Between two turns of preempted Gs the others run for at least
//                as long as the first of these turns lasted, while they have
//                work.
//            I2. A preempted G waits for no more than that. What wakes, yields,
//                is made or is itself stopped meanwhile runs on the others'
//                account.
// Rejected   Every 16th pick for a preempted G: see Role. Equal shares for each
//            G: a G that wakes would have to be told from one that is made.
//            Reading the clock at each pick: it costs as much as the switch.
// Tests      tests/sched/preempted_turn_test.cc, strand_test.cc

#ifndef TRI_SCHED_TASK_PREEMPTED_TURN_H_
#define TRI_SCHED_TASK_PREEMPTED_TURN_H_

#include <algorithm>
#include <cstdint>

namespace trilune {

class PreemptedTurn {
 public:
  // Counts picks instead of time, for the mode `count`: a program whose
  // preemptions do not depend on the clock must run the same way each time.
  void CountPicks(bool by_picks) { by_picks_ = by_picks; }

  // A G was stopped, while `others` Gs were runnable. By picks, each of them
  // has a turn before a preempted G has one. `is_only`: no other preempted G
  // waits. If one does, and the turn that has just ended was no preempted G's,
  // the stopped G was one of the others. Then it ran on their account.
  void OnStopped(uint32_t others, bool is_only) {
    is_new_turn_ = is_new_turn_ || is_only;
    if (!by_picks_ || !is_new_turn_) return;
    owed_ = std::max<int64_t>(others, kLeastPicks);
    is_new_turn_ = false;
  }

  // Whether a preempted G may run although others are runnable.
  [[nodiscard]] bool IsDue() const {
    return owed_ <= 0 && (by_picks_ || !is_new_turn_);
  }
  // A preempted G was picked.
  void OnPreemptedPicked() {
    is_new_turn_ = true;
    if (by_picks_) owed_ = kLeastPicks;  // it may wait, and not be stopped
  }
  // Another G was picked while a preempted one waited.
  void OnOtherPicked() {
    if (!by_picks_) return;
    owed_--;
    is_new_turn_ = false;
  }

  // The strand ran for `ns` since the last look at the clock. If a preempted G
  // had a turn in that time, all of it counts as its turn, which is mostly
  // true.
  void OnClock(int64_t ns) {
    if (by_picks_) return;
    owed_ = is_new_turn_ ? ns : owed_ - ns;
    is_new_turn_ = false;
  }

 private:
  static constexpr int64_t kLeastPicks = 15;

  bool by_picks_ = false;
  bool is_new_turn_ = false;  // a turn whose length is not known yet
  int64_t owed_ = 0;          // to the others: nanoseconds, or picks
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_PREEMPTED_TURN_H_
