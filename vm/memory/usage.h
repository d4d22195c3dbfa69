// Usage: what an isolate uses, as others may read it without its heap.
//
// Role       The counters that are not in Heap or Strand, and a record that has
//            a copy of all of them.
// Threads    Usage: written by the isolate's strand, read by any thread.
//            UsageRecord: a plain value.
// Locks      none
// Tests      tests/stdlib/embed_usage_test.cc

#ifndef TRI_VM_MEMORY_USAGE_H_
#define TRI_VM_MEMORY_USAGE_H_

#include <cstddef>
#include <cstdint>

#include "sched/sync/gauge.h"

namespace trilune::vm {

struct Usage {
  Gauge<uint64_t> collections;   // cycles of the collector that have ended
  Gauge<int64_t> longest_gc_ns;  // of the full ones that the runtime made
  Gauge<uint64_t> instructions;  // while the budget counts them
  Gauge<int64_t> cpu_ns;         // likewise
  Gauge<uint64_t> sent;          // messages written; below: read
  Gauge<uint64_t> received;
  Gauge<bool> exceeded;  // a limit has ended its work
};

// Plain data, because it lives in frames that a Lua error may jump over.
struct UsageRecord {
  static constexpr size_t kNameBytes = 64;

  uint64_t id;  // of its first G
  char name[kNameBytes];
  bool is_idle;
  bool exceeded;
  size_t memory_bytes;    // as Lua counts
  size_t reserved_bytes;  // taken from the system for that
  size_t peak_bytes;
  size_t limit_bytes;  // 0: none
  uint32_t goroutines;
  uint64_t collections;
  int64_t longest_gc_ns;
  uint64_t instructions;
  int64_t cpu_ns;
  int64_t age_ns;
  uint64_t sent;
  uint64_t received;
};

}  // namespace trilune::vm

#endif  // TRI_VM_MEMORY_USAGE_H_
