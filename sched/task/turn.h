// Turn: a lock for whole operations, that Gs wait for parked.
//
// Role       Stands before a thing that several strands and threads use, one
//            after the other, and perhaps for long: a standard file of the
//            process. A G that finds it taken parks, so it blocks neither its
//            strand nor its M. A thread that cannot wait only tries.
// Threads    TryTake, Give: any. Waiting: the running G.
// Locks      mu_ (kChan)
// Invariants I1. state_ is kFree only while nobody has the turn.
//            I2. While somebody is queued, state_ is kWanted, or a G that was
//                woken has not called EndWait yet.
//            I3. A woken G that finds the turn taken again waits before all
//                who were not woken; then it is handed over: no G is woken in
//                vain twice.
// Rejected   Handing it over always: where several isolates print, each line
//            would cost a switch from one to another.
// Tests      tests/model/turn_model.cc; tests/stdlib/file_turn_test.cc;
//            tests/lua/io
//
// While nobody waits, taking and giving are one compare-and-swap each. Somebody
// who waits makes Give slow, by kWanted:
//
//   who waits (Queue, under mu_)      who gives (Give, GiveSlow)
//   1. state_ = kWanted; was it       1. kTaken to kFree, by one step; done if
//      kFree, the turn is its own        it was kTaken. Else, under mu_:
//   2. queues itself                  2. hands over to one that insists, or
//                                     3. frees the turn, wakes the first other
//
// After 3. the turn is free for anybody, although others may be queued behind
// the one that was woken. A barging TryTake makes it kTaken then, whose Give
// looks at no queue. Their wake-up is not lost, because the woken one makes the
// state kWanted once more, in EndWait, whether it gets the turn or not. So
// EndWait, or Drop, must follow each wake-up, even that of a G that was
// cancelled meanwhile or never runs again.

#ifndef TRI_SCHED_TASK_TURN_H_
#define TRI_SCHED_TASK_TURN_H_

#include <atomic>
#include <cstdint>

#include "sched/core/loop.h"
#include "sched/sync/handover_lock.h"
#include "sched/sync/std_sync.h"
#include "sched/task/g.h"
#include "sched/task/wait_queue.h"

namespace trilune {

// A G's wait for a turn. Lies where it outlives the G, if that may be dropped.
struct TurnWaiter : WaiterBase {
  // Of the turn's lock:
  bool insists = false;   // it was woken in vain before
  bool woken = false;     // and has not called EndWait since
  bool has_turn = false;  // it was handed over
};

// What a Turn is made of; the model has parts of its own.
struct TurnParts {
  using Sync = StdSync;
  using Lock = HandoverLock;
  using Queue = WaitQueue;
  using Waiter = TurnWaiter;
  using Goroutine = G;
  static void Ready(G* g) { trilune::Ready(g); }
};

template <class Parts = TurnParts>
class Turn {
 public:
  using Waiter = typename Parts::Waiter;
  using Goroutine = typename Parts::Goroutine;

  Turn() : state_(kFree) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] bool TryTake() {
    uint8_t expected = kFree;
    // acquire: sees what the last one did with the thing [FT1].
    return state_.compare_exchange_strong(expected, kTaken,
                                          std::memory_order_acquire,
                                          std::memory_order_relaxed);  // [FT1]
  }

  // Ends the turn that the caller has.
  void Give() {
    uint8_t expected = kTaken;
    // release: publishes what was done with the thing [FT1].
    if (!state_.compare_exchange_strong(expected, kFree,
                                        std::memory_order_release,
                                        std::memory_order_relaxed)) {  // [FT1]
      GiveSlow();
    }
  }

  // For the running G `g`, whose wait is open. True: `waiter` is queued and the
  // lock held; the caller parks, and its commit calls Unlock. False: the turn
  // is the caller's.
  [[nodiscard]] bool Queue(Waiter* waiter, Goroutine* g) TRI_NO_ANALYSIS {
    mu_.Lock();
    waiter->woken = false;
    waiter->has_turn = false;
    if (MarkWanted()) {
      mu_.Unlock();
      return false;
    }
    (waiter->insists ? insisting_ : waiting_).PushTail(waiter, g);
    return true;
  }
  static void Unlock(void* turn) TRI_NO_ANALYSIS {
    static_cast<Turn*>(turn)->mu_.Unlock();
  }

  // Back from that wait, however it ended: true if the turn is the caller's.
  // The waiter is nobody else's from here on.
  [[nodiscard]] bool EndWait(Waiter* waiter) TRI_NO_ANALYSIS {
    mu_.Lock();
    Parts::Queue::Remove(waiter);
    bool is_ours = waiter->has_turn;
    // Others may be queued behind a woken one (I2).
    if (!is_ours && waiter->woken) is_ours = MarkWanted();
    waiter->insists = static_cast<bool>(waiter->woken);
    mu_.Unlock();
    return is_ours;
  }

  // In the place of EndWait, for a G that never runs again: what it was given
  // goes to the next one.
  void Drop(Waiter* waiter) {
    if (EndWait(waiter)) Give();
  }

 private:
  enum : uint8_t {
    kFree,
    kTaken,
    kWanted,  // taken, and there may be waiters
  };

  // Under the lock. True: it was free, and is the caller's.
  [[nodiscard]] bool MarkWanted() {
    // acquire: it may have been free [FT1].
    return state_.exchange(kWanted, std::memory_order_acquire) ==  // [FT1]
           kFree;
  }

  [[gnu::noinline]] void GiveSlow() TRI_NO_ANALYSIS {
    mu_.Lock();
    // Not the waiter, which its G may free once the lock is released.
    Goroutine* g = nullptr;
    if (Waiter* heir = Pop(&insisting_)) {
      heir->has_turn = true;  // state_ stays kWanted
      g = heir->g;
    } else {
      // release: publishes what was done with the thing [FT1].
      state_.store(kFree, std::memory_order_release);  // [FT1]
      if (Waiter* next = Pop(&waiting_)) {
        next->woken = true;
        g = next->g;
      }
    }
    if (g != nullptr) g->wake = WakeResult::kReady;
    mu_.Unlock();
    // Not before: it may run at once, and want the lock.
    if (g != nullptr) Parts::Ready(g);
  }

  // Under the lock: the first one whose wait still goes on, won; or null.
  [[nodiscard]] static Waiter* Pop(typename Parts::Queue* queue) {
    return static_cast<Waiter*>(queue->PopAndWin());
  }

  typename Parts::Lock mu_;
  typename Parts::Queue insisting_;
  typename Parts::Queue waiting_;
  // [FT1]; see I1 and I2.
  typename Parts::Sync::template Atomic<uint8_t> state_;
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_TURN_H_
