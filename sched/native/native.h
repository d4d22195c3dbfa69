// NativeGs: C++ closures as Gs, each a strand of its own.
//
// Role       Runs C++ code beside Lua on the same scheduler. Tests and
//            benchmarks use it to examine the scheduler without Lua.
// Threads    Go, CancelAll, live: any thread. Run: a thread that is no M; it
//            blocks. Yield, Sleep: a native G.
// Locks      kGSlabs, while a record is made or freed, and for what Run waits
//            for
// Errors     A closure must not throw: an exception that leaves it aborts. It
//            must not park inside a catch block, as the C++ runtime keeps
//            caught exceptions per thread.
// Tests      tests/sched/native_test.cc

#ifndef TRI_SCHED_NATIVE_NATIVE_H_
#define TRI_SCHED_NATIVE_NATIVE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "sched/core/scheduler.h"
#include "sched/task/strand.h"

namespace trilune {

struct NativeG;

class NativeGs final : private QuiescenceListener {
 public:
  explicit NativeGs(Scheduler* sched);
  // Requires: the scheduler has stopped.
  ~NativeGs();
  NativeGs(const NativeGs&) = delete;
  NativeGs& operator=(const NativeGs&) = delete;

  // Makes a G that runs `body`. False: out of memory, or cancelled. May be
  // called from any thread.
  bool Go(std::function<void()> body) TRI_EXCLUDES(mu_);

  // Runs `body` as a G and blocks the calling thread, which is no M, until it
  // has ended. kDeadlock: every native G waits for another one. They stay
  // parked.
  [[nodiscard]] Status Run(std::function<void()> body) TRI_EXCLUDES(mu_);

  // Makes every wait of every native G end with kCancelled, now and later.
  void CancelAll() TRI_EXCLUDES(mu_);
  [[nodiscard]] bool cancelled() const {
    return cancelled_.load(std::memory_order_relaxed);  // a hint; [NC1] decides
  }

  // How many Gs have not ended. A caller that reads 0 sees all they did.
  [[nodiscard]] int64_t live() const {
    return live_.load(std::memory_order_acquire);  // [NL1]
  }

  // These two are for the running native G.
  static void Yield();
  // False: it was cancelled, or no stack is left for its M.
  static bool Sleep(int64_t ns);

 private:
  friend struct NativeG;
  friend WakeResult ParkNative(G* g, ParkCommit commit);

  static Outcome RunG(G* g);
  NativeG* Allocate() TRI_EXCLUDES(mu_);
  void Free(NativeG* g) TRI_EXCLUDES(mu_);
  bool Make(std::function<void()> body) TRI_EXCLUDES(mu_);
  void BeginMaking() TRI_EXCLUDES(mu_);
  void EndMaking() TRI_EXCLUDES(mu_);
  void OnQuiescent() override;

  static constexpr size_t kSlabSize = 256;
  Scheduler* const sched_;
  std::atomic<int64_t> live_{0};
  std::atomic<bool> cancelled_{false};

  Mutex mu_{LockRank::kGSlabs};
  std::vector<NativeG*> slabs_ TRI_GUARDED_BY(mu_);
  NativeG* free_ TRI_GUARDED_BY(mu_) = nullptr;
  // How many threads of the host are making a G. live_ counts that G before a
  // queue holds it. So meanwhile an idle scheduler does not mean a deadlock.
  int makings_under_way_ TRI_GUARDED_BY(mu_) = 0;
  uint64_t makings_begun_ TRI_GUARDED_BY(mu_) = 0;  // begun so far
  // A thread was making a G when the scheduler was idle: look again after it.
  bool look_again_ TRI_GUARDED_BY(mu_) = false;
  // How many threads wait in Run().
  int running_ TRI_GUARDED_BY(mu_) = 0;
  uint64_t deadlocks_ TRI_GUARDED_BY(mu_) = 0;
  CondVar changed_;
};

// The native G that runs on this thread, or null.
NativeG* CurrentNative();

// Opens a wait of the running native G and returns that G. Null: no stack is
// left for its M to go on with, and nothing has happened.
[[nodiscard]] G* BeginNative(WaitReason reason);

// Parks `g`. BeginNative has opened the wait, and the caller has queued the
// waiters. Returns how the wait ended.
WakeResult ParkNative(G* g, ParkCommit commit);

}  // namespace trilune

#endif  // TRI_SCHED_NATIVE_NATIVE_H_
