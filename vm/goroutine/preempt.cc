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

// Keeps the signal handler away from the hooks for as long as it lives.
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

// Called by the handler too: async-signal-safe. lua_sethook stores a few words
// and marks the frames of the stack, which is what takes the time. Anybody else
// keeps the handler away meanwhile: it would take our hook for the script's.
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
    // Asked again. The interpreter, which found no hook and was just about to
    // unmark its frame, may have unmarked it after the first time.
    if (armed == L && lua_gethook(L) == &Hook) {
      lua_sethook(L, &Hook, lua_gethookmask(L), 1);
    }
    return;
  }
  const int mask = lua_gethookmask(L);
  // That hook calls Poll, or is CountHook. Its next call may be too far away
  // for a G that must not come past another instruction: it takes its place.
  if ((mask & LUA_MASKCOUNT) != 0 && !is_forced && !iso_->MustStopAtOnce()) {
    return;
  }
  const int64_t begin = ThreadCpuNs();
  armed_ = {lua_gethook(L), mask, lua_gethookcount(L)};
  armed_L_.store(L, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  lua_sethook(L, &Hook, mask | LUA_MASKCOUNT, 1);
  // It falls slowly: else a deep G that takes turns with a shallow one would be
  // asked at once in each of its turns, and get nowhere.
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

// There is a request, and the running state may be another one than it armed.
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

HookSetting Preempter::Get(lua_State* L) const {
  lua_State* armed = nullptr;
  HookSetting setting;
  do {  // until no signal came in between
    armed = armed_L_.load(std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    setting = {lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L)};
    std::atomic_signal_fence(std::memory_order_seq_cst);
  } while (armed_L_.load(std::memory_order_relaxed) != armed);
  if (armed == L) setting = armed_;
  if (setting.hook == &Hook || setting.hook == &CountHook) return {};
  return setting;
}

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
  // Its first instructions are counted when they are a full turn: so each new
  // coroutine is charged one in advance.
  Isolate::Of(L)->meter().Charge(count_);
}

void Preempter::Reset(lua_State* L) {
  if (mode_ == PreemptMode::kCount) {
    lua_sethook(L, &CountHook, LUA_MASKCOUNT, count_);
  } else if (lua_gethook(L) != nullptr) {
    lua_sethook(L, nullptr, 0, 0);
  }
}

void Preempter::Poll(lua_State* L, int instructions) {
  Isolate::Of(L)->meter().Charge(instructions);
  if (mode_ != PreemptMode::kCount) {
    if (!want_.load(std::memory_order_relaxed)) return;
    {
      // It may be armed by now: the script's function took its hook away.
      const NoArm no_arm(noarm_);
      Disarm();
    }
    want_.store(false, std::memory_order_relaxed);
  }
  Isolate::Of(L)->AtPreemptionPoint(L, Isolate::Point::kScriptHook);
}

void Preempter::Hook(lua_State* L, lua_Debug* ar) {
  Preempter& self = Isolate::Of(L)->preempter();
  const bool is_armed = self.armed_L_.load(std::memory_order_relaxed) == L;
  if (ar->event != LUA_HOOKCOUNT &&
      !self.is_forced_.load(std::memory_order_relaxed)) {
    if (is_armed) self.armed_.hook(L, ar);
    return;
  }
  {
    const NoArm no_arm(self.noarm_);
    if (is_armed) {
      self.Disarm();
    } else {
      self.Reset(L);  // inherited from the state that was armed
    }
  }
  if (!self.want_.load(std::memory_order_relaxed)) return;
  self.want_.store(false, std::memory_order_relaxed);
  Isolate::Of(L)->AtPreemptionPoint(L, Isolate::Point::kInstruction);
}

void Preempter::CountHook(lua_State* L, lua_Debug*) {
  Isolate* iso = Isolate::Of(L);
  iso->meter().NoteCounted(iso->preempter().count());
  iso->AtPreemptionPoint(L, Isolate::Point::kInstruction);
}

}  // namespace trilune::vm
