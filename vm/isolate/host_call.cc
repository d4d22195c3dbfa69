// How a host call gets to its isolate, and how its caller waits for the end.
// Both directions have the same race: a wake-up may come while a G is just
// parking, so that its wait is not public yet and TryWake fails.
//
// To the isolate. Isolate::Post hands the call over, and host_g_ of the isolate
// serves it. One of the two sees the other [NC1]:
//
//   the poster (Post)                     host_g_ (RunHost, then Publish)
//   1. link the request,                  1. make the wait public
//      set has_requests_
//   2. HeavyFence                         2. LightFence
//   3. TryWake; won: Ready                3. has_requests_ is set: TryWake
//                                            itself; won: run again
//
// A light fence costs nothing; the rare side, the poster, pays for both.
//
// Back to the caller. A thread of the host waits on a condition variable. A G
// parks, as in any other wait, and Complete wakes it from another strand:
// - A G of an isolate. done_flag_ takes the place of has_requests_ in the
//   table, and Complete that of the poster.
// - A native G. Its frame, with this call in it, may be gone by the time that
//   the M which it has left reads the flag: another waker may have been first.
//   So it has no flag, and Complete waits for the few instructions until the
//   wait is public.
//
// The call lies in the frame of the caller, so cancellation must not end the
// wait. Once done_ is set and mu_ is released, the call may be gone. Complete
// then touches only the record of the G, which is type-stable.

#include "vm/isolate/host_call.h"

#include <chrono>
#include <thread>
#include <utility>

#include "sched/core/loop.h"
#include "sched/sync/asymmetric_fence.h"
#include "vm/goroutine/leave.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {
namespace {

// The running G, or null on a thread of the host.
G* RunningG() {
  const M* m = CurrentM();
  return m == nullptr ? nullptr : m->running();
}

// Why the running G `g` may not wait for a call; null if it may.
const char* WhyNotWait(const G* g) {
  const auto* iso = dynamic_cast<const Isolate*>(g->strand);
  // A native G, or one of the isolate's own, runs no code of a script. So
  // nothing forbids it to wait.
  lua_State* L = iso == nullptr ? nullptr : iso->Innermost();
  if (L == nullptr) return nullptr;
  if (const char* why = WhyNotLeave(L, iso); why != nullptr) return why;
  return iso->in_atomic() ? "cannot wait inside trilune.atomic" : nullptr;
}

}  // namespace

Status HostCall::MayWait() {
  const G* g = RunningG();
  if (g == nullptr) return {};
  if (const char* why = WhyNotWait(g); why != nullptr) {
    return Status(StatusCode::kInvalidArgument, why);
  }
  if (!CanParkWithStack(CurrentM())) {
    return Status(StatusCode::kNoMemory,
                  "too many coroutines blocked inside C calls");
  }
  return {};
}

bool HostCall::Wait(int64_t deadline_ns) {
  G* g = RunningG();
  if (g != nullptr && WhyNotWait(g) == nullptr &&
      CanParkWithStack(CurrentM())) {
    WaitAsG(g, deadline_ns);
    // It may have been woken early, for lack of memory for its timer. Then the
    // thread waits.
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

// Parks `g` once. Cancellation does not end the wait, because the frame of `g`
// may hold this call.
void HostCall::WaitAsG(G* g, int64_t deadline_ns) {
  auto* iso = dynamic_cast<Isolate*>(g->strand);
  if (iso != nullptr) {
    g->Set(LuaG::kShielded);
    iso->raise_delay = RaiseDelay();  // whoever runs next has none
  }
  g->reason = WaitReason::kHostCall;
  g->wake = WakeResult::kReady;
  const uint64_t ticket = g->word.BeginWait();
  {
    MutexLock lock(mu_);
    if (done_) return;  // this wait is never published
    waiter_ = g;
    ticket_ = ticket;
    waiter_is_solo_ = g->strand->solo;
  }
  ParkCommit commit;
  commit.deadline_ns = deadline_ns;
  commit.external = true;
  // A native G may run on, and this call be gone, before the M that it has left
  // would read the flag.
  if (!g->strand->solo) commit.cancelled = &done_flag_;
  if (iso != nullptr && iso->current != nullptr) {
    Leaving leaving(iso, CurrentM());
    ParkWithStack(CurrentM(), g, commit);
    leaving.Return();
  } else {
    ParkWithStack(CurrentM(), g, commit);
  }
  MutexLock lock(mu_);
  if (done_) return;
  waiter_ = nullptr;
  // Complete may have read waiter_ already. The next ticket makes its TryWake
  // lose, and ends its loop.
  static_cast<void>(g->word.BeginWait());
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
  // A native G that has told its ticket but still runs will wait in a moment.
  while (is_solo && waiter->word.state() == GState::kRunning &&
         waiter->word.ticket() == ticket) {
    std::this_thread::yield();
  }
  if (waiter->word.TryWake(ticket)) Ready(waiter);
}

}  // namespace trilune::vm
