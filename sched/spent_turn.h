// SpentTurn: when a strand's next spent G, one that was stopped as its slice
// was over, has its turn.
//
// Role       A G that used up its slice goes behind the others of its strand
//            until they have run for as long as its own last turn lasted, or
//            have nothing to do. Fairness by the number of picks would give a G
//            that makes a million others the lion's share, as their turns are
//            short: they would pile up unstarted.
// Threads    the strand's owner
// Locks      none
// Invariants I1. Between two turns of spent Gs the others run for at least the
//                first one's length, while they have work.
//            I2. A spent G waits for no more than that: whatever wakes, yields,
//                is made or is itself stopped meanwhile runs on the others'
//                account.
// Rejected   Every 16th pick for a spent G: see Role. Equal shares for each G:
//            a G that wakes would have to be told from one that is made.
//            Reading the clock at each pick: it costs as much as the switch.
// Tests      tests/sched/spent_turn_test.cc, strand_test.cc

#ifndef TRI_SCHED_SPENT_TURN_H_
#define TRI_SCHED_SPENT_TURN_H_

#include <algorithm>
#include <cstdint>

namespace trilune {

class SpentTurn {
 public:
  // Counts picks instead of time, so that a program whose preemptions do not
  // depend on the clock runs the same way each time.
  void CountPicks(bool by_picks) { by_picks_ = by_picks; }

  // A G was stopped; `others` Gs were runnable before it. By picks, each of
  // them has a turn before a spent G has one. `is_only`: no spent G waits yet;
  // if one does, and this was not the turn of such, it was one of the others.
  void OnStopped(uint32_t others, bool is_only) {
    is_new_turn_ = is_new_turn_ || is_only;
    if (!by_picks_ || !is_new_turn_) return;
    owed_ = std::max<int64_t>(others, kLeastPicks);
    is_new_turn_ = false;
  }

  // Whether a spent G may run although others are runnable.
  [[nodiscard]] bool IsDue() const {
    return owed_ <= 0 && (by_picks_ || !is_new_turn_);
  }
  // A spent G was picked.
  void OnSpentPicked() {
    is_new_turn_ = true;
    if (by_picks_) owed_ = kLeastPicks;  // if it is not stopped, but waits
  }
  // Another one was, while a spent G waited.
  void OnOtherPicked() {
    if (!by_picks_) return;
    owed_--;
    is_new_turn_ = false;
  }

  // The strand ran for `ns` since the clock was looked at last. A turn of a
  // spent G in that time counts as all of it: such a turn mostly is.
  void OnClock(int64_t ns) {
    if (by_picks_) return;
    owed_ = is_new_turn_ ? ns : owed_ - ns;
    is_new_turn_ = false;
  }

 private:
  static constexpr int64_t kLeastPicks = 15;

  bool by_picks_ = false;
  bool is_new_turn_ = false;  // whose length is not known yet
  int64_t owed_ = 0;          // to the others: nanoseconds, or picks
};

}  // namespace trilune

#endif  // TRI_SCHED_SPENT_TURN_H_
