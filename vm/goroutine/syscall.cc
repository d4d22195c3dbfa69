// A call that may block in the kernel, as Lua sees it. sched/thread/sys_word.h
// has the protocol between the M and sysmon: exactly one of TryExit and
// TryRetake wins, and the winner owns P and strand [SY1].
//
// The G counts as parked during the call, although its thread still runs on its
// stack. So the constructor makes a Leaving, as for a wait, and End returns
// from it. Between the two the isolate may run other Gs, or be closed.

#include "vm/goroutine/syscall.h"

#include "sched/core/loop.h"

namespace trilune::vm {
namespace {

// The G that makes the call, if it can leave its strand; else null. A null G
// makes the whole Syscall a no-op, and the call blocks the isolate.
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
  // From here on P and strand may be taken at any moment.
  EnterSyscall(m, g_);
}

// If P and strand were retaken, ExitSyscall has parked the G until it was
// picked again. If the isolate was halted meanwhile, nothing of Lua may be
// touched.
bool Syscall::End() {
  if (g_ == nullptr) return true;
  const bool was_retaken = ExitSyscall(g_);
  g_->waiter = LuaWaiter();  // it shares its place with wake_fd
  if (iso_->halted()) return false;
  leaving_->Return();
  // The G must raise soon: it was cancelled during the call, or it makes long
  // calls in a loop and catches what they raise. Such a loop might be in its
  // next call before sysmon asks. A G that was cancelled before the call, and
  // was not retaken, is cleaning up and is left alone.
  if ((was_retaken || !was_cancelled_) &&
      iso_->preempter().mode() != PreemptMode::kOff && iso_->MustRaise()) {
    iso_->preempter().Want(CurrentM());
  }
  // sysmon has asked, but its signal found the M in the call, or was not sent
  // because of the call. So answer here.
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
