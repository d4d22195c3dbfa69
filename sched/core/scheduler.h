// Scheduler: owns the Ps and the Ms, the global run queue and the lists of
// idle Ps and idle Ms.
//
// Role       The part of a Runtime below Lua. A process may have several.
//            scheduler.cc has queues, hand-offs and the life of threads;
//            loop.cc the scheduling loop; find_work.cc the search for work, and
//            sleeping; procs.cc the number of Ps; sysmon.cc the watching
//            thread.
// Threads    Any, unless a method says otherwise.
// Locks      `mu_` (kScheduler). Timers of Ps may be locked under it.
// Invariants I1. Each P is held by one M, or is on the idle list, or is
//                retired.
//            I2. An M on the idle list holds no P, and sleeps or is about to.
//            I3. A strand is in one queue, or run by one M, or idle.
//            I4. At least one M has no locked G.
// Docs       docs/architecture.md
// Tests      tests/sched/scheduler_test.cc; tests/model/waker_model.cc

#ifndef TRI_SCHED_CORE_SCHEDULER_H_
#define TRI_SCHED_CORE_SCHEDULER_H_

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sched/base/status.h"
#include "sched/core/waker.h"
#include "sched/stack/fiber.h"
#include "sched/sync/mutex.h"
#include "sched/task/slab_pool.h"
#include "sched/thread/m.h"
#include "sched/thread/p.h"

namespace trilune {

constexpr int kMaxProcs = 256;

struct SchedulerConfig {
  int procs = 1;                  // 1 to kMaxProcs
  int64_t slice_ns = 10'000'000;  // of a strand while others wait
  size_t max_fibers = 16'000;     // C stacks at most
  // For debugging, on stderr. Every trace_ms milliseconds (0: never) a line
  // about the scheduler; with trace_detail, more about each P, M and G. With
  // report_stuck a line when a P is first taken from a thread stuck in C code.
  int64_t trace_ms = 0;
  bool trace_detail = false;
  bool report_stuck = false;
};

struct SchedulerStats {
  int procs = 0;
  int threads = 0;
  int idle_procs = 0;
  int spinning = 0;
  std::vector<uint64_t> schedticks;
  uint64_t steals = 0;
  uint64_t handoffs = 0;
  uint64_t preemptions = 0;
  uint64_t retakes = 0;        // from Ms in system calls
  int64_t last_retake_ns = 0;  // when the last one was, on NowNs's clock
  uint64_t taken = 0;  // Ps taken from Ms that ran a G and did not answer
  int stuck = 0;       // such Ms now
};

// Called when only the host can make anything happen: every M is idle and no
// timer is armed. The call is made without locks, on an M's thread, so the host
// may have acted meanwhile. To conclude a deadlock, a listener asks IsQuiescent
// again, at a time when no thread of the host is making a G (see
// NativeGs::OnQuiescent).
class QuiescenceListener {
 public:
  virtual void OnQuiescent() = 0;

 protected:
  ~QuiescenceListener() = default;
};

// Called by sysmon about once a second while any P is in use. It must be brief,
// as nothing is watched meanwhile.
class WatchListener {
 public:
  virtual void OnWatch(int64_t now_ns) = 0;

 protected:
  ~WatchListener() = default;
};

class Scheduler {
 public:
  explicit Scheduler(const SchedulerConfig& config);
  // Starts the first M and sysmon, so that a lack of threads is reported here.
  Status Start() TRI_EXCLUDES(mu_);
  // Requires: Stop() returned true.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Queues a strand that the caller owns, and wakes an M if one is needed.
  // `soon`: the caller's P runs it next, in its runnext slot. A thread that is
  // no M of this scheduler queues to the global queue.
  void Submit(Strand* strand, bool soon) TRI_EXCLUDES(mu_);

  // Queues `strand`, which `m` has just run, behind the others.
  void Requeue(M* m, Strand* strand) TRI_EXCLUDES(mu_);

  // Changes the number of Ps; returns the old number. Ps beyond `n` retire as
  // their Ms look. Requires: 1 <= n <= kMaxProcs.
  int SetProcs(int n) TRI_EXCLUDES(mu_);
  [[nodiscard]] int procs() const {
    // relaxed: the M that holds a P reads it again at its next check.
    return procs_.load(std::memory_order_relaxed);
  }

  // Ends every M and joins it, at the latest at `deadline_ns`. False: an M did
  // not come back from a G. Its thread goes on, so this object must stay.
  [[nodiscard]] bool Stop(int64_t deadline_ns) TRI_EXCLUDES(mu_);

