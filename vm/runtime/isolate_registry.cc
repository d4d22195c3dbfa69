// The list of isolates, and a round of collections when memory is short.
//
// A round moves along the list by cursor_. TrimIdle wakes the first `at_once`
// isolates that are idle and worth a collection. Each calls Trimmed when it is
// done (idle_gc.cc), which wakes the next one. The last one gives the memory
// back to the system.
//
// An isolate may be closed in the middle of a round. Then Remove passes its
// turn on, or the round would never end.

#include "vm/runtime/isolate_registry.h"

#include <malloc.h>

#include <algorithm>
#include <cstring>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "vm/isolate/isolate.h"
#include "vm/memory/chunk_pool.h"

namespace trilune::vm {

void IsolateRegistry::Add(Isolate* iso, uint64_t id, const std::string& name) {
  const int64_t now = NowNs();
  MutexLock lock(mu_);
  RegistryEntry& entry = iso->registry_entry();
  entry.id = id;
  const size_t length = std::min(name.size(), sizeof(entry.name) - 1);
  std::memcpy(entry.name, name.data(), length);
  entry.name[length] = '\0';
  entry.since_ns = now;
  entry.listed = true;
  entry.next = first_;
  if (first_ != nullptr) first_->registry_entry().prev = iso;
  first_ = iso;
  count_++;
}

void IsolateRegistry::Remove(Isolate* iso) {
  RegistryEntry& entry = iso->registry_entry();
  {
    MutexLock lock(mu_);
    if (!entry.listed) return;
    entry.listed = false;
    (entry.prev != nullptr ? entry.prev->registry_entry().next : first_) =
        entry.next;
    if (entry.next != nullptr) entry.next->registry_entry().prev = entry.prev;
    if (cursor_ == iso) cursor_ = entry.next;
    count_--;
  }
  // It was closed before it could collect.
  if (entry.wants_trim.load(std::memory_order_relaxed)) Trimmed(iso);
}

size_t IsolateRegistry::count() {
  MutexLock lock(mu_);
  return count_;
}

void IsolateRegistry::ReadLocked(const Isolate* iso, int64_t now_ns,
                                 UsageRecord* to) {
  const RegistryEntry& entry = iso->registry_entry();
  const Usage& usage = iso->usage();
  const Heap& heap = iso->heap();
  const size_t limit = heap.limit_bytes();
  *to = {};
  to->id = entry.id;
  std::memcpy(to->name, entry.name, sizeof(entry.name));
  to->is_idle = iso->word.LooksIdle();
  to->exceeded = usage.exceeded;
  to->memory_bytes = heap.used_bytes();
  to->reserved_bytes = heap.reserved_bytes();
  to->peak_bytes = heap.peak_bytes();
  to->limit_bytes = limit == SIZE_MAX ? 0 : limit;
  to->goroutines = iso->live;
  to->collections = usage.collections;
  to->longest_gc_ns = usage.longest_gc_ns;
  to->instructions = usage.instructions;
  to->cpu_ns = usage.cpu_ns;
  to->age_ns = now_ns - entry.since_ns;
  to->sent = usage.sent;
  to->received = usage.received;
}

size_t IsolateRegistry::Read(UsageRecord* to, size_t room) {
  const int64_t now = NowNs();
  MutexLock lock(mu_);
  size_t n = 0;
  for (const Isolate* iso = first_; iso != nullptr && n < room;
       iso = iso->registry_entry().next) {
    ReadLocked(iso, now, to + n++);
  }
  return n;
}

void IsolateRegistry::ReadOne(const Isolate* iso, UsageRecord* to) {
  const int64_t now = NowNs();
  MutexLock lock(mu_);
  ReadLocked(iso, now, to);
}

// --- When memory is short. ---

void IsolateRegistry::TrimIdle(int at_once) {
  MutexLock lock(mu_);
  if (trimming_ > 0) return;
  cursor_ = first_;
  while (trimming_ < at_once && TrimNext()) {
  }
}

// Wakes the next idle isolate that has something to collect. False: there is
// none.
bool IsolateRegistry::TrimNext() {
  while (Isolate* iso = cursor_) {
    cursor_ = iso->registry_entry().next;
    if (!iso->word.LooksIdle() || !iso->MayBeWorthCollecting()) continue;
    trimming_++;
    iso->registry_entry().wants_trim.store(true, std::memory_order_relaxed);
    G* g = iso->WakeToLook();
    if (g != nullptr) Ready(g);
    return true;
  }
  return false;
}

void IsolateRegistry::Trimmed(Isolate* iso) {
  iso->registry_entry().wants_trim.store(false, std::memory_order_relaxed);
  OneLess();
}

void IsolateRegistry::OneLess() {
  {
    MutexLock lock(mu_);
    trimming_--;
    if (TrimNext() || trimming_ > 0) return;
  }
  // The last one of the round: give memory back, outside of the lock.
  ChunkPool::Get()->Trim();
  malloc_trim(0);
  rounds_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace trilune::vm
