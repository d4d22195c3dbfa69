// M: an OS thread of the scheduler.
//
// Role       Holds a P while it runs strands. Its scheduling loop runs on a
//            pooled fiber, so that a G which parks with its stack can keep that
//            stack; the thread's own stack is `home`, where an M starts and
//            ends.
// Threads    The thread itself, unless a field says otherwise.
// Locks      none of its own
// Tests      tests/sched/scheduler_test.cc

#ifndef TRI_SCHED_M_H_
#define TRI_SCHED_M_H_

#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "sched/fiber.h"
#include "sched/g.h"
#include "sched/p_slot.h"
#include "sched/parker.h"
#include "sched/random.h"
#include "sched/sync/sanitizers.h"
#include "sched/sys_word.h"
#include "sched/thread_mail.h"

namespace trilune {

class Scheduler;
class Strand;
struct P;

// What the landing side of a switch does for the side that left.
struct AfterSwitch {
  enum class Kind : uint8_t {
    kRecycle,  // the left fiber goes to the pool, suspended in the loop
    kAbandon,  // nobody goes on where the left fiber was left
    kPark,     // `g` left it waiting: publish it
    kYield,    // `g` left it runnable: queue it
    kPreempt,  // `g` left it at a preemption point: queue it, last
    kSyscall,  // `g` left it after a call in which P and strand were retaken
  };
  Kind kind = Kind::kRecycle;
  G* g = nullptr;
  const ParkCommit* commit = nullptr;  // in the frame that was left
  bool first = false;  // kPreempt: it goes on before the others of its strand
};

// What sysmon knows of an M; its own.
struct Watch {
  uint64_t call = 0;          // the system call, as SysWord::Look
  int64_t call_since_ns = 0;  // when it first saw that
  uint32_t tick = 0;          // of the G dispatch that it watches
  uint32_t answers = 0;       // of the M, at that time
  int64_t since_ns = 0;       // when it first saw both
  int64_t cpu_ns = -1;        // the thread's CPU clock since then, or -1
  int64_t cpu_at_ns = 0;      // when it was read
  bool is_asked = false;      // since then
  int64_t asked_ns = 0;       // when the M was last asked
  int64_t asked_cpu_ns = -1;  // the thread's CPU clock at that time
  int stat_fd = -1;           // /proc/self/task/TID/stat
};

// What an M with a locked G is sent: the G, and with what to run it.
struct Letter {
  G* g = nullptr;
  Strand* strand = nullptr;
  P* p = nullptr;
};

struct M {
  explicit M(Scheduler* scheduler) : sched(scheduler) {}

  // Constant after construction.
  Scheduler* const sched;
  pthread_t thread = {};
  // Set as the thread starts. release: sysmon may signal it.
  std::atomic<pid_t> tid{0};

  // The P it holds, or null; in the runtime only.
  [[nodiscard]] P* p() const { return slot.Get(); }
  void set_p(P* p) { slot.Set(p); }
  PSlot<P> slot;  // any thread, as its comment says
  SysWord<> sys;  // any thread, as its comment says
  // G dispatches, but for those that inherit a slice. The M adds, sysmon reads;
  // relaxed: a change is all that counts.
  std::atomic<uint32_t> tick{0};
  // The running G is to be asked soon, not after a slice: it is cancelled.
  // The M writes, sysmon reads; relaxed: seen at some tick.
  std::atomic<bool> hurry{false};
  // The same at every tick of sysmon's: what runs has had its time, and cannot
  // be told to end in another way. As hurry.
  std::atomic<bool> rush{false};
  // Signals that sysmon has sent or is about to send, and those that the
  // handler has seen. Sysmon and the handler write, the M reads before a system
  // call, which a signal would end early; relaxed: [PR3] orders the first.
  std::atomic<uint32_t> signals_sent{0};
  std::atomic<uint32_t> signals_seen{0};
  // The tick at which sysmon asked for preemption. Sysmon writes, the M's
  // signal handler reads; relaxed: the signal comes after it.
  std::atomic<uint32_t> asked_tick{0};
  // Whether that request still stands. Sysmon sets it, the M takes it; relaxed:
  // a signal follows, or a later look.
  std::atomic<bool> has_request{false};
  [[nodiscard]] bool IsAsked() const {
    return has_request.load(std::memory_order_relaxed) &&
           asked_tick.load(std::memory_order_relaxed) ==
               tick.load(std::memory_order_relaxed);
  }
  // Whether that was for somebody outside of the running strand. As asked_tick.
  std::atomic<bool> asked_for_others{false};
  // Requests that were answered without a switch. The M adds, sysmon reads;
  // relaxed: a change is all that counts.
  std::atomic<uint32_t> answers{0};
  TRI_NO_TSAN void Answer() {  // the handler's, too
    has_request.store(false, std::memory_order_relaxed);
    answers.store(answers.load(std::memory_order_relaxed) + 1,
                  std::memory_order_relaxed);
  }
  // What arming a hook costs, about: the dearest of late. The handler writes,
  // sysmon reads; relaxed: an estimate.
  std::atomic<int64_t> arm_ns{0};
  // Around a system call: the strand, and whether it has Gs to run. The M
  // writes, sysmon reads; relaxed: if it retakes, they were of that call.
  std::atomic<Strand*> sys_strand{nullptr};
  std::atomic<bool> sys_has_work{false};
  // Its P was taken while it ran a G. Sysmon sets it before, the M clears it.
  std::atomic<bool> stuck{false};
  Watch watch;  // sysmon's