  void set_quiescence_listener(QuiescenceListener* listener) {
    listener_.store(listener, std::memory_order_release);  // [QL1]
  }
  // Call it before Start. `listener` must live until Stop.
  void set_watch_listener(WatchListener* listener) {
    watch_listener_ = listener;
  }
  // Wakes the idle Ms, so that they look for quiescence again.
  void LookForQuiescence() TRI_EXCLUDES(mu_);
  // Whether only the host can make anything happen, at this moment.
  [[nodiscard]] bool IsQuiescent() TRI_EXCLUDES(mu_);

  [[nodiscard]] SchedulerStats stats() const TRI_EXCLUDES(mu_);
  // Reserves `n` ids for Gs and returns the first. No id is used twice.
  [[nodiscard]] uint64_t NextGIds(uint64_t n) {
    return next_g_id_.fetch_add(n, std::memory_order_relaxed);
  }
  [[nodiscard]] const SchedulerConfig& config() const { return config_; }
  [[nodiscard]] FiberPool& fibers() { return fibers_; }
  // Memory of the records of Lua Gs (vm/).
  [[nodiscard]] SlabPool& lua_slabs() { return lua_slabs_; }

  // Arms a timer on `p`: the caller's P, or AnyP() if the caller has lost it.
  // False: no memory.
  [[nodiscard]] bool AddTimer(P* p, int64_t when_ns, G* g, uint64_t ticket)
      TRI_EXCLUDES(mu_);
  // Sysmon's last look at the clock: at most 1 ms old while an M runs a G.
  [[nodiscard]] int64_t coarse_now_ns() const {
    return coarse_now_ns_.load(std::memory_order_relaxed);
  }
  // A P for the timers of an M that has none.
  [[nodiscard]] P* AnyP() { return ps_[0].get(); }
  // Counts the timer of a wait that ended otherwise as stale.
  void ForgetTimer(uint16_t p) { ps_[p]->timers.NoteStale(); }

  // Wins the waits that are due on `p` and queues their strands on the P of
  // `m`. Returns whether there was one. Requires: `m` holds a P.
  bool RunTimers(M* m, P* p, int64_t now_ns);

  // Whether a strand waits on `p` or in the global queue. A hint, except for
  // what the calling M, which holds `p`, has queued itself: that it sees.
  [[nodiscard]] bool LooksBusy(const P* p) const {
    return p->queue.LooksLong() > 0 ||
           p->runnext.load(std::memory_order_relaxed) != nullptr ||
           global_size_.load(std::memory_order_relaxed) > 0;
  }

  // Gives `p`, which the caller owns, to an M. That M first runs `strand`,
  // unless it is null.
  void HandOff(P* p, Strand* strand) TRI_EXCLUDES(mu_);
  // `m` has a locked G. Gives the P of `m` away, and sleeps until a handoff
  // brings the G (into next_g), a strand and a P. Returns the strand; null: `m`
  // must end.
  [[nodiscard]] Strand* AwaitLockedG(M* m) TRI_EXCLUDES(mu_);
  // `m` runs the calling G, gets a locked G, and will run nothing else. Makes
  // sure that another M runs the other Gs, and makes one if needed: else nobody
  // would mind the timers while every locked G waits. Returns 0, or an errno,
  // and then nothing has changed: no thread or no memory.
  [[nodiscard]] int BindM(M* m) TRI_EXCLUDES(mu_);
  // The G of `m` is not locked any more.
  void UnbindM(M* m) TRI_EXCLUDES(mu_);
  // Gives `m`, which has no P, an idle one. False: none is idle.
  bool TryAcquireP(M* m) TRI_EXCLUDES(mu_);
  // `m` is back from a G, perhaps without a P: it counts as stuck no more.
  void NoteBack(M* m) {
    // relaxed: sysmon set it before it took the P, which `m` has seen.
    if (!m->stuck.load(std::memory_order_relaxed)) return;
    m->stuck.store(false, std::memory_order_relaxed);
    stuck_.fetch_sub(1, std::memory_order_relaxed);
  }

  // For the running G: whether something outside of its strand wants the P.
  [[nodiscard]] bool SomebodyWaitsForP(M* m) const {
    const RuntimeScope scope(m);
    const P* p = m->p();
    return p == nullptr || LooksBusy(p) ||
           p->resched.load(std::memory_order_relaxed);
  }

