// The end of an isolate: its Gs are awaited, or dropped, and its heap is
// closed.
//
// 1. kDrain sets stopping_ and cancels every G. The call is completed when the
//    last G has ended (CheckDrained), or when the drain's deadline is over.
// 2. kClose halts what is left (Halt). A G that has not ended never runs again;
//    its record may still be reached by a timer or by the kernel.
// 3. lua_close runs on the strand, with the finalizers (CloseHeap). A G's
//    frames may refer to the heap, so the stacks of dropped Gs go back only
//    afterwards.
// 4. FinishClose completes the calls that are left, once nothing outside can
//    reach this object any more: `external` is 0.
//
// `external` is what makes step 4 safe. It counts each wait that a timer,
// another isolate or a system call may still end. Halt wins every wait it can,
// and uncounts it. A wait that a timer has won first stays counted, until that
// G is picked and finds the isolate halted (EndLate). A G in a system call
// comes back to its frame, frees what it holds outside of Lua, and leaves for
// good (DropCurrent).
//
// A waker that comes later than all of this loses TryWake: the record is
// type-stable, and its ticket is old.

#include <sys/eventfd.h>

#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/core/thread_lock.h"
#include "sched/sync/check.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

const GKind Isolate::kDrainDeadlineKind = {&Isolate::RunDrainDeadline};

// Called whenever a G has ended, or Gs were taken out of play.
void Isolate::CheckDrained() {
  if (live > 0) return;
  CompleteAll(&drains_, Status());
  if (drain_timer_ != nullptr) StopTimer(std::exchange(drain_timer_, nullptr));
}

// Completes the drains with kTimeout: a G has not ended in time. Its isolate is
// closed all the same.
Outcome Isolate::RunDrainDeadline(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  if (iso->drain_timer_ == g) {
    if (NowNs() < g->timer.next_ns) return iso->ParkTimer(g);
    iso->drain_timer_ = nullptr;
    CompleteAll(&iso->drains_,
                Status(StatusCode::kTimeout, "a goroutine did not stop"));
  }
  return iso->EndTimer(g);
}

// No G of this isolate runs again. The stacks of the Gs that are left are
// collected here, and given back when the heap has gone: frames on them may
// belong to it.
void Isolate::Halt() {
  stopping_ = true;
  halted_ = true;
  live = 0;
  GiveGs(gs_taken_);
  if (thread_locks != nullptr) DropThreadLocks(CurrentM(), this);
  // Every wait is won here, so that no waker reaches the G later. A G that a
  // timer has won is queued, or on its way. `external` counts it until it is
  // picked. Then it finds the isolate halted: see EndLate.
  ForEachG([this](LuaG* g) {
    if (g == host_g_) return false;
    // A G that comes back from a system call needs its stack: its frame must
    // free what it holds.
    const bool in_call =
        g->reason == WaitReason::kSyscall && g->Has(G::kExternal);
    if (!in_call && g->fiber != nullptr) {
      Fiber::PushTo(&dropped_stacks_, std::exchange(g->fiber, nullptr));
    }
    // Nobody waits for what the call would read, and its child process is to
    // end.
    if (in_call && g->word.state() == GState::kSyscall && g->wake_fd >= 0) {
      static_cast<void>(eventfd_write(g->wake_fd, 1));
    }
    const bool won = g->word.state() == GState::kWaiting && g->TryWin();
    if (won && g->Has(G::kExternal)) {
      if (g->Has(G::kHasTimer)) sched->ForgetTimer(g->timer_p);
      g->Clear(G::kExternal | G::kHasTimer);
      external--;
    }
    return false;
  });
  loans.Halt(main_);
  DropSharedWaits();
}

// Closes the Lua state, whatever is left in it.
void Isolate::CloseState(HostCall* call) {
  call->next = closes_;
  closes_ = call;
  if (closing_) return;
  Halt();
  closing_since_ns_ = NowNs();
  closing_ = true;
  for (HostCall* waiting = waiting_; waiting != nullptr;
       waiting = waiting->next) {
    waiting->handle = nullptr;
  }
  frames = nullptr;
  if (main_ != nullptr) CloseHeap();
}

// The allocator during lua_close. The last block that is freed holds the main
// state. The signal handler must not touch that any more.
void* Isolate::AllocateAtEnd(void* self, void* block, size_t old_bytes,
                             size_t new_bytes) {
  auto* iso = static_cast<Isolate*>(self);
  lua_State* const main = iso->main_;
  if (new_bytes == 0 && main != nullptr &&
      block == reinterpret_cast<char*>(main) - LUA_EXTRASPACE) {
    iso->main_ = nullptr;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    iso->preempter_.Forget(main);
  }
  return Heap::AllocateAtEnd(&iso->heap_, block, old_bytes, new_bytes);
}

// The order: finalizers and frees first, then the chunks as a whole, then the
// stacks, on which frames may have belonged to the heap.
void Isolate::CloseHeap() {
  lua_setallocf(main_, &AllocateAtEnd, this);
  // Finalizers run in here, as the last code of all.
  lua_close(main_);
  M* m = CurrentM();
  if (m != nullptr)
    m->preempt_every_tick.store(false, std::memory_order_relaxed);
  main_ = data_ = worker_ = nullptr;
  heap_.Release();
  const RuntimeScope scope(m);  // as for a new fiber, see TakeFiber
  sched->fibers().Reclaim(std::exchange(dropped_stacks_, nullptr));
  meter_.GiveStacks();
}

// For a G that comes back from a system call, and finds its isolate halted.
void Isolate::DropCurrent() {
  M* m = CurrentM();
  auto* g = static_cast<LuaG*>(m->running());
  auto* iso = static_cast<Isolate*>(g->strand);
  TRI_CHECK(iso->halted_ && CanLeaveStack(m));
  g->word.Become(GState::kRunning, GState::kDead);
  // The close may have waited only for this G.
  if (iso->closes_ != nullptr && iso->host_g_->word.TryWakeCurrent()) {
    Ready(iso->host_g_);
  }
  LeaveStackForGood(m);
}

// For a G that was won before the halt, and is picked after it.
Outcome Isolate::EndLate(LuaG* g) {
  g->word.Become(GState::kRunning, GState::kDead);
  return FinishClose() ? Outcome::kStrandEnded : Outcome::kEnded;
}

// Completes everything, if only the host can reach this object. After true,
// `this` may be gone.
bool Isolate::FinishClose() {
  if (closes_ == nullptr || external > 0) return false;
  HostCall* closes = closes_;
  // The signal handler looks at the running G, which goes with this object.
  // Another isolate may be made at this address, and must not look like the
  // strand that runs here.
  CurrentM()->current = nullptr;
  CurrentM()->strand = nullptr;
  {
    MutexLock lock(host_mu_);
    closed_.store(true, std::memory_order_release);  // [IC1]
  }
  const Status stopped =
      killed_ ? Status(StatusCode::kLimit, kill_reason_)
              : Status(StatusCode::kStopped, "the isolate was closed");
  CompleteAll(&drains_, stopped);
  CompleteAll(&waiting_, stopped);
  HostCall* late = TakeRequests();
  CompleteAll(&late, stopped);
  CompleteAll(&closes, Status());
  return true;
}

}  // namespace trilune::vm
