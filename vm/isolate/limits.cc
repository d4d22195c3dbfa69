// Limits: an isolate's use of its budget, and its end when a limit is used up.
//
// Memory, Gs and messages are refused where they are asked for, and the script
// may catch that. Instructions, CPU time and time end the isolate's work
// (Kill): every G is cancelled with the limit as the reason, new ones are
// refused, and shields hold nothing off.
//
// These three limits are looked at where a G is at a preemption point
// (CheckLimits). sysmon asks each G that has run for a slice, so that happens
// at least so often. A timer looks at the time as well, because all Gs may
// wait.
//
// Hostile code would hide where liblua calls no hooks: in finalizers, in hooks,
// and after an error in a hook. The signal handler looks whether a limit is
// used up (MustForceHooks), and then switches hooks on again in the state
// (vm/lua/allow_hook.h). What no hook reaches is C code.
//
// Finalizers also run where no G does, in any call that allocates. So each
// protected call outside a G goes through CallOutside. It makes the state that
// really runs the innermost one, for as long as the call lasts; the handler
// then arms the right state.

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>
#include <new>
#include <string>
#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "vm/isolate/isolate.h"
#include "vm/lua/allow_hook.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {
namespace {

// The handler calls this. Not clock_gettime, which ThreadSanitizer intercepts.
TRI_NO_TSAN int64_t SafeClockNs(clockid_t clock) {
  timespec time = {};
  syscall(SYS_clock_gettime, clock, &time);
  return time.tv_sec * INT64_C(1'000'000'000) + time.tv_nsec;
}

}  // namespace

TRI_NO_TSAN int64_t ThreadCpuNs() {
  return SafeClockNs(CLOCK_THREAD_CPUTIME_ID);
}

TRI_NO_TSAN bool Isolate::MustForceHooks(lua_State* L) {
  if (!is_watched()) return false;
  if (meter_.counts() && !HooksAllowed(L)) meter_.ChargeHidden();
  return IsOverLimit();
}

// Also for the handler.
TRI_NO_TSAN bool Isolate::IsOverLimit() const {
  if (killed_) return true;
  const int64_t now = SafeClockNs(CLOCK_MONOTONIC);
  if (closing_ && now - closing_since_ns_ > kFinalizersNs) return true;
  if (!is_timed_) return false;
  return config_.budget->IsUsedUp(now, meter_.uncharged_cpu_ns());
}

const GKind Isolate::kLimitTimerKind = {&Isolate::RunLimitTimer};

void Isolate::ApplyBudget() {
  Budget* budget = config_.budget.get();
  if (budget == nullptr) return;
  heap_.SetBudget(budget);
  meter_.SetBudget(budget);
  is_timed_ = budget->is_timed();
}

// Takes a step more than is needed, if the budget has it, so that the next
// waits ask for nothing.
bool Meter::MayLeaveStack(size_t bytes) {
  const size_t needed = stack_bytes_ + CostOfStack(bytes);
  if (needed <= stack_charge_) return true;
  const size_t more = needed - stack_charge_;
  for (const size_t step : {more + kStackStep, more}) {
    if (!budget_->TakeMemory(step)) continue;
    stack_charge_ += step;
    return true;
  }
  return false;
}

// The first G of a program was taken by its spawner: see Program::Start.
bool Isolate::TakeG() {
  if (has_g_to_make_) {
    has_g_to_make_ = false;
    return true;
  }
  if (!config_.budget->TakeG()) return false;
  gs_taken_++;
  return true;
}

void Isolate::GiveGs(uint32_t n) {
  for (; n > 0; n--, gs_taken_--)
    config_.budget->GiveG();
}

int Isolate::CallOutside(lua_State* L, int arguments, int results) {
  lua_State* const before = outside_;
  // A G may run, on whose behalf this is done. During the call it counts as not
  // running, and so do the coroutines that it resumes.
  LuaG* const g = current;
  CoFrame* const its_frames = frames;
  const bool meters = meter_.BeginCpu();
  current = nullptr;
  frames = nullptr;
  outside_ = L;
  preempter_.Moved();
  // outside_ is set, and current null: Innermost gives `L` to the handler.
  const int status = lua_pcall(L, arguments, results, 0);
  outside_ = before;
  frames = its_frames;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  current = g;
  preempter_.Moved();
  if (meters) meter_.EndCpu();
  return status;
}

// A daemon: a G that waits for nothing else is deadlocked all the same.
void Isolate::WatchTime() {
  if (limit_timer_ != nullptr || config_.budget == nullptr ||
      config_.budget->deadline_ns() == kNever) {
    return;
  }
  const TimerBody body = {this, config_.budget->deadline_ns(), 0};
  limit_timer_ = StartTimer(&kLimitTimerKind, body, /*own=*/true);
  if (limit_timer_ == nullptr) return;  // no memory: only running Gs look
  daemons_++;
}

Outcome Isolate::RunLimitTimer(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  if (!iso->halted_ && NowNs() < g->timer.next_ns) return iso->ParkTimer(g);
  iso->limit_timer_ = nullptr;
  iso->daemons_--;
  if (!iso->halted_) iso->CheckLimits();
  return iso->EndTimer(g);
}

Status Isolate::ErrorStatus(StatusCode code, std::string_view message) const {
  if (!killed_) return Status(code, message);
  if (message.find(kill_reason_) != std::string_view::npos) {
    return Status(StatusCode::kLimit, message);
  }
  try {
    return Status(StatusCode::kLimit, (kill_reason_ + ": ").append(message));
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kLimit, kill_reason_);
  }
}

