// sysmon: a thread without a P that watches over the Ms. It does for an M what
// the M cannot do for itself while it is in a G's code. At each tick it looks
// at every M:
//
// - In a system call for two ticks: it loses P and strand, if somebody has a
//   use for one of them or the call lasts kLongCallNs (sys_word.h).
// - Running a G for longer than a slice: sysmon asks it, by a signal, to come
//   to a preemption point (preempt_signal.h).
// - Asked, and without an answer because it is in C code: it loses its P, if
//   somebody has a use for that (p_slot.h).
// - Running a G that is blocked in the kernel: it loses its P, too, but gets no
//   signal. A signal would end a C module's sleep or poll early.
// - Ended: sysmon joins the thread.
//
// It reads an M without a lock, and takes only by one compare-and-swap. So a
// stale look can make it act at a bad moment, but never wrongly.
//
// Wall time proves nothing on a busy machine. A thread that waits for a CPU
// neither answers nor computes, and taking its P leaves one more thread to wait
// for a CPU. So a P is taken only from a thread that has used CPU time since it
// was asked, or that sleeps according to the kernel.
//
// Go's sysmon (proc.go) is the model. Taking the P of a thread that does not
// answer is ours.

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>
#include <string>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/core/scheduler.h"
#include "sched/sync/sanitizers.h"
#include "sched/thread/preempt_signal.h"

