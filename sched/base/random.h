// Random: a small pseudo-random source, for choices that need not be secret.
//
// Role       Chooses the victims of a thief and the ready cases of a select.
// Threads    its owner's
// Locks      none
// Source     Marsaglia, "Xorshift RNGs", 2003: xorshift32.
// Tests      tests/lua/select

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

}  // namespace trilune

#endif  // TRI_SCHED_BASE_RANDOM_H_
