#include "vm/isolate_pool.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <utility>

#include "sched/clock.h"
#include "vm/isolate.h"
#include "vm/isolates.h"

namespace trilune::vm {

// Opens an isolate and, with a body, runs that in it. Frees itself.
struct IsolatePool::Preparing : HostCall {
  Preparing(Kind what, lua_CFunction function, Message* message)
      : HostCall(what, function, message) {
    on_complete = &OnPrepared;
  }
  ~Preparing() {
    if (argument != nullptr) FreeMessage(static_cast<Message*>(argument));
  }
  IsolatePool* pool = nullptr;
  std::shared_ptr<Isolate> iso;
  uint64_t generation = 0;
};

struct IsolatePool::Closing : HostCall {
  Closing() : HostCall(Kind::kClose, nullptr, nullptr) {
    on_complete = &OnClosed;
  }
  IsolatePool* pool = nullptr;
  std::shared_ptr<Isolate> iso;
};

// Ends the Gs of one, before it is closed.
struct IsolatePool::Draining : HostCall {
  Draining() : HostCall(Kind::kDrain, nullptr, nullptr) {
    on_complete = &OnDrained;
  }
  IsolatePool* pool = nullptr;
  std::shared_ptr<Isolate> iso;
};

IsolatePool::~IsolatePool() {
  if (what_ != nullptr) FreeMessage(what_);
}

std::shared_ptr<Isolate> IsolatePool::Take(PreemptMode mode) {
  std::shared_ptr<Isolate> iso;
  {
    MutexLock lock(mu_);
    // Coroutines that preloaded modules have made could not be counted.
    const bool fits = mode != PreemptMode::kCount || what_ == nullptr;
    if (fits && !idle_.empty()) {
      iso = std::move(idle_.back());
      idle_.pop_back();
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
  std::shared_ptr<Isolate> slow;
  {
    MutexLock lock(mu_);
    if (in_preparation_ == nullptr ||
        now_ns - preparing_since_ns_ <= kMaxPreparationNs) {
      return;
    }
    was_slow_ = true;
    slow = TakeInPreparation();
  }
  End(slow);
}

std::shared_ptr<Isolate> IsolatePool::NewIsolate() const {
  IsolateConfig config;
  config.isolates = all_;
  return Isolate::Create(all_->sched(), std::move(config), all_->open());
}

// Null: no more are wanted, or there is no memory; the next Take tries again.
// One at a time: the programs that were just spawned need the Ps as well.
std::unique_ptr<IsolatePool::Preparing> IsolatePool::BeginPreparation() {
  MutexLock lock(mu_);
  if (stopping_ || preparing_ > 0 || idle_.size() >= target_) return nullptr;
  std::unique_ptr<Preparing> preparing(new (std::nothrow) Preparing(
      body_ != nullptr ? HostCall::Kind::kSpawn : HostCall::Kind::kOpen, body_,
      nullptr));
  if (preparing == nullptr) return nullptr;
  if (body_ != nullptr && what_ != nullptr) {
    preparing->argument = CopyMessage(what_, nullptr);
    if (preparing->argument == nullptr) return nullptr;
  }
  preparing->pool = this;
  preparing->generation = generation_;
  preparing_++;
  preparing_since_ns_ = NowNs();
  return preparing;
}

void IsolatePool::Refill() {
  std::unique_ptr<Preparing> preparing = BeginPreparation();
  if (preparing == nullptr) return;
  try {
    preparing->iso = NewIsolate();
  } catch (const std::bad_alloc&) {
    MutexLock lock(mu_);
    preparing_--;
    changed_.NotifyAll();
    return;
  }
  // Posting looks at the isolate to the end; by then it may have been taken,
  // and closed.
  const std::shared_ptr<Isolate> iso = preparing->iso;
  bool is_late = false;
  {
    MutexLock lock(mu_);
    is_late = stopping_ || preparing->generation != generation_;
    if (is_late) {
      closing_++;
    } else {
      in_preparation_ = iso;
    }
  }
  iso->Post(preparing.release());
  if (is_late) End(iso);
}

void IsolatePool::OnPrepared(HostCall* call, const Status& status) {
  auto* preparing = static_cast<Preparing*>(call);
  IsolatePool* pool = preparing->pool;
  const bool try_more = pool->Prepared(preparing, status);
  delete preparing;
  if (try_more) pool->Refill();
}

// False: the heap could not be opened. Soon after it cannot be, either.
bool IsolatePool::Prepared(Preparing* preparing, const Status& result) {
  std::shared_ptr<Isolate> iso = std::move(preparing->iso);
  std::function<void(std::string_view)> report;
  Status status = result;
  if (status.ok() && iso->live > 0) {
    status = Status(StatusCode::kLuaError,
                    "a module has left a goroutine that still runs");
  }
  bool failed = false;
  {
    MutexLock lock(mu_);
    preparing_--;
    in_preparation_ = nullptr;
    if (std::exchange(was_slow_, false)) {
      status = Status(StatusCode::kTimeout,
                      "a module has waited for more than 10 s");
    }
    changed_.NotifyAll();
    closing_++;  // at once: AwaitNone shall see no gap
    const bool is_wanted = !stopping_ && preparing->generation == generation_;
    if (status.ok() && is_wanted && idle_.size() < kMaxSpares) {
      closing_--;
      iso->KeepWarm(this, NowNs() + kIdleNs);
      idle_.push_back(std::move(iso));
      return true;
    }
    failed = !status.ok() && is_wanted;
    if (failed && preparing->body != nullptr) {
      generation_++;  // as all others would: programs load their modules
      body_ = nullptr;
      report = report_;
    }
  }
  if (failed && preparing->body != nullptr) {
    Isolate::ReportTo(report,
                      "trilune: cannot preload: " + status.message() + "\n");
  }
  End(iso);
  return !failed || preparing->body != nullptr;
}

void IsolatePool::End(const std::shared_ptr<Isolate>& iso) {
  auto* draining = new Draining();
  draining->pool = this;
  draining->iso = iso;
  iso->Post(draining);
}

void IsolatePool::OnDrained(HostCall* call, const Status&) {
  auto* draining = static_cast<Draining*>(call);
  draining->pool->Close(draining->iso);
  delete draining;
}

void IsolatePool::Close(const std::shared_ptr<Isolate>& iso) {
  auto* closing = new Closing();
  closing->pool = this;
  closing->iso = iso;
  iso->Post(closing);
}

void IsolatePool::OnClosed(HostCall* call, const Status&) {
  auto* closing = static_cast<Closing*>(call);
  IsolatePool* pool = closing->pool;
  delete closing;  // and the isolate
  MutexLock lock(pool->mu_);
  pool->closing_--;
  pool->changed_.NotifyAll();
}

void IsolatePool::SetPreload(lua_CFunction body, Message* what, size_t spares,
                             std::function<void(std::string_view)> report) {
  std::vector<std::shared_ptr<Isolate>> old;
  std::shared_ptr<Isolate> in_preparation;
  {
    MutexLock lock(mu_);
    generation_++;
    body_ = body;
    std::swap(what_, what);
    report_ = std::move(report);
    least_ = std::min(spares, kMaxSpares);
    target_ = std::max(target_, least_);
    old.assign(idle_.begin(), idle_.end());
    idle_.clear();
    closing_ += old.size();
    in_preparation = TakeInPreparation();
  }
  if (what != nullptr) FreeMessage(what);
  if (in_preparation != nullptr) End(in_preparation);
  for (const std::shared_ptr<Isolate>& iso : old)
    Close(iso);
  Refill();
}

// To be ended, as nobody wants it any more: its modules may wait for ever.
std::shared_ptr<Isolate> IsolatePool::TakeInPreparation() {
  if (in_preparation_ != nullptr) closing_++;
  return std::move(in_preparation_);
}

int64_t IsolatePool::Expire(const Isolate* iso, int64_t now_ns) {
  std::shared_ptr<Isolate> gone;
  {
    MutexLock lock(mu_);
    const auto at = std::find_if(idle_.begin(), idle_.end(),
                                 [iso](const std::shared_ptr<Isolate>& one) {
                                   return one.get() == iso;
                                 });
    if (at == idle_.end()) return 0;
    // Nobody took it in all that time: those prepared later lie above.
    if (idle_.size() <= least_) return now_ns + kIdleNs;
    gone = std::move(*at);
    idle_.erase(at);
    closing_++;
    target_ = std::max(least_, std::min(target_, idle_.size()));
  }
  Close(gone);
  return 0;
}

void IsolatePool::Stop() {
  std::vector<std::shared_ptr<Isolate>> old;
  std::shared_ptr<Isolate> in_preparation;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    old.swap(idle_);
    closing_ += old.size();
    in_preparation = TakeInPreparation();
  }
  if (in_preparation != nullptr) End(in_preparation);
  for (const std::shared_ptr<Isolate>& iso : old)
    Close(iso);
}

bool IsolatePool::AwaitNone(int64_t deadline_ns) {
  const auto deadline = std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(deadline_ns));
  MutexLock lock(mu_);
  while (closing_ + preparing_ > 0) {
    if (!changed_.WaitUntil(mu_, deadline)) return closing_ + preparing_ == 0;
  }
  return true;
}

IsolatePool::Stats IsolatePool::stats() {
  MutexLock lock(mu_);
  return {idle_.size(), target_, hits_, misses_};
}

}  // namespace trilune::vm
