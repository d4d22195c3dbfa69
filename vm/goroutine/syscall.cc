#include "vm/goroutine/syscall.h"

#include "sched/core/loop.h"

namespace trilune::vm {
namespace {

// The G that makes the call, if it can leave its strand.
LuaG* Caller(lua_State* L, Isolate* iso) {
  LuaG* g = iso->current;
  if (g == nullptr || iso->in_atomic() || WhyNotLeave(L, iso) != nullptr) {
    return nullptr;
  }
  return CanLeaveStack(CurrentM()) ? g : nullptr;
}

}  // namespace

Syscall::Syscall(lua_State* L, int wake_fd)
    : iso_(Isolate::Of(L)),
      g_(Caller(L, iso_)),
      was_cancelled_(g_ != nullptr && iso_->MustRaise()) {
  if (g_ == nullptr) return;
  M* m = CurrentM();
  if (was_cancelled_) iso_->raise_delay = RaiseDelay();  // others may run
  leaving_.emplace(iso_, m);
  g_->wake_fd = wake_fd;
  EnterSyscall(m, g_);
}

bool Syscall::End() {
  if (g_ == nullptr) return true;
  const bool was_retaken = ExitSyscall(g_);
  g_->waiter = LuaWaiter();  // in the place of wake_fd
  if (iso_->halted()) return false;
  leaving_->Return();
  // Cancelled meanwhile, or in a loop of long calls that catches what they
  // raise: it might be in the next one before sysmon asks. A G that was
  // cancelled before and cleans up is left alone.
  if ((was_retaken || !was_cancelled_) &&
      iso_->preempter().mode() != PreemptMode::kOff && iso_->MustRaise()) {
    iso_->preempter().Want(CurrentM());
  }
  // The signal may have come too early, or not at all.
  M* m = CurrentM();
  if (!was_retaken && m->IsAsked()) {
    if (iso_->ShallTakeRequest(m)) {
      iso_->preempter().Want(m);
    } else {
      m->Answer();
    }
  }
  return true;
}

void Syscall::LeaveForGood() {
  Isolate::DropCurrent();
}

}  // namespace trilune::vm
