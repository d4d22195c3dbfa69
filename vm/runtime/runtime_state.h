// RuntimeState: all isolates of one runtime, and what they share.
//
// Role       Where an isolate finds what exists once per runtime: the pool, the
//            registry, the search for cycles, extensions of modules.
// Threads    any
// Locks      mu_ (kIsolates)
// Tests      tests/vm/program_test.cc

#ifndef TRI_VM_RUNTIME_RUNTIME_STATE_H_
#define TRI_VM_RUNTIME_RUNTIME_STATE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lua.hpp>

#include "sched/core/scheduler.h"
#include "sched/sync/mutex.h"
#include "vm/message/shared.h"
#include "vm/runtime/isolate_pool.h"
#include "vm/runtime/isolate_registry.h"

namespace trilune::vm {

class Isolate;
class Program;

class RuntimeState {
 public:
  // An object that a module of stdlib keeps once per runtime.
  class Extension {
   public:
    virtual ~Extension() = default;
  };

  // `opener` opens the libraries of the isolates that scripts make.
  RuntimeState(Scheduler* scheduler, lua_CFunction opener)
      : sched_(scheduler), open_(opener) {}
  RuntimeState(const RuntimeState&) = delete;
  RuntimeState& operator=(const RuntimeState&) = delete;

  // The extension for `key`, made at its first use. It is destroyed with this
  // object, when no isolate is left.
  Extension* Extend(const void* key, std::unique_ptr<Extension> (*make)())
      TRI_EXCLUDES(mu_);

  [[nodiscard]] Scheduler* sched() const { return sched_; }
  [[nodiscard]] lua_CFunction open() const { return open_; }

  [[nodiscard]] IsolatePool& pool() { return pool_; }
  [[nodiscard]] IsolateRegistry& registry() { return registry_; }
  // How long an isolate is idle before it is collected. 0: it never is. Set
  // before the first isolate is made.
  void set_idle_gc_ns(int64_t ns) { idle_gc_ns_ = ns; }
  [[nodiscard]] int64_t idle_gc_ns() const { return idle_gc_ns_; }

  // --- Program isolates. ---

  // Lists a program whose isolate is about to start. False: the runtime is
  // stopping.
  [[nodiscard]] bool Add(Program* program) TRI_EXCLUDES(mu_);
  // The isolate of `program` was closed. Drops it, and the program's reference
  // to itself.
  void Remove(Program* program, std::shared_ptr<Isolate> isolate)
      TRI_EXCLUDES(mu_);
  // Refuses new programs, and ends all there are.
  void Stop() TRI_EXCLUDES(mu_);
  // Waits until no program is left. False: some are left at `deadline_ns`.
  [[nodiscard]] bool AwaitNone(int64_t deadline_ns) TRI_EXCLUDES(mu_);
  // For sysmon: wakes the joiners of programs that do not answer although their
  // limit is used up.
  void PublishOverdue(int64_t now_ns) TRI_EXCLUDES(mu_);
  // The isolates that live now, with their names in dumps. Throws without
  // memory.
  using Living = std::vector<std::pair<std::string, std::shared_ptr<Isolate>>>;
  [[nodiscard]] Living living() TRI_EXCLUDES(mu_);

  [[nodiscard]] SharedCycles* cycles() { return &cycles_; }

 private:
  Scheduler* const sched_;
  const lua_CFunction open_;
  int64_t idle_gc_ns_ = 0;
  IsolateRegistry registry_;  // outlives every isolate
  SharedCycles cycles_;       // outlives what extensions and isolates hold
  IsolatePool pool_{this};
  CondVar changed_;
  // A list of the programs through `next`, each retained for the caller. Only
  // one caller at a time may use one `next`. A list of pointers would need
  // memory, which sysmon and Stop may not have.
  [[nodiscard]] Program* RetainAll(Program* Program::*next, bool timed_only)
      TRI_EXCLUDES(mu_);

  Program* first_ TRI_GUARDED_BY(mu_) = nullptr;
  size_t count_ TRI_GUARDED_BY(mu_) = 0;  // listed, or in Remove
  bool stopping_ TRI_GUARDED_BY(mu_) = false;
  Mutex mu_{LockRank::kIsolates};
  std::vector<std::pair<const void*, std::unique_ptr<Extension>>> extensions_
      TRI_GUARDED_BY(mu_);
};

}  // namespace trilune::vm

#endif  // TRI_VM_RUNTIME_RUNTIME_STATE_H_
