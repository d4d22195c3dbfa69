// RelacySync: Relacy's atomics in the place of StdSync, and how a model is run.
//
// A model is a small concurrent program: at most three threads and a few
// operations. Relacy runs it some ten thousand times. It tries random
// interleavings, and every stale value that the memory orders permit. It looks
// for data races on rl::var, broken RL_ASSERTs and deadlocks.
//
// Each model has a counterpart that shows that the model can fail: the same
// program with one order or step weakened must break. `Weak` names the orders
// that a RelacySync ignores.
//
// Relacy defines macros (new, delete, memory_order_...). They are undone at
// once, but standard headers must still be included before this one.

#ifndef TRI_TESTS_MODEL_RELACY_SYNC_H_
#define TRI_TESTS_MODEL_RELACY_SYNC_H_

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <ostream>

#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

namespace trilune::model {

// What a RelacySync leaves out.
enum class Weak {
  kNothing,
  kStores,  // stores are relaxed
  kLoads,   // loads are relaxed
  kRmws,    // read-modify-writes are relaxed
  kTorn,    // read-modify-writes are a load and a store
  kFences,  // there are no fences
  kSeqCst,  // seq_cst operations are acquire or release only
};

constexpr rl::memory_order ToRelacy(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return rl::mo_relaxed;
    case std::memory_order_consume:
    case std::memory_order_acquire:
      return rl::mo_acquire;
    case std::memory_order_release:
      return rl::mo_release;
    case std::memory_order_acq_rel:
      return rl::mo_acq_rel;
    case std::memory_order_seq_cst:
      break;
  }
  return rl::mo_seq_cst;
}

template <Weak weak = Weak::kNothing>
struct RelacySync {
  template <class T>
  class Atomic {
   public:
    Atomic() = default;
    Atomic(T value) : value_(value) {}  // NOLINT: as std::atomic

    T load(std::memory_order order) const {
      return value_.load(Load(order), $);
    }
    void store(T value, std::memory_order order) {
      value_.store(value, Store(order), $);
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order order) {
      if (weak == Weak::kTorn) {
        const T seen = value_.load(rl::mo_acquire, $);
        if (seen != expected) {
          expected = seen;
          return false;
        }
        value_.store(desired, rl::mo_release, $);
        return true;
      }
      return value_.compare_exchange_strong(expected, desired, Rmw(order), $);
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order order,
                                 std::memory_order failure) {
      if (weak == Weak::kTorn) {
        return compare_exchange_strong(expected, desired, order);
      }
      return value_.compare_exchange_strong(expected, desired, Rmw(order), $,
                                            ToRelacy(failure), $);
    }
    T exchange(T value, std::memory_order order) {
      if (weak == Weak::kTorn) {
        const T seen = value_.load(rl::mo_acquire, $);
        value_.store(value, rl::mo_release, $);
        return seen;
      }
      return value_.exchange(value, Rmw(order), $);
    }
    T fetch_add(T value, std::memory_order order) {
      return value_.fetch_add(value, Rmw(order), $);
    }
    T fetch_sub(T value, std::memory_order order) {
      return value_.fetch_sub(value, Rmw(order), $);
    }

   private:
    static rl::memory_order Load(std::memory_order order) {
      if (weak == Weak::kLoads) return rl::mo_relaxed;
      if (weak == Weak::kSeqCst && order == std::memory_order_seq_cst) {
        return rl::mo_acquire;
      }
      return ToRelacy(order);
    }
    static rl::memory_order Store(std::memory_order order) {
      if (weak == Weak::kStores) return rl::mo_relaxed;
      if (weak == Weak::kSeqCst && order == std::memory_order_seq_cst) {
        return rl::mo_release;
      }
      return ToRelacy(order);
    }
    static rl::memory_order Rmw(std::memory_order order) {
      if (weak == Weak::kRmws) return rl::mo_relaxed;
      if (weak == Weak::kSeqCst && order == std::memory_order_seq_cst) {
        return rl::mo_acq_rel;
      }
      return ToRelacy(order);
    }

    rl::atomic<T> value_;
  };

  static void FenceSeqCst() {
    if (weak != Weak::kFences) rl::atomic_thread_fence(rl::mo_seq_cst, $);
  }
  // A model has no membarrier, so both sides of the pair are full fences.
  static void LightFence() { FenceSeqCst(); }
  static void HeavyFence() { FenceSeqCst(); }
  static void Pause() { rl::yield(1, $); }
};

// Gives up the CPU, in a loop that waits for another thread.
inline void Yield() {
  rl::yield(1, $);
}

// How often a model is run, unless TRI_MODEL_RUNS says otherwise.
inline unsigned Runs() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread exists.
  const char* text = std::getenv("TRI_MODEL_RUNS");
  const int runs = text != nullptr ? std::atoi(text) : 0;
  return runs > 0 ? static_cast<unsigned>(runs) : 200'000;
}

// Runs a model. True if it held in every run. The history of a run that breaks
// is written to `output`. (A stream with a growing buffer does not do, because
// Relacy takes over operator new.)
template <class Model>
bool Simulate(std::ostream& output) {
  std::ostream nowhere(nullptr);
  rl::test_params params;
  params.iteration_count = Runs();
  params.output_stream = &output;
  params.progress_stream = &nowhere;
  return rl::simulate<Model>(params);
}

// True if the model holds in every run. Prints the history of a run that
// breaks.
template <class Model>
bool Holds() {
  return Simulate<Model>(std::cerr);
}

// True if some run of the model breaks, as a run of a weakened model must.
template <class Model>
bool Breaks() {
  std::ostream nowhere(nullptr);
  return !Simulate<Model>(nowhere);
}

}  // namespace trilune::model

#endif  // TRI_TESTS_MODEL_RELACY_SYNC_H_
