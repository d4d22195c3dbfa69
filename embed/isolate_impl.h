// Isolate::Impl: what stands behind an Isolate of the embedding API.
//
// Role       Keeps a vm::Isolate alive until it is closed, and makes the host's
//            calls to it. runtime.cc makes one for each Isolate. isolate.cc
//            explains how calls and closing work.
// Threads    any
// Locks      mu_ (kIsolate)
// Tests      tests/stdlib/embed_test.cc; tests/stdlib/embed_stop_test.cc

#ifndef TRI_EMBED_ISOLATE_IMPL_H_
#define TRI_EMBED_ISOLATE_IMPL_H_

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <lua.hpp>

#include "embed/run_chunk.h"
#include "embed/trilune.h"
#include "sched/base/status.h"
#include "sched/sync/mutex.h"
#include "vm/isolate/host_call.h"
#include "vm/isolate/isolate.h"
#include "vm/memory/usage.h"

namespace trilune {

// At a close, finalizers may take this much longer than the Gs.
inline constexpr int64_t kFinalizersNs = 1'000'000'000;

// Turns a record of vm/ into one of the API.
IsolateUsage ToUsage(const vm::UsageRecord& from);

// The dump of the isolate `name`. Null: the isolate is closed. Waits at most
// 100 ms for the isolate's answer.
std::string DumpOf(const std::string& name, vm::Isolate* iso);

class Isolate::Impl {
 public:
  Impl(std::shared_ptr<vm::Isolate> isolate, std::string name,
       std::chrono::nanoseconds deadline)
      : name_(std::move(name)),
        stop_deadline_(deadline),
        iso_(std::move(isolate)) {}
  // To be called at most once, before another thread can reach this object.
  void Adopt(std::shared_ptr<vm::Isolate> isolate) TRI_NO_ANALYSIS {
    iso_ = std::move(isolate);
  }

  // Makes a call and waits for it. The call's G uses `argument` while it runs.
  [[nodiscard]] Status Do(vm::HostCall::Kind kind, lua_CFunction body,
                          void* argument, bool raises_deadlock = false)
      TRI_EXCLUDES(mu_);

  [[nodiscard]] Result<Values> RunIn(vm::HostCall::Kind kind, HeldRun run)
      TRI_EXCLUDES(mu_);
  void Interrupt(std::string_view reason) TRI_EXCLUDES(mu_);
  [[nodiscard]] Status Close() TRI_EXCLUDES(mu_);

  [[nodiscard]] std::string Dump() TRI_EXCLUDES(mu_);

  // Null once the isolate is closed.
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
  // A call whose caller may leave before the isolate has completed it.
  struct Pending {
    Pending(vm::HostCall::Kind kind, HeldRun its_run)
        : run(std::move(its_run)), call(kind, &RunBody, run.get()) {}
    Pending(vm::HostCall::Kind kind, lua_CFunction body, void* argument)
        : call(kind, body, argument) {}
    // An interrupt.
    explicit Pending(std::string_view its_reason)
        : reason(its_reason),
          call(vm::HostCall::Kind::kInterrupt, nullptr, reason.data()) {}
    HeldRun run;         // or null
    std::string reason;  // of an interrupt
    vm::HostCall call;
    bool left_behind = false;  // with an abandoned isolate
  };

  // What closing needs. If the isolate is abandoned, all of this stays behind
  // with it, for ever.
  struct Closing {
    vm::HostCall drain{vm::HostCall::Kind::kDrain, nullptr, nullptr};
    vm::HostCall close{vm::HostCall::Kind::kClose, nullptr, nullptr};
    std::shared_ptr<vm::Isolate> iso;
    std::list<Pending> pending;
  };

  // Nothing that owns memory may lie in a frame that waits. If a G waits there
  // and its isolate is dropped, the frame is never left.
  [[nodiscard]] bool Post(vm::HostCall* call) TRI_EXCLUDES(mu_);
  [[nodiscard]] Status Await(std::list<Pending>::iterator pending, HeldRun* run)
      TRI_EXCLUDES(mu_);
  static Status Closed() {
    return Status(StatusCode::kStopped, "the isolate is closed");
  }
  static Status Abandoned() {
    return Status(StatusCode::kTimeout,
                  "a goroutine did not stop; its isolate is abandoned");
  }
  Status Abandon(Closing* left) TRI_EXCLUDES(mu_);
  static IsolateUsage UsageOf(const vm::Isolate* iso);

  const std::string name_;
  const std::chrono::nanoseconds stop_deadline_;
  Mutex mu_{LockRank::kIsolate};
  // Made in advance, so that closing needs no memory.
  std::unique_ptr<Closing> closing_ TRI_GUARDED_BY(mu_) =
      std::make_unique<Closing>();
  std::shared_ptr<vm::Isolate> iso_ TRI_GUARDED_BY(mu_);
  std::list<Pending> pending_ TRI_GUARDED_BY(mu_);
  bool abandoned_ TRI_GUARDED_BY(mu_) = false;
  vm::ExitRequest last_exit_ TRI_GUARDED_BY(mu_);
  IsolateUsage last_usage_ TRI_GUARDED_BY(mu_);
};

}  // namespace trilune

#endif  // TRI_EMBED_ISOLATE_IMPL_H_
