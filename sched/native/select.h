// Selector: Go's select over channels of native Gs.
//
// Role       Add cases, then Select. One ready case runs, chosen uniformly at
//            random. If none is ready, the G waits on all of them.
// Threads    One native G uses a Selector, once.
// Locks      every channel of it (kChan), in address order, each once
// Tests      tests/sched/select_test.cc

#ifndef TRI_SCHED_NATIVE_SELECT_H_
#define TRI_SCHED_NATIVE_SELECT_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "sched/base/random.h"
#include "sched/native/chan.h"

namespace trilune {

struct Selected {
  int index = -1;  // of the case, in the order of adding; -1: none
  ChanStatus status = ChanStatus::kTimeout;
};

class Selector {
 public:
  // A null channel is never ready.
  template <class T>
  void Send(Chan<T>* chan, T* value) {
    Add<T>(chan, value, true);
  }
  template <class T>
  void Recv(Chan<T>* chan, T* value) {
    Add<T>(chan, value, false);
  }

  // Runs one case. With a deadline in the past it does not wait: kTimeout.
  Selected Select(int64_t deadline_ns = kNever) TRI_NO_ANALYSIS {
    SortLocks();
    LockAll();
    // A chosen case can fail: its partner's wait may just have ended otherwise.
    for (int chosen = Choose(); chosen >= 0; chosen = Choose()) {
      G* woken = nullptr;
      const ChanStatus status =
          cases_[static_cast<size_t>(chosen)]->Try(&woken);
      if (status == ChanStatus::kTimeout) continue;
      UnlockAll(this);
      if (woken != nullptr) Ready(woken);
      return {chosen, status};
    }
    if (deadline_ns != kNever && deadline_ns <= NowNs()) {
      UnlockAll(this);
      return {};
    }
    return Wait(deadline_ns);
  }

 private:
  struct Case {
    virtual ~Case() = default;
    virtual AnyChan* chan() = 0;
    virtual bool CanRun() = 0;
    // kTimeout: it was not ready after all.
    virtual ChanStatus Try(G** woken) = 0;
    virtual void Queue(G* g, int index) = 0;
    virtual void Unqueue() = 0;
  };

  template <class T>
  struct CaseOf : Case {
    CaseOf(Chan<T>* of, T* at, bool is_send)
        : channel(of), value(at), send(is_send) {}
    AnyChan* chan() override { return channel; }
    bool CanRun() override {
      if (channel == nullptr) return false;
      return send ? channel->core_.CanSend() : channel->core_.CanRecv();
    }
    ChanStatus Try(G** woken) override {
      return Chan<T>::ToStatus(
          send ? channel->core_.TrySend(channel, value, woken)
               : channel->core_.TryRecv(channel, value, woken));
    }
    void Queue(G* g, int index) override {
      if (channel == nullptr) return;
      waiter.value = value;
      waiter.index = index;
      if (send) {
        channel->core_.QueueSender(&waiter, g);
      } else {
        channel->core_.QueueReceiver(&waiter, g);
      }
    }
    void Unqueue() override { WaitQueue::Remove(&waiter); }

    Chan<T>* const channel;
    T* const value;
    const bool send;
    typename Chan<T>::Core::Waiter waiter;
  };

  template <class T>
  void Add(Chan<T>* chan, T* value, bool send) {
    cases_.push_back(std::make_unique<CaseOf<T>>(chan, value, send));
    if (chan != nullptr) locks_.push_back(chan);
  }

  void SortLocks() {
    std::sort(locks_.begin(), locks_.end());
    locks_.erase(std::unique(locks_.begin(), locks_.end()), locks_.end());
  }
  // Changes nothing of locks_: UnlockAll may still read it for this G's park.
  void LockAll() TRI_NO_ANALYSIS {
    for (AnyChan* chan : locks_)
      chan->mu_.Lock();
  }
  // The G cannot leave Wait before it has locked every channel again. So the
  // list exists until the last unlock. After that nothing here may be touched,
  // as the G may have returned.
  static void UnlockAll(void* selector) TRI_NO_ANALYSIS {
    auto& locks = static_cast<Selector*>(selector)->locks_;
    const size_t n = locks.size();
    AnyChan** all = locks.data();
    for (size_t i = 0; i < n; i++)
      all[i]->mu_.Unlock();
  }

  int Choose() {
    return ChooseReady(
        CurrentM()->random, static_cast<int>(cases_.size()),
        [this](int i) { return cases_[static_cast<size_t>(i)]->CanRun(); });
  }

  Selected Wait(int64_t deadline_ns) TRI_NO_ANALYSIS {
    G* g = BeginNative(WaitReason::kSelect);
    if (g == nullptr) {
      UnlockAll(this);
      return {-1, ChanStatus::kNoStack};
    }
    for (size_t i = 0; i < cases_.size(); i++) {
      cases_[i]->Queue(g, static_cast<int>(i));
    }
    ParkCommit commit;
    commit.deadline_ns = deadline_ns;
    // Without a lock, nothing would keep the G and this object until UnlockAll.
    if (!locks_.empty()) commit.unlock = &UnlockAll;
    commit.unlock_argument = this;
    const WakeResult result = ParkNative(g, commit);
    const int index = g->wake_index;
    LockAll();
    for (auto& one : cases_)
      one->Unqueue();
    UnlockAll(this);
    switch (result) {
      case WakeResult::kReady:
        return {index, ChanStatus::kOk};
      case WakeResult::kClosed:
        return {index, ChanStatus::kClosed};
      case WakeResult::kCancelled:
        return {-1, ChanStatus::kCancelled};
      case WakeResult::kTimeout:
        break;
    }
    return {};
  }

  std::vector<std::unique_ptr<Case>> cases_;
  std::vector<AnyChan*> locks_;
};

}  // namespace trilune

#endif  // TRI_SCHED_NATIVE_SELECT_H_
