// Isolate: how a host's calls reach an isolate, and how it is closed.
//
// A call is a vm::HostCall that is posted to the isolate. Its strand serves the
// call, and the host's thread waits until the call is complete. If the host's
// code runs in a G, that G parks instead.
//
// Who owns a call. A caller usually waits for its call without a limit, so the
// call may lie in its frame (Do). Where a caller may leave earlier, the call
// must outlive it. A call of RunIn lies in the list `pending_`. A dump, or an
// interrupt without a wait, keeps itself (HostCall::keep).
//
// Closing makes two calls. kDrain cancels all Gs and waits for their end, up to
// the deadline. kClose closes the heap. If a G does not end in time, the
// isolate is abandoned: what the G may still use is never freed, and the
// waiting callers are told.

#include "vm/isolate/isolate.h"

#include <list>
#include <memory>
#include <new>
#include <utility>

#include "embed/isolate_impl.h"
#include "embed/run_chunk.h"
#include "embed/trilune.h"
#include "sched/base/clock.h"
#include "sched/thread/m.h"
#include "vm/runtime/runtime_state.h"

namespace trilune {
namespace {

using vm::HostCall;

constexpr int64_t kDumpNs = 100'000'000;

}  // namespace

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

Status Isolate::Impl::Do(HostCall::Kind kind, lua_CFunction body,
                         void* argument, bool raises_deadlock) {
  if (Status status = HostCall::MayWait(); !status.ok()) return status;
  std::list<Pending>::iterator pending;
  {
    MutexLock lock(mu_);
    pending = pending_.emplace(pending_.end(), kind, body, argument);
  }
  pending->call.raises_deadlock = raises_deadlock;
  return Await(pending, nullptr);
}

// `*run`: what the call has run. Nothing of the call lies in the frame, which
// is never left if a G waits here and its isolate is closed.
Status Isolate::Impl::Await(std::list<Pending>::iterator pending,
                            HeldRun* run) {
  const bool posted = Post(&pending->call);
  if (posted) pending->call.Wait(kNever);
  if (run != nullptr) *run = pending->run;
  Status status = posted ? pending->call.result : Closed();
  MutexLock lock(mu_);
  if (!pending->left_behind) pending_.erase(pending);
  return status;
}

bool Isolate::Impl::Post(HostCall* call) {
  const std::shared_ptr<vm::Isolate> iso = isolate();
  if (iso == nullptr) return false;
  iso->Post(call);
  return true;
}

IsolateUsage Isolate::Impl::UsageOf(const vm::Isolate* iso) {
  vm::UsageRecord record;
  iso->runtime()->registry().ReadOne(iso, &record);
  return ToUsage(record);
}

Result<Values> Isolate::Impl::RunIn(HostCall::Kind kind, HeldRun run) {
  if (Status status = HostCall::MayWait(); !status.ok()) return status;
  std::list<Pending>::iterator pending;
  {
    MutexLock lock(mu_);
    pending = pending_.emplace(pending_.end(), kind, std::move(run));
  }
  const Status status = Await(pending, &run);
  if (!status.ok()) return status;
  if (run->code != StatusCode::kOk) return Status(run->code, run->message);
  return std::move(run->results);
}

std::string Isolate::Impl::Dump() {
  return DumpOf(name_, isolate().get());
}

void Isolate::Impl::Interrupt(std::string_view reason) {
  std::list<Pending>::iterator pending;
  if (HostCall::MayWait().ok()) {
    {
      MutexLock lock(mu_);
      pending = pending_.emplace(pending_.end(), reason);
    }
    static_cast<void>(Await(pending, nullptr));
    return;
  }
  auto kept = std::make_shared<Pending>(reason);
  kept->call.keep = kept;
  static_cast<void>(Post(&kept->call));
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
  if (closing == nullptr) {  // another thread closes the isolate, too
    closing.reset(new (std::nothrow) Closing());
    if (closing == nullptr) return Status::NoMemory();
  }
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

// A G does not stop. What it may still use is never freed. Callers that wait
// for it go on, except those of Main, whose memory it may use.
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
      if (pending.call.kind != HostCall::Kind::kInterrupt &&
          pending.run == nullptr) {
        continue;  // of Main
      }
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

}  // namespace trilune
