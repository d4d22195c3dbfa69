// How a G is stopped between two Lua instructions. The liblua is the
// distribution's, so all there is to work with is lua_sethook.
//
// From sysmon to the preemption point:
// 1. sysmon sees that an M has run one G for a slice. It signals the thread.
// 2. The handler runs on the thread that runs the G, at any machine
//    instruction: Isolate::OnPreemptSignal, then WantInHandler. It sets want_
//    and calls Arm.
// 3. Arm puts Hook, with a count of 1, on the innermost running state. armed_
//    keeps what a script had set there.
// 4. Lua calls Hook before the next instruction. Hook puts the script's hook
//    back (Disarm), and calls Isolate::AtPreemptionPoint.
//
// The Lua stack is consistent only between instructions. That is why the
// handler does not switch at once.
//
// The handler can come at any moment, also while the code here changes hooks.
// Then it must not arm: it would take our hook for the script's, and keep it in
// armed_. NoArm says so. A request that comes meanwhile is not lost. The
// handler sets want_ before it looks at noarm_, and the code here looks at
// want_ afterwards (Settle, or the next Moved).
//
// At most one state is armed. A coroutine may be entered or left while a
// request stands, so that another state is the innermost one. Then Moved
// disarms the old state and arms the new one.
//
// A script can set and read hooks itself, through the debug library. It must
// not see ours: Get, Set and Inherit answer for the script's hook alone. If a
// script has a count hook already, that hook takes the request (Poll), as a
// state has only one hook.

#include "vm/goroutine/preempt.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "sched/core/loop.h"
#include "sched/sync/sanitizers.h"
#include "sched/thread/m.h"
#include "vm/goroutine/park.h"
#include "vm/isolate/isolate.h"
#include "vm/lua/allow_hook.h"

namespace trilune::vm {
namespace {

// Keeps the signal handler away from the hooks while it lives. The handler
// interrupts this very thread, so a compiler fence orders the two.
class NoArm {
 public:
  explicit NoArm(std::atomic<bool>& flag) : flag_(flag) {
    flag_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~NoArm() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    flag_.store(false, std::memory_order_relaxed);
  }
  NoArm(const NoArm&) = delete;
  NoArm& operator=(const NoArm&) = delete;

