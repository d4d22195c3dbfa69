#include "sched/queue/timers.h"

#include <algorithm>
#include <new>
#include <utility>

#include "sched/sync/check.h"

namespace trilune {
namespace {

constexpr size_t kArity = 4;

}  // namespace

bool Timers::Add(int64_t when_ns, G* g, uint64_t ticket) {
  MutexLock lock(mu_);
  // stale_ does not count every stale entry. A G that was cancelled reports its
  // own only when it runs. Entries that were moved here from another P are
  // counted there.
  if (heap_.size() >= purge_at_) {
    Purge();
    purge_at_ = std::max(kPurgeFrom, heap_.size() * 2);
  }
  if (!MakeRoom(1)) return false;
  heap_.push_back({when_ns, g, ticket});
  SiftUp(heap_.size() - 1);
  PublishNext();
  return true;
}

G* Timers::TakeDue(int64_t now_ns) {
  GList due;
  {
    MutexLock lock(mu_);
    while (!heap_.empty() && heap_.front().when_ns <= now_ns) {
      const Entry entry = heap_.front();
      PopFront();
      if (entry.g->word.TryWake(entry.ticket)) {
        entry.g->wake = WakeResult::kTimeout;
        due.PushTail(entry.g);
      } else if (stale_.load(std::memory_order_relaxed) > 0) {
        stale_.fetch_sub(1, std::memory_order_relaxed);
      }
    }
    PublishNext();
  }
  return due.PopHead();  // the head; its next links lead to the others
}

void Timers::NoteStale() {
  const uint32_t stale = stale_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (stale < kPurgeFrom) return;
  MutexLock lock(mu_);
  const size_t known = stale_.load(std::memory_order_relaxed);
  if (known * 2 > heap_.size()) Purge();
}

void Timers::DropStale() {
  if (next_when() == kNever) return;
  MutexLock lock(mu_);
  while (!heap_.empty() && heap_.front().IsStale()) {
    PopFront();
    if (stale_.load(std::memory_order_relaxed) > 0) {
      stale_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  PublishNext();
}

// Both locks at once: no other order of two such locks exists, as each move is
// made under the scheduler's lock. So an entry is always in one of the heaps,
// and without memory nothing has been touched.
void Timers::MoveTo(Timers& other) {
  MutexLock lock(mu_);
  if (heap_.empty()) return;
  {
    MutexLock other_lock(other.mu_);
    if (!other.MakeRoom(heap_.size())) return;
    // Not the stale ones: they would never be counted there, as their Gs name
    // the P that they came from.
    for (const Entry& entry : heap_) {
      if (!entry.IsStale()) other.heap_.push_back(entry);
    }
    other.Heapify();
    other.PublishNext();
  }
  std::vector<Entry>().swap(heap_);  // the P may be idle for long
  stale_.store(0, std::memory_order_relaxed);
  PublishNext();
}

size_t Timers::size() const {
  MutexLock lock(mu_);
  return heap_.size();
}

// Makes room for `more` entries. The vector grows by doubling, where push_back
// would grow it.
bool Timers::MakeRoom(size_t more) {
  const size_t needed = heap_.size() + more;
  if (needed <= heap_.capacity()) return true;
  for (const size_t wanted : {std::max(needed, heap_.capacity() * 2), needed}) {
    try {
      heap_.reserve(wanted);
      return true;
    } catch (const std::bad_alloc&) {
      // There may be memory for less.
    }
  }
  return false;
}

void Timers::PopFront() {
  heap_.front() = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) SiftDown(0);
}

void Timers::Purge() {
  heap_.erase(
      std::remove_if(heap_.begin(), heap_.end(),
                     [](const Entry& entry) { return entry.IsStale(); }),
      heap_.end());
  Heapify();
  stale_.store(0, std::memory_order_relaxed);
  PublishNext();
}

void Timers::Heapify() {
  for (size_t i = heap_.size() / kArity + 1; i-- > 0;)
    SiftDown(i);
}

void Timers::SiftUp(size_t i) {
  while (i > 0) {
    const size_t parent = (i - 1) / kArity;
    if (heap_[parent].when_ns <= heap_[i].when_ns) return;
    std::swap(heap_[parent], heap_[i]);
    i = parent;
  }
}

void Timers::SiftDown(size_t i) {
  for (;;) {
    size_t least = i;
    const size_t first = i * kArity + 1;
    const size_t last = std::min(first + kArity, heap_.size());
    for (size_t child = first; child < last; child++) {
      if (heap_[child].when_ns < heap_[least].when_ns) least = child;
    }
    if (least == i) return;
    std::swap(heap_[i], heap_[least]);
    i = least;
  }
}

void Timers::PublishNext() {
  const int64_t next = heap_.empty() ? kNever : heap_.front().when_ns;
  if (next_when_.load(std::memory_order_relaxed) != next) {
    next_when_.store(next, std::memory_order_seq_cst);  // [TM1]
  }
}

}  // namespace trilune
