#include "vm/isolates.h"

#include <chrono>

#include "vm/isolate.h"
#include "vm/spawned.h"

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

std::vector<Spawned*> Isolates::RetainAll(bool timed_only) {
  std::vector<Spawned*> all;
  MutexLock lock(mu_);
  for (Spawned* one = first_; one != nullptr; one = one->next_) {
    if (timed_only && !one->is_timed()) continue;
    one->Retain();
    all.push_back(one);
  }
  return all;
}

void Isolates::PublishOverdue(int64_t now_ns) {
  for (Spawned* one : RetainAll(/*timed_only=*/true)) {
    one->PublishIfOverdue(now_ns);
    one->Release();
  }
}

void Isolates::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  pool_.Stop();
  for (Spawned* one : RetainAll(/*timed_only=*/false)) {
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
  Living living;
  for (Spawned* one : RetainAll(/*timed_only=*/false)) {
    std::shared_ptr<Isolate> iso = one->isolate();
    if (iso != nullptr) living.emplace_back(one->name(), std::move(iso));
    one->Release();
  }
  return living;
}

}  // namespace trilune::vm
