// Isolate: one Lua heap on the scheduler. Its Gs share every value and
// interleave; isolates run in parallel.
//
// Role       The strand of all Gs of one heap: makes, runs, cancels and ends
//            them, and serves the host's requests.
// Threads    Post, and the members marked so: any thread. Everything else: the
//            strand's owner.
// Locks      host_mu_ (kHost)
// Invariants I1. While Lua code of a G runs, `current` is that G; else null.
//                `frames` are the coroutines that it resumes, innermost first.
//            I2. Nothing that can raise is called on a state outside its own
//                lua_resume or lua_pcall.
//            I3. `live` counts Gs made and not ended, but not one in os.exit.
// Docs       docs/architecture.md, "Lua on the scheduler"
// Tests      tests/vm/isolate_test.cc; tests/lua

#ifndef TRI_VM_ISOLATE_ISOLATE_H_
#define TRI_VM_ISOLATE_ISOLATE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <lua.hpp>

#include "sched/base/random.h"
#include "sched/base/status.h"
#include "sched/core/scheduler.h"
#include "sched/sync/mutex.h"
#include "sched/task/strand.h"
#include "vm/goroutine/failures.h"
#include "vm/goroutine/group.h"
#include "vm/goroutine/loan.h"
#include "vm/goroutine/lua_g.h"
#include "vm/goroutine/meter.h"
#include "vm/goroutine/preempt.h"
#include "vm/goroutine/raise_delay.h"
#include "vm/goroutine/shield.h"
#include "vm/isolate/children.h"
#include "vm/isolate/host_call.h"
#include "vm/isolate/isolate_config.h"
#include "vm/lua/allow_hook.h"
#include "vm/memory/budget.h"
#include "vm/memory/heap.h"
#include "vm/memory/usage.h"
#include "vm/message/shared_wait.h"
#include "vm/runtime/isolate_registry.h"

