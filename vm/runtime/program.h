// Program: a program in an isolate of its own, as its handles see it.
//
// Role       tri.spawn. Starts a body in an isolate, warm from the pool or
//            made for it, keeps its outcome for those who join, and closes the
//            isolate when the body has ended.
// Threads    Start, Cancel, Join...: any G. Set..., Take...: the body. The
//            rest: any thread.
// Locks      lock_ (kChan), for the outcome until the end, and the joiners
// Invariants I1. Joiners are noted by ticket. One that waits no longer, or
//                whose isolate was closed, loses TryWake.
//            I2. The object refers to itself until its isolate is closed.
//
//   starting -> running -> ended (outcome public) -> drained -> closed
//   by the isolate's strand alone; see docs/state-machines.md
// Tests      tests/lua/spawn; tests/stdlib/embed_spawn_test.cc

#ifndef TRI_VM_RUNTIME_PROGRAM_H_
#define TRI_VM_RUNTIME_PROGRAM_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include <lua.hpp>

#include "sched/sync/handover_lock.h"
#include "vm/isolate/host_call.h"
#include "vm/isolate/isolate.h"
#include "vm/memory/budget.h"
#include "vm/message/message.h"
#include "vm/message/shared.h"

namespace trilune::vm {

class Program final : public Shared {
 public:
  // Why Start gives null: the runtime stops; there would be more Gs than the
  // limit; no memory.
  enum class Refusal : uint8_t { kStopping, kGoroutines, kNoMemory };
  struct Work {
    lua_CFunction body = nullptr;  // its argument: the Program, light
    Message* call = nullptr;       // for the body, owned; or null
    MemoryCharge* room = nullptr;  // what TakeRoom gave, owned
    bool watched = false;          // see awaits_early
  };
  // Runs the program as a G of an isolate of its own. The caller owns a
  // reference. `spawner` may be null: it is asked about an unseen error.
  static Program* Start(const Type* type, Isolate* spawner,
                        IsolateConfig config, const Work& work, Refusal* why);
  // Counts what a Program may need, also to say how it ended, in the spawner's
  // memory limit. False: there is not so much left.
  [[nodiscard]] static bool TakeRoom(const Isolate* spawner,
                                     MemoryCharge** room);

  // For the body: what was sent along, to be read once.
  [[nodiscard]] Message* TakeCall() { return std::exchange(call_, nullptr); }
  // How it ends. An error has words and a trace; `error`, the object itself,
  // may be missing.
  void SetResults(Message* results) { SetValues(true, results); }
  void SetErrorText(const char* text) TRI_EXCLUDES(lock_);
  void SetError(Message* error) { SetValues(false, error); }
  void SetTrace(char* trace) TRI_EXCLUDES(lock_);  // malloc'ed, or null

  // The error of a program whose clean-up code has still to run, for the member
  // of a group that stands for it.
  struct EarlyError {
    Message* error = nullptr;  // null: `text` is it
    char* text = nullptr;      // malloc'ed, as is the trace
    char* trace = nullptr;
    MemoryCharge* charge = nullptr;
  };
  static void Free(const EarlyError& early);
  // Whether there is such a member, or will be, and the body has told it
  // nothing yet; it does so once. relaxed: set before the program starts, or
  // before it is sent what may fail.
  [[nodiscard]] bool awaits_early() const {
    return watched_.load(std::memory_order_relaxed) && !told_early_;
  }
  void SetWatched() { watched_.store(true, std::memory_order_relaxed); }
  // `error`, owned, may be null.
  void SetEarly(Message* error, const char* text) TRI_EXCLUDES(lock_);
  // The body ends with the error that SetEarly told.
  void SetEarlyStands() TRI_EXCLUDES(lock_);
  // For the member, once: false if there is none (any more).
  [[nodiscard]] bool TakeEarly(EarlyError* early) TRI_EXCLUDES(lock_);

  // Cancels the body; `reason`, a message of one value or null, is owned.
  // False: it had ended, or was cancelled before.
  bool Cancel(Message* reason) TRI_EXCLUDES(lock_);
  // The runtime stops: so does the isolate, and nobody is told of an error.
  void Abort();
  // For sysmon, about once a second. If a limit is used up the isolate is told
  // to look at it; if that was so long ago, and it has not ended, it is in a C
  // function that does not come back. Then its outcome is that limit, so that
  // nobody waits for it.
  static constexpr int64_t kOverdueNs = 900'000'000;
  void PublishIfOverdue(int64_t now_ns) TRI_EXCLUDES(lock_);
  // Whether there may be a reason for that.
  [[nodiscard]] bool is_timed() const {
    return budget_ != nullptr && budget_->is_timed();
  }

  // --- Joining. ---

  [[nodiscard]] bool ended() const {
    return ended_.load(std::memory_order_acquire);  // [SP1]
  }
  // Queues the running G, whose wait is open, to be woken at the end; `early`:
  // or by SetEarly, if TakeEarly has not been true. kEnded: there is nothing to
  // wait for. kWaits: the caller parks now, with Unlock as ParkCommit::unlock.
  enum class Joining : uint8_t { kWaits, kEnded, kNoMemory };
  [[nodiscard]] Joining Join(G* g, bool early) TRI_NO_ANALYSIS;
  static void Unlock(void* program) TRI_NO_ANALYSIS;
  // The G's wait ended otherwise.
  void ForgetJoiner(const G* g) TRI_EXCLUDES(lock_);

