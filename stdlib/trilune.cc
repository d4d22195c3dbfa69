#include "stdlib/trilune.h"

#include <sched.h>

#include <algorithm>
#include <list>
#include <memory>
#include <new>
#include <utility>

#include "sched/clock.h"
#include "sched/m.h"
#include "sched/scheduler.h"
#include "stdlib/debug_options.h"
#include "stdlib/modules.h"
#include "stdlib/run_chunk.h"
#include "stdlib/spawn_options.h"
#include "vm/isolate.h"
#include "vm/isolates.h"
#include "vm/memory_watch.h"

namespace trilune {
namespace {

using vm::HostCall;

// What sysmon does once a second.
class RuntimeWatch final : public WatchListener {
 public:
  RuntimeWatch(Scheduler* sched, vm::Isolates* isolates)
      : memory_(std::make_unique<vm::SystemMemory>(), sched,
                &isolates->roster()),
        isolates_(isolates) {}

  void OnWatch(int64_t now_ns) override {
    memory_.OnWatch(now_ns);
    isolates_->PublishOverdue(now_ns);
  }

 private:
  vm::MemoryWatch memory_;
  vm::Isolates* const isolates_;
};

int DefaultProcs() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::clamp(CPU_COUNT(&set), 1, kMaxProcs);
}

vm::PreemptMode ToVm(PreemptMode mode) {
  switch (mode) {
    case PreemptMode::kSignal:
      return vm::PreemptMode::kSignal;
    case PreemptMode::kCount:
      return vm::PreemptMode::kCount;
    case PreemptMode::kStrand:
      return vm::PreemptMode::kStrand;
    case PreemptMode::kOff:
      return vm::PreemptMode::kOff;
  }
  return vm::PreemptMode::kSignal;
}

// Nothing if `options` has a limit that makes no sense.
Result<vm::Limits> LimitsOf(const IsolateOptions& options) {
  if (options.cpu_limit.count() < 0 || options.time_limit.count() < 0) {
    return Status(StatusCode::kInvalidArgument,
                  options.cpu_limit.count() < 0
                      ? "cpu_limit must be above 0, or 0 for none"
                      : "time_limit must be above 0, or 0 for none");
  }
  vm::Limits limits;
  limits.memory_bytes = options.memory_limit_bytes;
  limits.message_bytes = options.message_limit_bytes;
  limits.instructions = options.instruction_limit;
  limits.cpu_ns = options.cpu_limit.count();
  limits.time_ns = options.time_limit.count();
  limits.goroutines = options.goroutine_limit;
  return limits;
}

IsolateUsage ToUsage(const vm::UsageRecord& from) {
  IsolateUsage to;
  to.id = from.id;
  to.name = from.name;
  to.idle = from.is_idle;
  to.limit_exceeded = from.exceeded;
  to.memory_bytes = from.memory_bytes;
  to.reserved_bytes = from.reserved_bytes;
  to.peak_bytes = from.peak_bytes;
  to.limit_bytes = from.limit_bytes;
  to.goroutines = from.goroutines;
  to.collections = from.collections;
  to.longest_gc = std::chrono::nanoseconds(from.longest_gc_ns);
  to.instructions = from.instructions;
  to.cpu = std::chrono::nanoseconds(from.cpu_ns);
  to.age = std::chrono::nanoseconds(from.age_ns);
  to.messages_sent = from.sent;
  to.messages_received = from.received;
  return to;
}

// Finalizers may take this much longer than the Gs.
constexpr int64_t kFinalizersNs = 1'000'000'000;
constexpr int64_t kDumpNs = 100'000'000;

std::string DumpOf(const std::string& name, vm::Isolate* iso) {
  struct Dumping {
    std::string text;
    HostCall call{HostCall::Kind::kDump, nullptr, &text};
  };
  const std::string title = "isolate " + name + ":\n\n";
  if (iso == nullptr) return title + "closed\n\n";
  auto dumping = std::make_shared<Dumping>();
  dumping->call.keep = dumping;
  iso->Post(&dumping->call);
  if (!dumping->call.Wait(NowNs() + kDumpNs)) {
    return title + "stack unavailable (in C)\n\n";
  }
  return title + dumping->text;
}

}  // namespace

// --- Isolate ---