  Random random{1};  // for victims and select

  // The strand it runs, or null while it looks for one.
  Strand* strand = nullptr;
  // The G it runs. Valid while one runs. relaxed: for others it is a hint, of
  // which only what they may read of any G is of use.
  std::atomic<G*> current{nullptr};
  [[nodiscard]] TRI_NO_TSAN G* running() const {  // the handler's, too
    return current.load(std::memory_order_relaxed);
  }
  // A G picked already, to be run first by the loop.
  G* next_g = nullptr;
  // The running strand shall go behind the others: its only G yielded.
  bool rotate = false;
  bool spinning = false;
  // The only G that it runs, or null; see thread_lock.h.
  G* locked_g = nullptr;
  // A locked G has ended: so shall the thread.
  bool ends = false;
  // The thread's last act. relaxed: sysmon, which reads it, joins the thread.
  std::atomic<bool> ended{false};
  ThreadMail<Letter> mail;  // any thread, as its comment says
  // Switches until the next look at clock, timers and queues.
  int32_t check_countdown = 0;
  int32_t check_interval = 1;
  int64_t last_check_ns = 0;
  // What it ran then: the strand, and in which of the dispatches.
  const Strand* checked_strand = nullptr;
  uint32_t checked_dispatches = 0;
  // When the running strand, or the one it inherited from, began its slice.
  int64_t slice_start_ns = 0;
  // Strand dispatches; every 61st looks at the global queue first.
  uint32_t dispatches = 0;

  Fiber home;              // the pthread's own stack
  Fiber* fiber = nullptr;  // the one it runs on
  AfterSwitch after;       // from before a switch to after it
  static constexpr int kCacheSize = 8;
  Fiber* cache[kCacheSize] = {};  // loop fibers at hand
  int cached = 0;

  Parker<> parker;  // Wake: any thread

  // Under the scheduler's lock.
  P* handed_p = nullptr;  // given by who wakes this M
  Strand* handed_strand = nullptr;
  bool waits_locked = false;  // for a letter
  bool is_bound = false;      // counted in bound_ms_
  bool handed_spinning = false;
  bool is_idle = false;
  M* next_idle = nullptr;
  M* prev_idle = nullptr;
  M* next_all = nullptr;  // in the list of Ms, or of records without a thread
};

// Between these the calling M, if it ran a G's code, is in the runtime.
class RuntimeScope {
 public:
  explicit RuntimeScope(M* m)
      : m_(m != nullptr && m->slot.Enter() ? m : nullptr) {}
  ~RuntimeScope() {
    if (m_ != nullptr) m_->slot.Leave();
  }
  // Whether the caller is a G's code.
  [[nodiscard]] bool is_from_user() const { return m_ != nullptr; }
  RuntimeScope(const RuntimeScope&) = delete;
  RuntimeScope& operator=(const RuntimeScope&) = delete;

 private:
  M* const m_;
};

// The M of the calling thread, or null. Never inlined: a G may come back from a
// switch on another thread, and compilers keep thread-local addresses.
M* CurrentM();

}  // namespace trilune

#endif  // TRI_SCHED_M_H_