  // For select, which waits for several things: as Join, in parts.
  struct Joiner {
    G* g;
    uint64_t ticket;
    int32_t index;  // what g->wake_index shall be
    bool early;     // SetEarly wakes it, too
    Joiner* next;
  };
  // For the running G, whose wait is open. Null without memory.
  [[nodiscard]] static Joiner* NewJoiner(G* g, int32_t index,
                                         bool early = false) {
    return new (std::nothrow)
        Joiner{g, g->word.ticket(), index, early, nullptr};
  }
  // Takes `joiner`. Requires: the lock is held since !ended() was seen, and
  // until the wait is public.
  void AddJoiner(Joiner* joiner) TRI_NO_ANALYSIS {
    joiner->next = joiners_;
    joiners_ = joiner;
  }
  [[nodiscard]] HandoverLock* lock() { return &lock_; }

  // Once it has ended: what became of it. Constant from then on.
  struct Outcome {
    bool ok = false;
    Message* values = nullptr;  // results, or the error; null: `text` is it
    std::string text;           // the error in words
    std::string trace;          // where it was raised, or empty
    bool is_early = false;      // it is what SetEarly told
  };
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  // Somebody has seen the error, or will: it is not reported any more.
  void MarkSeen() { seen_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] uint64_t id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // "runnable", "running", "waiting" or "dead".
  [[nodiscard]] const char* status() const;

  // The isolate while it lives, for dumps and statistics, or null.
  [[nodiscard]] std::shared_ptr<Isolate> isolate() TRI_EXCLUDES(lock_);

 private:
  friend class RuntimeState;

  // The calls that drive the isolate to its end.
  struct Call : HostCall {
    using HostCall::HostCall;
    Program* program = nullptr;
  };

  // With limits, what is kept for people to read is limited, too.
  static constexpr size_t kMaxText = 4096;
  static constexpr size_t kMaxTrace = 8192;
  static constexpr size_t kMaxName =
      256;  // about; see stdlib/spawn/spawn_options.cc

  Program(const Type* type, Isolate* spawner, const IsolateConfig& config,
          lua_CFunction body);
  static Program* New(const Type* type, Isolate* spawner,
                      const IsolateConfig& config, const Work& work);
  ~Program() override;

  void VisitHeld(void (*visit)(Shared* held, void* argument),
                 void* argument) override TRI_NO_ANALYSIS;
  void DropHeld() override TRI_NO_ANALYSIS;

  static void OnProgramEnd(HostCall* call, const Status& status);
  static void OnDrained(HostCall* call, const Status& status);
  static void OnClosed(HostCall* call, const Status& status);
  static void OnCancelled(HostCall* call, const Status& status);
  void SetValues(bool ok, Message* values) TRI_EXCLUDES(lock_);
  static void Wake(Joiner* joiners);
  [[nodiscard]] std::string Limited(const char* text, size_t most) const;
  void Publish(const Status& status, Message* reason) TRI_EXCLUDES(lock_);
  void BeginEnd() TRI_EXCLUDES(lock_);
  void ReportUnseen();
  void LookForJoiner();

  RuntimeState* const runtime_;
  const std::weak_ptr<Isolate> spawner_;
  const std::string name_;
  const std::function<void(std::string_view)> report_;
  const std::shared_ptr<Budget> budget_;  // with its limits; or null
  MemoryCharge* charge_ = nullptr;  // in the spawner's budget, for all of this
  uint64_t id_ = 0;                 // constant once started
  IsolateConfig config_;            // the isolate's, which takes it
  Message* call_ = nullptr;
  bool told_early_ = false;  // the body's
  Call spawn_;
  Call drain_;
  Call close_;
  Call cancel_;  // posted once, by who finds cancelled_ false
  std::atomic<bool> watched_{false};
  std::atomic<bool> cancelled_{false};  // relaxed: only one caller gets false
  std::atomic<bool> seen_{false};       // read when nobody holds a reference
  std::atomic<bool> ended_{false};      // [SP1] after it, outcome_ is constant
  int64_t overdue_since_ns_ = 0;        // sysmon's; 0: it is not
  Outcome outcome_;  // the body's, under lock_, until it has ended
  HandoverLock lock_;
  Joiner* joiners_ TRI_GUARDED_BY(lock_) = nullptr;
  bool has_early_ TRI_GUARDED_BY(lock_) = false;  // and nobody has taken it
  EarlyError early_ TRI_GUARDED_BY(lock_);
  std::shared_ptr<Isolate> isolate_ TRI_GUARDED_BY(lock_);
  bool ending_ TRI_GUARDED_BY(lock_) = false;  // who finds false posts drain_
  // For the functions of RuntimeState.
  Program* next_overdue_ = nullptr;
  Program* next_stopped_ = nullptr;
  Program* next_ = nullptr;  // in the list of RuntimeState, under its lock
  Program* prev_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_RUNTIME_PROGRAM_H_