class Isolate::Impl {
 public:
  Impl(std::shared_ptr<vm::Isolate> isolate, std::string name,
       std::chrono::nanoseconds deadline)
      : name_(std::move(name)),
        stop_deadline_(deadline),
        iso_(std::move(isolate)) {}
  // Once, before anybody else has this.
  void Adopt(std::shared_ptr<vm::Isolate> isolate) TRI_NO_ANALYSIS {
    iso_ = std::move(isolate);
  }

  // Makes a call whose `argument` its G uses while it runs.
  [[nodiscard]] Status Do(HostCall::Kind kind, lua_CFunction body,
                          void* argument, bool raises_deadlock = false)
      TRI_EXCLUDES(mu_) {
    if (Status status = HostCall::MayWait(); !status.ok()) return status;
    HostCall call(kind, body, argument);
    call.raises_deadlock = raises_deadlock;
    if (!Post(&call)) return Closed();
    call.Wait(kNever);
    return call.result;
  }

  [[nodiscard]] Result<Values> RunIn(HostCall::Kind kind, HeldRun run)
      TRI_EXCLUDES(mu_);
  void Interrupt(std::string_view reason) TRI_EXCLUDES(mu_);
  [[nodiscard]] Status Close() TRI_EXCLUDES(mu_);

  [[nodiscard]] std::string Dump() TRI_EXCLUDES(mu_);

  // Null once it is closed.
  [[nodiscard]] std::shared_ptr<vm::Isolate> isolate() TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return iso_;
  }
  [[nodiscard]] IsolateUsage usage() TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return iso_ != nullptr ? UsageOf(iso_.get()) : last_usage_;
  }
  [[nodiscard]] vm::ExitRequest exit_request() TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return iso_ != nullptr ? iso_->exit_request() : last_exit_;
  }

 private:
  // A call that its caller may leave before the isolate has completed it.
  struct Pending {
    Pending(HostCall::Kind kind, HeldRun its_run)
        : run(std::move(its_run)), call(kind, &RunBody, run.get()) {}
    HeldRun run;
    HostCall call;
    bool left_behind = false;  // with an abandoned isolate
  };

  // What closing needs. If the isolate is abandoned, all of it is left behind
  // with that, for ever.
  struct Closing {
    HostCall drain{HostCall::Kind::kDrain, nullptr, nullptr};
    HostCall close{HostCall::Kind::kClose, nullptr, nullptr};
    std::shared_ptr<vm::Isolate> iso;
    std::list<Pending> pending;
  };

  // Nothing that owns memory lives in a frame that waits: if a G waits there,
  // and its isolate is dropped, the frame is never left.
  bool Post(HostCall* call) TRI_EXCLUDES(mu_) {
    const std::shared_ptr<vm::Isolate> iso = isolate();
    if (iso == nullptr) return false;
    iso->Post(call);
    return true;
  }
  static Status Closed() {
    return Status(StatusCode::kStopped, "the isolate is closed");
  }
  static Status Abandoned() {
    return Status(StatusCode::kTimeout,
                  "a goroutine did not stop; its isolate is abandoned");
  }
  Status Abandon(Closing* left) TRI_EXCLUDES(mu_);
  static IsolateUsage UsageOf(const vm::Isolate* iso) {
    vm::UsageRecord record;
    iso->isolates()->roster().ReadOne(iso, &record);
    return ToUsage(record);
  }

  const std::string name_;
  const std::chrono::nanoseconds stop_deadline_;
  Mutex mu_{LockRank::kIsolate};
  // Made in advance: closing needs no memory.
  std::unique_ptr<Closing> closing_ TRI_GUARDED_BY(mu_) =
      std::make_unique<Closing>();
  std::shared_ptr<vm::Isolate> iso_ TRI_GUARDED_BY(mu_);
  std::list<Pending> pending_ TRI_GUARDED_BY(mu_);
  bool abandoned_ TRI_GUARDED_BY(mu_) = false;
  vm::ExitRequest last_exit_ TRI_GUARDED_BY(mu_);
  IsolateUsage last_usage_ TRI_GUARDED_BY(mu_);
};

Result<Values> Isolate::Impl::RunIn(HostCall::Kind kind, HeldRun run) {
  if (Status status = HostCall::MayWait(); !status.ok()) return status;
  std::list<Pending>::iterator pending;
  {
    MutexLock lock(mu_);
    pending = pending_.emplace(pending_.end(), kind, std::move(run));
  }
  const bool posted = Post(&pending->call);
  if (posted) pending->call.Wait(kNever);
  run = pending->run;
  const Status status = posted ? pending->call.result : Closed();
  {
    MutexLock lock(mu_);
    if (!pending->left_behind) pending_.erase(pending);
  }
  if (!status.ok()) return status;
  if (run->code != StatusCode::kOk) return Status(run->code, run->message);
  return std::move(run->results);
}

