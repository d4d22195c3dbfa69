#include "vm/isolate_pool.h"

#include <algorithm>
#include <chrono>
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

IsolatePool::~IsolatePool() {
  if (what_ != nullptr) FreeMessage(what_);
}

std::shared_ptr<Isolate> IsolatePool::Take() {
  std::shared_ptr<Isolate> iso;
  {
    MutexLock lock(mu_);
    last_take_ns_ = NowNs();
    if (!idle_.empty()) {
      iso = std::move(idle_.back());
      idle_.pop_back();
      hits_++;
    } else {
      misses_++;
      target_ = std::clamp<size_t>(target_ * 2, 1, kMaxSpares);
    }
  }
  Refill();
  if (iso != nullptr) return iso;
  return NewIsolate();
}

std::shared_ptr<Isolate> IsolatePool::NewIsolate() const {
  IsolateConfig config;
  config.isolates = all_;
  return Isolate::Create(all_->sched(), std::move(config), all_->open());
}

// Starts a preparation, if more are wanted. One at a time: the programs that
// were just spawned need the Ps as well.
void IsolatePool::Refill() {
  std::unique_ptr<Preparing> preparing;
  {
    MutexLock lock(mu_);
    if (stopping_ || preparing_ > 0 || idle_.size() >= target_) return;
    Message* what = nullptr;
    if (what_ != nullptr) {
      what = CopyMessage(what_);
      if (what == nullptr) return;  // without memory: the next Take tries again
    }
    preparing_++;
    preparing = std::make_unique<Preparing>(
        body_ != nullptr ? HostCall::Kind::kSpawn : HostCall::Kind::kOpen,
        body_, what);
    preparing->generation = generation_;
  }
  preparing->pool = this;
  preparing->iso = NewIsolate();
  // Posting looks at the isolate to the end; by then it may have been taken,
  // and closed.
  const std::shared_ptr<Isolate> iso = preparing->iso;
  iso->Post(preparing.release());
}

void IsolatePool::OnPrepared(HostCall* call, Status status) {
  auto* preparing = static_cast<Preparing*>(call);
  IsolatePool* pool = preparing->pool;
  pool->Prepared(preparing, status);
  delete preparing;
  pool->Refill();
}

void IsolatePool::Prepared(Preparing* preparing, const Status& status) {
  std::shared_ptr<Isolate> iso = std::move(preparing->iso);
  std::function<void(std::string_view)> report;
  bool failed = false;
  {
    MutexLock lock(mu_);
    preparing_--;
    changed_.NotifyAll();
    closing_++;  // at once: AwaitNone shall see no gap
    failed = !status.ok() && !stopping_ && preparing->generation == generation_;
    if (status.ok() && !stopping_ && preparing->generation == generation_ &&
        idle_.size() < kMaxSpares) {
      closing_--;
      iso->KeepWarm(this, NowNs() + kIdleNs);
      idle_.push_back(std::move(iso));
      return;
    }
    if (failed) {  // as all others would: programs load their modules themselves
      generation_++;
      body_ = nullptr;
      report = report_;
    }
  }
  if (failed) {
    Isolate::ReportTo(report, "trilune: cannot preload: " + status.message() +
                                  "\n");
  }
  Close(iso);
}

void IsolatePool::Close(const std::shared_ptr<Isolate>& iso) {
  auto* closing = new Closing();
  closing->pool = this;
  closing->iso = iso;
  iso->Post(closing);
}

void IsolatePool::OnClosed(HostCall* call, Status) {
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
  {
    MutexLock lock(mu_);
    generation_++;
    body_ = body;
    std::swap(what_, what);
    report_ = std::move(report);
    least_ = std::min(spares, kMaxSpares);
    target_ = std::max(target_, least_);
    old.swap(idle_);
    closing_ += old.size();
  }
  if (what != nullptr) FreeMessage(what);
  for (const std::shared_ptr<Isolate>& iso : old)
    Close(iso);
  Refill();
}

int64_t IsolatePool::Expire(const Isolate* iso, int64_t now_ns) {
  std::shared_ptr<Isolate> gone;
  {
    MutexLock lock(mu_);
    const auto at = std::find_if(
        idle_.begin(), idle_.end(),
        [iso](const std::shared_ptr<Isolate>& one) { return one.get() == iso; });
    if (at == idle_.end()) return 0;
    // Those that were prepared first lie lowest, and are taken last.
    if (now_ns - last_take_ns_ < kIdleNs || idle_.size() <= least_) {
      return now_ns + kIdleNs;
    }
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
  {
    MutexLock lock(mu_);
    stopping_ = true;
    old.swap(idle_);
    closing_ += old.size();
  }
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