// In lua_close the time of finalizers is limited instead: see IsOverLimit.
void Isolate::CheckLimits() {
  if (!is_timed_ || killed_ || closing_) return;
  meter_.ChargeCpu();
  if (IsOverLimit()) Kill(NowNs());
}

void Isolate::CollectForLimit(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT);
  // Frees what only garbage in channels has held, with its messages.
  if (config_.runtime != nullptr) config_.runtime->cycles()->Collect();
  heap_.TrimBudget(0);
  meter_.TrimStacks();
}

// From here on each wait and each preemption point of every G raises, and
// tri.shield holds nothing off.
void Isolate::Kill(int64_t now_ns) {
  killed_ = true;
  stopping_ = true;
  usage_.exceeded = true;
  // The time that used the limit up may not be charged yet.
  meter_.ChargeCpu();
  kill_reason_ = config_.budget->Reason(now_ns);
  lua_pushcfunction(worker_, [](lua_State* L) {
    lua_pushstring(L, Of(L)->kill_reason_.c_str());
    return 1;
  });
  // Without memory the reason is a less telling one.
  const int top = lua_gettop(worker_) - 1;
  if (CallOutside(worker_, 0, 1) == LUA_OK) {
    lua_xmove(worker_, data_, 1);
    lua_replace(data_, kDefaultReason);
  }
  lua_settop(worker_, top);
  // Shielded waits, such as a group's for its members, stay as they are.
  shields_.EndAll();
  CancelAll();
  ForEachG([this](LuaG* g) {
    if (g->Has(G::kCancelled)) EndWaitOf(g);
    return false;
  });
  EndCallsInKernel();
}

// The kernel may take long for a G's system call. A caller that waits for the
// G's end is told now.
void Isolate::EndCallsInKernel() {
  HostCall* ended = nullptr;
  for (HostCall** link = &waiting_; *link != nullptr;) {
    HostCall* call = *link;
    const LuaG* g = call->IsMain()            ? main_g_
                    : call->handle == nullptr ? nullptr
                                              : call->handle->g;
    // Other callers wait on: the G uses memory in their frames.
    const bool may_go = call->keep != nullptr || call->on_complete != nullptr;
    if (!may_go || g == nullptr || g->word.state() != GState::kSyscall) {
      link = &call->next;
      continue;
    }
    if (call->handle != nullptr) call->handle->host_call = nullptr;
    *link = call->next;
    call->next = ended;
    ended = call;
  }
  CompleteAll(&ended, Status(StatusCode::kLimit, kill_reason_));
}

}  // namespace trilune::vm
