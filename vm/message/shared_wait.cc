// What an isolate does with its waits in shared queues, and how it finds a
// deadlock among them.
//
// The scheduler counts such waits as `external`: another strand may end them.
// But if no other isolate refers to the channel, none can. So when nothing is
// runnable, and all that is external are listed waits (apart from daemons),
// IsStuck asks each of them.
//
// The answer may change while the isolate is idle: another isolate may drop the
// last reference but its own. That thread then calls WakeToLook, which wakes
// host_g_ to look again. The channel's lock orders the two: a waiter is either
// linked before the drop, and its isolate is woken; or it is linked afterwards,
// and its isolate sees the drop when it looks.

#include "vm/message/shared_wait.h"

#include "sched/sync/asymmetric_fence.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// A wait that another isolate has just ended is still among them. What it was
// given is dropped with it.
void Isolate::DropSharedWaits() {
  while (SharedWait* wait = shared_waits_) {
    RemoveSharedWait(wait);
    wait->kind->drop(wait);
  }
}

void Isolate::AddSharedWait(SharedWait* wait) {
  wait->prev = nullptr;
  wait->next = shared_waits_;
  if (shared_waits_ != nullptr) shared_waits_->prev = wait;
  shared_waits_ = wait;
  shared_wait_count_++;
}

void Isolate::RemoveSharedWait(SharedWait* wait) {
  if (wait->next != nullptr) wait->next->prev = wait->prev;
  (wait->prev != nullptr ? wait->prev->next : shared_waits_) = wait->next;
  shared_wait_count_--;
}

// As Post, without a call: host_g_ finds no request, and looks.
G* Isolate::WakeToLook() {
  has_requests_.store(true, std::memory_order_seq_cst);
  HeavyFence();  // [NC1]
  return host_g_->word.TryWakeCurrent() ? host_g_ : nullptr;
}

// Daemons wake nobody. If something is external that is no listed wait, it may
// wake a G: a timer, or a call.
bool Isolate::IsStuck() {
  const uint32_t others = external - daemons_;
  if (others == 0) return true;
  if (others != shared_wait_count_ || waiting_ == nullptr ||
      config_.host_wakes || halted_) {
    return false;
  }
  for (SharedWait* wait = shared_waits_; wait != nullptr; wait = wait->next) {
    if (!wait->kind->may_end(wait)) continue;
    // It moves to the front, so that the next look is short.
    RemoveSharedWait(wait);
    AddSharedWait(wait);
    return false;
  }
  return true;
}

}  // namespace trilune::vm
