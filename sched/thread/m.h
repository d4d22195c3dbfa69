// M: an OS thread of the scheduler.
//
// Role       Holds a P while it runs strands, and sleeps otherwise. Its
//            scheduling loop runs on a pooled fiber, so that a G which parks
//            with its stack can keep that stack. The thread's own stack is
//            `home`: an M starts and ends there.
// Threads    The thread itself, unless a field says otherwise.
// Locks      none of its own
// Tests      tests/sched/scheduler_test.cc

#ifndef TRI_SCHED_THREAD_M_H_
#define TRI_SCHED_THREAD_M_H_

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "sched/base/random.h"
#include "sched/stack/fiber.h"
#include "sched/sync/sanitizers.h"
#include "sched/task/g.h"
#include "sched/thread/handoff_slot.h"
#include "sched/thread/p_slot.h"
#include "sched/thread/parker.h"
#include "sched/thread/sys_word.h"

namespace trilune {

class Scheduler;
class Strand;
struct P;

// What the side that lands after a switch does for the side that left. The side
// that left writes it, Landed (loop.cc) reads it.
struct AfterSwitch {
  enum class Kind : uint8_t {
    kRecycle,  // recycle the left fiber, which is suspended in the loop
    kAbandon,  // make the left fiber new: nobody goes on where it was left
    kPark,     // `g` left it to wait: publish the wait
    kYield,    // `g` left it runnable: queue it
    kPreempt,  // `g` left it at a preemption point: queue it
    kSyscall,  // `g` left it after a call; sysmon took P and strand: queue it
  };
  Kind kind = Kind::kRecycle;
  G* g = nullptr;
  const ParkCommit* commit = nullptr;  // in the frame that was left
  bool first = false;  // kPreempt: queue it before the others of its strand
};

// What sysmon knows of an M. Only sysmon touches it.
struct Watch {
  uint64_t call = 0;          // the system call it sees, as SysWord::Look
  int64_t call_since_ns = 0;  // when it first saw that call
  uint32_t tick = 0;          // the G dispatch that it watches
  uint32_t answers = 0;       // M::answers at that time
  int64_t since_ns = 0;       // when it first saw both
  int64_t cpu_ns = -1;        // the thread's CPU clock, as read last, or -1
  int64_t cpu_at_ns = 0;      // when it was read
  bool is_asked = false;      // whether it has asked the M since then
  int64_t asked_ns = 0;       // when it last asked
  int64_t asked_cpu_ns = -1;  // the thread's CPU clock at that time
  int stat_fd = -1;           // /proc/self/task/TID/stat; -2: there is none
};

// What an M with a locked G is sent: the G, and a strand and a P to run it
// with. Without a G: it will never come, and the M must end.
struct Handoff {
  G* g = nullptr;
  Strand* strand = nullptr;
  P* p = nullptr;
};

struct M {
  explicit M(Scheduler* scheduler) : sched(scheduler) {}

  // Constant after construction.
  Scheduler* const sched;
  pthread_t thread = {};
  // Set as the thread starts. release: from then on sysmon may signal it.
  std::atomic<pid_t> tid{0};

  // The P it holds, or null. For the M itself, and in the runtime only.
  [[nodiscard]] P* p() const { return slot.Get(); }
  void set_p(P* p) { slot.Set(p); }
  PSlot<P> slot;  // any thread, as its comment says
  SysWord<> sys;  // any thread, as its comment says
  // G dispatches, except those that inherit a slice. The M adds, sysmon reads.
  // relaxed: only whether it has changed matters.
  std::atomic<uint32_t> tick{0};
  // Sysmon asks the running G soon (kHurryNs), not after a slice: it is
  // cancelled. The M writes, sysmon reads. relaxed: some tick will see it.
  std::atomic<bool> preempt_soon{false};
  // Sysmon asks at each of its ticks: what runs has had its time, and has no
  // other way to learn that it must end. As `preempt_soon` otherwise.
  std::atomic<bool> preempt_every_tick{false};
  // How many signals sysmon has sent or is about to send, and how many of them
  // the handler has seen. Sysmon and the handler write. The M reads both before
  // a system call, which a signal would end early. relaxed: [PR3] orders the
  // first.
  std::atomic<uint32_t> signals_sent{0};
  std::atomic<uint32_t> signals_seen{0};
  // The tick at which sysmon asked for preemption. Sysmon writes, the M's
  // signal handler reads. relaxed: the signal comes after it.
  std::atomic<uint32_t> asked_tick{0};
  // Whether that request is still open. Sysmon sets it, the M clears it.
  // relaxed: a signal follows, or the M looks again later.
  std::atomic<bool> has_request{false};
  [[nodiscard]] bool IsAsked() const {
    return has_request.load(std::memory_order_relaxed) &&
           asked_tick.load(std::memory_order_relaxed) ==
               tick.load(std::memory_order_relaxed);
  }
  // Whether something outside of the running strand wants the P. As asked_tick.
  std::atomic<bool> asked_for_others{false};
  // Requests that were answered without a switch. The M adds, sysmon reads.
  // relaxed: only whether it has changed matters.
  std::atomic<uint32_t> answers{0};
  TRI_NO_TSAN void Answer() {  // the handler's, too
    has_request.store(false, std::memory_order_relaxed);
    answers.store(answers.load(std::memory_order_relaxed) + 1,
                  std::memory_order_relaxed);
  }
  // Roughly what arming a hook costs: the most expensive one of late. The
  // handler writes, sysmon reads. relaxed: it is an estimate.
  std::atomic<int64_t> arm_ns{0};
  // For a system call: the strand, and whether it has Gs to run. The M writes,
  // sysmon reads. relaxed: if sysmon retakes, both were of that call.
  std::atomic<Strand*> sys_strand{nullptr};
  std::atomic<bool> sys_has_work{false};
  // Sysmon took its P while it ran a G. Sysmon sets it before it takes the P;
  // the M clears it.
  std::atomic<bool> stuck{false};
  Watch watch;  // sysmon's