namespace trilune::vm {

class Isolate;
class RuntimeState;
class IsolatePool;
class MessageSpace;

// A call of tri.atomic; calls are numbered from 1 on.
struct AtomicCall {
  uint64_t number = 0;  // 0: over
  uint64_t around = 0;  // the call around it, or 0
};

class Isolate final : public Strand,
                      public std::enable_shared_from_this<Isolate> {
 public:
  // Makes the heap, and runs `open` on it in protected mode to open the
  // libraries. On the calling thread: no G runs yet.
  static Result<std::shared_ptr<Isolate>> Make(Scheduler* sched,
                                               IsolateConfig config,
                                               lua_CFunction open);
  // As Make, but the strand's first M makes the heap, before it serves the
  // first request. If that fails, each request fails.
  static std::shared_ptr<Isolate> Create(Scheduler* sched, IsolateConfig config,
                                         lua_CFunction open);
  ~Isolate() override;

  // The isolate of a state, and the G whose own state it is, or null. The extra
  // space of a state holds the Isolate, which lua_newthread copies from the
  // main state. Or it holds the LuaG, marked by the lowest bit.
  static Isolate* Of(lua_State* L) {
    const uintptr_t tag = TagOf(L);
    if ((tag & 1) == 0) return reinterpret_cast<Isolate*>(tag);
    return static_cast<Isolate*>(
        reinterpret_cast<LuaG*>(tag & ~uintptr_t{1})->strand);
  }
  // The isolate of a state that is no G's own; null for a G's own.
  static Isolate* OfCoroutine(lua_State* L) {
    const uintptr_t tag = TagOf(L);
    return (tag & 1) == 0 ? reinterpret_cast<Isolate*>(tag) : nullptr;
  }
  static LuaG* OwnerOf(lua_State* L) {
    const uintptr_t tag = TagOf(L);
    return (tag & 1) == 0 ? nullptr
                          : reinterpret_cast<LuaG*>(tag & ~uintptr_t{1});
  }

  // --- For the host; any thread. ---

  // Hands over a request, which is completed on the strand.
  void Post(HostCall* call) TRI_EXCLUDES(host_mu_);
  [[nodiscard]] bool closed() const {
    return closed_.load(std::memory_order_acquire);  // [IC1]
  }
  [[nodiscard]] ExitRequest exit_request() const TRI_EXCLUDES(host_mu_);
  // `root`: this isolate itself. Before anything runs in it.
  void SetRoot(std::weak_ptr<Isolate> root) { config_.root = std::move(root); }

  // --- For the binding; the running G. ---

  // tri.go. The stack holds a body and arguments, `n` in all; pushes the handle
  // of a new G, queued to run. `in_group`: on top is the group that waits for
  // its end, which is popped. May raise. Upvalue 1 of the running C function
  // must be the table of handles (PushHandles).
  GHandle* Go(lua_State* L, int n, bool in_group, CoroutineBody body = {});
  // Pushes the table of anchored handles, for use as an upvalue.
  void PushHandles(lua_State* L);
  // Pushes the handle of a live G; nil if it has none yet (the main G).
  void PushHandle(lua_State* L, LuaG* g);
  // Makes and pushes the handle of the main G. May raise.
  void MakeMainHandle(lua_State* L);
  // Pops the metatable of handles.
  void SetHandleMetatable(lua_State* L);

  // Cancels a G. The reason is on top of `L`, and is popped. May raise before
  // anything has changed. False: the G was cancelled before.
  bool Cancel(lua_State* L, LuaG* g);
  // As Cancel, with the default reason. Cannot raise.
  bool CancelQuietly(LuaG* g);
  // Pushes the reason for which `g` was cancelled.
  void PushReason(lua_State* L, LuaG* g);
  // Raises that reason in the running G `g`. An interrupt of the host ends with
  // it: a main G that catches it goes on as if it had never been cancelled.
  [[noreturn]] void RaiseReason(lua_State* L, LuaG* g);

  // Pushes the results of an ended G as join gives them: true and results, or
  // false, the error and its traceback if there is one. Returns their number.
  // May raise.
  int PushResults(lua_State* L, GHandle* handle, int handle_index);
  // Whether each wait of the running G raises: it is cancelled, or runs the
  // function of an interrupted group; and no shield covers it.
  [[nodiscard]] bool MustRaise() const;
  [[nodiscard]] Groups& groups() { return groups_; }
  [[nodiscard]] const Groups& groups() const { return groups_; }
  [[nodiscard]] Failures& failures() { return failures_; }

  // os.exit: records the request, of a spawned isolate with its root. Never
  // returns; raises where the G cannot leave its stack.
  int Exit(lua_State* L, int code, bool close);

  // --- Limits; see limits.cc. ---

  // Looks whether a limit is used up. If so, ends the isolate's work: cancels
  // every G with the limit as the reason, and refuses new ones.
  void CheckLimits();
  // Called before a limit refuses: garbage may hold what counts.
  void CollectForLimit(lua_State* L);
  [[nodiscard]] bool killed() const { return killed_; }
  // Requires: killed().
  [[nodiscard]] const char* kill_reason() const { return kill_reason_.c_str(); }
  // How the host is told of an error: as kLimit, if a limit ended the work.
  [[nodiscard]] Status ErrorStatus(StatusCode code,
                                   std::string_view message) const;
  // For the signal handler: whether a limit is used up. Then the running `L`
  // must come to a preemption point even in a finalizer, a hook, or after an
  // error in one. Charges for instructions that no hook could count there.
  [[nodiscard]] TRI_NO_TSAN bool MustForceHooks(lua_State* L);
  // A protected call in `L` has failed. If MustForceHooks has set hooks, Lua
  // may have switched them off again.
  void KeepHooks(lua_State* L) {
    if (is_watched() && IsOverLimit()) AllowHooks(L);
  }
  // Whether signals are needed: to look at limits, or to end what cannot be
  // preempted.
  [[nodiscard]] TRI_NO_TSAN bool is_watched() const {
    return is_timed_ || killed_ || closing_;
  }
  [[nodiscard]] Meter& meter() { return meter_; }
  // The largest message that may be sent.
  [[nodiscard]] size_t max_message_bytes() const {
    return config_.budget == nullptr ? kMaxMessage
                                     : config_.budget->max_message_bytes();
  }

  // The G `g` runs on, where it was. `current` is set last, because the signal
  // handler looks at it first.
  void Enter(LuaG* g, CoFrame* its_frames, int its_close_depth) {
    meter_.BeginCpu();
    frames = its_frames;
    close_depth = its_close_depth;
    preempter_.SetWant(g->is_killed());
    std::atomic_signal_fence(std::memory_order_seq_cst);
    current = g;
    preempter_.Moved();
  }
  // No G's Lua code runs from here on.
  void Leave() {
    if (current != nullptr) meter_.EndCpu();
    meter_.EndHook();
    current = nullptr;
    frames = nullptr;
    preempter_.Moved();
  }
  // The state in which Lua code of a G runs, or null. Also for the handler.
  [[nodiscard]] TRI_NO_TSAN lua_State* Innermost() const {
    const LuaG* g = current;
    lua_State* base = g != nullptr          ? g->L
                      : outside_ != nullptr ? outside_
                      : closing_            ? main_
                                            : nullptr;
    if (base == nullptr) return nullptr;
    const CoFrame* frame = frames;
    return frame != nullptr ? frame->L : base;
  }
  [[nodiscard]] Preempter& preempter() { return preempter_; }
  [[nodiscard]] RuntimeState* runtime() const { return config_.runtime; }
  // Where a preemption point is: in our own hook, with nothing between it and
  // the next instruction; in a script's hook; in a C function that may wait.
  enum class Point : uint8_t { kInstruction, kScriptHook, kCall };
  // The running G, in `L`, was asked to let others run, or to raise. May do so,
  // and park.
  void AtPreemptionPoint(lua_State* L, Point point);
  [[noreturn]] void RaiseAtWait(lua_State* L) {
    RaiseAt(L, LuaG::kRaiseOfWait);
  }
  // Ends the running G of a closed isolate: nothing of Lua is left, and nothing
  // comes back to its stack.
  [[noreturn]] static void DropCurrent();
  // Whether the strand itself has a reason for the handler to arm.
  [[nodiscard]] bool HasReasonToPreempt() const;
  // Whether the next instruction of the running G must be a preemption point,
  // whatever hooks it has.
  [[nodiscard]] TRI_NO_TSAN bool MustStopAtOnce() const;
  // Whether sysmon's request to preempt serves anybody.
  [[nodiscard]] bool ShallTakeRequest(const M* m) const;

  // tri.atomic. From Begin to End no other G of this isolate runs.
  void BeginAtomic(AtomicCall* call);
  void EndAtomic(lua_State* L, AtomicCall* call);
  [[nodiscard]] bool in_atomic() const { return atomic_ != 0; }
  // The innermost call, or 0. A coroutine that fails leaves its calls without
  // an EndAtomic, which comes when it is closed, if ever. So the function that
  // resumed it sets back what was the innermost call before.
  [[nodiscard]] uint64_t atomic() const { return atomic_; }
  void set_atomic(uint64_t number) { atomic_ = number; }

  [[nodiscard]] Shields& shields() { return shields_; }

  // Writes "goroutine N [state]:" and the stack of every G.
  [[nodiscard]] std::string Dump();

  // Makes a G that runs no Lua: `kind` runs it at `body.next_ns`, or earlier if
  // there is no memory. `g->timer` is its own. It is not live. Null without
  // memory; `own`: the isolate itself needs it, and no limit refuses it.
  LuaG* StartTimer(const GKind* kind, const TimerBody& body, bool own);
  // The run function of such a G returns one of these: it waits until next_ns,
  // or it ends.
  [[nodiscard]] Outcome ParkTimer(LuaG* g);
  [[nodiscard]] Outcome EndTimer(LuaG* g);
  // Ends it at once. One that was just woken runs without a target, and ends.
  static void StopTimer(LuaG* g);
  // For IsolatePool, in the isolate's strand: it is spare from now on. At
  // `next_ns` it asks whether it must go.
  void KeepWarm(IsolatePool* pool, int64_t next_ns);

  // --- Use, and collections in idle time; see isolate_registry.h, idle_gc.cc.
  // ---

  // Reading: any thread. Writing: the strand's owner.
  [[nodiscard]] Usage& usage() { return usage_; }
  [[nodiscard]] const Usage& usage() const { return usage_; }
  [[nodiscard]] RegistryEntry& registry_entry() { return registry_entry_; }
  [[nodiscard]] const RegistryEntry& registry_entry() const {
    return registry_entry_;
  }
  // Whether the heap has collected or grown since its last full collection. For
  // any thread.
  [[nodiscard]] bool MayBeWorthCollecting() const {
    return heap_.used_bytes() > worth_bytes_;
  }

  // The state on which a timer may push a value to send. Nothing is called on
  // it.
  [[nodiscard]] lua_State* data() { return data_; }

  // Lists a wait of the running G in queues shared with other isolates. The
  // scheduler counts it as `external`. If nothing outside can end any wait of
  // the isolate, IsStuck finds the deadlock.
  void AddSharedWait(SharedWait* wait);
  void RemoveSharedWait(SharedWait* wait);
  // From any thread that keeps the isolate alive: the may_end of a listed wait
  // may have become false. Null: the isolate is awake and will look. Else the
  // caller must Ready the G it gets.
  [[nodiscard]] G* WakeToLook();

  void OnIdle() override;
  bool IsStuck() override;
  void OnStuck() override;

  // Whether `L` is a state of the isolate's own, in which no G may wait.
  [[nodiscard]] bool IsOwn(lua_State* L) const {
    return L == worker_ || L == data_;
  }
  [[nodiscard]] lua_State* main() const { return main_; }
  [[nodiscard]] bool halted() const { return halted_; }
  // Inside or after lua_close: the last finalizers run, and one that they set
  // is not called.
  [[nodiscard]] bool closing() const { return closing_; }
  [[nodiscard]] Heap& heap() { return heap_; }
  [[nodiscard]] const Heap& heap() const { return heap_; }
  void Report(std::string_view text) { ReportTo(config_.report, text); }
  static void ReportTo(const std::function<void(std::string_view)>& report,
                       std::string_view text);
  [[nodiscard]] const IsolateConfig& config() const { return config_; }

  // Strand's owner only. Enter and Leave set these; `frames` also coroutine.cc.
  LuaG* current = nullptr;
  CoFrame* frames = nullptr;
  Random random{0x9e3779b9U};  // for select
  RaiseDelay raise_delay;      // of the running G
  int close_depth = 0;         // nesting of coroutine.close; see coroutine.cc
  enum class Pending : uint8_t { kNothing, kPark, kYield };
  Pending pending = Pending::kNothing;  // why lua_yieldk was called
  MessageSpace* messages = nullptr;     // made at the first message
  Children children;                    // that nobody has waited for yet
  Loans loans;                          // of functions that run
  uint32_t module_generation = 0;  // calls of require that loaded something
  // A state that has yielded so that its resumer ends it as a whole, with the
  // reason of the running G's cancellation; or null. See ShallAbandon.
  lua_State* abandoned = nullptr;
  void TakeAbandoned();  // before it is closed

 private:
  friend class Failures;
  friend class Groups;
  friend class Shields;

  // lua_pcall outside any G, for calls that may run code of scripts: any that
  // allocates may run finalizers. Limits hold there, too. In the midst of a G's
  // code it is as if the G had left. Nothing in the call can wait.
  int CallOutside(lua_State* L, int arguments, int results);
  // Lets host_g_ run. It does what must not be done between two Gs.
  void WakeService();
  void LookForUnseen();
  void EndDeadlock();

  // Starts to count in config_.budget.
  void ApplyBudget();
  void WatchTime();
  void Kill(int64_t now_ns);
  void EndCallsInKernel();
  static Outcome RunLimitTimer(G* base);
  static const GKind kLimitTimerKind;

  static int OnSentinel(lua_State* L);
  static void PushSentinelMeta(lua_State* L);
  static void MakeSentinel(lua_State* L);
  void SetWorth();
  void ArmIdleGc();
  void AddIdleTimer(int64_t next_ns);
  [[nodiscard]] bool wants_trim() const {
    return registry_entry_.wants_trim.load(std::memory_order_relaxed);
  }
  void ServeTrim();
  void EndTrim();
  static Outcome RunIdleGc(G* base);
  static const GKind kIdleGcKind;
  [[nodiscard]] bool MustWaitToCollect(LuaG* g);
  void CollectInIdleTime();
  void CollectFully();

  static uintptr_t& TagOf(lua_State* L) {
    return *static_cast<uintptr_t*>(lua_getextraspace(L));
  }

  Isolate(Scheduler* sched, IsolateConfig config);

  static Outcome RunGoroutine(G* base);
  static Outcome RunMain(G* base);
  static Outcome RunHost(G* g);
  static const GKind kGoroutineKind;
  static const GKind kMainKind;
  static const GKind kHostKind;
  static Outcome RunDrainDeadline(G* base);
  static const GKind kDrainDeadlineKind;
  static Outcome RunWarm(G* base);
  static const GKind kWarmKind;
  // As the first two, but no signal asks such Gs to come to a preemption point.
  static const GKind kQuietGoroutineKind;
  static const GKind kQuietMainKind;
  static void OnPreemptSignal(G* g);

  // Slots of data_'s stack.
  enum : int {
    kHandles = 1,    // slot -> handle of a live G
    kStates,         // number + 1 -> thread of a pooled state
    kMeta,           // metatable of handles
    kReportMeta,     // metatable of FailureReport
    kReasons,        // slot -> reason of cancellation, if one was given
    kDefaultReason,  // "cancelled"
    kNoMemory,       // "not enough memory"
    kTooLong,        // why a finalizer was ended
    kFailed,         // slot -> record of a G that failed and cleans up
    kNested,         // see failures.h
  };
  // All that data_'s stack may hold: as many as a new thread has room for.
  static constexpr int kDataSlots = 32;
  static constexpr uint64_t kIdBatch = 1024;
  static constexpr int64_t kLeastLongAtomicNs = 10'000'000;
  static constexpr size_t kMaxMessage = size_t{1} << 30;
  static constexpr size_t kMaxText = size_t{8} << 10;
  // The finalizers of a lua_close are ended after this time.
  static constexpr int64_t kFinalizersNs = 500'000'000;
  static constexpr int kFirstHandles = 4;
  static constexpr size_t kMaxStates = 256;

  // Records in the slab of this number. Each slab has as many as those before
  // it together, up to the largest slab there is.
  static size_t SlabRecords(size_t index) {
    constexpr size_t kLeast = SlabPool::kMinRecords;
    if (index == 0) return kLeast;
    return std::min(kLeast << std::min(index - 1, size_t{16}),
                    SlabPool::kMaxRecords);
  }
  // Calls `visit(LuaG*)` for each record, until it returns true.
  template <class Visit>
  void ForEachG(Visit visit) const {
    for (size_t slab = 0; slab < slabs_.size(); slab++) {
      for (size_t i = 0; i < SlabRecords(slab); i++) {
        if (visit(slabs_[slab] + i)) return;
      }
    }
  }

  Status Open(lua_CFunction open);
  void Start();
  bool OpenStates();
  [[nodiscard]] bool AddSlab(bool own);
  LuaG* Allocate(bool own);
  [[nodiscard]] uint64_t NextId() {
    // Reserved a batch at a time: an atomic add costs as much as a switch.
    if (next_id_ == ids_end_) {
      next_id_ = sched->NextGIds(kIdBatch);
      ids_end_ = next_id_ + kIdBatch;
    }
    return next_id_++;
  }
  void Free(LuaG* g);
  [[nodiscard]] bool Begin(LuaG* g, int* n);
  [[nodiscard]] lua_State* TakeState(int16_t* number);
  [[nodiscard]] int16_t TakeStateNumber();
  void ReleaseState(LuaG* g, GHandle* handle);
  void Finish(LuaG* g, int status, int n);
  // Text kept outside of the heap, for people to read, has a limit if the
  // isolate has one.
  [[nodiscard]] size_t max_text() const {
    return config_.budget == nullptr ? SIZE_MAX : kMaxText;
  }
  void Conclude(LuaG* g, int status, int n);
  int CleanUp(LuaG* g);
  void EndAbandoned(LuaG* g);
  [[nodiscard]] bool StoreResults(LuaG* g, GHandle* handle, int n);
  void EndCancelledUnstarted(LuaG* g);
  void EndRunning(LuaG* g);
  void Ended(LuaG* g, GHandle* handle);
  void EndWaitOf(LuaG* g);
  // Whether `g` runs `L`: its own state, or a coroutine that it resumes.
  [[nodiscard]] bool IsRunBy(const LuaG* g, const lua_State* L) const;
  // The G that runs `L` now; null: `L` is suspended, or has failed. Mostly it
  // is `likely`, if that is still the G with this id.
  [[nodiscard]] LuaG* RunnerOf(lua_State* L, LuaG* likely, uint64_t id) const;
  void EndHostCall(GHandle* handle);
  [[nodiscard]] std::string TraceOf(lua_State* L, int level = 0);
  [[nodiscard]] std::string StackOf(const LuaG* g);
  void AppendTrace(std::string* text, lua_State* L);

  void Serve(HostCall* call);
  void ServeSpawn(HostCall* call);
  void ServeCancel(HostCall* call);
  void ServeDump(std::string* text);
  void Configure(IsolateConfig&& config);
  [[nodiscard]] bool PassExitToRoot(const ExitRequest& request);
  bool ServeExit(const ExitRequest& request) TRI_EXCLUDES(host_mu_);
  void StartMain(HostCall* call);
  void InterruptMain(const char* reason);
  void EndMain(int status);
  void CancelAll();
  void Halt();
  void DropSharedWaits();
  void CloseState(HostCall* call);
  void CloseHeap();
  static void* AllocateAtEnd(void* self, void* block, size_t old_bytes,
                             size_t new_bytes);
  Outcome EndLate(LuaG* g);
  bool FinishClose();
  [[nodiscard]] HostCall* TakeRequests() TRI_EXCLUDES(host_mu_);
  void AddWaiting(HostCall* call);
  void CompleteWaiting(const Status& status);
  static void CompleteAll(HostCall** list, const Status& status);
  void Complete(HostCall* call, Status status) TRI_EXCLUDES(host_mu_);
  void CheckDrained();

  [[nodiscard]] bool TakeG();
  void GiveGs(uint32_t n);
  [[nodiscard]] TRI_NO_TSAN bool IsOverLimit() const;

  void RaiseOrPutOff(lua_State* L, Point point);
  [[nodiscard]] bool ShallAbandon(lua_State* L) const;
  [[noreturn]] void RaiseAt(lua_State* L, int weight);
  [[noreturn]] void EndFinalizer(lua_State* L);
  void ReportIfLongAtomic(lua_State* L);

  IsolateConfig config_;  // constant once the first G runs
  Preempter preempter_;
  const GKind* goroutine_kind_;
  Shields shields_{this};
  uint64_t atomic_ = 0;        // the innermost call of tri.atomic
  uint64_t atomic_calls_ = 0;  // so far
  bool atomic_reported_ = false;
  int64_t atomic_since_ns_ = 0;
  Heap heap_;
  lua_State* main_ = nullptr;
  // A stack of things to hold and move. Nothing is ever called on it, so its
  // slots keep their indices and no use of it can raise.
  lua_State* data_ = nullptr;
  // For protected calls outside any G.
  lua_State* worker_ = nullptr;
  // Pooled states, each anchored at its number in kStates while it is fit for
  // use. And the numbers that are idle, with or without a state; there is room
  // for all.
  std::vector<lua_State*> states_;
  std::vector<int16_t> idle_states_;
  std::vector<LuaG*> slabs_;
  uint32_t records_ = 0;  // in all slabs
  LuaG* free_ = nullptr;
  LuaG* half_made_ = nullptr;  // taken by a Go that raised
  LuaG* main_g_ = nullptr;
  lua_CFunction opener_ = nullptr;  // until the heap is made
  Status opened_;                   // the result of Open
  bool main_runs_ = false;
  bool interrupts_once_ = false;  // the main G's cancel is an interrupt
  bool is_timed_ = false;         // has limits that CheckLimits looks at
  bool killed_ = false;           // a limit is used up
  std::string kill_reason_;
  size_t records_charge_ = 0;        // bytes of the budget's, for records of Gs
  Fiber* dropped_stacks_ = nullptr;  // of Gs that were left when it halted
  // A state in which code of scripts runs outside any G, or null.
  lua_State* outside_ = nullptr;
  LuaG* limit_timer_ = nullptr;  // looks at the time limit
  // How many of the Gs counted in `external` can wake no other G in here.
  uint32_t daemons_ = 0;
  uint32_t gs_taken_ = 0;       // from the budget
  bool has_g_to_make_ = false;  // one of gs_taken_ is not made yet
  int64_t closing_since_ns_ = 0;
  bool stopping_ = false;
  bool halted_ = false;   // no G runs any more
  bool closing_ = false;  // inside or after lua_close
  Groups groups_{this};
  Failures failures_{this};
  bool wants_look_ = false;   // LookForUnseen is due
  bool seems_stuck_ = false;  // OnStuck was called
  int64_t next_idle_gc_ns_ = 0;
  LuaG* idle_timer_ = nullptr;            // collects when the isolate is idle
  uint32_t idle_gtick_ = 0;               // when the timer began to wait
  int idle_gives_way_ = 0;                // how often it found the P wanted
  Gauge<size_t> worth_bytes_ = SIZE_MAX;  // above it, a full one is worth it
  bool has_sentinel_ = false;             // collections are counted
  Usage usage_;
  Meter meter_{&usage_};
  RegistryEntry registry_entry_;
  SharedWait* shared_waits_ = nullptr;
  uint32_t shared_wait_count_ = 0;
  HostCall* waiting_ = nullptr;  // calls whose G has not ended
  HostCall* drains_ = nullptr;   // wait until every G has ended
  LuaG* drain_timer_ = nullptr;  // completes drains_ at the deadline
  IsolatePool* pool_ = nullptr;  // while it is spare
  LuaG* warm_timer_ = nullptr;   // asks the pool whether it must go
  HostCall* closes_ = nullptr;   // wait until nobody can reach this object
  uint64_t next_id_ = 0;         // of the ids reserved, up to ids_end_
  uint64_t ids_end_ = 0;

  // Serves requests; a G so that Post can wake the strand. Its memory outlives
  // this object, as sysmon may still look at it. Null without memory.
  LuaG* const host_g_;
  std::atomic<bool> has_requests_{false};  // [NC1], as a cancelled flag
  std::atomic<bool> closed_{false};
  mutable Mutex host_mu_{LockRank::kHost};
  HostCall* requests_ TRI_GUARDED_BY(host_mu_) = nullptr;
  HostCall** requests_tail_ TRI_GUARDED_BY(host_mu_) = &requests_;
  ExitRequest exit_ TRI_GUARDED_BY(host_mu_);
  struct ExitCall;  // made in advance; null once it was posted
  std::unique_ptr<ExitCall> exit_call_ TRI_GUARDED_BY(host_mu_);
};

}  // namespace trilune::vm

#endif  // TRI_VM_ISOLATE_ISOLATE_H_
