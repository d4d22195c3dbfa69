// Program: a program in an isolate of its own, as its handles see it.
//
// Role       tri.spawn. Starts a body in an isolate, which comes from the pool
//            or is made for it. Keeps the outcome for joiners, and closes the
//            isolate when the body has ended.
// Threads    Start, Cancel, Join...: any G. Set..., Take...: the body. The
//            rest: any thread.
// Locks      lock_ (kChan), for the joiners, and for the outcome until the end
// Invariants I1. Joiners are noted by ticket. One that waits no longer, or
//                whose isolate was closed, loses TryWake.
//            I2. The object refers to itself until its isolate is closed.
//
//   starting -> running -> ended (outcome public) -> drained -> closed
//   Only the isolate's strand takes these steps; see docs/state-machines.md.
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
  // Why Start returns null: the runtime stops; the limit allows no more Gs;
  // there is no memory.
  enum class Refusal : uint8_t { kStopping, kGoroutines, kNoMemory };
  struct Work {
    lua_CFunction body = nullptr;  // its argument: the Program, light
    Message* call = nullptr;       // for the body, owned; or null
    MemoryCharge* room = nullptr;  // what TakeRoom gave, owned
    bool watched = false;          // see awaits_early()
  };
  // Runs the program as a G of an isolate of its own. The caller owns a
  // reference to the result. `spawner` may be null. It is told to look when an
  // error may be left unseen.
  static Program* Start(const Type* type, Isolate* spawner,
                        IsolateConfig config, const Work& work, Refusal* why);
  // Counts in the spawner's memory limit what a Program may need, including the
  // texts about its end. False: the limit has not so much left.
  [[nodiscard]] static bool TakeRoom(const Isolate* spawner,
                                     MemoryCharge** room);

  // For the body: the message that was sent along. Read once.
  [[nodiscard]] Message* TakeCall() { return std::exchange(call_, nullptr); }
  // How the program ends. An error has words and a trace; `error`, the object
  // itself, may be missing.
  void SetResults(Message* results) { SetValues(true, results); }
  void SetErrorText(const char* text) TRI_EXCLUDES(lock_);
  void SetError(Message* error) { SetValues(false, error); }
  void SetTrace(char* trace) TRI_EXCLUDES(lock_);  // malloc'ed, or null

  // The error of a program whose clean-up code has not run yet. It is for the
  // member of a group that stands for the program, so that the group fails at
  // once.
  struct EarlyError {
    Message* error = nullptr;  // null: there is only `text`
    char* text = nullptr;      // malloc'ed, as is the trace
    char* trace = nullptr;
    MemoryCharge* charge = nullptr;
  };
  static void Free(const EarlyError& early);
  // Whether there is such a member, or will be, and the body has not told it an
  // error yet: it does so once. relaxed: set before the program starts, or
  // before the program is sent what may fail.
  [[nodiscard]] bool awaits_early() const {
    return watched_.load(std::memory_order_relaxed) && !told_early_;
  }
  void SetWatched() { watched_.store(true, std::memory_order_relaxed); }
  // Tells the member. `error` is owned, and may be null.
  void SetEarly(Message* error, const char* text) TRI_EXCLUDES(lock_);
  // The body ends with the same error that SetEarly told.
  void SetEarlyStands() TRI_EXCLUDES(lock_);
  // For the member, once. False: there is none, or it was taken before.
  [[nodiscard]] bool TakeEarly(EarlyError* early) TRI_EXCLUDES(lock_);

  // Cancels the body. `reason` is owned: a message of one value, or null.
  // False: the body had ended, or was cancelled before.
  bool Cancel(Message* reason) TRI_EXCLUDES(lock_);
  // The runtime stops, and the isolate with it. An error is not reported.
  void Abort();
  // For sysmon, about once a second. If a limit is used up, tells the isolate
  // to look at it. If it was told kOverdueNs ago and has not ended, it is in a
  // C function that does not come back. Then the limit becomes its outcome, so
  // that no joiner waits for it.
  static constexpr int64_t kOverdueNs = 900'000'000;
  void PublishIfOverdue(int64_t now_ns) TRI_EXCLUDES(lock_);
  // Whether there may be such a limit.
  [[nodiscard]] bool is_timed() const {
    return budget_ != nullptr && budget_->is_timed();
  }

  // --- Joining. ---

  [[nodiscard]] bool ended() const {
    return ended_.load(std::memory_order_acquire);  // [SP1]
  }
  // Queues the running G, whose wait is open, to be woken at the end. `early`:
  // SetEarly wakes it too, unless TakeEarly was true before. kEnded: there is
  // nothing to wait for. kWaits: the caller parks now, with Unlock as
  // ParkCommit::unlock.
  enum class Joining : uint8_t { kWaits, kEnded, kNoMemory };
  [[nodiscard]] Joining Join(G* g, bool early) TRI_NO_ANALYSIS;
  static void Unlock(void* program) TRI_NO_ANALYSIS;
  // The wait of `g` ended in another way.
  void ForgetJoiner(const G* g) TRI_EXCLUDES(lock_);

  // For select, which waits for several things: Join in parts.
  struct Joiner {
    G* g;
    uint64_t ticket;
    int32_t index;  // g->wake_index becomes this
    bool early;     // SetEarly wakes the G, too
    Joiner* next;
  };
  // For the running G, whose wait is open. Null: no memory.
  [[nodiscard]] static Joiner* NewJoiner(G* g, int32_t index,
                                         bool early = false) {
    return new (std::nothrow)
        Joiner{g, g->word.ticket(), index, early, nullptr};
  }
  // Takes `joiner`. Requires: the caller has held the lock since it saw
  // !ended(), and holds it until the wait is public.
  void AddJoiner(Joiner* joiner) TRI_NO_ANALYSIS {
    joiner->next = joiners_;
    joiners_ = joiner;
  }
  [[nodiscard]] HandoverLock* lock() { return &lock_; }

  // How it ended. Constant from the moment in which ended() is true.
  struct Outcome {
    bool ok = false;
    Message* values = nullptr;  // results, or the error; null: only `text`
    std::string text;           // the error in words
    std::string trace;          // where it was raised, or empty
    bool is_early = false;      // it is the error that SetEarly told
  };
  [[nodiscard]] const Outcome& outcome() const { return outcome_; }
  // A script has seen the error, or will: it is not reported any more.
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

  // With limits, texts kept for people to read are limited, too.
  static constexpr size_t kMaxText = 4096;
  static constexpr size_t kMaxTrace = 8192;
  static constexpr size_t kMaxName =
      256;  // roughly; see stdlib/spawn/spawn_options.cc

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
  Call cancel_;  // posted once, by the caller that finds cancelled_ false
  std::atomic<bool> watched_{false};
  std::atomic<bool> cancelled_{false};  // relaxed: only one caller gets false
  std::atomic<bool> seen_{false};       // read when no reference is left
  std::atomic<bool> ended_{false};      // [SP1] after it, outcome_ is constant
  int64_t overdue_since_ns_ = 0;        // sysmon's; 0: no limit is used up
  Outcome outcome_;  // the body's, under lock_, until it has ended
  HandoverLock lock_;
  Joiner* joiners_ TRI_GUARDED_BY(lock_) = nullptr;
  bool has_early_ TRI_GUARDED_BY(lock_) = false;  // and nobody has taken it
  EarlyError early_ TRI_GUARDED_BY(lock_);
  std::shared_ptr<Isolate> isolate_ TRI_GUARDED_BY(lock_);
  bool ending_ TRI_GUARDED_BY(lock_) = false;  // drain_ is, or will be, posted
  // For the functions of RuntimeState.
  Program* next_overdue_ = nullptr;
  Program* next_stopped_ = nullptr;
  Program* next_ = nullptr;  // in the list of RuntimeState, under its lock
  Program* prev_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_RUNTIME_PROGRAM_H_
