// sysmon: a thread without a P that watches over the Ms.
//
// At each tick it looks at every M: one in a system call for two ticks loses P
// and strand (sys_word.h); one that runs a G for longer than a slice is asked,
// by a signal, to come to a preemption point; one that does not answer, because
// it is in C code or blocked in the kernel, loses its P (p_slot.h). A thread
// that is blocked in the kernel gets no signal: that would end a C module's
// sleep or poll early. Wall time proves nothing on a busy machine: a thread
// that waits for a CPU neither answers nor computes, and taking its P leaves
// one more thread to wait for one. So a P is taken only from a thread that has
// used CPU time since it was asked, or of which the kernel says that it sleeps.
// Go's sysmon (proc.go) is the model; taking the P of a thread that does not
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

#include "sched/clock.h"
#include "sched/loop.h"
#include "sched/preempt_signal.h"
#include "sched/scheduler.h"
#include "sched/sync/sanitizers.h"

namespace trilune {
namespace {

constexpr int64_t kMinTickNs = 20'000;
constexpr int64_t kMaxTickNs = 1'000'000;
// A tick that found nothing to do makes the next one later, after this many.
constexpr int kQuickTicks = 50;
// With every P idle for so long it sleeps until somebody takes one.
constexpr int64_t kSleepAfterNs = 10'000'000;
// After a request a G has so long to come to its next instruction, by the CPU
// clock of its thread.
constexpr int64_t kAnswerNs = 1'000'000;
// A tick so late, or by twice its length, says that sysmon had no CPU, and most
// likely others had none either.
constexpr int64_t kLateNs = 1'000'000;
// A call that lasts so long loses its P, whether somebody wants that or not.
constexpr int64_t kLongCallNs = 1'000'000;
// A cancelled G is asked so soon.
constexpr int64_t kHurryNs = 1'000'000;
// Arming a hook costs a walk over the stack; at most one part of so many of
// the time goes into that.
constexpr int64_t kArmShare = 20;
// An unanswered request is repeated after so many slices.
constexpr int64_t kRepeatSlices = 10;
// Ms that run a G without a P, at most.
constexpr int kMaxStuck = 64;
// A thread whose CPU clock moves by less than one part of so many of the time
// does nothing.
constexpr int64_t kBlockedShare = 50;
// The listener is called so often.
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

// What the kernel says of a thread. There may be no /proc.
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
  // "TID (NAME) STATE ..."; a name may hold anything.
  const char* end = std::strrchr(text, ')');
  if (end == nullptr || end[1] == '\0') return ThreadState::kUnknown;
  return end[2] == 'R' ? ThreadState::kRunnable : ThreadState::kSleeping;
}

bool MaySignal(M* m) {
  return StateInKernel(m) != ThreadState::kSleeping;
}

// For traces: of a G that may be ending just now.
TRI_NO_TSAN uint64_t IdOf(const G* g) {
  return g == nullptr ? 0 : g->id;
}
// Whether a signal is of use.
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

// A timer's G has no id.
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
    bool in_use = false;  // some M is to be watched
    // But not twice in a row, or nothing is watched while the machine is busy.
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

// Until somebody takes a P.
void Scheduler::SleepWhileIdle(int64_t until_ns) {
  {
    MutexLock lock(mu_);
    if (waker_.idle_ps() < procs()) return;
    sysmon_sleeps_ = true;
  }
  sysmon_parker_.Park(until_ns, until_ns == kNever ? nullptr : &NowNs);
}

// A P is taken from the idle list.
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

// `m`, whose locked G has ended, has ended too: its thread is joined, and its
// record serves for another. Ms that end with the scheduler are left to Stop.
void Scheduler::Reap(M* m) {
  pthread_join(m->thread, nullptr);
  if (m->watch.stat_fd >= 0) close(m->watch.stat_fd);
  m->watch = Watch();
  MutexLock lock(mu_);
  M* before = all_ms_.load(std::memory_order_relaxed);
  if (before == m) {
    // release: as the store that it takes the place of. [MS1]
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

// True if some M lost something or was asked. Lowers `*due_ns` to when the next
// one has to be looked at. `*in_use`: one is in a call or runs a G, be it
// without a P.
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
      // Short calls in a row must not hide a G that runs for long.
      if (WatchCall(m, call, now_ns) || WatchG(m, now_ns, due_ns)) acted = true;
    } else if (m->slot.in_user_mode()) {
      *in_use = true;
      if (WatchG(m, now_ns, due_ns)) acted = true;
    }
  }
  return acted;
}

