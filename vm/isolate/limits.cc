// Limits: the isolate's use of its budget, and its end when a limit is used up.
//
// Memory and Gs are refused where they are asked for, and the script may catch
// that. Instructions, CPU time and time end the isolate's work. They are looked
// at where a G is at a preemption point: after each slice at least, as sysmon
// asks every G that runs for so long; the time also by a timer, as all Gs may
// wait.

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

// Not by clock_gettime, where ThreadSanitizer sits.
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

// For the handler, too.
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
  // Of a G on whose behalf this is done: it does not run meanwhile, nor do the
  // coroutines that it resumes.
  LuaG* const g = current;
  CoFrame* const its_frames = frames;
  const bool meters = meter_.BeginCpu();
  current = nullptr;
  frames = nullptr;
  outside_ = L;
  preempter_.Moved();
  const int status = lua_pcall(L, arguments, results, 0);
  outside_ = before;
  frames = its_frames;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  current = g;
  preempter_.Moved();
  if (meters) meter_.EndCpu();
  return status;
}

void Isolate::WatchTime() {
  if (limit_timer_ != nullptr || config_.budget == nullptr ||
      config_.budget->deadline_ns() == kNever) {
    return;
  }
  const TimerBody body = {this, config_.budget->deadline_ns(), 0};
  limit_timer_ = StartTimer(&kLimitTimerKind, body, /*own=*/true);
  if (limit_timer_ == nullptr) return;  // then only running Gs look
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

void Isolate::CheckLimits() {
  if (!is_timed_ || killed_ || closing_) return;
  meter_.ChargeCpu();
  if (IsOverLimit()) Kill(NowNs());
}

void Isolate::CollectForLimit(lua_State* L) {
  lua_gc(L, LUA_GCCOLLECT);
  // What only garbage in channels held, with its messages.
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
  // What made this look necessary may not be charged yet.
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
  // Waits that nothing may end, as of a group for its members, stay.
  shields_.EndAll();
  CancelAll();
  ForEachG([this](LuaG* g) {
    if (g->Has(G::kCancelled)) EndWaitOf(g);
    return false;
  });
  EndCallsInKernel();
}

// What the kernel does for a G takes its time: who waits for the G's end is
// told now.
void Isolate::EndCallsInKernel() {
  HostCall* ended = nullptr;
  for (HostCall** link = &waiting_; *link != nullptr;) {
    HostCall* call = *link;
    const LuaG* g = call->IsMain()            ? main_g_
                    : call->handle == nullptr ? nullptr
                                              : call->handle->g;
    // Others wait on, as the G uses what belongs to who waits.
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
