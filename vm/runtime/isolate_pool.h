// IsolatePool: isolates that are open before a program needs them.
//
// Role       tri.spawn takes an isolate from here, if there is one, and never
//            waits. Isolates are prepared on their own strands, by Ps that have
//            nothing better to do, with the modules of tri.preload loaded. The
//            number that is kept follows the need. Each spawn that finds none
//            doubles it. An isolate that is not taken for kIdleNs goes, and
//            lowers it again.
// Threads    any
// Locks      mu_ (kIsolates)
// Invariants I1. An isolate is in idle_ from the end of its preparation until
//                it is taken or leaves. Nothing else refers to it in that time.
//            I2. Once an isolate is made, its end needs no memory: its Spare
//                has the calls for that.
// Docs       docs/state-machines.md, "Spare isolate"; isolate_pool.cc
// Tests      tests/vm/isolate_pool_test.cc; tests/lua/spawn

#ifndef TRI_VM_RUNTIME_ISOLATE_POOL_H_
#define TRI_VM_RUNTIME_ISOLATE_POOL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include <lua.hpp>

#include "sched/core/scheduler.h"
#include "sched/sync/mutex.h"
#include "vm/goroutine/preempt.h"
#include "vm/isolate/host_call.h"
#include "vm/message/message.h"

namespace trilune::vm {

class Isolate;
class RuntimeState;

class IsolatePool {
 public:
  static constexpr size_t kMaxSpares = 64;
  static constexpr int64_t kIdleNs = 10'000'000'000;
  // A preparation that takes longer than this has modules that wait for
  // something.
  static constexpr int64_t kMaxPreparationNs = 10'000'000'000;

  using Report = std::function<void(std::string_view)>;

  explicit IsolatePool(RuntimeState* all) : all_(all) {}
  IsolatePool(const IsolatePool&) = delete;
  IsolatePool& operator=(const IsolatePool&) = delete;
  ~IsolatePool();

  // A prepared isolate, or a new one that has yet to open itself. `mode`: that
  // of its program.
  [[nodiscard]] std::shared_ptr<Isolate> Take(
      PreemptMode mode = PreemptMode::kSignal) TRI_EXCLUDES(mu_);

  // From now on `body` prepares isolates. It runs as a G with a copy of `what`,
  // which is owned, as its argument. At least `spares` isolates are kept. Those
  // that are ready now go. False: not enough memory, and nothing has changed.
  [[nodiscard]] bool SetPreload(lua_CFunction body, Message* what,
                                size_t spares, const Report& report)
      TRI_EXCLUDES(mu_);

  // Ends a preparation that takes too long. From then on no module is loaded in
  // advance.
  void EndSlowPreparation(int64_t now_ns) TRI_EXCLUDES(mu_);

  // Closes all isolates, and keeps no more.
  void Stop() TRI_EXCLUDES(mu_);
  // Waits until none is left. False: some are left at `deadline_ns`.
  [[nodiscard]] bool AwaitNone(int64_t deadline_ns) TRI_EXCLUDES(mu_);

  struct Stats {
    size_t idle = 0;
    size_t target = 0;
    uint64_t hits = 0;
    uint64_t misses = 0;
  };
  [[nodiscard]] Stats stats() TRI_EXCLUDES(mu_);

  // For the isolate's timer, on its strand. Returns when to ask again; 0: the
  // isolate is no spare any more, or was just told to close.
  [[nodiscard]] int64_t Expire(const Isolate* iso, int64_t now_ns)
      TRI_EXCLUDES(mu_);

 private:
  struct Spare;

  [[nodiscard]] std::shared_ptr<Isolate> NewIsolate() const;
  [[nodiscard]] std::unique_ptr<Spare> BeginPreparation() TRI_EXCLUDES(mu_);
  // Starts a preparation, if more isolates are wanted.
  void Refill() TRI_EXCLUDES(mu_);
  static void OnPrepared(HostCall* call, const Status& status);
  static void OnClosed(HostCall* call, const Status& status);
  static void OnDrained(HostCall* call, const Status& status);
  [[nodiscard]] bool Prepared(Spare* spare, const Status& result)
      TRI_EXCLUDES(mu_);
  // All isolates that are idle; the one in preparation. Or null. Their ends
  // have begun.
  [[nodiscard]] Spare* TakeIdle() TRI_REQUIRES(mu_);
  [[nodiscard]] Spare* TakeInPreparation() TRI_REQUIRES(mu_);
  // Counts `spare` in closing_. Called once. The caller then calls Drain, which
  // first lets its Gs clean up, or Close.
  void BeginEnd(Spare* spare) TRI_REQUIRES(mu_);
  static void Drain(Spare* spare);
  static void Close(Spare* spare);
  static void CloseAll(Spare* first);

  RuntimeState* const all_;
  Mutex mu_{LockRank::kIsolates};
  CondVar changed_;
  Spare* idle_ TRI_GUARDED_BY(mu_) = nullptr;  // the newest; owned
  size_t idle_count_ TRI_GUARDED_BY(mu_) = 0;
  size_t preparing_ TRI_GUARDED_BY(mu_) = 0;
  // Calls of Refill that still look at the pool.
  size_t refilling_ TRI_GUARDED_BY(mu_) = 0;
  // Preparations are numbered from 1 on: the last that has begun, and the last
  // that is over.
  uint64_t begun_ TRI_GUARDED_BY(mu_) = 0;
  uint64_t prepared_ TRI_GUARDED_BY(mu_) = 0;
  // The one in preparation, unless it is being ended, or is just being posted.
  Spare* in_preparation_ TRI_GUARDED_BY(mu_) = nullptr;
  int64_t preparing_since_ns_ TRI_GUARDED_BY(mu_) = 0;
  bool was_slow_ TRI_GUARDED_BY(mu_) = false;  // why one is being ended
  size_t closing_ TRI_GUARDED_BY(mu_) = 0;
  size_t target_ TRI_GUARDED_BY(mu_) = 0;
  size_t least_ TRI_GUARDED_BY(mu_) = 0;  // as tri.preload asked
  uint64_t hits_ TRI_GUARDED_BY(mu_) = 0;
  uint64_t misses_ TRI_GUARDED_BY(mu_) = 0;
  bool stopping_ TRI_GUARDED_BY(mu_) = false;
  // What prepares isolates now. One of an older generation goes when it is
  // ready.
  uint64_t generation_ TRI_GUARDED_BY(mu_) = 0;
  lua_CFunction body_ TRI_GUARDED_BY(mu_) = nullptr;
  Message* what_ TRI_GUARDED_BY(mu_) = nullptr;
  // Shared, so that taking it needs no memory.
  std::shared_ptr<const Report> report_ TRI_GUARDED_BY(mu_);
};

}  // namespace trilune::vm

#endif  // TRI_VM_RUNTIME_ISOLATE_POOL_H_
