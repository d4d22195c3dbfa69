// Isolates that wait for a program: how they are prepared, taken and closed.
// docs/state-machines.md, "Spare isolate", has their states.
//
// One isolate is prepared at a time (BeginPreparation), on its own strand: the
// programs that were just spawned need the Ps as well. When it is ready,
// Prepared puts it on the idle list and begins the next one, up to target_.
// Each Take that finds nothing doubles target_. Each isolate that nobody takes
// for ten seconds leaves, and lowers it (Expire). So the pool follows the need,
// and has no size to configure.
//
// A module of tri.preload may fail, or wait for ever. If it fails, nothing is
// preloaded any more, because every further preparation would fail too;
// programs load their modules themselves. If it waits, the next spawn ends the
// preparation after ten seconds (EndSlowPreparation).
//
// Post looks at the isolate until it returns, but the call it has posted may be
// completed before that, and free the Spare. So each caller of Post holds the
// isolate itself.
//
// The end of an isolate is counted in closing_ from the decision on, in the
// same critical section that takes it from the other counts. AwaitNone would
// otherwise see a moment in which all counts are 0.

#include "vm/runtime/isolate_pool.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <utility>

#include "sched/base/clock.h"
#include "sched/sync/check.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {

// An isolate of the pool, with every call that leads it to its end, so that the
// end needs no memory. Held by the preparation, then by the idle list, then by
// the end once that has begun.
struct IsolatePool::Spare {
  struct Call : HostCall {
    using HostCall::HostCall;
    Spare* spare = nullptr;
  };

  // With a `body` that runs in the isolate once it is open.
  Spare(IsolatePool* its_pool, lua_CFunction body)
      : pool(its_pool),
        prepare(
            body != nullptr ? HostCall::Kind::kSpawn : HostCall::Kind::kOpen,
            body, nullptr),
        drain(HostCall::Kind::kDrain, nullptr, nullptr),
        close(HostCall::Kind::kClose, nullptr, nullptr) {
    prepare.on_complete = &OnPrepared;
    drain.on_complete = &OnDrained;
    close.on_complete = &OnClosed;
    for (Call* call : {&prepare, &drain, &close})
      call->spare = this;
  }
  Spare(const Spare&) = delete;
  Spare& operator=(const Spare&) = delete;
  ~Spare() { FreeArgument(); }
  void FreeArgument() {
    auto* message =
        static_cast<Message*>(std::exchange(prepare.argument, nullptr));
    if (message != nullptr) FreeMessage(message);
  }

  IsolatePool* const pool;
  std::shared_ptr<Isolate> iso;
  uint64_t generation = 0;
  uint64_t number = 0;  // of its preparation
  Call prepare;
  Call drain;
  Call close;
  // Under the pool's lock. `ends` becomes true once; from then on OnClosed
  // frees this object. The preparation is over by then, because a call that was
  // posted before a close is completed before it.
  bool ends = false;
  Spare* next = nullptr;  // in the idle list, or in one of those to close
};

IsolatePool::~IsolatePool() {
  while (idle_ != nullptr)
    delete std::exchange(idle_, idle_->next);
  if (what_ != nullptr) FreeMessage(what_);
}

// The newest spare isolate, or a new one that has yet to open itself. Either
// way the pool looks whether to prepare another.
std::shared_ptr<Isolate> IsolatePool::Take(PreemptMode mode) {
  std::shared_ptr<Isolate> iso;
  std::unique_ptr<Spare> spare;
  {
    MutexLock lock(mu_);
    // The mode count needs a hook in every state. Coroutines that preloaded
    // modules have made have none.
    const bool fits = mode != PreemptMode::kCount || what_ == nullptr;
    if (fits && idle_ != nullptr) {
      spare.reset(std::exchange(idle_, idle_->next));
      idle_count_--;
      iso = spare->iso;
      hits_++;
    } else {
      misses_++;
      if (fits) target_ = std::clamp<size_t>(target_ * 2, 1, kMaxSpares);
    }
  }
  try {
    if (iso == nullptr) EndSlowPreparation(NowNs());
    Refill();
  } catch (const std::bad_alloc&) {
    if (iso == nullptr) throw;  // else it is alive, and must not be lost
  }
  if (iso != nullptr) return iso;
  return NewIsolate();
}

void IsolatePool::EndSlowPreparation(int64_t now_ns) {
  Spare* slow = nullptr;
  {
    MutexLock lock(mu_);
    if (in_preparation_ == nullptr ||
        now_ns - preparing_since_ns_ <= kMaxPreparationNs) {
      return;
    }
    was_slow_ = true;
    slow = TakeInPreparation();
  }
  Drain(slow);
}

