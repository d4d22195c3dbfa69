// Scheduler: owns the Ps and Ms, the global queue and the idle lists.
//
// Role       What a Runtime is made of below Lua. Several can live in a
//            process.
// Threads    Any, unless a method says otherwise.
// Locks      `mu_` (kScheduler); timers of Ps may be locked under it
// Invariants I1. Each P is held by one M, or on the idle list, or retired.
//            I2. An M on the idle list holds no P and sleeps, or is about to.
//            I3. A strand is in one queue, or run by one M, or idle.
//            I4. At least one M has no locked G.
// Docs       docs/architecture.md
// Tests      tests/sched/scheduler_test.cc; tests/model/waker_model.cc

#ifndef TRI_SCHED_SCHEDULER_H_
#define TRI_SCHED_SCHEDULER_H_

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sched/fiber.h"
#include "sched/m.h"
#include "sched/p.h"
#include "sched/slab_pool.h"
#include "sched/status.h"
#include "sched/sync/mutex.h"
#include "sched/waker.h"

namespace trilune {

constexpr int kMaxProcs = 256;

struct SchedulerConfig {
  int procs = 1;                  // 1 to kMaxProcs
  int64_t slice_ns = 10'000'000;  // of a strand while others wait
  size_t max_fibers = 16'000;     // C stacks at most
  // For debugging: a line on stderr every so often (0: never), with what each
  // P and M does; and one when a P is taken from a thread stuck in C code.
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
  int64_t last_retake_ns = 0;  // when the last one was, by NowNs
  uint64_t taken = 0;  // Ps taken from Ms that ran a G and did not answer
  int stuck = 0;       // such Ms now
};

// Told when nothing can happen any more but by the host: every M idle and no
// timer armed. Called without locks on an M's thread, so the host may have
// acted meanwhile: who concludes a deadlock asks IsQuiescent again, while it
// knows that no thread of the host is making a G (see NativeGs::OnQuiescent).
class QuiescenceListener {
 public:
  virtual void OnQuiescent() = 0;

 protected:
  ~QuiescenceListener() = default;
};

// Called by sysmon about once a second while any P is in use. It must be brief:
// nothing is watched meanwhile.
class WatchListener {
 public:
  virtual void OnWatch(int64_t now_ns) = 0;

 protected:
  ~WatchListener() = default;
};

class Scheduler {
 public:
  explicit Scheduler(const SchedulerConfig& config);
  // Starts the first M, so that a machine without threads to spare says so now.
  Status Start() TRI_EXCLUDES(mu_);
  // Requires: Stop() returned true.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Queues a strand that the caller owns and wakes an M if one is needed.
  // `soon`: run it next on this M's P. From a thread that is no M of this
  // scheduler it goes to the global queue.
  void Submit(Strand* strand, bool soon) TRI_EXCLUDES(mu_);

  // Queues `strand`, which `m` ran a moment ago, behind the others.
  void Requeue(M* m, Strand* strand) TRI_EXCLUDES(mu_);

  // Changes the number of Ps; returns the old one. Requires: 1 <= n <=
  // kMaxProcs.
  int SetProcs(int n) TRI_EXCLUDES(mu_);
  [[nodiscard]] int procs() const {
    // relaxed: each P's holder re-reads it at its next check.
    return procs_.load(std::memory_order_relaxed);
  }

  // Ends every M and joins it, at the latest at `deadline_ns`. False: an M did
  // not come back from a G; it stays, and so must this object.
  [[nodiscard]] bool Stop(int64_t deadline_ns) TRI_EXCLUDES(mu_);

  void set_quiescence_listener(QuiescenceListener* listener) {
    listener_.store(listener, std::memory_order_release);  // [QL1]
  }
  // Before Start; it must live until Stop.
  void set_watch_listener(WatchListener* listener) {
    watch_listener_ = listener;
  }
  // Makes the idle Ms look for quiescence again.
  void PokeIdle() TRI_EXCLUDES(mu_);
  // Whether at this moment nothing can happen any more but by the host.
  [[nodiscard]] bool IsQuiescent() TRI_EXCLUDES(mu_);

  [[nodiscard]] SchedulerStats stats() const TRI_EXCLUDES(mu_);
  // The first of `n` ids for Gs; ids are never used again.
  [[nodiscard]] uint64_t NextGIds(uint64_t n) {
    return next_g_id_.fetch_add(n, std::memory_order_relaxed);
  }
  [[nodiscard]] const SchedulerConfig& config() const { return config_; }
  [[nodiscard]] FiberPool& fibers() { return fibers_; }
  // Memory of the records of Lua Gs (vm/).
  [[nodiscard]] SlabPool& lua_slabs() { return lua_slabs_; }

  // Arms a timer on `p`: the caller's, unless that was taken from it. False: no
  // memory.
  [[nodiscard]] bool AddTimer(P* p, int64_t when_ns, G* g, uint64_t ticket)
      TRI_EXCLUDES(mu_);
  // At most a millisecond old while any M runs a G.
  [[nodiscard]] int64_t coarse_now_ns() const {
    return coarse_now_ns_.load(std::memory_order_relaxed);
  }
  // A P for timers of an M that has none.
  [[nodiscard]] P* AnyP() { return ps_[0].get(); }
  // Counts the timer of a wait that ended otherwise as stale.
  void ForgetTimer(uint16_t p) { ps_[p]->timers.NoteStale(); }

  // Wakes the waits that are due on `p` and queues their strands.
  // Returns whether there was one. Requires: an M that holds a P.
  bool RunTimers(M* m, P* p, int64_t now_ns);

