#include "vm/syscall.h"

#include "sched/loop.h"
#include "sched/sync/check.h"
#include "vm/park.h"

namespace trilune::vm {
namespace {

// The G that makes the call, if it can leave its strand.
LuaG* Caller(lua_State* L, Isolate* iso) {
  LuaG* g = iso->current;
  if (g == nullptr || iso->in_atomic() || !iso->MayLeaveStack(L)) {
    return nullptr;
  }
  return CanLeaveStack(CurrentM()) ? g : nullptr;
}

}  // namespace

Syscall::Syscall(lua_State* L, int wake_fd)
    : iso_(Isolate::Of(L)),
      g_(Caller(L, iso_)),
      frames_(iso_->frames),
      close_depth_(iso_->close_depth),
      in_hook_(iso_->meter().in_hook()),
      was_cancelled_(g_ != nullptr && iso_->MustRaise()) {
  if (g_ == nullptr) return;
  iso_->Leave();
  g_->wake_fd = wake_fd;
  M* m = CurrentM();
  m->fiber->user = frames_;  // for dumps
  EnterSyscall(m, g_);
}

bool Syscall::End() {
  if (g_ == nullptr) return true;
  const bool was_retaken = ExitSyscall(g_);
  g_->waiter = LuaWaiter();  // in the place of wake_fd
  if (iso_->halted()) return false;
  iso_->Enter(g_, frames_, close_depth_);
  if (in_hook_) iso_->meter().BeginHook();
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
