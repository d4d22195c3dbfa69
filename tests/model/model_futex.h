// ModelFutex: the kernel's futex, in models of code that sleeps on one.

#ifndef TRI_TESTS_MODEL_MODEL_FUTEX_H_
#define TRI_TESTS_MODEL_MODEL_FUTEX_H_

#include <cstdint>

#include "sched/task/g.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {

// The kernel's futex: for a waker the comparison and the sleep are one step. A
// wait with a deadline may also end by itself.
//
// `kCompares` false: it sleeps without comparing.
struct FutexState {
  rl::mutex mu;
  rl::condition_variable_any sleepers;
};
// The one of the running model. Each run sets it anew in before().
inline FutexState* futex;

template <bool kCompares>
struct ModelFutex {
  template <class Word>
  static void Wait(Word* word, uint32_t expected, int64_t deadline_ns) {
    futex->mu.lock($);
    if (!kCompares || word->load(std::memory_order_seq_cst) == expected) {
      if (deadline_ns == kNever) {
        futex->sleepers.wait(futex->mu, $);
      } else {
        futex->sleepers.wait_for(futex->mu, 1, $);
      }
    }
    futex->mu.unlock($);
  }
  template <class Word>
  static void Wake(Word* /*word*/) {
    futex->mu.lock($);
    futex->sleepers.notify_all($);
    futex->mu.unlock($);
  }
};

}  // namespace trilune::model

#endif  // TRI_TESTS_MODEL_MODEL_FUTEX_H_