  // Whether a strand waits on `p` or in the global queue. A hint, but exact for
  // what the calling M, which holds `p`, has queued itself.
  [[nodiscard]] bool LooksBusy(const P* p) const {
    return p->queue.LooksLong() > 0 ||
           p->runnext.load(std::memory_order_relaxed) != nullptr ||
           global_size_.load(std::memory_order_relaxed) > 0;
  }

  // Gives `p`, which the caller owns, to an M, which first runs `strand`, if
  // that is not null.
  void HandOff(P* p, Strand* strand) TRI_EXCLUDES(mu_);
  // `m` has a locked G: gives its P away and sleeps until it is sent its G, in
  // next_g, with strand and P. Returns the strand; null: this M shall end.
  [[nodiscard]] Strand* AwaitLockedG(M* m) TRI_EXCLUDES(mu_);
  // `m`, which runs the calling G, gets a locked one, and will run nothing
  // else. An M that runs the others is left, or made: nobody else would mind
  // the timers and take up work while every locked G waits. Returns an errno:
  // no thread or no memory is to be had, and then nothing has changed.
  [[nodiscard]] int BindM(M* m) TRI_EXCLUDES(mu_);
  // Its locked G is locked no more.
  void UnbindM(M* m) TRI_EXCLUDES(mu_);
  // Gives `m`, which has no P, an idle one.
  bool TryAcquireP(M* m) TRI_EXCLUDES(mu_);
  // `m` is back from a G, perhaps without a P.
  void NoteBack(M* m) {
    // relaxed: set before the P was taken, which `m` has seen.
    if (!m->stuck.load(std::memory_order_relaxed)) return;
    m->stuck.store(false, std::memory_order_relaxed);
    stuck_.fetch_sub(1, std::memory_order_relaxed);
  }

  // For the running G: whether somebody outside of its strand wants the P.
  [[nodiscard]] bool SomebodyWaitsForP(M* m) const {
    const RuntimeScope scope(m);
    const P* p = m->p();
    return p == nullptr || LooksBusy(p) ||
           p->resched.load(std::memory_order_relaxed);
  }

  // The scheduling loop's steps, in loop.cc and find_work.cc.
  // The next strand if it is at hand, for a G that leaves its M to another one
  // without going through the loop. Null: FindStrand shall look.
  [[nodiscard]] Strand* TakeNearby(M* m);
  // Finds a strand to run, blocking as needed; null: this M shall end.
  [[nodiscard]] Strand* FindStrand(M* m);
  // Looks at clock, timers, slice and queues; false when it gave the strand up.
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
  // Reads the clock, runs due timers; true if the running slice is over.
  bool CheckClock(M* m);
  void NoteTurns(M* m, int64_t elapsed_ns);
  [[nodiscard]] Strand* FindNearby(M* m);
  [[nodiscard]] Strand* GiveUpP(M* m) TRI_EXCLUDES(mu_);
  [[nodiscard]] bool LookOnceMore(M* m) TRI_EXCLUDES(mu_);
  void ReportQuiescence() TRI_EXCLUDES(mu_);
  void SleepWithoutP(M* m) TRI_EXCLUDES(mu_);
  bool MindTimers(M* m) TRI_EXCLUDES(mu_);
  void RetireIfSurplus(M* m) TRI_EXCLUDES(mu_);
  void MoveTimers(P* p) TRI_REQUIRES(mu_);
  void DropStaleTimers();
  [[nodiscard]] bool IsQuiescentLocked() TRI_REQUIRES(mu_);
  [[nodiscard]] P* MakeP(int id) TRI_REQUIRES(mu_);

  // sysmon.cc
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
  // How many of ps_ exist; they are never freed while Ms run. release: the P
  // behind the index. [PS1]
  std::atomic<int> ps_made_{0};
  std::unique_ptr<P> ps_[kMaxProcs];   // [i] constant once i < ps_made_
  std::atomic<bool> stopping_{false};  // read by each M as it looks for work
  std::atomic<QuiescenceListener*> listener_{nullptr};
  // Until when the M that minds the timers sleeps; kNobody: no M does. seq_cst:
  // AddTimer stores a deadline and reads this; the sleeper stores this and
  // reads the deadlines. One of them sees the other. [TM1]
  static constexpr int64_t kNobody = -1;
  std::atomic<int64_t> sleeper_until_{kNobody};
  // Sysmon's last look at the clock. relaxed: for dumps.
  std::atomic<int64_t> coarse_now_ns_{0};
  // Statistics, relaxed.
  std::atomic<uint64_t> retakes_{0};
  std::atomic<int64_t> last_retake_ns_{0};
  std::atomic<uint64_t> taken_{0};
  // Ms that run a G without a P.
  std::atomic<int> stuck_{0};
  // The last thread that was wanted could not be made: sysmon tries again, at
  // retry_ns_ at the earliest. Written under mu_. relaxed: read at each tick.
  std::atomic<bool> lacks_thread_{false};
  // Every M. Grows at the head, under the lock; sysmon, which alone reads it
  // without, takes ended ones out, under the lock. release: the M behind it.
  // [MS1]
  std::atomic<M*> all_ms_{nullptr};
  // relaxed hint of global_count_ for the unlocked look.
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
  // Ms with a locked G, or that end as they had one.
  int bound_ms_ TRI_GUARDED_BY(mu_) = 0;
  int64_t retry_ns_ TRI_GUARDED_BY(mu_) = 0;
  // Records whose threads have ended. Never freed while others run: a late
  // wake may still touch one.
  M* unused_ms_ TRI_GUARDED_BY(mu_) = nullptr;
  M* sleeper_ TRI_GUARDED_BY(mu_) = nullptr;
  CondVar m_ended_;

  // sysmon's thread: written before any other thread exists, and by Stop.
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

#endif  // TRI_SCHED_SCHEDULER_H_
