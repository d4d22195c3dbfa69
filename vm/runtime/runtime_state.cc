#include "vm/runtime/runtime_state.h"

#include <chrono>
#include <utility>
#include <vector>

#include "vm/isolate/isolate.h"
#include "vm/runtime/program.h"

namespace trilune::vm {

RuntimeState::Extension* RuntimeState::Extend(
    const void* key, std::unique_ptr<Extension> (*make)()) {
  MutexLock lock(mu_);
  for (auto& [its_key, extension] : extensions_) {
    if (its_key == key) return extension.get();
  }
  extensions_.emplace_back(key, make());
  return extensions_.back().second.get();
}

bool RuntimeState::Add(Program* program) {
  MutexLock lock(mu_);
  if (stopping_) return false;
  program->next_ = first_;
  if (first_ != nullptr) first_->prev_ = program;
  first_ = program;
  count_++;
  return true;
}

// count_ falls last, after the program's own reference: AwaitNone then knows
// that nothing of it is left to do.
void RuntimeState::Remove(Program* program, std::shared_ptr<Isolate> isolate) {
  isolate.reset();
  {
    MutexLock lock(mu_);
    Program* next = program->next_;
    Program* prev = program->prev_;
    (prev != nullptr ? prev->next_ : first_) = next;
    if (next != nullptr) next->prev_ = prev;
  }
  program->Release();  // may report its error
  MutexLock lock(mu_);
  if (--count_ == 0) changed_.NotifyAll();
}

Program* RuntimeState::RetainAll(Program* Program::*next, bool timed_only) {
  Program* all = nullptr;
  MutexLock lock(mu_);
  for (Program* one = first_; one != nullptr; one = one->next_) {
    if (timed_only && !one->is_timed()) continue;
    one->Retain();
    one->*next = std::exchange(all, one);
  }
  return all;
}

void RuntimeState::PublishOverdue(int64_t now_ns) {
  Program* all = RetainAll(&Program::next_overdue_, /*timed_only=*/true);
  while (all != nullptr) {
    Program* one = std::exchange(all, all->next_overdue_);
    one->PublishIfOverdue(now_ns);
    one->Release();
  }
}

// From the moment in which stopping_ is set, Add refuses. So the list that is
// taken afterwards has all programs.
void RuntimeState::Stop() {
  bool stops_already = false;
  {
    MutexLock lock(mu_);
    stops_already = std::exchange(stopping_, true);
  }
  pool_.Stop();
  if (stops_already) return;  // Add has refused all since then
  Program* all = RetainAll(&Program::next_stopped_, /*timed_only=*/false);
  while (all != nullptr) {
    Program* one = std::exchange(all, all->next_stopped_);
    one->Abort();
    one->Release();
  }
}

bool RuntimeState::AwaitNone(int64_t deadline_ns) {
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

RuntimeState::Living RuntimeState::living() {
  // Released without the lock: the last reference to a Program may report its
  // error.
  struct Retained {
    explicit Retained(Program* one) : program(one) { one->Retain(); }
    Retained(Retained&& other) noexcept
        : program(std::exchange(other.program, nullptr)) {}
    Retained& operator=(Retained&&) = delete;
    ~Retained() {
      if (program != nullptr) program->Release();
    }
    Program* program;
  };
  std::vector<Retained> all;
  {
    MutexLock lock(mu_);
    all.reserve(count_);
    for (Program* one = first_; one != nullptr; one = one->next_)
      all.emplace_back(one);
  }
  Living living;
  for (const Retained& one : all) {
    std::shared_ptr<Isolate> iso = one.program->isolate();
    if (iso != nullptr) {
      living.emplace_back(one.program->name(), std::move(iso));
    }
  }
  return living;
}

}  // namespace trilune::vm
