// ChanCore: Go's channel as a state machine, without storage for its values.
//
// Role       Shared by the channels of native Gs (chan.h, with a lock) and
//            those of Lua Gs (stdlib/, inside one strand or with a lock). The
//            Traits move values:
//              Item                     where a value is: a pointer, a Lua slot
//              Waiter                   a place in a queue, with an Item
//              Move(channel, from, to)  from one party straight to the other
//              Put(channel, slot, from) into a slot of the buffer
//              Take(channel, slot, to)  out of a slot of the buffer
//            Put and Take may raise (a Lua error) only when called for the
//            active party, before any state has changed.
// Threads    The holder of the channel: of its lock, or of its strand.
// Locks      none of its own
// Invariants I1. Receivers wait only while the buffer is empty and no sender
//                waits; senders only while the buffer is full.
//            I2. Values leave in the order in which they came; a value goes
//                straight from sender to receiver only when nothing is
//                buffered.
//            I3. A closed channel has no waiters.
// Tests      tests/sched/chan_test.cc; tests/lua/chan

#ifndef TRI_SCHED_TASK_CHAN_CORE_H_
#define TRI_SCHED_TASK_CHAN_CORE_H_

#include <cstdint>

#include "sched/task/g.h"
#include "sched/task/wait_queue.h"

namespace trilune {

// How an attempt on a channel ended.
enum class ChanResult : uint8_t {
  kDone,       // the value has moved
  kClosed,     // send: misuse; receive: closed and drained
  kWouldWait,  // nothing happened
};

template <class Traits>
class ChanCore {
 public:
  using Item = typename Traits::Item;

  // A party's place in a queue: a WaiterBase with item(), which is where its
  // value is or has to go, and `index`, the number of its select case.
  using Waiter = typename Traits::Waiter;

  explicit ChanCore(uint32_t capacity) : capacity_(capacity) {}

  [[nodiscard]] uint32_t capacity() const { return capacity_; }
  [[nodiscard]] uint32_t size() const { return count_; }
  [[nodiscard]] bool closed() const { return closed_; }

  // Before a send that finds NeedsSlots, the owner of the storage must make the
  // buffer larger, move the values, and call AdoptSlots. 1 <= slots <=
  // capacity.
  [[nodiscard]] bool NeedsSlots() const {
    return count_ == slots_ && slots_ < capacity_;
  }
  [[nodiscard]] uint32_t slots() const { return slots_; }
  [[nodiscard]] uint32_t head() const { return head_; }
  // Says that the values now lie in the slots 0 to count - 1.
  void AdoptSlots(uint32_t slots) {
    slots_ = slots;
    head_ = 0;
  }

  // Whether a send or receive would end in anything but kWouldWait. The answer
  // may be a false yes, because of a waiter whose wait has just ended. Then the
  // attempt itself says kWouldWait.
  [[nodiscard]] bool CanSend() const {
    return closed_ || count_ < capacity_ || !receivers_.empty();
  }
  [[nodiscard]] bool CanRecv() const {
    return closed_ || count_ > 0 || !senders_.empty();
  }

  // Sends `from`. On kDone `*woken` is a G to make runnable, or null. Requires:
  // !NeedsSlots(), unless a receiver waits.
  ChanResult TrySend(typename Traits::Channel channel, Item from, G** woken) {
    *woken = nullptr;
    if (closed_) return ChanResult::kClosed;
    if (WaiterBase* base = receivers_.PopAndWin()) {
      auto* waiter = static_cast<Waiter*>(base);
      Traits::Move(channel, from, waiter->item());
      *woken = Finish(waiter, WakeResult::kReady);
      return ChanResult::kDone;
    }
    if (count_ == capacity_) return ChanResult::kWouldWait;
    Traits::Put(channel, Wrap(head_ + count_), from);
    count_++;
    return ChanResult::kDone;
  }

  // Receives into `to`. On kDone `*woken` is a G to make runnable, or null.
  ChanResult TryRecv(typename Traits::Channel channel, Item to, G** woken) {
    *woken = nullptr;
    if (count_ > 0) {
      Traits::Take(channel, head_, to);
      // The value of the sender that has waited longest goes into the free
      // place, as the newest of the buffer.
      WaiterBase* base = senders_.PopAndWin();
      const uint32_t freed = head_;
      head_ = Wrap(head_ + 1);
      if (base == nullptr) {
        count_--;
        return ChanResult::kDone;
      }
      auto* waiter = static_cast<Waiter*>(base);
      Traits::Put(channel, freed, waiter->item());
      *woken = Finish(waiter, WakeResult::kReady);
      return ChanResult::kDone;
    }
    if (WaiterBase* base = senders_.PopAndWin()) {
      auto* waiter = static_cast<Waiter*>(base);
      Traits::Move(channel, waiter->item(), to);
      *woken = Finish(waiter, WakeResult::kReady);
      return ChanResult::kDone;
    }
    return closed_ ? ChanResult::kClosed : ChanResult::kWouldWait;
  }

  // A linked waiter, or null. Its wait may have ended.
  [[nodiscard]] const WaiterBase* AnyWaiter() const {
    return receivers_.empty() ? senders_.head() : receivers_.head();
  }

  void QueueSender(Waiter* waiter, G* g) { senders_.PushTail(waiter, g); }
  void QueueReceiver(Waiter* waiter, G* g) { receivers_.PushTail(waiter, g); }

  // Closes; false if it was closed already. The caller must then call PopWaiter
  // until it returns null, and make each G runnable.
  [[nodiscard]] bool Close() {
    if (closed_) return false;
    closed_ = true;
    return true;
  }
  [[nodiscard]] G* PopWaiter() {
    WaiterBase* base = receivers_.PopAndWin();
    if (base == nullptr) base = senders_.PopAndWin();
    if (base == nullptr) return nullptr;
    return Finish(static_cast<Waiter*>(base), WakeResult::kClosed);
  }

 private:
  // Tells the G, which the caller has won, how its wait ended.
  static G* Finish(Waiter* waiter, WakeResult result) {
    G* g = waiter->g;
    g->wake = result;
    g->wake_index = waiter->index;
    return g;
  }

  [[nodiscard]] uint32_t Wrap(uint32_t slot) const {
    return slot >= slots_ ? slot - slots_ : slot;
  }

  WaitQueue senders_;
  WaitQueue receivers_;
  const uint32_t capacity_;
  uint32_t slots_ = 0;  // how many slots of the buffer exist
  uint32_t head_ = 0;   // the slot of the oldest value
  uint32_t count_ = 0;  // how many values are buffered
  bool closed_ = false;
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_CHAN_CORE_H_
