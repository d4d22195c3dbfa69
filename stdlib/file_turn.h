// FileTurn: whose turn it is with one of the process's standard files.
//
// Role       Every isolate has handles of stdin, stdout and stderr. A whole
//            read, write or print has the file's turn, so that it stays whole;
//            who finds it taken waits as a G does, parked. The FILE's own lock
//            would stop the isolate, and is held only while nothing waits.
// Threads    TryTake, Give: any. Waiting: the running G.
// Locks      mu_ (kChan)
// Invariants I1. state_ is kFree only while nobody has the turn.
//            I2. While somebody is queued, and was not woken, state_ is not
//                kTaken: so Give looks at the queues.
//            I3. A woken G that finds the turn taken again waits before all
//                who were not woken; then it is handed over: nobody starves.
// Rejected   Handing it over always: where several isolates print, each line
//            would cost a switch from one to another.
// Tests      tests/lua/io/stdin_*.lua, print_of_isolates.lua,
//            print_waits_as_a_g.lua

#ifndef TRI_STDLIB_FILE_TURN_H_
#define TRI_STDLIB_FILE_TURN_H_

#include <atomic>
#include <cstdint>
#include <cstdio>

#include "sched/sync/handover_lock.h"
#include "sched/wait_queue.h"
#include "vm/shared_wait.h"

namespace trilune::stdlib {

class FileTurn;

struct TurnWait;
struct TurnWaiter : WaiterBase {
  TurnWait* wait = nullptr;
};

// A G's wait for a turn. Not in the Lua heap, which may be closed first.
struct TurnWait : vm::SharedWait {
  FileTurn* turn = nullptr;
  const void* operation = nullptr;  // the waiter's own
  bool shielded = false;            // the waiter's own
  bool insists = false;             // it was woken in vain before
  bool woken = false;               // and has not run since
  bool has_turn = false;            // it was handed over
  TurnWaiter waiter;
};

class FileTurn {
 public:
  // Of stdin, stdout or stderr; null for any other FILE.
  static FileTurn* Of(const FILE* f);

  [[nodiscard]] bool TryTake() {
    uint8_t expected = kFree;
    // acquire: sees what the last one did with the file [FT1].
    return state_.compare_exchange_strong(expected, kTaken,
                                          std::memory_order_acquire,
                                          std::memory_order_relaxed);  // [FT1]
  }
  // Ends the turn that the caller has.
  void Give() TRI_NO_ANALYSIS {
    uint8_t expected = kTaken;
    // release: publishes what was done with the file [FT1].
    if (!state_.compare_exchange_strong(expected, kFree,
                                        std::memory_order_release,
                                        std::memory_order_relaxed)) {  // [FT1]
      GiveSlow();
    }
  }

  // For the running G `g`, whose wait is open. True: `wait` is queued and the
  // lock held; the caller parks, and its commit calls Unlock. False: the turn
  // is the caller's.
  [[nodiscard]] bool Queue(TurnWait* wait, G* g) TRI_NO_ANALYSIS;
  static void Unlock(void* turn) TRI_NO_ANALYSIS;
  // Back from that wait: true if the turn is the caller's.
  [[nodiscard]] bool EndWait(TurnWait* wait) TRI_NO_ANALYSIS;
  // Its G never runs again: what it was given goes to the next one.
  void Drop(TurnWait* wait) TRI_NO_ANALYSIS;

 private:
  enum : uint8_t {
    kFree,
    kTaken,
    kWanted,  // taken, and there may be waiters
  };

  void GiveSlow() TRI_NO_ANALYSIS;
  // Under the lock: the next one, won and told, or null.
  [[nodiscard]] G* HandOver();
  [[nodiscard]] G* WakeOne();

  HandoverLock mu_;
  WaitQueue insisting_;
  WaitQueue waiting_;
  // [FT1]; see I1 and I2.
  std::atomic<uint8_t> state_{kFree};
};

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_FILE_TURN_H_
