// The state that Ps and Ms share: the global queue, the idle lists, hand-offs,
// and the life of threads.
//
// A strand can be queued in three ways, and each passes the fence of [WK1]
// before its submitter looks whether to wake an M (waker.h). A push to a P's
// ring is a plain release store, so WakeOne adds a fence. The exchange that
// puts a strand into runnext, and the addition to the size of the global queue,
// are seq_cst read-modify-writes, and thus fences themselves.
//
// A P that loses its M goes through GiveToM: to an idle M, or to a new one. If
// no thread can be made, the P becomes idle, and sysmon tries again later.
// Until then the Ms that there are do what they can (NoteNoThread, LendTimers).

#include "sched/core/scheduler.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <system_error>

#include "sched/base/clock.h"
#include "sched/core/fault.h"
#include "sched/core/loop.h"
#include "sched/sync/asymmetric_fence.h"
#include "sched/sync/check.h"
#include "sched/sync/sanitizers.h"
#include "sched/thread/preempt_signal.h"

namespace trilune {
namespace {

// Read by signal handlers, so it must need no lazy allocation.
[[gnu::tls_model("initial-exec")]] constinit thread_local M* current_m =
    nullptr;

// A thread that has just been started ends within this time.
constexpr int64_t kStartStopNs = 10'000'000'000;
// The smallest stack of an M's own thread. Its loop runs on a fiber.
constexpr size_t kLeastThreadStack = size_t{256} << 10;

Status CannotStartThread(int error) try {
  return Status(
      StatusCode::kSystem,
      "cannot start a thread: " + std::generic_category().message(error));
} catch (const std::bad_alloc&) {
  return Status::NoMemory();
}

}  // namespace

TRI_NO_TSAN __attribute__((noinline)) M* CurrentM() {
  // The empty statement keeps compilers from taking this for a constant.
  __asm__ volatile("");
  return current_m;
}

Scheduler::Scheduler(const SchedulerConfig& config)
    : config_(config),
      fibers_(&LoopEntry, config.max_fibers),
      procs_(config.procs) {
  sched_getaffinity(0, sizeof(cpus_), &cpus_);
  TRI_CHECK(config.procs >= 1 && config.procs <= kMaxProcs);
  EnableLightFences();
  MutexLock lock(mu_);
  for (int i = 0; i < config.procs; i++) {
    P* p = MakeP(i);
    if (p == nullptr) throw std::bad_alloc();
    PushIdleP(p);
  }
}

Scheduler::~Scheduler() {
  MutexLock lock(mu_);
  TRI_CHECK(ended_ms_ == m_count_ && !sysmon_runs_);
  for (M* list : {all_ms_.load(std::memory_order_relaxed), unused_ms_}) {
    while (list != nullptr) {
      M* following = list->next_all;
      delete list;
      list = following;
    }
  }
}

Status Scheduler::Start() {
  InstallPreemptSignal();
  Status status = StartThreads();
  // The threads that were started must not be left running.
  if (!status.ok()) static_cast<void>(Stop(NowNs() + kStartStopNs));
  return status;
}

Status Scheduler::StartThreads() {
  MutexLock lock(mu_);
  int error = 0;
  if (!AddIdleM(&error)) return CannotStartThread(error);
  error = pthread_create(&sysmon_thread_, nullptr, &SysmonThread, this);
  if (error != 0) return CannotStartThread(error);
  sysmon_runs_ = true;
  return Status();
}

void Scheduler::Submit(Strand* strand, bool soon) {
  M* m = CurrentM();
  if (m != nullptr && m->sched != this) m = nullptr;
  const RuntimeScope scope(m);
  // A native G makes way only where it waits or yields. One that makes or wakes
  // other Gs is not stuck: if it lost its P, it would only be in their way. So
  // it answers sysmon's request here.
  if (scope.is_from_user()) {
    const G* g = m->running();  // null: of an isolate that is just closed
    if (g != nullptr && g->strand->solo) m->Answer();
  }
  P* p = m != nullptr ? m->p() : nullptr;
  if (p == nullptr) {
    MutexLock lock(mu_);
    PushGlobal(strand, strand, 1);
  } else if (soon) {
    // release: hands the strand to the P's M or a thief. acquire: takes over
    // the strand that is kicked out. [NX1] seq_cst: orders the queued work
    // before the look at the spinning Ms. [WK1]
    Strand* kicked = p->runnext.exchange(strand, std::memory_order_seq_cst);
    if (kicked == nullptr) {
      if (waker_.NeedsWakeAfterRmw()) StartIdleM(true);
      return;
    }
    QueueLocal(m, kicked);
  } else {
    QueueLocal(m, strand);
  }
  WakeOne();
}

void Scheduler::Requeue(M* m, Strand* strand) {
  const P* p = m->p();
  if (p == nullptr) {
    Submit(strand, /*soon=*/false);
    return;
  }
  if (p->queue.LooksLong() > 0 ||
      global_size_.load(std::memory_order_relaxed) == 0) {
    QueueLocal(m, strand);
  } else {
    // Those that wait are in the global queue, so go behind them.
    MutexLock lock(mu_);
    PushGlobal(strand, strand, 1);
  }
  // A spinning M may have looked when `m` had already taken the next strand and
  // not yet queued this one.
  WakeOne();
}

// Queues `strand` on the P of `m`, which holds one.
void Scheduler::QueueLocal(M* m, Strand* strand) {
  RunQueue<Strand, 256>& queue = m->p()->queue;
  if (queue.PushLocal(strand)) return;
  // The ring is full: half of it, and the strand, go to the global queue.
  Strand* batch[128];
  const uint32_t n = queue.GrabHalf(batch, 128);
  for (uint32_t i = 0; i + 1 < n; i++)
    batch[i]->next_queued = batch[i + 1];
  Strand* first = strand;
  if (n > 0) {
    first = batch[0];
    batch[n - 1]->next_queued = strand;
  }
  MutexLock lock(mu_);
  PushGlobal(first, strand, n + 1);
}

void Scheduler::PushGlobal(Strand* first, Strand* last, uint32_t n) {
  last->next_queued = nullptr;
  if (global_head_ == nullptr) {
    global_head_ = first;
  } else {
    global_tail_->next_queued = first;
  }
  global_tail_ = last;
  // seq_cst: orders the queued work before its submitter's look at the idle Ps.
  // [WK2]
  global_size_.fetch_add(n, std::memory_order_seq_cst);
}

// Takes the first strand of the global queue. Moves others to `p`, which the
// caller holds: this P's share, `max` in all.
Strand* Scheduler::PopGlobalLocked(P* p, uint32_t max) {
  Strand* first = global_head_;
  if (first == nullptr) return nullptr;
  global_head_ = first->next_queued;
  first->next_queued = nullptr;
  const uint32_t size = global_size_.load(std::memory_order_relaxed);
  const uint32_t share = std::min(size / static_cast<uint32_t>(procs()), max);
  uint32_t taken = 1;
  while (taken < share) {
    Strand* strand = global_head_;
    // Once pushed, the strand may be anywhere.
    Strand* following = strand->next_queued;
    strand->next_queued = nullptr;
    if (!p->queue.PushLocal(strand)) {
      strand->next_queued = following;
      break;
    }
    global_head_ = following;
    taken++;
  }
  // The size changes last: an M that sees the global queue empty finds these
  // strands in the ring of `p`. [WK2]
  global_size_.fetch_sub(taken, std::memory_order_seq_cst);
  return first;
}

Strand* Scheduler::PopGlobal(P* p, uint32_t max) {
  if (global_size_.load(std::memory_order_relaxed) == 0) return nullptr;
  MutexLock lock(mu_);
  return PopGlobalLocked(p, max);
}

P* Scheduler::MakeP(int id) {
  ps_[id].reset(new (std::nothrow) P(id));
  if (ps_[id] == nullptr) return nullptr;
  ps_made_.store(id + 1, std::memory_order_release);  // [PS1]
  return ps_[id].get();
}

void Scheduler::PushIdleP(P* p) {
  p->place = P::Place::kIdle;
  p->next_idle = idle_ps_;
  idle_ps_ = p;
  waker_.AddIdleP();
}

P* Scheduler::PopIdleP() {
  P* p = idle_ps_;
  if (p == nullptr) return nullptr;
  idle_ps_ = p->next_idle;
  p->place = P::Place::kHeld;
  waker_.RemoveIdleP();
  WakeSysmon();
  return p;
}

void Scheduler::PushIdleM(M* m) {
  m->is_idle = true;
  m->prev_idle = nullptr;
  m->next_idle = idle_ms_;
  if (idle_ms_ != nullptr) idle_ms_->prev_idle = m;
  idle_ms_ = m;
  idle_m_count_++;
}

void Scheduler::RemoveIdleM(M* m) {
  m->is_idle = false;
  if (m->prev_idle != nullptr) {
    m->prev_idle->next_idle = m->next_idle;
  } else {
    idle_ms_ = m->next_idle;
  }
  if (m->next_idle != nullptr) m->next_idle->prev_idle = m->prev_idle;
  idle_m_count_--;
}

// Wakes an M for an idle P. `spinning`: a submitter has counted that M as
// spinning already. Without an idle P the count is taken back. Other submitters
// may have relied on the count, rightly: every P is held then, and an M that
// gives one up next looks after this moment, since both happen under mu_.
void Scheduler::StartIdleM(bool spinning) {
  M* m = nullptr;
  {
    MutexLock lock(mu_);
    P* p = stopping_.load(std::memory_order_relaxed) ? nullptr : PopIdleP();
    if (p != nullptr) m = GiveToM(p, spinning);
    if (m == nullptr && spinning) waker_.StopSpinning();
  }
  if (m != nullptr) m->parker.Wake();
}

// Chooses an M to go on with `p`, or makes one; the caller wakes it. Null: no
// thread can be made. Then `p` is idle, and the Ms that run do the work.
M* Scheduler::GiveToM(P* p, bool spinning) {
  M* m = idle_ms_;
  // Let the M that minds the timers sleep, if there is another idle one.
  if (m != nullptr && m == sleeper_ && m->next_idle != nullptr) {
    m = m->next_idle;
  }
  const bool is_new = m == nullptr;
  if (is_new) {
    m = NewM();
    if (m == nullptr) {
      PushIdleP(p);
      NoteNoThread();
      return nullptr;
    }
  } else {
    RemoveIdleM(m);
  }
  m->handed_p = p;
  m->handed_spinning = spinning;
  if (is_new && (coarse_now_ns() < retry_ns_ || !StartThread(m))) {
    m->handed_p = nullptr;
    PushUnused(m);
    PushIdleP(p);
    NoteNoThread();
    return nullptr;
  }
  if (is_new) lacks_thread_.store(false, std::memory_order_relaxed);
  Bump(p->handoffs);
  return m;
}

// Makes an M that sleeps. False: `*error` is an errno.
bool Scheduler::AddIdleM(int* error) {
  M* m = NewM();
  if (m == nullptr) {
    *error = ENOMEM;
    return false;
  }
  PushIdleM(m);
  if (StartThread(m)) return true;
  *error = errno;
  RemoveIdleM(m);
  PushUnused(m);
  return false;
}

// No thread can be made for a P, which is idle now. Later there may be one;
// until then the Ms that there are do what they can.
void Scheduler::NoteNoThread() {
  constexpr int64_t kRetryNs = 10'000'000;
  lacks_thread_.store(true, std::memory_order_relaxed);
  if (retry_ns_ <= coarse_now_ns()) retry_ns_ = coarse_now_ns() + kRetryNs;
  LendTimers();
}

// If no M can sleep until the timers of idle Ps are due, those timers go to a P
// that is held: its M looks at them.
void Scheduler::LendTimers() {
  if (idle_m_count_ > 0) return;
  const int made = ps_made_.load(std::memory_order_relaxed);
  P* held = nullptr;
  for (int i = 0; i < made && held == nullptr; i++) {
    if (ps_[i]->place == P::Place::kHeld) held = ps_[i].get();
  }
  if (held == nullptr) return;
  for (int i = 0; i < made; i++) {
    P* p = ps_[i].get();
    if (p->place != P::Place::kIdle || p->timers.next_when() == kNever)
      continue;
    p->timers.MoveTo(held->timers);
    held->resched.store(true, std::memory_order_relaxed);
  }
}

int Scheduler::BindM(M* m) {
  const RuntimeScope scope(m);
  MutexLock lock(mu_);
  int error = 0;
  if (m_count_ - ended_ms_ - bound_ms_ < 2 && !AddIdleM(&error)) return error;
  m->is_bound = true;
  bound_ms_++;
  return 0;
}

void Scheduler::UnbindM(M* m) {
  const RuntimeScope scope(m);
  MutexLock lock(mu_);
  m->is_bound = false;
  bound_ms_--;
}

M* Scheduler::NewM() {
  M* m = unused_ms_;
  if (m == nullptr) return new (std::nothrow) M(this);
  unused_ms_ = m->next_all;
  return m;
}

void Scheduler::PushUnused(M* m) {
  m->next_all = unused_ms_;
  unused_ms_ = m;
}

void Scheduler::HandOff(P* p, Strand* strand) {
  M* m = nullptr;
  {
    MutexLock lock(mu_);
    if (stopping_.load(std::memory_order_relaxed)) {
      PushIdleP(p);
      return;
    }
    m = GiveToM(p, /*spinning=*/false);
    if (m != nullptr) {
      m->handed_strand = strand;
    } else if (strand != nullptr) {
      PushGlobal(strand, strand, 1);
    }
  }
  if (m != nullptr) m->parker.Wake();
}

Strand* Scheduler::AwaitLockedG(M* m) {
  if (P* p = m->p(); p != nullptr) {
    m->set_p(nullptr);
    if (m->spinning) {
      m->spinning = false;
      waker_.StopSpinning();
    }
    HandOff(p, nullptr);
  }
  bool quiescent = false;
  {
    MutexLock lock(mu_);
    m->waits_locked = true;
    locked_waiting_++;
    quiescent = IsQuiescentLocked();
  }
  if (quiescent) ReportQuiescence();
  Handoff handoff;
  bool has_handoff = false;
  while (!has_handoff && !stopping_.load(std::memory_order_acquire)) {
    has_handoff = m->handoff_slot.Receive(&handoff);
  }
  {
    MutexLock lock(mu_);
    m->waits_locked = false;
    locked_waiting_--;
  }
  if (!has_handoff || handoff.g == nullptr) {
    // The scheduler stops, or the G will never come.
    m->locked_g = nullptr;
    m->ends = true;
    return nullptr;
  }
  m->set_p(handoff.p);
  m->next_g = handoff.g;
  m->dispatches++;
  m->slice_start_ns = handoff.p->now_ns;
  m->check_countdown = 0;
  return handoff.strand;
}

bool Scheduler::TryAcquireP(M* m) {
  MutexLock lock(mu_);
  m->set_p(stopping_.load(std::memory_order_relaxed) ? nullptr : PopIdleP());
  return m->p() != nullptr;
}

bool Scheduler::StartThread(M* m) {
  m->random = Random(0x9e3779b9U * static_cast<uint32_t>(m_count_ + 1));
  // Without a stack for its loop the M could not run.
  if (m->cached == 0) {
    Fiber* loop = fibers_.GetForM();
    if (loop == nullptr) {
      errno = ENOMEM;
      return false;
    }
    m->cache[m->cached++] = loop;
  }
  // A thread inherits its maker's affinity, which a locked G may have set. This
  // one gets the CPUs of the process.
  const M* maker = CurrentM();
  const bool is_locked =
      maker != nullptr && (maker->locked_g != nullptr || maker->ends);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  // The default is what `ulimit -s` says, which may be too little.
  size_t stack_bytes = 0;
  pthread_attr_getstacksize(&attributes, &stack_bytes);
  if (stack_bytes < kLeastThreadStack) {
    pthread_attr_setstacksize(&attributes, kLeastThreadStack);
  }
  if (is_locked) {
    pthread_attr_setaffinity_np(&attributes, sizeof(cpus_), &cpus_);
  }
  int error = pthread_create(&m->thread, &attributes, &ThreadMain, m);
  pthread_attr_destroy(&attributes);
  if (error == EINVAL && is_locked) {  // not allowed any more
    error = pthread_create(&m->thread, nullptr, &ThreadMain, m);
  }
  if (error != 0) {
    errno = error;
    return false;
  }
  m->next_all = all_ms_.load(std::memory_order_relaxed);
  all_ms_.store(m, std::memory_order_release);  // [MS1]
  m_count_++;
  return true;
}

void* Scheduler::ThreadMain(void* argument) {
  M* m = static_cast<M*>(argument);
  current_m = m;
  m->tid.store(gettid(), std::memory_order_release);  // [MS1]
  char signal_stack[16 << 10];                        // outlives every handler
  WatchForOverflow(signal_stack, sizeof(signal_stack));
  UnblockPreemptSignal();
  pthread_setname_np(pthread_self(), "trilune-M");
  // Let timed sleeps be late by 1 us at most, not by the usual 50.
  prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  m->check_interval = 1;
  RunM(m);
  m->tid.store(0, std::memory_order_relaxed);
  m->sched->NoteEnded(m);  // joined before the scheduler ends
  return nullptr;
}

// `m` ends. If the other Ms sleep already, none of them has seen that, so look
// for quiescence on their behalf.
void Scheduler::NoteEnded(M* m) {
  bool quiescent = false;
  {
    MutexLock lock(mu_);
    ended_ms_++;
    if (m->is_bound) bound_ms_--;
    m->is_bound = false;
    m_ended_.NotifyAll();
    quiescent =
        !stopping_.load(std::memory_order_relaxed) && IsQuiescentLocked();
  }
  if (quiescent) ReportQuiescence();
  m->ended.store(true, std::memory_order_relaxed);
}

void Scheduler::LookForQuiescence() {
  MutexLock lock(mu_);
  for (M* m = idle_ms_; m != nullptr; m = m->next_idle)
    m->parker.Wake();
  if (locked_waiting_ == 0) return;
  for (M* m = all_ms_.load(std::memory_order_relaxed); m != nullptr;
       m = m->next_all) {
    if (m->waits_locked) m->handoff_slot.Wake();
  }
}

bool Scheduler::Stop(int64_t deadline_ns) {
  stopping_.store(true, std::memory_order_seq_cst);
  LookForQuiescence();
  StopSysmon();
  const auto deadline = std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(deadline_ns));
  mu_.Lock();
  bool in_time = true;
  while (ended_ms_ < m_count_ && in_time) {
    in_time = m_ended_.WaitUntil(mu_, deadline);
  }
  const bool all_ended = ended_ms_ == m_count_;
  M* ms = all_ms_.load(std::memory_order_relaxed);
  mu_.Unlock();
  if (!all_ended) return false;
  // No M is made any more: StartIdleM saw stopping_ under the lock.
  for (M* m = ms; m != nullptr; m = m->next_all) {
    if (m->thread == pthread_t{}) continue;
    pthread_join(m->thread, nullptr);
    m->thread = {};
  }
  return true;
}

SchedulerStats Scheduler::stats() const {
  SchedulerStats stats;
  MutexLock lock(mu_);
  stats.procs = procs();
  stats.threads = m_count_ - ended_ms_;
  stats.idle_procs = waker_.idle_ps();
  stats.spinning = waker_.spinning();
  const int made = ps_made_.load(std::memory_order_relaxed);
  for (int i = 0; i < made; i++) {
    const P& p = *ps_[i];
    stats.schedticks.push_back(p.schedtick.load(std::memory_order_relaxed));
    stats.steals += p.steals.load(std::memory_order_relaxed);
    stats.handoffs += p.handoffs.load(std::memory_order_relaxed);
    stats.preemptions += p.preemptions.load(std::memory_order_relaxed);
  }
  stats.retakes = retakes_.load(std::memory_order_relaxed);
  stats.last_retake_ns = last_retake_ns_.load(std::memory_order_relaxed);
  stats.taken = taken_.load(std::memory_order_relaxed);
  stats.stuck = stuck_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace trilune