// Sysmon has not looked for a while: no M has had the time to answer.
void Scheduler::RestartWatches() {
  for (M* m = all_ms_.load(std::memory_order_acquire); m != nullptr;  // [MS1]
       m = m->next_all) {
    m->watch.is_asked = false;
    m->watch.cpu_ns = -1;
  }
}

// A thread could not be made when one was wanted. Tries again if there still is
// something for it to do; false: there is nothing.
bool Scheduler::RetryThread(int64_t now_ns) {
  {
    MutexLock lock(mu_);
    if (now_ns < retry_ns_) return true;
    // Before the look: one that fails after it sets the flag again.
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

// Whether somebody else has a use for `p`.
bool Scheduler::WantsP(const P* p, int64_t now_ns) const {
  return LooksBusy(p) || p->timers.next_when() <= now_ns;
}

// `m` is in a system call, `call`. The second time, it loses P and strand if
// somebody has a use for one of them.
bool Scheduler::WatchCall(M* m, uint64_t call, int64_t now_ns) {
  Watch& watch = m->watch;
  if (watch.call != call) {
    watch.call = call;
    watch.call_since_ns = now_ns;
    return false;
  }
  // What they are if TryRetake succeeds; afterwards the M may have others.
  P* p = m->slot.Peek();
  Strand* strand = m->sys_strand.load(std::memory_order_relaxed);
  const bool is_wanted = m->sys_has_work.load(std::memory_order_relaxed) ||
                         (p != nullptr && WantsP(p, now_ns)) ||
                         waker_.idle_ps() == 0 ||
                         now_ns - watch.call_since_ns >= kLongCallNs;
  if (!is_wanted || !m->sys.TryRetake(call)) return false;
  // Both are this thread's now.
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
// answer the last request. Without a CPU clock the time of day has to do.
bool IsLate(const Watch& watch, int64_t cpu_ns, int64_t now_ns) {
  const bool has_clock = cpu_ns >= 0 && watch.asked_cpu_ns >= 0;
  const int64_t since_asked =
      has_clock ? cpu_ns - watch.asked_cpu_ns : now_ns - watch.asked_ns;
  return watch.is_asked && since_asked >= kAnswerNs;
}

}  // namespace

// `m` runs a G.
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
  const bool rush = m->rush.load(std::memory_order_relaxed);
  const bool hurry = rush || m->hurry.load(std::memory_order_relaxed);
  const int64_t period = rush    ? kMinTickNs
                         : hurry ? std::min(kHurryNs, config_.slice_ns)
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
    // One that could run waits for a CPU, and is neither blocked nor late; or
    // it is just being woken in a call, which a signal would interrupt.
    if (StateInKernel(m) == ThreadState::kRunnable) return false;
    return is_wanted && TakeFromStuck(m, p);
  }
  if (now_ns - watch.asked_ns >= again) {
    const bool for_others = is_wanted || p == nullptr || hurry;
    m->asked_for_others.store(for_others, std::memory_order_relaxed);
    m->asked_tick.store(tick, std::memory_order_relaxed);
    m->has_request.store(true, std::memory_order_relaxed);
    // In a call it finds the request as that ends.
    if (CanAsk(m->running()) && !SendPreemptSignal(m, &MaySignal)) {
      return false;
    }
    watch.asked_ns = now_ns;
    watch.asked_cpu_ns = cpu_ns;
    watch.is_asked = true;
    // Else it is no reason to look more often: with a G that computes on every
    // P, and nobody waiting, sysmon would take a core's time from them.
    return for_others;
  }
  return is_wanted && IsLate(watch, cpu_ns, now_ns) && TakeFromStuck(m, p);
}

// `m` runs C code that does not come back: it loses `p`.
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

// What each P, M and Lua G does.
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

// A line in the form of Go's GODEBUG=schedtrace; with detail, what each P and M
// does.
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
