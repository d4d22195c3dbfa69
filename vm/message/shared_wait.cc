// What an isolate does with its waits in shared queues.

#include "vm/message/shared_wait.h"

#include "sched/sync/asymmetric_fence.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// A wait that somebody outside has just ended is among them: what it was given
// is dropped with it.
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

G* Isolate::WakeToLook() {
  has_requests_.store(true, std::memory_order_seq_cst);
  HeavyFence();  // [NC1]
  return host_g_->word.TryWakeCurrent() ? host_g_ : nullptr;
}

bool Isolate::IsStuck() {
  const uint32_t others = external - daemons_;
  if (others == 0) return true;
  if (others != shared_wait_count_ || waiting_ == nullptr ||
      config_.host_wakes || halted_) {
    return false;
  }
  for (SharedWait* wait = shared_waits_; wait != nullptr; wait = wait->next) {
    if (!wait->kind->may_end(wait)) continue;
    // First: so that the next look is short.
    RemoveSharedWait(wait);
    AddSharedWait(wait);
    return false;
  }
  return true;
}

}  // namespace trilune::vm
