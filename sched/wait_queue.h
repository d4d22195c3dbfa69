// Waiter, WaitQueue: who waits for a thing, in the order of their coming.
//
// Role       Channels, joins and the sync objects queue their waiters here.
// Threads    Whoever holds the thing: its strand's owner, or its lock.
// Locks      none of its own
// Invariants I1. A linked Waiter belongs to its G's present wait: a G unlinks
//                all its waiters before it leaves the wait. So a waker that
//                finds a waiter may use TryWakeCurrent.
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

  // The first one whose wait still goes on, or null; those before it have lost
  // their places, and are unlinked.
  [[nodiscard]] WaiterBase* First() {
    while (head_ != nullptr && head_->g->word.state() != GState::kWaiting) {
      Remove(head_);
    }
    return head_;
  }

  void PushTail(WaiterBase* waiter, G* g) {
    waiter->g = g;
    waiter->queue = this;
    if (head_ == nullptr) {
      waiter->next = waiter->prev = waiter;
      head_ = waiter;
      return;
    }
    waiter->next = head_;
    waiter->prev = head_->prev;
    head_->prev->next = waiter;
    head_->prev = waiter;
  }

  // Drops all links, for memory whose waiters are gone.
  void Forget() { head_ = nullptr; }

  // Unlinks `waiter` if it is linked.
  static void Remove(WaiterBase* waiter) {
    WaitQueue* queue = waiter->queue;
    if (queue == nullptr) return;
    waiter->queue = nullptr;
    if (waiter->next == waiter) {
      queue->head_ = nullptr;
      return;
    }
    waiter->next->prev = waiter->prev;
    waiter->prev->next = waiter->next;
    if (queue->head_ == waiter) queue->head_ = waiter->next;
  }

  // Pops the head and wins its G for waking. Null: its wait ended otherwise; it
  // is popped all the same. Requires: !empty().
  [[nodiscard]] WaiterBase* WinHead() {
    WaiterBase* waiter = head_;
    Remove(waiter);
    return waiter->g->TryWin() ? waiter : nullptr;
  }

  // Pops waiters until one's G is won for waking, or the queue is empty. The
  // caller must make that G runnable.
  [[nodiscard]] WaiterBase* PopAndWin() {
    while (head_ != nullptr) {
      WaiterBase* waiter = head_;
      Remove(waiter);
      if (waiter->g->TryWin()) return waiter;
    }
    return nullptr;
  }

 private:
  // Of a ring: head_->prev is the tail.
  WaiterBase* head_ = nullptr;
};

}  // namespace trilune

#endif  // TRI_SCHED_WAIT_QUEUE_H_