std::string Isolate::Impl::Dump() {
  return DumpOf(name_, isolate().get());
}

void Isolate::Impl::Interrupt(std::string_view reason) {
  struct Interrupting {
    explicit Interrupting(std::string_view its_text) : text(its_text) {}
    std::string text;
    HostCall call{HostCall::Kind::kInterrupt, nullptr, text.data()};
  };
  if (HostCall::MayWait().ok()) {
    std::string text(reason);
    static_cast<void>(Do(HostCall::Kind::kInterrupt, nullptr, text.data()));
    return;
  }
  auto interrupting = std::make_shared<Interrupting>(reason);
  interrupting->call.keep = interrupting;
  static_cast<void>(Post(&interrupting->call));
}

Status Isolate::Impl::Close() {
  const std::shared_ptr<vm::Isolate> iso = isolate();
  if (iso == nullptr) {
    MutexLock lock(mu_);
    return abandoned_ ? Abandoned() : Status();
  }
  const M* m = CurrentM();
  if (m != nullptr && m->running() != nullptr &&
      m->running()->strand == iso.get()) {
    return Status(StatusCode::kInvalidArgument,
                  "an isolate cannot be closed by one of its own goroutines");
  }
  if (Status status = HostCall::MayWait(); !status.ok()) return status;
  std::unique_ptr<Closing> closing;
  {
    MutexLock lock(mu_);
    closing = std::move(closing_);
  }
  // Another thread closes it, too.
  if (closing == nullptr) closing = std::make_unique<Closing>();
  iso->Post(&closing->drain);
  closing->drain.Wait(NowNs() + stop_deadline_.count());
  iso->Post(&closing->close);
  if (!closing->close.Wait(NowNs() + stop_deadline_.count() + kFinalizersNs)) {
    return Abandon(closing.release());
  }
  MutexLock lock(mu_);
  last_exit_ = iso->exit_request();
  last_usage_ = UsageOf(iso.get());
  iso_.reset();
  return Status();
}

// A G does not stop. What it may still use is never freed; who waits for it
// goes on, but for the callers of Main, whose memory it may use.
Status Isolate::Impl::Abandon(Closing* left) {
  MutexLock lock(mu_);
  if (!abandoned_ && iso_ != nullptr) {
    abandoned_ = true;
    last_exit_ = iso_->exit_request();
    last_usage_ = UsageOf(iso_.get());
    left->iso = std::move(iso_);
    left->pending.splice(left->pending.end(), pending_);
    for (Pending& pending : left->pending) {
      pending.left_behind = true;
      pending.call.Complete(
          Status(StatusCode::kStopped, "the isolate was abandoned"));
    }
  }
  return Abandoned();
}

Isolate::Isolate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Isolate::~Isolate() = default;

Status Isolate::Main(lua_CFunction body, void* argument, AtEnd at_end,
                     AtDeadlock at_deadlock) {
  return impl_->Do(at_end == AtEnd::kStopOthers ? HostCall::Kind::kProgram
                                                : HostCall::Kind::kMain,
                   body, argument, at_deadlock == AtDeadlock::kRaise);
}

Result<Values> Isolate::RunFile(const std::string& path, const Values& args) {
  return impl_->RunIn(HostCall::Kind::kMain,
                      std::make_shared<Run>(Run::What::kFile, path, "", args));
}

Result<Values> Isolate::RunString(std::string_view chunk,
                                  const std::string& chunk_name,
                                  const Values& args) {
  return impl_->RunIn(
      HostCall::Kind::kMain,
      std::make_shared<Run>(Run::What::kString, chunk, chunk_name, args));
}

Result<Values> Isolate::Call(std::string_view name, const Values& args) {
  return impl_->RunIn(
      HostCall::Kind::kSpawn,
      std::make_shared<Run>(Run::What::kFunction, name, "", args));
}

IsolateUsage Isolate::usage() const {
  return impl_->usage();
}

ExitRequest Isolate::exit_request() const {
  const vm::ExitRequest request = impl_->exit_request();
  return {request.code, request.close, request.requested};
}

