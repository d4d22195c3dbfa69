// Chan<T>: Go's channel between native Gs.
//
// Role       Moves values of type T between C++ Gs on any Ps.
// Threads    Native Gs; a G that has to wait parks. TrySend, TryRecv, Close:
//            any thread.
// Locks      kChan, one for each channel. A select (select.h) takes several, in
//            address order.
// Lifetime   Destroy it when no G uses it.
// Tests      tests/sched/chan_test.cc

#ifndef TRI_SCHED_NATIVE_CHAN_H_
#define TRI_SCHED_NATIVE_CHAN_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/native/native.h"
#include "sched/sync/handover_lock.h"
#include "sched/task/chan_core.h"

namespace trilune {

enum class ChanStatus : uint8_t {
  kOk,
  kClosed,
  kTimeout,
  kCancelled,
  kNoStack,  // it would have to wait, and no stack is left for its M
};

// What select needs to know of a channel, whatever its type.
class AnyChan {
 public:
  AnyChan() = default;
  AnyChan(const AnyChan&) = delete;
  AnyChan& operator=(const AnyChan&) = delete;

 protected:
  ~AnyChan() = default;
  friend class Selector;
  static void UnlockOne(void* chan) TRI_NO_ANALYSIS {
    static_cast<AnyChan*>(chan)->mu_.Unlock();
  }
  HandoverLock mu_;
};

template <class T>
class Chan : public AnyChan {
 public:
  // Requires: capacity < 2^31.
  explicit Chan(uint32_t capacity) : core_(capacity) {
    if (capacity > 0) {
      slots_.resize(capacity);
      core_.AdoptSlots(capacity);
    }
  }

  // Moves `value` into the channel, and waits until `deadline_ns` for room.
  // `value` keeps its content unless the result is kOk.
  ChanStatus Send(T& value, int64_t deadline_ns = kNever) TRI_NO_ANALYSIS {
    mu_.Lock();
    G* woken = nullptr;
    const ChanResult result = core_.TrySend(this, &value, &woken);
    if (result != ChanResult::kWouldWait) {
      return Finish(result, woken);
    }
    typename Core::Waiter waiter;
    waiter.value = &value;
    return Wait(waiter, WaitReason::kChanSend, deadline_ns);
  }
  ChanStatus Send(T&& value) { return Send(value); }

  // Moves the next value into `*value`. kClosed: closed and drained.
  ChanStatus Recv(T* value, int64_t deadline_ns = kNever) TRI_NO_ANALYSIS {
    mu_.Lock();
    G* woken = nullptr;
    const ChanResult result = core_.TryRecv(this, value, &woken);
    if (result != ChanResult::kWouldWait) {
      return Finish(result, woken);
    }
    typename Core::Waiter waiter;
    waiter.value = value;
    return Wait(waiter, WaitReason::kChanRecv, deadline_ns);
  }

  // As Send and Recv, but they return kTimeout instead of waiting.
  ChanStatus TrySend(T& value) TRI_NO_ANALYSIS {
    mu_.Lock();
    G* woken = nullptr;
    const ChanResult result = core_.TrySend(this, &value, &woken);
    return Finish(result, woken);
  }
  ChanStatus TryRecv(T* value) TRI_NO_ANALYSIS {
    mu_.Lock();
    G* woken = nullptr;
    const ChanResult result = core_.TryRecv(this, value, &woken);
    return Finish(result, woken);
  }

  // Closes the channel and wakes every waiter. False: it was closed already.
  bool Close() TRI_NO_ANALYSIS {
    GList woken;
    mu_.Lock();
    const bool closed = core_.Close();
    if (closed) {
      // Collected first: a woken G may want the lock at once.
      while (G* g = core_.PopWaiter())
        woken.PushTail(g);
    }
    mu_.Unlock();
    while (G* g = woken.PopHead())
      Ready(g);
    return closed;
  }

 private:
  friend class Selector;

  struct PointerWaiter : WaiterBase {
    T* value = nullptr;
    int32_t index = 0;
    [[nodiscard]] T* item() const { return value; }
  };
  struct Traits {
    using Item = T*;
    using Waiter = PointerWaiter;
    using Channel = Chan*;
    static void Move(Chan*, T* from, T* to) { *to = std::move(*from); }
    static void Put(Chan* chan, uint32_t slot, T* from) {
      chan->slots_[slot] = std::move(*from);
    }
    static void Take(Chan* chan, uint32_t slot, T* to) {
      *to = std::move(chan->slots_[slot]);
    }
  };
  using Core = ChanCore<Traits>;

  static ChanStatus ToStatus(ChanResult result) {
    switch (result) {
      case ChanResult::kDone:
        return ChanStatus::kOk;
      case ChanResult::kClosed:
        return ChanStatus::kClosed;
      case ChanResult::kWouldWait:
        break;
    }
    return ChanStatus::kTimeout;
  }

  ChanStatus Finish(ChanResult result, G* woken) TRI_NO_ANALYSIS {
    mu_.Unlock();
    if (woken != nullptr) Ready(woken);
    return ToStatus(result);
  }

  // Queues `waiter` and parks. The lock is held from before the wait is opened
  // until the G has left its stack. So no partner can wake a G that is still on
  // it. The stack that the M lands on releases the lock (ParkCommit::unlock).
  ChanStatus Wait(typename Core::Waiter& waiter, WaitReason reason,
                  int64_t deadline_ns) TRI_NO_ANALYSIS {
    G* g = BeginNative(reason);
    if (g == nullptr) {
      mu_.Unlock();
      return ChanStatus::kNoStack;
    }
    if (reason == WaitReason::kChanSend) {
      core_.QueueSender(&waiter, g);
    } else {
      core_.QueueReceiver(&waiter, g);
    }
    ParkCommit commit;
    commit.deadline_ns = deadline_ns;
    commit.unlock = &AnyChan::UnlockOne;
    commit.unlock_argument = static_cast<AnyChan*>(this);
    const WakeResult result = ParkNative(g, commit);
    switch (result) {
      case WakeResult::kReady:
        return ChanStatus::kOk;
      case WakeResult::kClosed:
        return ChanStatus::kClosed;
      case WakeResult::kTimeout:
      case WakeResult::kCancelled:
        break;
    }
    mu_.Lock();
    WaitQueue::Remove(&waiter);
    mu_.Unlock();
    return result == WakeResult::kTimeout ? ChanStatus::kTimeout
                                          : ChanStatus::kCancelled;
  }

  Core core_;
  std::vector<T> slots_;
};

}  // namespace trilune

#endif  // TRI_SCHED_NATIVE_CHAN_H_
