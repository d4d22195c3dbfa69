#include "vm/host_call.h"

#include <chrono>
#include <utility>

#include "sched/loop.h"
#include "sched/sync/check.h"
#include "vm/isolate.h"

namespace trilune::vm {

bool HostCall::Wait(int64_t deadline_ns) {
  M* m = CurrentM();
  if (m != nullptr && m->current != nullptr) return WaitAsG(m->current);
  MutexLock lock(mu_);
  const auto deadline = std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(deadline_ns));
  while (!done_) {
    if (deadline_ns == kNever) {
      completed_.Wait(mu_);
    } else if (!completed_.WaitUntil(mu_, deadline)) {
      return done_;
    }
  }
  return true;
}

// A G cannot give up before the end: its frame holds this call.
bool HostCall::WaitAsG(G* g) {
  auto* iso = dynamic_cast<Isolate*>(g->strand);
  LuaG* const current = iso != nullptr ? iso->current : nullptr;
  CoFrame* const frames = iso != nullptr ? iso->frames : nullptr;
  for (;;) {
    TRI_CHECK(CanParkWithStack(CurrentM()));
    g->reason = WaitReason::kHostCall;
    g->wake = WakeResult::kReady;
    const uint64_t ticket = g->word.BeginWait();
    {
      MutexLock lock(mu_);
      if (done_) {
        // The ticket opened above is simply never published.
        return true;
      }
      waiter_ = g;
      ticket_ = ticket;
    }
    ParkCommit commit;
    commit.external = true;
    commit.cancelled = &done_flag_;
    ParkWithStack(CurrentM(), g, commit);
    if (iso != nullptr) {
      iso->current = current;
      iso->frames = frames;
    }
  }
}

void HostCall::Complete(Status status) {
  G* waiter = nullptr;
  uint64_t ticket = 0;
  {
    MutexLock lock(mu_);
    result = std::move(status);
    done_ = true;
    waiter = waiter_;
    ticket = ticket_;
    done_flag_.store(true, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // [NC1]
    completed_.NotifyAll();
  }
  // From here on this call may be gone; the G's memory never is.
  if (waiter != nullptr && waiter->word.TryWake(ticket)) Ready(waiter);
}

}  // namespace trilune::vm
