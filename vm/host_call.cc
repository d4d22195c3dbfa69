#include "vm/host_call.h"

#include <chrono>
#include <thread>
#include <utility>

#include "sched/loop.h"
#include "sched/sync/asymmetric_fence.h"
#include "vm/isolate.h"

namespace trilune::vm {

bool HostCall::Wait(int64_t deadline_ns) {
  M* m = CurrentM();
  if (m != nullptr && m->running() != nullptr) {
    if (WaitAsG(m->running())) return true;
    deadline_ns = kNever;  // as a G, but the thread waits with it
  }
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

// A G cannot give up before the end: its frame holds this call. False: there is
// no stack on which others could go on.
bool HostCall::WaitAsG(G* g) {
  auto* iso = dynamic_cast<Isolate*>(g->strand);
  LuaG* const current = iso != nullptr ? iso->current : nullptr;
  CoFrame* const frames = iso != nullptr ? iso->frames : nullptr;
  const int close_depth = iso != nullptr ? iso->close_depth : 0;
  for (;;) {
    if (!CanLeaveStack(CurrentM())) {
      MutexLock lock(mu_);
      waiter_ = nullptr;
      return false;
    }
    CurrentM()->fiber->user = frames;  // for dumps
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
      waiter_is_solo_ = g->strand->solo;
    }
    ParkCommit commit;
    commit.external = true;
    // A native G may run on, and this call be gone, before the M it has left
    // would read the flag.
    if (!g->strand->solo) commit.cancelled = &done_flag_;
    if (current != nullptr) iso->Leave();
    ParkWithStack(CurrentM(), g, commit);
    if (current != nullptr) iso->Enter(current, frames, close_depth);
  }
}

void HostCall::Complete(Status status) {
  if (on_complete != nullptr) {
    on_complete(this, status);
    return;
  }
  G* waiter = nullptr;
  uint64_t ticket = 0;
  bool is_solo = false;
  {
    MutexLock lock(mu_);
    if (done_) return;  // its isolate was abandoned, and went on after all
    result = std::move(status);
    done_ = true;
    waiter = waiter_;
    ticket = ticket_;
    is_solo = waiter_is_solo_;
    done_flag_.store(true, std::memory_order_seq_cst);
    HeavyFence();  // [NC1]
    completed_.NotifyAll();
  }
  // From here on this call may be gone; the G's memory never is.
  if (waiter == nullptr) return;
  // A native G that has told its ticket, but still runs, waits in a moment.
  while (is_solo && waiter->word.state() == GState::kRunning &&
         waiter->word.ticket() == ticket) {
    std::this_thread::yield();
  }
  if (waiter->word.TryWake(ticket)) Ready(waiter);
}

}  // namespace trilune::vm
