// Strand: a serial group of Gs. At most one M runs inside it.
//
// Role       What run queues hold. All Gs of one Lua heap share a strand, so
//            the heap needs no lock. A native G is a strand of its own, a solo
//            one.
// Threads    `word` and `next_queued`: as their comments say. The rest: the
//            owner, which is the M that runs the strand.
//            A solo strand goes with its G. While the G waits nobody owns the
//            strand, and the winner of the G's TryWake owns both. Its `word`
//            stays empty.
// Locks      none
// Invariants I1. A G is in at most one of service, first, runnext, ready,
//                preempted, the inbox.
// Docs       docs/state-machines.md, "Strand"
// Tests      tests/sched/strand_test.cc

#ifndef TRI_SCHED_TASK_STRAND_H_
#define TRI_SCHED_TASK_STRAND_H_

#include <cstdint>

#include "sched/sync/check.h"
#include "sched/sync/gauge.h"
#include "sched/sync/sanitizers.h"
#include "sched/task/g.h"
#include "sched/task/preempted_turn.h"
#include "sched/task/strand_word.h"

namespace trilune {

class Scheduler;
struct ThreadLock;

class Strand {
 public:
  explicit Strand(Scheduler* scheduler, bool is_solo = false)
      : sched(scheduler), solo(is_solo) {
    if (is_solo) TRI_CHECK(word.TryClaim());  // for ever: HasMail is false
  }
  Strand(const Strand&) = delete;
  Strand& operator=(const Strand&) = delete;
  virtual ~Strand() = default;

  // Queues a woken G to run next, if that place is free: it inherits the slice.
  void PushWoken(G* g) {
    if (runnext_ == nullptr) {
      runnext_ = g;
    } else {
      ready_.PushTail(g);
    }
  }
  // Queues a G last: one that yields, or one of many that are woken at once.
  void PushReady(G* g) { ready_.PushTail(g); }

  // Queues a new G. The new Gs of one dispatch run in the order of their
  // making, but before what was runnable already. So a tree of Gs is walked
  // depth first, and few of its Gs are alive at a time. Every kNewLastEvery-th
  // batch goes last, so that Gs that make Gs for ever starve nobody.
  void PushNew(G* g);

  // Queues a G that was stopped because its slice was over: see
  // preempted_turn.h.
  void PushPreempted(G* g) {
    preempted_turn.OnStopped(ready_.size(), preempted_.empty());
    preempted_.PushTail(g);
  }

  // Queues a stopped G whose strand may not switch to another G now, as in
  // tri.atomic. It runs before all others except the service.
  void PushFirst(G* g) {
    TRI_CHECK(first_ == nullptr);
    first_ = g;
  }

  // Queues the strand's service (GKind::is_service).
  void PushService(G* g) { service_ = g; }
  // Queues a G first that was just picked, but cannot run on this M.
  void PutBack(G* g) {
    if (g->kind != nullptr && g->kind->is_service) {
      PushService(g);
    } else {
      PushFirst(g);
    }
  }

  // Moves the inbox to the queues.
  void TakeMail() {
    for (G* g = word.Drain(); g != nullptr;) {
      G* following = g->next;
      if (g->kind != nullptr && g->kind->is_service) {
        PushService(g);
      } else {
        ready_.PushTail(g);
      }
      g = following;
    }
  }

  // The next G to run, or null. It comes from the first of these that has one:
  // the service, a G pushed first, a preempted one whose turn is due, runnext,
  // ready, preempted. After kRunnextLimit picks from runnext in a row the next
  // one is from ready, so that a pair that wakes each other starves nobody.
  [[nodiscard]] G* Pick();

  // Whether nothing is runnable except preempted Gs whose turn is not due. Then
  // a G that yields simply goes on.
  [[nodiscard]] bool OnlyPreemptedWait() const {
    return !preempted_.empty() && !preempted_turn.IsDue() && ready_.empty() &&
           runnext_ == nullptr && first_ == nullptr && service_ == nullptr &&
           !word.HasMail();
  }

  // The signal handler calls it, too.
  [[nodiscard]] TRI_NO_TSAN bool HasRunnable() const {
    return runnext_ != nullptr || !ready_.empty() || !preempted_.empty() ||
           first_ != nullptr || service_ != nullptr;
  }

  // Whether the G picked last had just been woken. Such a G goes on with the
  // slice of the G before it, so that a pair that wakes each other has one
  // slice.
  [[nodiscard]] bool inherited() const { return inherited_; }

  // The owner calls it before it releases a strand without runnable Gs. It may
  // make some runnable.
  virtual void OnIdle() {}
  // The owner asks it when live Gs wait: whether nothing outside can wake one.
  virtual bool IsStuck() { return external == 0; }
  // The owner calls it if IsStuck.
  virtual void OnStuck() {}

  Scheduler* const sched;         // constant
  const bool solo;                // constant: it has at most one G
  StrandWord<G> word;             // any thread
  Strand* next_queued = nullptr;  // the global queue's, under its lock

  // For the owner only.
  ParkCommit commit;      // of the G that just parked without a stack
  Gauge<uint32_t> live;   // Gs that have not ended, daemons not counted
  uint32_t external = 0;  // how many of those wait for something outside
  uint32_t stackful = 0;  // Gs parked with their stack
  uint32_t gtick = 0;     // G dispatches
  ThreadLock* thread_locks = nullptr;  // of its Gs that are locked to an M
  PreemptedTurn preempted_turn;

 private:
  [[nodiscard]] G* PickPreempted() {
    G* g = preempted_.PopHead();
    if (g != nullptr) preempted_turn.OnPreemptedPicked();
    return g;
  }

  static constexpr uint32_t kRunnextLimit = 64;
  static constexpr uint32_t kNewLastEvery = 64;

  G* service_ = nullptr;
  G* first_ = nullptr;
  G* runnext_ = nullptr;
  GList ready_;
  GList preempted_;
  uint32_t runnext_run_ = 0;  // picks from runnext_ in a row
  bool inherited_ = false;
  G* newest_ = nullptr;  // the last new G, if made at newest_gtick_
  uint32_t newest_gtick_ = 0;
  uint32_t new_batches_ = 0;
};

inline void Strand::PushNew(G* g) {
  if (newest_ != nullptr && newest_gtick_ == gtick) {
    ready_.PushBehind(newest_, g);
  } else if (++new_batches_ % kNewLastEvery == 0) {
    ready_.PushTail(g);
  } else {
    ready_.PushHead(g);
  }
  newest_ = g;
  newest_gtick_ = gtick;
}

inline G* Strand::Pick() {
  inherited_ = false;
  if (service_ != nullptr) {
    G* g = service_;
    service_ = nullptr;
    return g;
  }
  if (first_ != nullptr) {
    G* g = first_;
    first_ = nullptr;
    return g;
  }
  if (!preempted_.empty()) {
    // A preempted G does not reset runnext_run_, or ready_ would starve.
    if (preempted_turn.IsDue()) return PickPreempted();
    preempted_turn.OnOtherPicked();
  }
  if (runnext_ != nullptr && (runnext_run_ < kRunnextLimit || ready_.empty())) {
    runnext_run_++;
    inherited_ = true;
    G* g = runnext_;
    runnext_ = nullptr;
    return g;
  }
  runnext_run_ = 0;
  G* g = ready_.PopHead();
  return g != nullptr ? g : PickPreempted();
}

}  // namespace trilune

#endif  // TRI_SCHED_TASK_STRAND_H_