  // Steps of the scheduling loop (loop.cc), implemented in find_work.cc.
  //
  // The next strand if it is at hand, for a native G that leaves its M to
  // another strand without going through the loop. Null: call FindStrand.
  [[nodiscard]] Strand* TakeNearby(M* m);
  // Finds a strand to run, and sleeps until there is one. Null: `m` must end.
  [[nodiscard]] Strand* FindStrand(M* m);
  // Looks at clock, timers, slice and queues. False: it gave the strand up.
  [[nodiscard]] bool Check(M* m);

 private:
  void QueueLocal(M* m, Strand* strand) TRI_EXCLUDES(mu_);
  void PushGlobal(Strand* first, Strand* last, uint32_t n) TRI_REQUIRES(mu_);
  [[nodiscard]] Strand* PopGlobalLocked(P* p, uint32_t max) TRI_REQUIRES(mu_);
  [[nodiscard]] Strand* PopGlobal(P* p, uint32_t max) TRI_EXCLUDES(mu_);
  void StartIdleM(bool spinning) TRI_EXCLUDES(mu_);
  [[nodiscard]] M* GiveToM(P* p, bool spinning) TRI_REQUIRES(mu_);
  [[nodiscard]] M* NewM() TRI_REQUIRES(mu_);
  void PushUnused(M* m) TRI_REQUIRES(mu_);
  // Wakes an M to look for work, if a P is idle and no M spins.
  void WakeOne() {
    if (waker_.SubmitNeedsWake()) StartIdleM(true);
  }

  [[nodiscard]] P* PopIdleP() TRI_REQUIRES(mu_);
  void PushIdleP(P* p) TRI_REQUIRES(mu_);
  void PushIdleM(M* m) TRI_REQUIRES(mu_);
  void RemoveIdleM(M* m) TRI_REQUIRES(mu_);
  [[nodiscard]] Status StartThreads() TRI_EXCLUDES(mu_);
  [[nodiscard]] bool StartThread(M* m) TRI_REQUIRES(mu_);
  [[nodiscard]] bool AddIdleM(int* error) TRI_REQUIRES(mu_);
  void NoteNoThread() TRI_REQUIRES(mu_);
  void LendTimers() TRI_REQUIRES(mu_);
  static void* ThreadMain(void* argument);
  void NoteEnded(M* m) TRI_EXCLUDES(mu_);

  [[nodiscard]] Strand* TakeLocal(P* p);
  [[nodiscard]] Strand* Steal(M* m);
  [[nodiscard]] static Strand* StealRunnext(P* victim);
  [[nodiscard]] bool SeesWork() const;
  [[nodiscard]] bool LooksUnminded() const;
  [[nodiscard]] int64_t EarliestTimer() const;
  void FinishSpinning(M* m);
  // Reads the clock and runs due timers. True: the running slice is over.
  bool CheckClock(M* m);
  void NoteTurns(M* m, int64_t elapsed_ns);
  [[nodiscard]] Strand* FindNearby(M* m);
  [[nodiscard]] Strand* GiveUpP(M* m) TRI_EXCLUDES(mu_);
  [[nodiscard]] bool LookOnceMore(M* m) TRI_EXCLUDES(mu_);
  void ReportQuiescence() TRI_EXCLUDES(mu_);
  void SleepWithoutP(M* m) TRI_EXCLUDES(mu_);
  bool SleepUntilTimer(M* m) TRI_EXCLUDES(mu_);
  void RetireIfSurplus(M* m) TRI_EXCLUDES(mu_);
  void MoveTimers(P* p) TRI_REQUIRES(mu_);
  void DropStaleTimers();
  [[nodiscard]] bool IsQuiescentLocked() TRI_REQUIRES(mu_);
  [[nodiscard]] P* MakeP(int id) TRI_REQUIRES(mu_);

  // In sysmon.cc.
  static void* SysmonThread(void* argument);
  void Sysmon();
  void StopSysmon() TRI_EXCLUDES(mu_);
  void Reap(M* m) TRI_EXCLUDES(mu_);
  void WakeSysmon() TRI_REQUIRES(mu_);
  void SleepWhileIdle(int64_t until_ns) TRI_EXCLUDES(mu_);
  void RestartWatches();
  [[nodiscard]] bool RetryThread(int64_t now_ns) TRI_EXCLUDES(mu_);
  [[nodiscard]] bool WatchMs(int64_t now_ns, int64_t* due_ns, bool* in_use);
  [[nodiscard]] bool WatchCall(M* m, uint64_t call, int64_t now_ns)
      TRI_EXCLUDES(mu_);
  [[nodiscard]] bool WatchG(M* m, int64_t now_ns, int64_t* due_ns)
      TRI_EXCLUDES(mu_);
  [[nodiscard]] bool WantsP(const P* p, int64_t now_ns) const;
  [[nodiscard]] bool TakeFromStuck(M* m, P* p) TRI_EXCLUDES(mu_);
  void WriteTrace(int64_t since_start_ns) TRI_EXCLUDES(mu_);
  void AppendDetail(std::string* text) TRI_REQUIRES(mu_);

