// Runtime: makes the scheduler, the state that isolates share, and isolates;
// and stops all of them.
//
// What needs memory is done before threads or Gs run that would have to be
// stopped if memory ran out: Start makes its objects before the scheduler's
// threads, NewIsolate before the isolate.
//
// Stop refuses new isolates, tells the spawned ones to end, and closes those of
// the host. Then it waits for the spawned ones, and stops the threads. If a G
// or a thread does not stop, everything it may use is left behind and never
// freed.

#include <sched.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "embed/debug_options.h"
#include "embed/isolate_impl.h"
#include "embed/trilune.h"
#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "sched/thread/m.h"
#include "stdlib/io/terminal_gate.h"
#include "stdlib/modules.h"
#include "stdlib/spawn/spawn_options.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/memory_watch.h"
#include "vm/runtime/runtime_state.h"

namespace trilune {
namespace {

// What sysmon does once a second while it does not sleep.
class RuntimeWatch final : public WatchListener {
 public:
  RuntimeWatch(Scheduler* sched, vm::RuntimeState* runtime)
      : memory_(std::make_unique<vm::SystemMemory>(), sched,
                &runtime->registry()),
        runtime_(runtime) {}

  void OnWatch(int64_t now_ns) override {
    memory_.OnWatch(now_ns);
    runtime_->PublishOverdue(now_ns);
  }

 private:
  vm::MemoryWatch memory_;
  vm::RuntimeState* const runtime_;
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

// An error if `options` has a limit that makes no sense.
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

}  // namespace

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
    all_ = std::make_unique<vm::RuntimeState>(sched_.get(), &stdlib::OpenAll);
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
    config.runtime = all_.get();
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
    // Nothing allocates once the isolate runs.
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
    to.isolates = all_->registry().count();
    const vm::IsolatePool::Stats pool = all_->pool().stats();
    to.spares = pool.idle;
    to.spare_hits = pool.hits;
    to.spare_misses = pool.misses;
    return to;
  }

  std::vector<IsolateUsage> usage() {
    // Leaves room for isolates that are made meanwhile.
    std::vector<vm::UsageRecord> records(all_->registry().count() + 16);
    records.resize(all_->registry().Read(records.data(), records.size()));
    std::vector<IsolateUsage> usage;
    usage.reserve(records.size());
    for (const vm::UsageRecord& record : records)
      usage.push_back(ToUsage(record));
    return usage;
  }

  std::string Dump() TRI_EXCLUDES(mu_) {
    // Isolates are never removed from the list, but the list may grow.
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

  // isolates_ does not change any more. mu_ is not held, because a G may want
  // it.
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
  std::unique_ptr<vm::RuntimeState> all_;
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
    // First the memory: nothing allocates once the threads run.
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

TerminalInput::TerminalInput() {
  stdlib::TerminalGate::Get().Close();
}

TerminalInput::~TerminalInput() {
  stdlib::TerminalGate::Get().Open();
}

const char* Version() {
  return "0.1.0";
}

}  // namespace trilune
