// WaiterBase, WaitQueue: the Gs that wait for a thing, first come first served.
//
// Role       Channels, joins and the sync objects queue their waiters here. A
//            waiter lies in the frame or the record of the G that waits.
// Threads    The holder of the thing: of its strand, or of its lock.
// Locks      none of its own
// Invariants I1. A linked waiter belongs to the present wait of its G: a G
//                unlinks all its waiters before it leaves the wait. So a waker
//                that finds a waiter may use TryWakeCurrent.
//            I2. A thread that pops a waiter and loses TryWake must not touch
//                the waiter again: its memory may be gone.
// Docs       docs/state-machines.md, "Waiter of a channel"
// Tests      tests/sched/wait_queue_test.cc

#ifndef TRI_SCHED_TASK_WAIT_QUEUE_H_
#define TRI_SCHED_TASK_WAIT_QUEUE_H_

#include <cstdint>

#include "sched/task/g.h"

namespace trilune {

class WaitQueue;

// One place in one queue.
struct WaiterBase {
  WaiterBase* next = nullptr;
  WaiterBase* prev = nullptr;
  G* g = nullptr;
  WaitQueue* queue = nullptr;  // the queue in which it is linked, or null
};

class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] WaiterBase* head() const { return head_; }

  // The first waiter whose G still waits, or null. Those before it are
  // unlinked, as their waits have ended.
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

  // Drops all links, for waiters whose memory is gone.
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

  // Pops the head and wins its G. Null: that wait had ended otherwise; the head
  // is popped all the same. Requires: !empty().
  [[nodiscard]] WaiterBase* WinHead() {
    WaiterBase* waiter = head_;
    Remove(waiter);
    return waiter->g->TryWin() ? waiter : nullptr;
  }

  // Pops waiters until the G of one is won, or the queue is empty. The caller
  // must make that G runnable.
  [[nodiscard]] WaiterBase* PopAndWin() {
    while (head_ != nullptr) {
      WaiterBase* waiter = head_;
      Remove(waiter);
      if (waiter->g->TryWin()) return waiter;
    }
    return nullptr;
  }

 private:
  // The waiters form a ring: head_->prev is the tail.
  WaiterBase* head_ = nullptr;
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_WAIT_QUEUE_H_