 private:
  std::atomic<bool>& flag_;
};

}  // namespace

// Arms the innermost running state. The handler calls this too, so it is
// async-signal-safe. lua_sethook stores a few words and marks the call frames
// of the state; the marking takes the time. Every other caller keeps the
// handler away with NoArm: it would take our hook for the script's.
TRI_NO_TSAN void Preempter::Arm(M* m) {
  lua_State* L = iso_->Innermost();
  if (L == nullptr) return;
  if (iso_->MustForceHooks(L)) {
    is_forced_.store(true, std::memory_order_relaxed);
    AllowHooks(L);
  }
  const bool is_forced = is_forced_.load(std::memory_order_relaxed);
  lua_State* armed = armed_L_.load(std::memory_order_relaxed);
  if (armed != nullptr) {
    // Asked again while armed. The interpreter unmarks a frame when it finds no
    // hook. It may have been just about to, and unmarked the frame after the
    // first lua_sethook. So set the hook again, which marks the frames again.
    if (armed == L && lua_gethook(L) == &Hook) {
      lua_sethook(L, &Hook, lua_gethookmask(L), 1);
    }
    return;
  }
  const int mask = lua_gethookmask(L);
  // A count hook is there already. It calls Poll, or is CountHook, so it will
  // take the request. But its next call may be too far away for a G that must
  // not run another instruction: then Hook takes its place.
  if ((mask & LUA_MASKCOUNT) != 0 && !is_forced && !iso_->MustStopAtOnce()) {
    return;
  }
  const int64_t begin = ThreadCpuNs();
  armed_ = {lua_gethook(L), mask, lua_gethookcount(L)};
  armed_L_.store(L, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  lua_sethook(L, &Hook, mask | LUA_MASKCOUNT, 1);
  // sysmon asks deep Gs less often, by arm_ns. The value falls slowly. If it
  // fell at once, a deep G that takes turns with a shallow one would be asked
  // early in each of its turns, and get nowhere.
  const int64_t cost = ThreadCpuNs() - begin;
  const int64_t before = m->arm_ns.load(std::memory_order_relaxed);
  const int64_t lowered = before - before / 8;
  m->arm_ns.store(cost > lowered ? cost : lowered, std::memory_order_relaxed);
}

void Preempter::SetRaw(lua_State* L, const HookSetting& setting) {
  lua_sethook(L, setting.hook, setting.mask, setting.count);
}

// Puts the hook of the armed state back. Requires: NoArm.
void Preempter::Disarm() {
  lua_State* L = armed_L_.load(std::memory_order_relaxed);
  if (L == nullptr) return;
  SetRaw(L, armed_);
  armed_L_.store(nullptr, std::memory_order_relaxed);
}

// A request stands, and the innermost running state may differ from the armed
// one. Moves the request there.
void Preempter::Settle() {
  lua_State* L = iso_->Innermost();
  if (armed_L_.load(std::memory_order_relaxed) == L && L != nullptr) return;
  const NoArm no_arm(noarm_);
  Disarm();
  if (L != nullptr) Arm(CurrentM());
}

void Preempter::Want(M* m) {
  const NoArm no_arm(noarm_);
  want_.store(true, std::memory_order_relaxed);
  Arm(m);
}

// The handler may arm between two of these reads. Then armed_L_ has changed,
// and the reads are made again.
HookSetting Preempter::Get(lua_State* L) const {
  lua_State* armed = nullptr;
  HookSetting setting;
  do {  // until no signal has come in between
    armed = armed_L_.load(std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    setting = {lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L)};
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } while (armed_L_.load(std::memory_order_relaxed) != armed);
  if (armed == L) setting = armed_;
  if (setting.hook == &Hook || setting.hook == &CountHook) return {};
  return setting;
}

// If `L` was armed, Hook goes with the old setting; Settle arms it again, over
// the new one.
void Preempter::Set(lua_State* L, const HookSetting& setting) {
  {
    const NoArm no_arm(noarm_);
    if (armed_L_.load(std::memory_order_relaxed) == L) {
      armed_L_.store(nullptr, std::memory_order_relaxed);
    }
    SetRaw(L, setting);
    if (setting.hook == nullptr) Reset(L);
  }
  if (want_.load(std::memory_order_relaxed)) Settle();
}

void Preempter::Inherit(lua_State* L, lua_State* co) {
  const HookSetting setting = Get(L);
  if (setting.hook != nullptr) {
    SetRaw(co, setting);
  } else {
    Reset(co);
  }
  // CountHook charges for a turn of count_ instructions when it is full. A
  // coroutine that ends before its first turn is full would cost nothing. So
  // each new coroutine is charged for one turn in advance.
  Isolate::Of(L)->meter().Charge(count_);
}

// Does not call lua_sethook without need: that walks the frames of the state.
void Preempter::Reset(lua_State* L) {
  if (mode_ == PreemptMode::kCount) {
    lua_sethook(L, &CountHook, LUA_MASKCOUNT, count_);
  } else if (lua_gethook(L) != nullptr) {
    lua_sethook(L, nullptr, 0, 0);
  }
}

// The hook and the request go together. If the handler came in between, it
// would arm a state, and the request that it made would be forgotten. Such a
// state stays armed for ever, and then no other one can be armed.
bool Preempter::TakeRequest() {
  const NoArm no_arm(noarm_);
  Disarm();
  const bool wanted = want_.load(std::memory_order_relaxed);
  want_.store(false, std::memory_order_relaxed);
  return wanted;
}

// In the mode count each turn is a preemption point. In the other modes only a
// request makes one.
void Preempter::Poll(lua_State* L, int instructions) {
  Isolate::Of(L)->meter().Charge(instructions);
  if (mode_ != PreemptMode::kCount) {
    // The state may be armed by now: the script's function may have removed its
    // own hook.
    if (!want_.load(std::memory_order_relaxed) || !TakeRequest()) return;
  }
  Isolate::Of(L)->AtPreemptionPoint(L, Isolate::Point::kScriptHook);
}

// Called by Lua before the next instruction of an armed state, and for other
// events that the script's own hook asked for. Those are passed on, unless
// hooks are forced.
void Preempter::Hook(lua_State* L, lua_Debug* ar) {
  Preempter& self = Isolate::Of(L)->preempter();
  const bool is_armed = self.armed_L_.load(std::memory_order_relaxed) == L;
  if (ar->event != LUA_HOOKCOUNT &&
      !self.is_forced_.load(std::memory_order_relaxed)) {
    if (is_armed) self.armed_.hook(L, ar);
    return;
  }
  if (!is_armed) {  // inherited from a state that was armed
    const NoArm no_arm(self.noarm_);
    self.Reset(L);
  }
  if (!self.TakeRequest()) return;
  Isolate::Of(L)->AtPreemptionPoint(L, Isolate::Point::kInstruction);
}

void Preempter::CountHook(lua_State* L, lua_Debug*) {
  Isolate* iso = Isolate::Of(L);
  iso->meter().NoteCounted(iso->preempter().count());
  iso->AtPreemptionPoint(L, Isolate::Point::kInstruction);
}

}  // namespace trilune::vm
