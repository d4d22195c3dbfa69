#include "vm/runtime/runtime_state.h"

#include <chrono>
#include <utility>
#include <vector>

#include "vm/isolate/isolate.h"
#include "vm/runtime/program.h"

namespace trilune::vm {

Isolates::Extension* Isolates::Extend(const void* key,
                                      std::unique_ptr<Extension> (*make)()) {
  MutexLock lock(mu_);
  for (auto& [its_key, extension] : extensions_) {
    if (its_key == key) return extension.get();
  }
  extensions_.emplace_back(key, make());
  return extensions_.back().second.get();
}

bool Isolates::Add(Spawned* spawned) {
  MutexLock lock(mu_);
  if (stopping_) return false;
  spawned->next_ = first_;
  if (first_ != nullptr) first_->prev_ = spawned;
  first_ = spawned;
  count_++;
  return true;
}

void Isolates::Remove(Spawned* spawned, std::shared_ptr<Isolate> isolate) {
  isolate.reset();
  {
    MutexLock lock(mu_);
    Spawned* next = spawned->next_;
    Spawned* prev = spawned->prev_;
    (prev != nullptr ? prev->next_ : first_) = next;
    if (next != nullptr) next->prev_ = prev;
  }
  spawned->Release();  // may report its error
  MutexLock lock(mu_);
  if (--count_ == 0) changed_.NotifyAll();
}

Spawned* Isolates::RetainAll(Spawned* Spawned::*next, bool timed_only) {
  Spawned* all = nullptr;
  MutexLock lock(mu_);
  for (Spawned* one = first_; one != nullptr; one = one->next_) {
    if (timed_only && !one->is_timed()) continue;
    one->Retain();
    one->*next = std::exchange(all, one);
  }
  return all;
}

void Isolates::PublishOverdue(int64_t now_ns) {
  Spawned* all = RetainAll(&Spawned::next_overdue_, /*timed_only=*/true);
  while (all != nullptr) {
    Spawned* one = std::exchange(all, all->next_overdue_);
    one->PublishIfOverdue(now_ns);
    one->Release();
  }
}

void Isolates::Stop() {
  bool stops_already = false;
  {
    MutexLock lock(mu_);
    stops_already = std::exchange(stopping_, true);
  }
  pool_.Stop();
  if (stops_already) return;  // Add has refused all since then
  Spawned* all = RetainAll(&Spawned::next_stopped_, /*timed_only=*/false);
  while (all != nullptr) {
    Spawned* one = std::exchange(all, all->next_stopped_);
    one->Abort();
    one->Release();
  }
}

bool Isolates::AwaitNone(int64_t deadline_ns) {
  const auto deadline = std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(deadline_ns));
  {
    MutexLock lock(mu_);
    while (count_ > 0) {
      if (!changed_.WaitUntil(mu_, deadline) && count_ > 0) return false;
    }
  }
  return pool_.AwaitNone(deadline_ns);
}

Isolates::Living Isolates::living() {
  // Dropped without the lock: the last one that holds a Spawned may report.
  struct Retained {
    explicit Retained(Spawned* one) : spawned(one) { one->Retain(); }
    Retained(Retained&& other) noexcept
        : spawned(std::exchange(other.spawned, nullptr)) {}
    Retained& operator=(Retained&&) = delete;
    ~Retained() {
      if (spawned != nullptr) spawned->Release();
    }
    Spawned* spawned;
  };
  std::vector<Retained> all;
  {
    MutexLock lock(mu_);
    all.reserve(count_);
    for (Spawned* one = first_; one != nullptr; one = one->next_)
      all.emplace_back(one);
  }
  Living living;
  for (const Retained& one : all) {
    std::shared_ptr<Isolate> iso = one.spawned->isolate();
    if (iso != nullptr) {
      living.emplace_back(one.spawned->name(), std::move(iso));
    }
  }
  return living;
}

}  // namespace trilune::vm
