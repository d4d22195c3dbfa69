// Lock: stands for HandoverLock in models, and for any other mutex.

#ifndef TRI_TESTS_MODEL_MODEL_LOCK_H_
#define TRI_TESTS_MODEL_MODEL_LOCK_H_

#include <atomic>
#include <cstdint>

#include "tests/model/relacy_sync.h"

namespace trilune::model {

// [HL1]
template <class Sync>
struct Lock {
  typename Sync::template Atomic<uint32_t> held;

  Lock() : held(0) {}
  void Take() {
    while (held.exchange(1, std::memory_order_acquire) == 1)
      Yield();
  }
  void Leave() { held.store(0, std::memory_order_release); }
};

}  // namespace trilune::model

#endif  // TRI_TESTS_MODEL_MODEL_LOCK_H_