std::shared_ptr<Isolate> IsolatePool::NewIsolate() const {
  IsolateConfig config;
  config.runtime = all_;
  return Isolate::Create(all_->sched(), std::move(config), all_->open());
}

// Null: no more isolates are wanted, or there is no memory. The next Take tries
// again. One at a time: the programs that were just spawned need the Ps as
// well.
std::unique_ptr<IsolatePool::Spare> IsolatePool::BeginPreparation() {
  MutexLock lock(mu_);
  if (stopping_ || preparing_ > 0 || idle_count_ >= target_) return nullptr;
  std::unique_ptr<Spare> spare(new (std::nothrow) Spare(this, body_));
  if (spare == nullptr) return nullptr;
  if (body_ != nullptr && what_ != nullptr) {
    spare->prepare.argument = CopyMessage(what_, nullptr);
    if (spare->prepare.argument == nullptr) return nullptr;
  }
  spare->generation = generation_;
  spare->number = ++begun_;
  preparing_++;
  refilling_++;
  preparing_since_ns_ = NowNs();
  return spare;
}

// Posts the preparation of one more isolate, if one is wanted. The pool may be
// stopped or told other modules while the isolate is being made. Then it is
// ended at once.
//
// Others may end the preparation only after it was posted. A drain and a close
// that were posted before it would free the Spare under the caller's hands.
void IsolatePool::Refill() {
  std::unique_ptr<Spare> made = BeginPreparation();
  if (made == nullptr) return;
  try {
    made->iso = NewIsolate();
  } catch (const std::bad_alloc&) {
    MutexLock lock(mu_);
    preparing_--;
    refilling_--;
    changed_.NotifyAll();
    return;
  }
  const uint64_t number = made->number;
  const std::shared_ptr<Isolate> iso = made->iso;
  Spare* spare = made.release();
  iso->Post(&spare->prepare);
  // By now the isolate may have been taken, and the Spare be gone.
  bool is_late = false;
  {
    MutexLock lock(mu_);
    refilling_--;
    changed_.NotifyAll();
    if (prepared_ < number) {
      is_late = stopping_ || spare->generation != generation_;
      if (is_late) {
        BeginEnd(spare);
      } else {
        in_preparation_ = spare;
      }
    }
  }
  if (is_late) Drain(spare);
}

void IsolatePool::OnPrepared(HostCall* call, const Status& status) {
  Spare* spare = static_cast<Spare::Call*>(call)->spare;
  IsolatePool* pool = spare->pool;
  if (pool->Prepared(spare, status)) pool->Refill();
}

namespace {

// Without memory, with fewer words.
void ReportFailedPreload(const std::function<void(std::string_view)>& report,
                         const Status& status) try {
  Isolate::ReportTo(report,
                    "trilune: cannot preload: " + status.message() + "\n");
} catch (const std::bad_alloc&) {
  Isolate::ReportTo(report, "trilune: cannot preload: not enough memory\n");
}

}  // namespace

// Whether to prepare the next isolate. False: the heap could not be opened, and
// a second try at once would fail, too. `spare` may be gone afterwards.
bool IsolatePool::Prepared(Spare* spare, const Status& result) {
  std::shared_ptr<const Report> report;
  Status status = result;
  if (status.ok() && spare->iso->live > 0) {
    status = Status(StatusCode::kLuaError,
                    "a module has left a goroutine that still runs");
  }
  const bool has_body = spare->prepare.body != nullptr;
  bool failed = false;
  bool ends_now = false;
  spare->FreeArgument();
  {
    MutexLock lock(mu_);
    preparing_--;
    prepared_ = spare->number;
    in_preparation_ = nullptr;
    if (std::exchange(was_slow_, false)) {
      status = Status(StatusCode::kTimeout,
                      "a module has waited for more than 10 s");
    }
    changed_.NotifyAll();
    const bool is_wanted = !stopping_ && spare->generation == generation_;
    if (status.ok() && is_wanted && !spare->ends && idle_count_ < kMaxSpares) {
      spare->iso->KeepWarm(this, NowNs() + kIdleNs);
      spare->next = std::exchange(idle_, spare);
      idle_count_++;
      return true;
    }
    failed = !status.ok() && is_wanted;
    if (failed && has_body) {
      generation_++;  // others would fail, too: programs load the modules
      body_ = nullptr;
      report = report_;
    }
    ends_now = !spare->ends;
    if (ends_now) BeginEnd(spare);  // here, so that AwaitNone sees no gap
  }
  if (failed && has_body) {
    ReportFailedPreload(report != nullptr ? *report : Report(), status);
  }
  if (ends_now) Drain(spare);
  return !failed || has_body;
}