  // Constant after construction.
  const SchedulerConfig config_;
  cpu_set_t cpus_ = {};  // of the thread that made this

  SlabPool lua_slabs_;
  FiberPool fibers_;
  Waker<> waker_;
  std::atomic<uint64_t> next_g_id_{1};
  std::atomic<int> procs_;
  // How many of ps_ exist. They are never freed while Ms run. release: the P
  // behind the index. [PS1]
  std::atomic<int> ps_made_{0};
  std::unique_ptr<P> ps_[kMaxProcs];   // [i] constant once i < ps_made_
  std::atomic<bool> stopping_{false};  // read by each M as it looks for work
  std::atomic<QuiescenceListener*> listener_{nullptr};
  // Until when the M that minds the timers sleeps; kNobody: no M minds them.
  // seq_cst: AddTimer stores a deadline and then reads this; the sleeper stores
  // this and then reads the deadlines. So at least one sees the other. [TM1]
  static constexpr int64_t kNobody = -1;
  std::atomic<int64_t> sleeper_until_{kNobody};
  // Sysmon's last look at the clock. relaxed: used for dumps.
  std::atomic<int64_t> coarse_now_ns_{0};
  // Statistics, relaxed.
  std::atomic<uint64_t> retakes_{0};
  std::atomic<int64_t> last_retake_ns_{0};
  std::atomic<uint64_t> taken_{0};
  // Ms that run a G without a P.
  std::atomic<int> stuck_{0};
  // No thread could be made when one was last wanted. Sysmon tries again, not
  // before retry_ns_. Written under mu_; relaxed: read at each tick.
  std::atomic<bool> lacks_thread_{false};
  // Every M. The list grows at its head, under the lock. Sysmon takes ended Ms
  // out, under the lock. Sysmon alone reads the list without the lock: what it
  // walks over only it removes. release: the M behind the pointer. [MS1]
  std::atomic<M*> all_ms_{nullptr};
  // Length of the global queue, changed under mu_. seq_cst where [WK2] needs
  // it; relaxed as a hint elsewhere.
  std::atomic<uint32_t> global_size_{0};

  mutable Mutex mu_{LockRank::kScheduler};
  Strand* global_head_ TRI_GUARDED_BY(mu_) = nullptr;
  Strand* global_tail_ TRI_GUARDED_BY(mu_) = nullptr;
  P* idle_ps_ TRI_GUARDED_BY(mu_) = nullptr;
  M* idle_ms_ TRI_GUARDED_BY(mu_) = nullptr;
  int idle_m_count_ TRI_GUARDED_BY(mu_) = 0;
  int locked_waiting_ TRI_GUARDED_BY(mu_) = 0;  // Ms that await their G
  int m_count_ TRI_GUARDED_BY(mu_) = 0;
  int ended_ms_ TRI_GUARDED_BY(mu_) = 0;
  // Ms that have a locked G, or end because they had one.
  int bound_ms_ TRI_GUARDED_BY(mu_) = 0;
  int64_t retry_ns_ TRI_GUARDED_BY(mu_) = 0;
  // Records whose threads have ended, to be used again. They are never freed
  // while other Ms run: a late wake may still touch one.
  M* unused_ms_ TRI_GUARDED_BY(mu_) = nullptr;
  M* sleeper_ TRI_GUARDED_BY(mu_) = nullptr;
  CondVar m_ended_;

  // sysmon's thread. Written before any other thread exists, and by Stop.
  pthread_t sysmon_thread_ = {};
  bool sysmon_runs_ = false;
  WatchListener* watch_listener_ = nullptr;  // constant after Start
  Parker<> sysmon_parker_;
  std::atomic<bool> sysmon_stops_{false};  // relaxed: read at each tick
  bool reported_stuck_ = false;            // sysmon's
  bool reported_no_thread_ = false;        // sysmon's
  bool sysmon_sleeps_ TRI_GUARDED_BY(mu_) = false;
};

}  // namespace trilune

#endif  // TRI_SCHED_CORE_SCHEDULER_H_
