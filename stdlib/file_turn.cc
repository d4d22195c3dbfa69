#include "stdlib/file_turn.h"

#include "sched/loop.h"

namespace trilune::stdlib {
namespace {

// The process's, as its files are. Nothing that waits in one owns anything.
FileTurn stdin_turn;
FileTurn stdout_turn;
FileTurn stderr_turn;

TurnWait* WaitOf(WaiterBase* waiter) {
  return static_cast<TurnWaiter*>(waiter)->wait;
}

}  // namespace

FileTurn* FileTurn::Of(const FILE* f) {
  if (f == stdin) return &stdin_turn;
  if (f == stdout) return &stdout_turn;
  if (f == stderr) return &stderr_turn;
  return nullptr;
}

G* FileTurn::HandOver() {
  WaiterBase* waiter = insisting_.PopAndWin();
  if (waiter == nullptr) return nullptr;
  WaitOf(waiter)->has_turn = true;
  waiter->g->wake = WakeResult::kReady;
  return waiter->g;
}

G* FileTurn::WakeOne() {
  WaiterBase* waiter = waiting_.PopAndWin();
  if (waiter == nullptr) return nullptr;
  WaitOf(waiter)->woken = true;
  waiter->g->wake = WakeResult::kReady;
  return waiter->g;
}

void FileTurn::GiveSlow() {
  mu_.Lock();
  G* next = HandOver();  // state_ stays kWanted
  if (next == nullptr) {
    // release: publishes what was done with the file [FT1].
    state_.store(kFree, std::memory_order_release);  // [FT1]
    next = WakeOne();
  }
  mu_.Unlock();
  // Not before: it may run at once, and want the lock.
  if (next != nullptr) Ready(next);
}

bool FileTurn::Queue(TurnWait* wait, G* g) {
  mu_.Lock();
  wait->woken = wait->has_turn = false;
  // acquire: it may have been free [FT1].
  if (state_.exchange(kWanted, std::memory_order_acquire) == kFree) {  // [FT1]
    mu_.Unlock();
    return false;
  }
  wait->waiter.wait = wait;
  (wait->insists ? insisting_ : waiting_).PushTail(&wait->waiter, g);
  return true;
}

void FileTurn::Unlock(void* turn) {
  static_cast<FileTurn*>(turn)->mu_.Unlock();
}

bool FileTurn::EndWait(TurnWait* wait) {
  mu_.Lock();
  WaitQueue::Remove(&wait->waiter);
  bool is_ours = wait->has_turn;
  // Others may be queued behind a woken one: so kWanted, whatever it was.
  if (!is_ours && wait->woken) {
    // acquire: it may have been free [FT1].
    is_ours =
        state_.exchange(kWanted, std::memory_order_acquire) == kFree;  // [FT1]
  }
  wait->insists = wait->woken;
  mu_.Unlock();
  return is_ours;
}

void FileTurn::Drop(TurnWait* wait) {
  if (EndWait(wait)) Give();
}

}  // namespace trilune::stdlib
