// Random: a small pseudo-random source, for choices that need not be secret.
//
// Role       Chooses the victims of a thief, the ready cases of a select and the
//            colours of stacks.
// Threads    its owner's
// Locks      none
// Source     Marsaglia, "Xorshift RNGs", 2003: xorshift32.
// Tests      tests/lua/select; tests/sched/fiber_test.cc

#ifndef TRI_SCHED_BASE_RANDOM_H_
#define TRI_SCHED_BASE_RANDOM_H_

#include <cstdint>

namespace trilune {

class Random {
 public:
  // `seed`: any number.
  explicit Random(uint32_t seed) : state_(seed | 1U) {}
  uint32_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }

 private:
  uint32_t state_;  // never 0
};

// Returns one of the `n` cases of a select for which `is_ready` holds, each
// with the same probability; or -1. Reservoir sampling: the k-th ready case
// replaces the choice with probability 1/k.
template <class IsReady>
int ChooseReady(Random& random, int n, const IsReady& is_ready) {
  int chosen = -1;
  uint32_t ready = 0;
  for (int i = 0; i < n; i++) {
    if (!is_ready(i)) continue;
    ready++;
    if (random.Next() % ready == 0) chosen = i;
  }
  return chosen;
}

}  // namespace trilune

#endif  // TRI_SCHED_BASE_RANDOM_H_
