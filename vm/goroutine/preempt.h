// Preempter: stops a G between two Lua instructions, and costs nothing while
// nobody asks for it.
//
// Role       A count hook that is always on makes Lua two to three times
//            slower. So the hook is off until sysmon asks. Then a signal
//            handler on the G's own thread switches it on, for one instruction,
//            in the innermost state that runs. The hook removes itself and
//            stops the G. In the mode count:N the hook is always on, and
//            nothing is random.
// Threads    OnSignal: the handler, on the thread that runs the isolate. The
//            atomics here are shared only by the handler and the code it
//            interrupts, so relaxed order and compiler fences are enough.
//            Everything else: the running G.
// Locks      none
// Invariants I1. The handler touches only the isolate's innermost running
//                state, and none at all while no Lua code of a G runs.
//            I2. While armed_L_ is not null, that state's hook is Hook, and
//                armed_ is what a script or C module had set there.
//            I3. armed_L_ is not null only while want_ is set.
// Source     lstate.c and ldebug.c of Lua 5.4: lua_sethook may be called from a
//            signal handler, for a state that the thread runs.
// Docs       docs/state-machines.md, "Request to preempt"; preempt.cc
// Tests      tests/lua/preempt; tests/stress/preempt_stress.cc

#ifndef TRI_VM_GOROUTINE_PREEMPT_H_
#define TRI_VM_GOROUTINE_PREEMPT_H_

#include <atomic>
#include <cstdint>

#include <lua.hpp>

#include "sched/sync/check.h"
#include "sched/sync/sanitizers.h"

namespace trilune {
struct M;
}

namespace trilune::vm {

class Isolate;

// CPU time of the calling thread. Async-signal-safe.
int64_t ThreadCpuNs();

enum class PreemptMode : uint8_t {
  kSignal,  // a G that used up its slice lets the others go first
  kCount,   // the same after every `count` instructions of a state
  kStrand,  // other isolates go first, but no other G of this one
  kOff,     // never
};

// What a script or a C module has set with lua_sethook.
struct HookSetting {
  lua_Hook hook = nullptr;
  int mask = 0;
  int count = 0;
};

class Preempter {
 public:
  Preempter(Isolate* iso, PreemptMode mode, int count)
      : iso_(iso), mode_(mode), count_(count) {}

  // The mode from now on. Requires: no G runs Lua code, and the caller then
  // calls Reset for each state.
  void SetMode(PreemptMode mode, int count) {
    mode_ = mode;
    count_ = count;
  }

  // The innermost running state has changed (Isolate::Innermost). If a request
  // stands, it moves along.
  void Moved() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (want_.load(std::memory_order_relaxed)) Settle();
  }
  // Whether the running G is to come to a preemption point. Requires: no G runs
  // Lua code.
  void SetWant(bool want) {
    TRI_DCHECK(armed_L_.load(std::memory_order_relaxed) == nullptr);  // I3
    want_.store(want, std::memory_order_relaxed);
  }
  // As SetWant(true), while Lua code of a G runs.
  void Want(M* m);
  // As Want, called by the signal handler.
  TRI_NO_TSAN void WantInHandler(M* m) {
    want_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!noarm_.load(std::memory_order_relaxed)) Arm(m);
  }

  // What is set on `L`, as a script sees it: our own hooks do not count.
  [[nodiscard]] HookSetting Get(lua_State* L) const;
  // Sets that. Cannot raise.
  void Set(lua_State* L, const HookSetting& setting);
  // `co` was just made by lua_newthread, which copied the hook of `L`. That may
  // be our own: replaces it.
  void Inherit(lua_State* L, lua_State* co);
  // `L` is about to be freed.
  void Forget(lua_State* L) {
    if (armed_L_.load(std::memory_order_relaxed) == L) {
      armed_L_.store(nullptr, std::memory_order_relaxed);
    }
  }
  // Gives `L` the hook it has when nobody asks: CountHook in the mode count,
  // else none. For a new state, or one that serves again.
  void Reset(lua_State* L);
  [[nodiscard]] bool IsReset(lua_State* L) const {
    return Get(L).hook == nullptr;
  }

  // A script's count hook was called in `L`, and takes the request.
  // `instructions`: how many ran since its last call; the budget is charged for
  // them.
  void Poll(lua_State* L, int instructions);

  [[nodiscard]] PreemptMode mode() const { return mode_; }
  [[nodiscard]] int count() const { return count_; }

 private:
  static void Hook(lua_State* L, lua_Debug* ar);
  static void CountHook(lua_State* L, lua_Debug* ar);

  void Arm(M* m);
  void Disarm();
  // Ends the request, and puts the hook of the armed state back. Returns
  // whether there was one; the caller then makes a preemption point.
  [[nodiscard]] bool TakeRequest();
  void Settle();
  void SetRaw(lua_State* L, const HookSetting& setting);

  Isolate* const iso_;
  PreemptMode mode_;
  int count_;
  std::atomic<lua_State*> armed_L_{nullptr};
  std::atomic<bool> want_{false};
  std::atomic<bool> noarm_{false};  // the handler must leave hooks alone
  // A limit is used up. From now on not even the script's own hooks are called.
  std::atomic<bool> is_forced_{false};
  HookSetting armed_;
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_PREEMPT_H_
