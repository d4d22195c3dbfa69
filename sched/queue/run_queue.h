// RunQueue: a P's ring of runnable strands.
//
// Role       One producer, the owner: the M that holds the P. Many consumers:
//            the owner and thieves. The algorithm is that of Go's runtime
//            (runqput, runqget, runqsteal in proc.go). The slot for the next
//            strand to run is not part of it: that is P::runnext.
// Threads    PushLocal, PopLocal: the owner. GrabHalf, LooksLong: any M.
//            StealHalf: any M, into a queue that it owns.
// Locks      none
// Invariants I1. head_ <= tail_ <= head_ + N, as distances modulo 2^32.
//            I2. Slots [head_, tail_) hold the queued items, oldest first. Only
//                the owner writes slots, and only outside of that range.
//            I3. The thread that moves head_ past a slot owns the item in it;
//                no other thread does.
// Docs       docs/memory-order.md
// Tests      tests/sched/run_queue_test.cc; tests/model/run_queue_model.cc

#ifndef TRI_SCHED_QUEUE_RUN_QUEUE_H_
#define TRI_SCHED_QUEUE_RUN_QUEUE_H_

#include <cstdint>

#include "sched/sync/std_sync.h"

namespace trilune {

template <class T, uint32_t N, class Sync = StdSync>
class RunQueue {
  static_assert((N & (N - 1)) == 0, "indices wrap modulo a power of two");

 public:
  RunQueue() : head_(0), tail_(0) {
    for (auto& slot : slots_)
      slot.store(nullptr, std::memory_order_relaxed);
  }

  // Appends `item`. False: the ring is full.
  [[nodiscard]] bool PushLocal(T* item) {
    const uint32_t h = head_.load(std::memory_order_acquire);  // [RQ2]
    // relaxed: only this thread writes tail_.
    const uint32_t t = tail_.load(std::memory_order_relaxed);
    if (t - h >= N) return false;
    slots_[t % N].store(item, std::memory_order_relaxed);
    tail_.store(t + 1, std::memory_order_release);  // [RQ1] publishes slot t
    return true;
  }

  // Takes the oldest item; nullptr if there is none.
  [[nodiscard]] T* PopLocal() {
    uint32_t h = head_.load(std::memory_order_acquire);  // [RQ2]
    for (;;) {
      const uint32_t t = tail_.load(std::memory_order_relaxed);  // own
      if (t == h) return nullptr;
      T* item = slots_[h % N].load(std::memory_order_relaxed);
      if (head_.compare_exchange_strong(
              h, h + 1, std::memory_order_acq_rel)) {  // [RQ2] commits
        return item;
      }
    }
  }

  // Takes the older half of the items, at most `max`, into `out`, and returns
  // how many. The owner spills with it, thieves steal.
  [[nodiscard]] uint32_t GrabHalf(T** out, uint32_t max) {
    for (;;) {
      uint32_t h = head_.load(std::memory_order_acquire);        // [RQ2]
      const uint32_t t = tail_.load(std::memory_order_acquire);  // [RQ1]
      uint32_t n = t - h;
      n -= n / 2;
      if (n == 0) return 0;
      // h and t were read at two moments. More than half of the ring cannot be
      // true, so read again.
      if (n > N / 2) continue;
      if (n > max) n = max;
      for (uint32_t i = 0; i < n; i++) {
        out[i] = slots_[(h + i) % N].load(std::memory_order_relaxed);
      }
      // A slot read above may have been reused meanwhile. But then head_ has
      // moved, and this fails.
      if (head_.compare_exchange_strong(
              h, h + n, std::memory_order_acq_rel)) {  // [RQ2] commits
        return n;
      }
    }
  }

  // Moves half of `victim` here, and returns one of the items, or nullptr.
  // Requires: the caller owns this queue, and it is empty.
  [[nodiscard]] T* StealHalf(RunQueue& victim) {
    T* batch[N / 2];
    const uint32_t n = victim.GrabHalf(batch, N / 2);
    if (n == 0) return nullptr;
    const uint32_t t = tail_.load(std::memory_order_relaxed);  // own
    for (uint32_t i = 0; i + 1 < n; i++) {
      slots_[(t + i) % N].store(batch[i], std::memory_order_relaxed);
    }
    tail_.store(t + n - 1, std::memory_order_release);  // [RQ1]
    return batch[n - 1];
  }

  // How long the queue is. A hint: only PopLocal and GrabHalf know for sure.
  // seq_cst: a spinning M that stops must not miss a push that came before its
  // submitter's look at the spinning Ms; see waker.h, [WK1]. For the same
  // reason a queue that moves between the two reads counts as full: as empty it
  // would hide work. (t is never before h.)
  [[nodiscard]] uint32_t LooksLong() const {
    const uint32_t h = head_.load(std::memory_order_seq_cst);
    const uint32_t t = tail_.load(std::memory_order_seq_cst);
    return t - h > N ? N : t - h;
  }

 private:
  alignas(64) typename Sync::template Atomic<uint32_t> head_;  // all consumers
  alignas(64) typename Sync::template Atomic<uint32_t> tail_;  // owner only
  typename Sync::template Atomic<T*> slots_[N];
};

}  // namespace trilune

#endif  // TRI_SCHED_QUEUE_RUN_QUEUE_H_
