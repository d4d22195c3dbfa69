// IsolateRegistry: the isolates of a runtime that belong to a program.
//
// Role       Lists every isolate of a program. Used by statistics, and by
//            MemoryWatch to collect idle isolates when memory is short. Such a
//            round goes from one isolate to the next: each that is done wakes
//            another. So no more isolates collect at one time than there are
//            Ps.
// Threads    any
// Locks      mu_ (kRegistry); under it the strand of an isolate may be queued
// Invariants I1. An isolate is listed from its start as a program's to its
//                destructor. It is not destroyed while mu_ is held.
//            I2. Each listed isolate that wants_trim is counted in trimming_.
// Tests      tests/vm/idle_gc_test.cc; tests/stdlib/embed_usage_test.cc

#ifndef TRI_VM_RUNTIME_ISOLATE_REGISTRY_H_
#define TRI_VM_RUNTIME_ISOLATE_REGISTRY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sched/sync/mutex.h"
#include "vm/memory/usage.h"

namespace trilune::vm {

class Isolate;

// An isolate's place in the registry. The registry's lock guards it, except
// wants_trim.
struct RegistryEntry {
  Isolate* next = nullptr;
  Isolate* prev = nullptr;
  bool listed = false;
  uint64_t id = 0;
  int64_t since_ns = 0;
  char name[UsageRecord::kNameBytes] = "";
  // Memory is short, and the isolate is to be collected. relaxed: the wake-up
  // that follows carries it.
  std::atomic<bool> wants_trim{false};
};

class IsolateRegistry {
 public:
  IsolateRegistry() = default;
  IsolateRegistry(const IsolateRegistry&) = delete;
  IsolateRegistry& operator=(const IsolateRegistry&) = delete;

  void Add(Isolate* iso, uint64_t id, const std::string& name)
      TRI_EXCLUDES(mu_);
  // Does nothing for an isolate that is not listed.
  void Remove(Isolate* iso) TRI_EXCLUDES(mu_);

  [[nodiscard]] size_t count() TRI_EXCLUDES(mu_);
  // Writes the records of at most `room` isolates, the newest first. Returns
  // how many.
  size_t Read(UsageRecord* to, size_t room) TRI_EXCLUDES(mu_);
  // Writes the record of one isolate, which the caller keeps alive.
  void ReadOne(const Isolate* iso, UsageRecord* to) TRI_EXCLUDES(mu_);

  // Memory is short: has idle isolates collected, `at_once` at a time, and then
  // gives back what the process has to spare. Does nothing while a round goes
  // on. Cheap: it only wakes isolates, and collects nothing itself.
  void TrimIdle(int at_once) TRI_EXCLUDES(mu_);
  // An isolate that wants_trim has collected, or was not idle any more.
  void Trimmed(Isolate* iso) TRI_EXCLUDES(mu_);
  // Rounds of TrimIdle that have ended.
  [[nodiscard]] uint64_t rounds() const {
    return rounds_.load(std::memory_order_relaxed);  // statistics
  }

 private:
  void ReadLocked(const Isolate* iso, int64_t now_ns, UsageRecord* to)
      TRI_REQUIRES(mu_);
  [[nodiscard]] bool TrimNext() TRI_REQUIRES(mu_);
  void OneLess() TRI_EXCLUDES(mu_);

  Mutex mu_{LockRank::kRegistry};
  Isolate* first_ TRI_GUARDED_BY(mu_) = nullptr;
  size_t count_ TRI_GUARDED_BY(mu_) = 0;
  Isolate* cursor_ TRI_GUARDED_BY(mu_) = nullptr;  // the next to look at
  int trimming_ TRI_GUARDED_BY(mu_) = 0;
  std::atomic<uint64_t> rounds_{0};
};

}  // namespace trilune::vm

#endif  // TRI_VM_RUNTIME_ISOLATE_REGISTRY_H_