void IsolatePool::BeginEnd(Spare* spare) {
  TRI_CHECK(!spare->ends);
  spare->ends = true;
  closing_++;
}

// Post looks at the isolate until it returns. The spare may be gone before.
void IsolatePool::Drain(Spare* spare) {
  const std::shared_ptr<Isolate> iso = spare->iso;
  iso->Post(&spare->drain);
}

void IsolatePool::OnDrained(HostCall* call, const Status&) {
  Close(static_cast<Spare::Call*>(call)->spare);
}

void IsolatePool::Close(Spare* spare) {
  const std::shared_ptr<Isolate> iso = spare->iso;
  iso->Post(&spare->close);
}

void IsolatePool::CloseAll(Spare* first) {
  while (first != nullptr)
    Close(std::exchange(first, first->next));
}

void IsolatePool::OnClosed(HostCall* call, const Status&) {
  Spare* spare = static_cast<Spare::Call*>(call)->spare;
  IsolatePool* pool = spare->pool;
  delete spare;  // and the isolate
  MutexLock lock(pool->mu_);
  pool->closing_--;
  pool->changed_.NotifyAll();
}

// Swaps under the lock, and frees and posts outside of it.
bool IsolatePool::SetPreload(lua_CFunction body, Message* what, size_t spares,
                             const Report& report) {
  std::shared_ptr<const Report> kept;
  try {
    kept = std::make_shared<const Report>(report);
  } catch (const std::bad_alloc&) {
    if (what != nullptr) FreeMessage(what);
    return false;
  }
  Spare* old = nullptr;
  Spare* in_preparation = nullptr;
  {
    MutexLock lock(mu_);
    generation_++;
    body_ = body;
    std::swap(what_, what);
    std::swap(report_, kept);
    least_ = std::min(spares, kMaxSpares);
    target_ = std::max(target_, least_);
    old = TakeIdle();
    in_preparation = TakeInPreparation();
  }
  if (what != nullptr) FreeMessage(what);
  if (in_preparation != nullptr) Drain(in_preparation);
  CloseAll(old);
  Refill();
  return true;
}

// Takes all idle isolates, to be closed.
IsolatePool::Spare* IsolatePool::TakeIdle() {
  for (Spare* spare = idle_; spare != nullptr; spare = spare->next)
    BeginEnd(spare);
  idle_count_ = 0;
  return std::exchange(idle_, nullptr);
}

// Takes the isolate in preparation, to be ended: nobody wants it any more, and
// its modules may wait for ever.
IsolatePool::Spare* IsolatePool::TakeInPreparation() {
  if (in_preparation_ != nullptr) BeginEnd(in_preparation_);
  return std::exchange(in_preparation_, nullptr);
}

int64_t IsolatePool::Expire(const Isolate* iso, int64_t now_ns) {
  Spare* gone = nullptr;
  {
    MutexLock lock(mu_);
    Spare** link = &idle_;
    while (*link != nullptr && (*link)->iso.get() != iso)
      link = &(*link)->next;
    gone = *link;
    if (gone == nullptr) return 0;
    // It was not taken in all that time, although those prepared later lie
    // above it and are taken first. If it is one of the least number, it stays.
    if (idle_count_ <= least_) return now_ns + kIdleNs;
    *link = gone->next;
    idle_count_--;
    BeginEnd(gone);
    target_ = std::max(least_, std::min(target_, idle_count_));
  }
  Close(gone);
  return 0;
}

void IsolatePool::Stop() {
  Spare* old = nullptr;
  Spare* in_preparation = nullptr;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    old = TakeIdle();
    in_preparation = TakeInPreparation();
  }
  if (in_preparation != nullptr) Drain(in_preparation);
  CloseAll(old);
}

bool IsolatePool::AwaitNone(int64_t deadline_ns) {
  const auto deadline = std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(deadline_ns));
  MutexLock lock(mu_);
  while (closing_ + preparing_ + refilling_ > 0) {
    if (!changed_.WaitUntil(mu_, deadline)) {
      return closing_ + preparing_ + refilling_ == 0;
    }
  }
  return true;
}

IsolatePool::Stats IsolatePool::stats() {
  MutexLock lock(mu_);
  return {idle_count_, target_, hits_, misses_};
}

}  // namespace trilune::vm