  Random random{1};  // for victims of a thief, and for select

  // The strand it runs; null while it looks for one.
  Strand* strand = nullptr;
  // The G it runs, valid while one runs. relaxed: for other threads it is a
  // hint, and they read of it only what any thread may read of any G.
  std::atomic<G*> current{nullptr};
  [[nodiscard]] TRI_NO_TSAN G* running() const {  // the handler's, too
    return current.load(std::memory_order_relaxed);
  }
  // A G that is picked already. The loop runs it first.
  G* next_g = nullptr;
  // The only G of the running strand yielded: put the strand behind others.
  bool rotate = false;
  bool spinning = false;
  // The only G that this M runs, or null; see thread_lock.h.
  G* locked_g = nullptr;
  // A locked G has ended, and so must this thread.
  bool ends = false;
  // The last thing the thread does. relaxed: sysmon reads it, and then joins
  // the thread.
  std::atomic<bool> ended{false};
  HandoffSlot<Handoff> handoff_slot;  // any thread, as its comment says
  // Switches until the next look at clock, timers and queues.
  int32_t check_countdown = 0;
  int32_t check_interval = 1;
  int64_t last_check_ns = 0;
  // The strand and the number of its dispatch at the last look, to tell whether
  // the time since then belongs to this strand.
  const Strand* checked_strand = nullptr;
  uint32_t checked_dispatches = 0;
  // When the running strand, or the one it inherited from, began its slice.
  int64_t slice_start_ns = 0;
  // Strand dispatches. Every 61st looks at the global queue first.
  uint32_t dispatches = 0;

  Fiber home;              // the pthread's own stack
  Fiber* fiber = nullptr;  // the fiber that it runs on
  AfterSwitch after;       // from before a switch to after it
  static constexpr int kCacheSize = 8;
  Fiber* cache[kCacheSize] = {};  // loop fibers at hand
  int cached = 0;

  Parker<> parker;  // Wake: any thread

  // Under the scheduler's lock.
  P* handed_p = nullptr;  // given by the M that wakes this one
  Strand* handed_strand = nullptr;
  bool waits_locked = false;  // it awaits a handoff with its locked G
  bool is_bound = false;      // it is counted in bound_ms_
  bool handed_spinning = false;
  bool is_idle = false;
  M* next_idle = nullptr;
  M* prev_idle = nullptr;
  M* next_all = nullptr;  // in the list of Ms, or of unused records
};

// While it exists, the calling M is in the runtime, even if a G's code calls.
class RuntimeScope {
 public:
  explicit RuntimeScope(M* m)
      : m_(m != nullptr && m->slot.Enter() ? m : nullptr) {}
  ~RuntimeScope() {
    if (m_ != nullptr) m_->slot.Leave();
  }
  // Whether a G's code is the caller.
  [[nodiscard]] bool is_from_user() const { return m_ != nullptr; }
  RuntimeScope(const RuntimeScope&) = delete;
  RuntimeScope& operator=(const RuntimeScope&) = delete;

 private:
  M* const m_;
};

// The M of the calling thread, or null. Never inlined: a G may return from a
// switch on another thread, and compilers keep thread-local addresses.
M* CurrentM();

}  // namespace trilune

#endif  // TRI_SCHED_THREAD_M_H_
