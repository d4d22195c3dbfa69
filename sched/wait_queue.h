// Waiter, WaitQueue: who waits for a thing, in the order of their coming.
//
// Role       Channels, joins and the sync objects queue their waiters here.
// Threads    Whoever holds the thing: its strand's owner, or its lock.
// Locks      none of its own
// Invariants I1. A linked Waiter belongs to its G's present wait: a G unlinks
//                all its waiters before it leaves the wait. So a waker that finds
//                a waiter may use TryWakeCurrent.
//            I2. Who pops a waiter and loses TryWake must not touch it again.
// Tests      tests/sched/wait_queue_test.cc

#ifndef TRI_SCHED_WAIT_QUEUE_H_
#define TRI_SCHED_WAIT_QUEUE_H_

#include <cstdint>

#include "sched/g.h"

namespace trilune {

class WaitQueue;

// One place in one queue.
struct WaiterBase {
  WaiterBase* next = nullptr;
  WaiterBase* prev = nullptr;
  G* g = nullptr;
  WaitQueue* queue = nullptr;  // where it is linked, or null
};

class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] WaiterBase* head() const { return head_; }

  void PushTail(WaiterBase* waiter, G* g) {
    waiter->g = g;
    waiter->queue = this;
    waiter->next = nullptr;
    waiter->prev = tail_;
    if (tail_ != nullptr) {
      tail_->next = waiter;
    } else {
      head_ = waiter;
    }
    tail_ = waiter;
  }

  // Unlinks `waiter` if it is linked.
  static void Remove(WaiterBase* waiter) {
    WaitQueue* queue = waiter->queue;
    if (queue == nullptr) return;
    waiter->queue = nullptr;
    (waiter->prev != nullptr ? waiter->prev->next : queue->head_) =
        waiter->next;
    (waiter->next != nullptr ? waiter->next->prev : queue->tail_) =
        waiter->prev;
  }

  // Pops waiters until one's G is won for waking, or the queue is empty. The
  // caller must make that G runnable.
  [[nodiscard]] WaiterBase* PopAndWin() {
    while (head_ != nullptr) {
      WaiterBase* waiter = head_;
      Remove(waiter);
      if (waiter->g->word.TryWakeCurrent()) return waiter;
    }
    return nullptr;
  }

 private:
  WaiterBase* head_ = nullptr;
  WaiterBase* tail_ = nullptr;
};

}  // namespace trilune

#endif  // TRI_SCHED_WAIT_QUEUE_H_