namespace trilune {
namespace {

constexpr int64_t kMinTickNs = 20'000;
constexpr int64_t kMaxTickNs = 1'000'000;
// After this many ticks with nothing to do, each further one comes later.
constexpr int kQuickTicks = 50;
// With every P idle for this long, sysmon sleeps until an M takes one.
constexpr int64_t kSleepAfterNs = 10'000'000;
// By the CPU clock of its thread, a G has this long after a request to come to
// its next instruction.
constexpr int64_t kAnswerNs = 1'000'000;
// A tick that is later than this, and than twice its length, shows that sysmon
// had no CPU. Most likely the Ms had none either.
constexpr int64_t kLateNs = 1'000'000;
// A call that lasts this long loses its P even if nobody wants the P.
constexpr int64_t kLongCallNs = 1'000'000;
// A cancelled G is asked after this time.
constexpr int64_t kHurryNs = 1'000'000;
// Arming a hook costs a walk over the stack. At most 1/kArmShare of the time
// goes into that.
constexpr int64_t kArmShare = 20;
// An unanswered request is repeated after this many slices.
constexpr int64_t kRepeatSlices = 10;
// The most Ms that may run a G without a P.
constexpr int kMaxStuck = 64;
// A thread does nothing if its CPU clock moves by less than 1/kBlockedShare of
// the time.
constexpr int64_t kBlockedShare = 50;
// The WatchListener is called this often.
constexpr int64_t kWatchEveryNs = 1'000'000'000;

int64_t CpuClockNs(const M* m) {
  clockid_t clock = 0;
  timespec time = {};
  if (pthread_getcpuclockid(m->thread, &clock) != 0 ||
      clock_gettime(clock, &time) != 0) {
    return -1;
  }
  return time.tv_sec * INT64_C(1'000'000'000) + time.tv_nsec;
}

// What the kernel says about a thread. Unknown if there is no /proc.
enum class ThreadState { kRunnable, kSleeping, kUnknown };

ThreadState StateInKernel(M* m) {
  Watch& watch = m->watch;
  if (watch.stat_fd == -1) {
    char path[64];
    std::snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
                  static_cast<int>(m->tid.load(std::memory_order_acquire)));
    watch.stat_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (watch.stat_fd == -1) watch.stat_fd = -2;  // do not try again
  }
  if (watch.stat_fd < 0) return ThreadState::kUnknown;
  char text[128];
  const ssize_t n = pread(watch.stat_fd, text, sizeof(text) - 1, 0);
  if (n <= 0) return ThreadState::kUnknown;
  text[n] = '\0';
  // "TID (NAME) STATE ...". The name may contain anything, so search backwards.
  const char* end = std::strrchr(text, ')');
  if (end == nullptr || end[1] == '\0') return ThreadState::kUnknown;
  return end[2] == 'R' ? ThreadState::kRunnable : ThreadState::kSleeping;
}

// Whether a signal would interrupt nothing: a thread that sleeps in the kernel
// must not be disturbed.
bool MaySignal(M* m) {
  return StateInKernel(m) != ThreadState::kSleeping;
}

// For traces. The G may be ending at this moment, so this is a hint.
TRI_NO_TSAN uint64_t IdOf(const G* g) {
  return g == nullptr ? 0 : g->id;
}
// Whether a signal would do anything.
TRI_NO_TSAN bool CanAsk(const G* g) {
  return g != nullptr && g->kind->preempt != nullptr;
}
TRI_NO_TSAN WaitReason ReasonOf(const G* g) {
  return g->reason;
}
constexpr int kMaxTracedGs = 1000;

// --- Lines of a trace. ---

void AppendP(const P& p, std::string* text) {
  char line[256];
  std::snprintf(line, sizeof(line),
                "  P%d: schedtick=%" PRIu64 " steals=%" PRIu64
                " handoffs=%" PRIu64 " preemptions=%" PRIu64 " runqsize=%u\n",
                p.id, p.schedtick.load(std::memory_order_relaxed),
                p.steals.load(std::memory_order_relaxed),
                p.handoffs.load(std::memory_order_relaxed),
                p.preemptions.load(std::memory_order_relaxed),
                p.queue.LooksLong());
  *text += line;
}

const char* StateOf(const M* m) {
  if (m->is_idle) return "idle";
  if (m->waits_locked) return "awaits its locked goroutine";
  if (m->sys.in_call()) return "in a system call";
  return m->slot.in_user_mode() ? "running" : "scheduling";
}

void AppendM(const M* m, std::string* text) {
  const bool in_call = m->sys.in_call();
  const bool is_retaken = in_call && m->sys.Look() == 0;
  const P* p = is_retaken ? nullptr : m->slot.Peek();
  const bool runs = m->slot.in_user_mode() || in_call;
  const bool is_stuck = m->stuck.load(std::memory_order_relaxed);
  char line[256];
  std::snprintf(line, sizeof(line), "  M%d: p=%d curg=%" PRIu64 " %s%s\n",
                static_cast<int>(m->tid.load(std::memory_order_relaxed)),
                p == nullptr ? -1 : p->id, runs ? IdOf(m->running()) : 0,
                StateOf(m), is_stuck ? " without a P" : "");
  *text += line;
}

// Whether `g` is alive, and no timer's G: those have no id.
bool IsTraced(const G* g) {
  const GState state = g->word.state();
  return state != GState::kIdle && state != GState::kDead && IdOf(g) != 0;
}

void AppendG(const G* g, std::string* text) {
  const GState state = g->word.state();
  *text += "  G" + std::to_string(IdOf(g)) + ": " + GStateName(state);
  if (state == GState::kWaiting) {
    *text += std::string(" (") + WaitReasonName(ReasonOf(g)) + ")";
  }
  *text += "\n";
}

}  // namespace

void* Scheduler::SysmonThread(void* argument) {
  pthread_setname_np(pthread_self(), "trilune-sysmon");
  prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  static_cast<Scheduler*>(argument)->Sysmon();
  return nullptr;
}

void Scheduler::Sysmon() {
  const int64_t start = NowNs();
  const int64_t longest =
      std::clamp(config_.slice_ns / 10, kMinTickNs, kMaxTickNs);
  const int64_t trace_every = config_.trace_ms * INT64_C(1'000'000);
  int64_t next_watch =
      watch_listener_ != nullptr ? start + kWatchEveryNs : kNever;
  // The length of a tick, how many in a row had nothing to do, and since when
  // all Ps are idle (0: they are not).
  int64_t next_trace = trace_every > 0 ? start + trace_every : kNever;
  int64_t tick = kMinTickNs;
  int quiet = 0;
  int64_t idle_since = 0;
  int64_t next = start + tick;
  bool was_late = false;
  while (!sysmon_stops_.load(std::memory_order_relaxed)) {
    if (sysmon_parker_.Park(std::min(next, next_trace), &NowNs)) continue;
    const int64_t now = NowNs();
    coarse_now_ns_.store(now, std::memory_order_relaxed);
    int64_t due = kNever;
    bool in_use = false;  // an M has to be watched
    // Never skip two in a row: on a busy machine nothing would be watched.
    was_late = !was_late && now - next > std::max(2 * tick, kLateNs);
    if (was_late) {
      RestartWatches();
      in_use = true;
    } else if (WatchMs(now, &due, &in_use)) {
      tick = kMinTickNs;
      quiet = 0;
    } else if (++quiet > kQuickTicks) {
      tick = std::min(2 * tick, longest);
    }
    if (lacks_thread_.load(std::memory_order_relaxed) && RetryThread(now)) {
      in_use = true;
    }
    next = std::min(now + tick, due);
    if (now >= next_watch) {
      next_watch = now + kWatchEveryNs;
      watch_listener_->OnWatch(now);
    }
    if (now >= next_trace) {
      next_trace = now + trace_every;
      WriteTrace(now - start);
    }
    if (waker_.idle_ps() < procs() || in_use) {
      idle_since = 0;
    } else if (idle_since == 0) {
      idle_since = now;
    } else if (now - idle_since > kSleepAfterNs) {
      SleepWhileIdle(next_trace);
      idle_since = 0;
      tick = kMinTickNs;
      quiet = 0;
      next = NowNs() + tick;
    }
  }
}

// Sleeps until an M takes a P, or until `until_ns` for the next trace.
void Scheduler::SleepWhileIdle(int64_t until_ns) {
  {
    MutexLock lock(mu_);
    if (waker_.idle_ps() < procs()) return;
    sysmon_sleeps_ = true;
  }
  sysmon_parker_.Park(until_ns, until_ns == kNever ? nullptr : &NowNs);
}

// Called as a P leaves the idle list: there may be something to watch again.
void Scheduler::WakeSysmon() {
  if (!sysmon_sleeps_) return;
  sysmon_sleeps_ = false;
  sysmon_parker_.Wake();
}

void Scheduler::StopSysmon() {
  if (!sysmon_runs_) return;
  sysmon_stops_.store(true, std::memory_order_relaxed);
  sysmon_parker_.Wake();
  pthread_join(sysmon_thread_, nullptr);
  sysmon_runs_ = false;
  for (M* m = all_ms_.load(std::memory_order_acquire); m != nullptr;
       m = m->next_all) {
    if (m->watch.stat_fd >= 0) close(m->watch.stat_fd);
  }
}

// The locked G of `m` has ended, and so has `m`. Joins the thread and keeps the
// record for the next M. Ms that end with the scheduler are left to Stop.
void Scheduler::Reap(M* m) {
  pthread_join(m->thread, nullptr);
  if (m->watch.stat_fd >= 0) close(m->watch.stat_fd);
  m->watch = Watch();
  MutexLock lock(mu_);
  M* before = all_ms_.load(std::memory_order_relaxed);
  if (before == m) {
    // release: as the store that it replaces. [MS1]
    all_ms_.store(m->next_all, std::memory_order_release);
  } else {
    while (before->next_all != m)
      before = before->next_all;
    before->next_all = m->next_all;
  }
  m_count_--;
  ended_ms_--;
  m->thread = {};
  m->ends = false;
  m->ended.store(false, std::memory_order_relaxed);
  m->current.store(nullptr, std::memory_order_relaxed);
  m->check_countdown = 0;
  m->slice_start_ns = 0;
  PushUnused(m);
}

// Looks at every M. True: one lost something or was asked. Lowers `*due_ns` to
// the time at which the next one has to be looked at. Sets `*in_use` if an M is
// in a call or runs a G, with or without a P.
bool Scheduler::WatchMs(int64_t now_ns, int64_t* due_ns, bool* in_use) {
  bool acted = false;
  M* next = nullptr;
  for (M* m = all_ms_.load(std::memory_order_acquire); m != nullptr;  // [MS1]
       m = next) {
    next = m->next_all;
    if (m->ended.load(std::memory_order_relaxed)) {
      Reap(m);
      continue;
    }
    const uint64_t call = m->sys.Look();
    if (call != 0) {
      *in_use = true;
      // A call does not end the watch of the G: many short calls in a row would
      // hide a G that runs for long.
      if (WatchCall(m, call, now_ns) || WatchG(m, now_ns, due_ns)) acted = true;
    } else if (m->slot.in_user_mode()) {
      *in_use = true;
      if (WatchG(m, now_ns, due_ns)) acted = true;
    }
  }
  return acted;
}

// Sysmon itself had no CPU for a while. The Ms may not have had time to answer
// either, so each watch begins anew.
void Scheduler::RestartWatches() {
  for (M* m = all_ms_.load(std::memory_order_acquire); m != nullptr;  // [MS1]
       m = m->next_all) {
    m->watch.is_asked = false;
    m->watch.cpu_ns = -1;
  }
}

// No thread could be made when one was wanted. Tries again, if there still is
// something for it to do. False: there is nothing.
bool Scheduler::RetryThread(int64_t now_ns) {
  {
    MutexLock lock(mu_);
    if (now_ns < retry_ns_) return true;
    // Cleared before the look: an attempt that fails later sets it again.
    lacks_thread_.store(false, std::memory_order_relaxed);
  }
  if (!SeesWork() && !LooksUnminded()) return false;
  WakeOne();
  if (!lacks_thread_.load(std::memory_order_relaxed) || reported_no_thread_) {
    return true;
  }
  reported_no_thread_ = true;
  std::fprintf(  // allow: printf, or the program would stand still in silence
      stderr,
      "trilune: no thread can be started (Resource temporarily unavailable): "
      "goroutines wait until one of %d is free (said once)\n",
      stats().threads);
  return true;
}

// Whether somebody other than its M has a use for `p`.
bool Scheduler::WantsP(const P* p, int64_t now_ns) const {
  return LooksBusy(p) || p->timers.next_when() <= now_ns;
}

// `m` is in the system call `call`. The second time that sysmon sees the same
// call, it takes P and strand: if somebody has a use for one of them, or if the
// call is long.
bool Scheduler::WatchCall(M* m, uint64_t call, int64_t now_ns) {
  Watch& watch = m->watch;
  if (watch.call != call) {
    watch.call = call;
    watch.call_since_ns = now_ns;
    return false;
  }
  // Read before TryRetake: if that succeeds, the M had these. Afterwards it may
  // have others.
  P* p = m->slot.Peek();
  Strand* strand = m->sys_strand.load(std::memory_order_relaxed);
  const bool is_wanted = m->sys_has_work.load(std::memory_order_relaxed) ||
                         (p != nullptr && WantsP(p, now_ns)) ||
                         waker_.idle_ps() == 0 ||
                         now_ns - watch.call_since_ns >= kLongCallNs;
  if (!is_wanted || !m->sys.TryRetake(call)) return false;
  // P and strand belong to this thread now.
  retakes_.fetch_add(1, std::memory_order_relaxed);
  last_retake_ns_.store(now_ns, std::memory_order_relaxed);
  if (!strand->solo && (strand->HasRunnable() || !strand->word.TryRelease())) {
    MutexLock lock(mu_);
    PushGlobal(strand, strand, 1);
  }
  if (p != nullptr) {
    HandOff(p, nullptr);
  } else {
    WakeOne();
  }
  return true;
}

namespace {

// Whether the thread, which has used `cpu_ns` in all, has had the time to
// answer the last request. Without a CPU clock, wall time has to do.
bool IsLate(const Watch& watch, int64_t cpu_ns, int64_t now_ns) {
  const bool has_clock = cpu_ns >= 0 && watch.asked_cpu_ns >= 0;
  const int64_t since_asked =
      has_clock ? cpu_ns - watch.asked_cpu_ns : now_ns - watch.asked_ns;
  return watch.is_asked && since_asked >= kAnswerNs;
}

}  // namespace

// `m` runs a G. Decides whether to ask it to stop, or to take its P:
// 1. A new dispatch or an answer: the watch begins anew.
// 2. Half a period before the end: note the CPU clock, to see later whether the
//    thread computed.
// 3. After the period, and the clock stood still: the thread is blocked or
//    waits for a CPU. If it is blocked, take the P.
// 4. The thread computed, and it is time for a request: ask.
// 5. It was asked, and has used enough CPU time to answer: take the P.
//
// The P is taken only if somebody wants it. True: look again soon.
bool Scheduler::WatchG(M* m, int64_t now_ns, int64_t* due_ns) {
  Watch& watch = m->watch;
  const uint32_t tick = m->tick.load(std::memory_order_relaxed);
  const uint32_t answers = m->answers.load(std::memory_order_relaxed);
  if (watch.tick != tick || watch.answers != answers) {
    watch.tick = tick;
    watch.answers = answers;
    watch.since_ns = now_ns;
    watch.is_asked = false;
    watch.cpu_ns = -1;
  }
  P* p = m->slot.Peek();
  const bool is_wanted = p != nullptr && WantsP(p, now_ns);
  const bool preempt_every_tick =
      m->preempt_every_tick.load(std::memory_order_relaxed);
  const bool preempt_soon =
      preempt_every_tick || m->preempt_soon.load(std::memory_order_relaxed);
  const int64_t period = preempt_every_tick ? kMinTickNs
                         : preempt_soon ? std::min(kHurryNs, config_.slice_ns)
                                        : config_.slice_ns;
  if (watch.cpu_ns < 0) {
    const int64_t half = watch.since_ns + period / 2;
    if (now_ns < half) {
      *due_ns = std::min(*due_ns, half);
      return false;
    }
    watch.cpu_ns = CpuClockNs(m);
    watch.cpu_at_ns = now_ns;
  }
  const int64_t end = watch.since_ns + period;
  if (now_ns < end) {
    *due_ns = std::min(*due_ns, end);
    return false;
  }
  const int64_t cpu_ns = CpuClockNs(m);
  const int64_t elapsed = now_ns - watch.cpu_at_ns;
  const bool stood_still = elapsed > 0 && cpu_ns >= 0 && watch.cpu_ns >= 0 &&
                           (cpu_ns - watch.cpu_ns) * kBlockedShare < elapsed;
  watch.cpu_ns = cpu_ns;
  watch.cpu_at_ns = now_ns;
  if (is_wanted) p->resched.store(true, std::memory_order_relaxed);
  const int64_t arming = kArmShare * m->arm_ns.load(std::memory_order_relaxed);
  const int64_t again = watch.is_asked
                            ? std::max(kRepeatSlices * period, arming)
                            : std::max(period, arming);
  if (stood_still) {
    // A runnable thread waits for a CPU: it is neither blocked nor late. Or it
    // is just being woken in a call, which a signal would interrupt.
    if (StateInKernel(m) == ThreadState::kRunnable) return false;
    return is_wanted && TakeFromStuck(m, p);
  }
  if (now_ns - watch.asked_ns >= again) {
    const bool for_others = is_wanted || p == nullptr || preempt_soon;
    m->asked_for_others.store(for_others, std::memory_order_relaxed);
    m->asked_tick.store(tick, std::memory_order_relaxed);
    m->has_request.store(true, std::memory_order_relaxed);
    // No signal reaches a G in a call. It finds the request as the call ends.
    if (CanAsk(m->running()) && !SendPreemptSignal(m, &MaySignal)) {
      return false;
    }
    watch.asked_ns = now_ns;
    watch.asked_cpu_ns = cpu_ns;
    watch.is_asked = true;
    // If it is for nobody, it is no reason to look more often. With a G that
    // computes on every P, sysmon would take a core's time from them.
    return for_others;
  }
  return is_wanted && IsLate(watch, cpu_ns, now_ns) && TakeFromStuck(m, p);
}

// `m` runs C code that does not come back. Takes `p` from it.
bool Scheduler::TakeFromStuck(M* m, P* p) {
  if (stuck_.load(std::memory_order_relaxed) >= kMaxStuck) return false;
  // Counted first: as soon as the P is gone, the M may be back and count down.
  stuck_.fetch_add(1, std::memory_order_relaxed);
  m->stuck.store(true, std::memory_order_relaxed);
  if (!m->slot.TryRetake(p)) {
    m->stuck.store(false, std::memory_order_relaxed);
    stuck_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  taken_.fetch_add(1, std::memory_order_relaxed);
  HandOff(p, nullptr);
  if (config_.report_stuck && !reported_stuck_) {
    reported_stuck_ = true;
    std::fprintf(  // allow: printf, a debugging option
        stderr,
        "trilune: thread %d has run C code for over %lld ms without coming "
        "back; others go on in its place (said once)\n",
        static_cast<int>(m->tid.load(std::memory_order_acquire)),
        static_cast<long long>(config_.slice_ns / 1'000'000));
  }
  return true;
}

// Appends what each P, M and Lua G does.
void Scheduler::AppendDetail(std::string* text) {
  const int made = ps_made_.load(std::memory_order_acquire);  // [PS1]
  for (int i = 0; i < made; i++)
    AppendP(*ps_[i], text);
  for (const M* m = all_ms_.load(std::memory_order_acquire);  // [MS1]
       m != nullptr; m = m->next_all) {
    AppendM(m, text);
  }
  int left = kMaxTracedGs;
  lua_slabs_.ForEach([&](const void* record) {
    const G* g = static_cast<const G*>(record);
    if (IsTraced(g) && --left >= 0) AppendG(g, text);
  });
  if (left < 0) *text += "  ... and " + std::to_string(-left) + " more Gs\n";
}

// Writes a line in the form of Go's GODEBUG=schedtrace; with detail, also what
// each P, M and Lua G does. Without memory for the line it writes none.
void Scheduler::WriteTrace(int64_t since_start_ns) try {
  std::string text;
  char line[256];
  {
    MutexLock lock(mu_);
    std::snprintf(line, sizeof(line),
                  "SCHED %lldms: procs=%d idleprocs=%d threads=%d spinning=%d "
                  "idlethreads=%d runqueue=%u [",
                  static_cast<long long>(since_start_ns / 1'000'000), procs(),
                  waker_.idle_ps(), m_count_ - ended_ms_, waker_.spinning(),
                  idle_m_count_, global_size_.load(std::memory_order_relaxed));
    text += line;
    const int made = ps_made_.load(std::memory_order_acquire);  // [PS1]
    for (int i = 0; i < made; i++) {
      if (i > 0) text += ' ';
      text += std::to_string(ps_[i]->queue.LooksLong());
    }
    text += "]\n";
    if (config_.trace_detail) AppendDetail(&text);
  }  // stderr may keep its writer waiting
  std::fwrite(text.data(), 1, text.size(), stderr);
} catch (const std::bad_alloc&) {
  // The next one, perhaps.
}

}  // namespace trilune