void Isolate::Interrupt(std::string_view reason) {
  impl_->Interrupt(reason);
}

std::string Isolate::Dump() {
  return impl_->Dump();
}

Status Isolate::Close() {
  return impl_->Close();
}

// --- Runtime ---

class Runtime::Impl {
 public:
  explicit Impl(const Config& config) : config_(config) {}
  ~Impl() {
    if (!left_behind_) return;
    static_cast<void>(watch_.release());
    static_cast<void>(all_.release());
    static_cast<void>(sched_.release());
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status Start() {
    SchedulerConfig config;
    config.procs = config_.procs == 0 ? DefaultProcs() : config_.procs;
    config.slice_ns = config_.slice.count();
    Status status = stdlib::ParseDebug(config_.debug, &config);
    if (!status.ok()) return status;
    sched_ = std::make_unique<Scheduler>(config);
    all_ = std::make_unique<vm::Isolates>(sched_.get(), &stdlib::OpenAll);
    all_->set_idle_gc_ns(config_.idle_gc.count());
    watch_ = std::make_unique<RuntimeWatch>(sched_.get(), all_.get());
    sched_->set_watch_listener(watch_.get());
    status = sched_->Start();
    MutexLock lock(mu_);
    stopped_ = ended_ = !status.ok();
    return status;
  }

  Result<Isolate*> NewIsolate(IsolateOptions options) {
    if (options.preempt == PreemptMode::kCount && options.preempt_count < 1) {
      return Status(StatusCode::kInvalidArgument,
                    "preempt_count must be at least 1");
    }
    vm::IsolateConfig config;
    config.name = options.name;
    config.isolates = all_.get();
    const Result<vm::Limits> limits = LimitsOf(options);
    if (!limits.ok()) return limits.status();
    if (limits.value().any()) {
      config.budget =
          std::make_shared<vm::Budget>(nullptr, limits.value(), NowNs());
    }
    config.host_wakes = options.host_calls_in;
    config.stop_deadline_ns =
        std::chrono::nanoseconds(config_.stop_deadline).count();
    config.preempt = ToVm(options.preempt);
    config.preempt_count = options.preempt_count;
    stdlib::CountIfLimited(&config);
    config.report = std::move(options.report);
    MutexLock lock(mu_);
    if (stopped_) return Status(StatusCode::kStopped, "the runtime stopped");
    // Nothing asks for memory once the isolate runs.
    auto impl = std::make_unique<Isolate::Impl>(
        nullptr, std::move(options.name), config_.stop_deadline);
    Isolate::Impl* const held = impl.get();
    isolates_.emplace_back(new Isolate(std::move(impl)));
    auto made =
        vm::Isolate::Make(sched_.get(), std::move(config), &stdlib::OpenAll);
    if (!made.ok()) {
      isolates_.pop_back();
      return made.status();
    }
    const std::shared_ptr<vm::Isolate> iso = std::move(made.value());
    iso->SetRoot(iso);
    held->Adopt(iso);
    return isolates_.back().get();
  }

  Status Stop() {
    const M* m = CurrentM();
    if (m != nullptr && m->sched == sched_.get()) {
      return Status(StatusCode::kInvalidArgument,
                    "a runtime cannot be stopped by one of its goroutines");
    }
    {
      MutexLock lock(mu_);
      if (stopped_) {
        while (!ended_)
          changed_.Wait(mu_);
        return result_;
      }
      stopped_ = true;
    }
    Status result = CloseAll();
    MutexLock lock(mu_);
    ended_ = true;
    result_ = result;
    changed_.NotifyAll();
    return result;
  }

  RuntimeStats stats() {
    SchedulerStats from = sched_->stats();
    RuntimeStats to;
    to.procs = from.procs;
    to.threads = from.threads;
    to.idle_procs = from.idle_procs;
    to.spinning = from.spinning;
    to.schedticks = std::move(from.schedticks);
    to.steals = from.steals;
    to.handoffs = from.handoffs;
    to.preemptions = from.preemptions;
    to.retakes = from.retakes;
    to.last_retake_ns = from.last_retake_ns;
    to.taken = from.taken;
    to.stuck = from.stuck;
    to.isolates = all_->roster().count();
    const vm::IsolatePool::Stats pool = all_->pool().stats();
    to.spares = pool.idle;
    to.spare_hits = pool.hits;
    to.spare_misses = pool.misses;
    return to;
  }

  std::vector<IsolateUsage> usage() {
    // Some may be made meanwhile.
    std::vector<vm::UsageRecord> records(all_->roster().count() + 16);
    records.resize(all_->roster().Read(records.data(), records.size()));
    std::vector<IsolateUsage> usage;
    usage.reserve(records.size());
    for (const vm::UsageRecord& record : records)
      usage.push_back(ToUsage(record));
    return usage;
  }

  std::string Dump() TRI_EXCLUDES(mu_) {
    // Isolates are never removed from the list, but it may grow.
    std::vector<Isolate*> isolates;
    {
      MutexLock lock(mu_);
      for (auto& isolate : isolates_)
        isolates.push_back(isolate.get());
    }
    std::string text;
    for (Isolate* isolate : isolates)
      text += isolate->Dump();
    for (auto& [name, isolate] : all_->living())
      text += DumpOf(name, isolate.get());
    return text;
  }

 private:
  // No G runs any more when the threads are told to end.
  static constexpr int64_t kThreadsDeadlineNs = 10'000'000'000;

  // Nobody changes isolates_ any more. Not under mu_: a G may just want it.
  Status CloseAll() TRI_NO_ANALYSIS {
    Status result;
    all_->Stop();
    for (auto& isolate : isolates_) {
      const Status status = isolate->Close();
      if (!status.ok()) result = status;
    }
    if (!all_->AwaitNone(NowNs() + config_.stop_deadline.count() +
                         kFinalizersNs)) {
      result = Status(StatusCode::kTimeout,
                      "a spawned goroutine did not stop; its isolate is "
                      "abandoned");
    }
    if (result.ok() && !sched_->Stop(NowNs() + kThreadsDeadlineNs)) {
      result = Status(StatusCode::kTimeout, "a thread did not stop");
    }
    left_behind_ = !result.ok();
    return result;
  }

  const Config config_;
  std::unique_ptr<Scheduler> sched_;  // constant after Start
  // Destroyed before the scheduler, after every isolate.
  std::unique_ptr<vm::Isolates> all_;
  std::unique_ptr<RuntimeWatch> watch_;  // sysmon's, until that has ended
  bool left_behind_ = false;  // a thread is stuck in a G: it keeps what it uses
  Mutex mu_{LockRank::kIsolates};
  CondVar changed_;
  std::vector<std::unique_ptr<Isolate>> isolates_ TRI_GUARDED_BY(mu_);
  bool stopped_ TRI_GUARDED_BY(mu_) = true;  // refuses new isolates
  bool ended_ TRI_GUARDED_BY(mu_) = true;    // until it has started, too
  Status result_ TRI_GUARDED_BY(mu_);        // once ended_
};

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Runtime>> Runtime::Start(const Config& config) {
  if (config.procs < 0 || config.procs > kMaxProcs) {
    return Status(StatusCode::kInvalidArgument,
                  "procs must be 1 to 256, or 0 for one per CPU");
  }
  if (config.slice < std::chrono::microseconds(10) ||
      config.slice > std::chrono::seconds(10)) {
    return Status(StatusCode::kInvalidArgument,
                  "slice must be from 10 us to 10 s");
  }
  if (config.idle_gc.count() < 0) {
    return Status(StatusCode::kInvalidArgument,
                  "idle_gc must be above 0, or 0 for never");
  }
  try {
    // First: nothing asks for memory once its threads run.
    std::unique_ptr<Runtime> runtime(
        new Runtime(std::make_unique<Impl>(config)));
    const Status status = runtime->impl_->Start();
    if (!status.ok()) return status;
    return runtime;
  } catch (const std::bad_alloc&) {
    return Status::NoMemory();
  }
}

Runtime::~Runtime() {
  static_cast<void>(Stop());
}

Result<Isolate*> Runtime::NewIsolate(IsolateOptions options) {
  try {
    return impl_->NewIsolate(std::move(options));
  } catch (const std::bad_alloc&) {
    return Status::NoMemory();
  }
}

Status Runtime::Stop() {
  return impl_->Stop();
}

std::string Runtime::Dump() {
  return impl_->Dump();
}

std::vector<IsolateUsage> Runtime::usage() const {
  return impl_->usage();
}

RuntimeStats Runtime::stats() const {
  return impl_->stats();
}

const char* Version() {
  return "0.1.0";
}

}  // namespace trilune
