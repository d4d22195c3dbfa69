// PSlot: which P an M holds, and how sysmon takes it from an M that does not
// come back from a G.
//
// Role       C code may compute for a second, and no signal makes it return.
//            Its P must not idle meanwhile, so sysmon takes it. `mode_` says
//            whether the M runs a G's code (user) or the scheduler (runtime).
//            Only the runtime touches a P. So sysmon may take the P of an M in
//            user mode without asking. It only has to make sure that the M is
//            not just coming back [PR1]:
//
//              M enters the runtime           sysmon
//              1. mode = runtime              1. CAS p -> RETAKING
//              2. light fence                 2. heavy fence
//              3. load p; if RETAKING, wait   3. user: CAS RETAKING -> null
//                                                else: CAS RETAKING -> p
//
//            Each side writes, passes its fence, and reads what the other side
//            wrote. So either sysmon sees the runtime mode and puts the P back,
//            or the M sees RETAKING and waits for the verdict. The M, which
//            enters often, pays nothing for its fence; sysmon, which takes
//            rarely, pays for both.
//
//            Go has nothing of the kind, as it can stop any of its own code.
// Threads    Enter, Leave, Get, Set: the M. TryRetake: sysmon. Peek,
//            in_user_mode: any, as a hint.
// Locks      none
// Invariants I1. The M uses the P it got only between Enter and Leave.
//            I2. After a successful TryRetake the M sees null, until it Sets.
// Tests      tests/model/p_slot_model.cc; tests/sched/p_slot_test.cc

#ifndef TRI_SCHED_THREAD_P_SLOT_H_
#define TRI_SCHED_THREAD_P_SLOT_H_

#include <cstdint>

#include "sched/sync/sanitizers.h"
#include "sched/sync/std_sync.h"

namespace trilune {

template <class P, class Sync = StdSync>
class PSlot {
 public:
  PSlot() : p_(nullptr), mode_(kRuntime) {}

  // Enters the runtime. True: the M was in user mode, and must Leave again.
  bool Enter() {
    if (mode_.load(std::memory_order_relaxed) == kRuntime) return false;
    EnterFromUser();
    return true;
  }
  // As Enter, for an M that is in user mode.
  void EnterFromUser() {
    mode_.store(kRuntime, std::memory_order_relaxed);
    Sync::LightFence();  // [PR1] orders mode_ before the look at p_
  }
  // release: a thread that takes the P sees what the runtime did with it. [PR2]
  void Leave() { mode_.store(kUser, std::memory_order_release); }
  // The signal handler calls it, too.
  [[nodiscard]] TRI_NO_TSAN bool in_user_mode() const {
    return mode_.load(std::memory_order_relaxed) == kUser;
  }

  // The M's P, or null. Call it in the runtime only.
  [[nodiscard]] P* Get() const {
    // acquire: needed after a verdict; relaxed would do otherwise.
    P* p = p_.load(std::memory_order_acquire);
    while (p == Retaking()) {
      Sync::Pause();
      p = p_.load(std::memory_order_acquire);
    }
    return p;
  }
  // Call it in the runtime only, and after a Get there: without one, the M does
  // not know whether it has lost the P that it overwrites. May overwrite
  // RETAKING: sysmon is about to see the runtime mode then, and leaves the slot
  // alone.
  void Set(P* p) { p_.store(p, std::memory_order_release); }

  // What the M holds, as far as another thread can tell; null while sysmon is
  // just taking it.
  [[nodiscard]] P* Peek() const {
    P* p = p_.load(std::memory_order_acquire);
    return p == Retaking() ? nullptr : p;
  }
  // Takes `p`, not null, if the M is in user mode. True: the caller owns `p`.
  [[nodiscard]] bool TryRetake(P* p) {
    P* expected = p;
    if (!p_.compare_exchange_strong(expected, Retaking(),
                                    std::memory_order_acq_rel)) {
      return false;
    }
    Sync::HeavyFence();  // [PR1] orders p_ before the look at mode_
    const bool is_user =
        mode_.load(std::memory_order_acquire) == kUser;  // [PR2]
    expected = Retaking();
    const bool settled = p_.compare_exchange_strong(
        expected, is_user ? nullptr : p, std::memory_order_acq_rel);
    return is_user && settled;
  }

 private:
  enum : uint32_t { kUser, kRuntime };

  // An address that no P has.
  static P* Retaking() {
    static char sentinel;
    return reinterpret_cast<P*>(&sentinel);
  }

  typename Sync::template Atomic<P*> p_;
  typename Sync::template Atomic<uint32_t> mode_;
};

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_P_SLOT_H_
