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
  return CanParkWithStack(CurrentM()) ? g : nullptr;
}

}  // namespace

Syscall::Syscall(lua_State* L, int wake_fd)
    : iso_(Isolate::Of(L)),
      g_(Caller(L, iso_)),
      frames_(iso_->frames),
      close_depth_(iso_->close_depth) {
  if (g_ == nullptr) return;
  iso_->Leave();
  g_->wake_fd = wake_fd;
  M* m = CurrentM();
  m->fiber->user = frames_;  // for dumps
  EnterSyscall(m, g_);
}

bool Syscall::End() {
  if (g_ == nullptr) return true;
  ExitSyscall(g_);
  g_->waiter = LuaWaiter();  // in the place of wake_fd
  if (iso_->halted()) return false;
  iso_->Enter(g_, frames_, close_depth_);
  // Cancelled meanwhile: it might be back in the next call before sysmon asks.
  if (iso_->preempter().mode() != PreemptMode::kOff && iso_->MustRaise()) {
    iso_->preempter().Want(CurrentM());
  }
  return true;
}

void Syscall::LeaveForGood() {
  Isolate::DropCurrent();
}

}  // namespace trilune::vm
