#include "sched/native/native.h"

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/core/thread_lock.h"
#include "sched/sync/asymmetric_fence.h"
#include "sched/sync/check.h"

namespace trilune {

// A native G and its strand, which go together. It needs no preempt function: a
// C++ closure makes way only where it waits or yields.
struct NativeG : G {
  explicit NativeG(NativeGs* made_by)
      : own(made_by->sched_, /*is_solo=*/true), maker(made_by) {
    kind = &kKind;
    strand = &own;
  }

  static const GKind kKind;

  Strand own;
  NativeGs* const maker;
  std::function<void()> body;
  NativeG* next_free = nullptr;  // under its maker's lock
};

const GKind NativeG::kKind = {&NativeGs::RunG};

NativeGs::NativeGs(Scheduler* sched) : sched_(sched) {
  sched_->set_quiescence_listener(this);
}

NativeGs::~NativeGs() {
  sched_->set_quiescence_listener(nullptr);
  MutexLock lock(mu_);
  for (NativeG* slab : slabs_) {
    for (size_t i = 0; i < kSlabSize; i++) {
      FreeThreadLocks(&slab[i].own);
      slab[i].~NativeG();
    }
    ::operator delete (slab, std::align_val_t{alignof(NativeG)});
  }
}

NativeG* NativeGs::Allocate() {
  MutexLock lock(mu_);
  if (free_ == nullptr) {
    void* memory =
        ::operator new (sizeof(NativeG) * kSlabSize,
                        std::align_val_t{alignof(NativeG)}, std::nothrow);
    if (memory == nullptr) return nullptr;
    auto* slab = static_cast<NativeG*>(memory);
    slabs_.push_back(slab);
    for (size_t i = kSlabSize; i-- > 0;) {
      auto* g = new (slab + i) NativeG(this);
      g->next_free = free_;
      free_ = g;
    }
  }
  NativeG* g = free_;
  free_ = g->next_free;
  return g;
}

void NativeGs::Free(NativeG* g) {
  MutexLock lock(mu_);
  g->next_free = free_;
  free_ = g;
}

bool NativeGs::Go(std::function<void()> body) {
  const M* m = CurrentM();
  if (m != nullptr && m->sched == sched_) return Make(std::move(body));
  BeginMaking();
  const bool made = Make(std::move(body));
  EndMaking();
  return made;
}

void NativeGs::BeginMaking() {
  MutexLock lock(mu_);
  makings_under_way_++;
  makings_begun_++;
}

void NativeGs::EndMaking() {
  {
    MutexLock lock(mu_);
    makings_under_way_--;
    if (makings_under_way_ > 0 || !look_again_) return;
    look_again_ = false;
  }
  sched_->LookForQuiescence();
}

bool NativeGs::Make(std::function<void()> body) {
  if (cancelled()) return false;
  NativeG* g = Allocate();
  if (g == nullptr) return false;
  g->body = std::move(body);
  g->id = sched_->NextGIds(1);
  g->ClearFlags();
  if (g->word.state() == GState::kDead) {
    g->word.Become(GState::kDead, GState::kIdle);
  }
  g->word.Become(GState::kIdle, GState::kRunnable);
  live_.fetch_add(1, std::memory_order_relaxed);
  g->own.PushReady(g);
  sched_->Submit(&g->own, /*soon=*/false);
  return true;
}

Outcome NativeGs::RunG(G* g) {
  auto* native = static_cast<NativeG*>(g);
  NativeGs* maker = native->maker;
  native->body();
  native->body = nullptr;
  if (native->own.thread_locks != nullptr) EndThreadLock(CurrentM(), g);
  native->word.Become(GState::kRunning, GState::kDead);
  maker->live_.fetch_sub(1, std::memory_order_release);  // [NL1]
  maker->Free(native);
  return Outcome::kStrandEnded;
}

Status NativeGs::Run(std::function<void()> body) {
  TRI_CHECK(CurrentM() == nullptr);
  // On the heap: after a deadlock, the body may outlive this call.
  struct Shared {
    bool ended = false;
  };
  auto shared = std::make_shared<Shared>();
  uint64_t deadlocks_before = 0;
  BeginMaking();
  {
    MutexLock lock(mu_);
    running_++;
    deadlocks_before = deadlocks_;
  }
  const bool made = Make([this, shared, body = std::move(body)] {
    body();
    MutexLock lock(mu_);
    shared->ended = true;
    changed_.NotifyAll();
  });
  EndMaking();
  mu_.Lock();
  while (made && !shared->ended && deadlocks_ == deadlocks_before) {
    changed_.Wait(mu_);
  }
  running_--;
  const bool ended = shared->ended;
  mu_.Unlock();
  if (!made) return Status(StatusCode::kStopped, "no new native G");
  if (ended) return Status();
  return Status(StatusCode::kDeadlock, "all goroutines are asleep - deadlock!");
}

// The parking side of [NC1] is in Publish (loop.cc): it makes its wait public,
// and then reads cancelled_. So either it sees the flag, or CancelAll sees its
// wait.
void NativeGs::CancelAll() {
  cancelled_.store(true, std::memory_order_seq_cst);
  HeavyFence();  // [NC1]
  GList won;
  {
    MutexLock lock(mu_);
    for (NativeG* slab : slabs_) {
      for (size_t i = 0; i < kSlabSize; i++) {
        NativeG* g = slab + i;
        if (!g->word.TryWakeCurrent()) continue;
        g->wake = WakeResult::kCancelled;
        won.PushTail(g);
      }
    }
  }
  while (G* g = won.PopHead())
    Ready(g);
}

// The scheduler was idle a moment ago. That is a deadlock only if it is idle
// while no thread of the host is making a G: such a G counts as live before any
// queue holds it. So this notes how many makings have begun, asks whether the
// scheduler is idle, and concludes nothing if another began meanwhile.
// EndMaking, or the next idle moment, then has it look again.
void NativeGs::OnQuiescent() {
  uint64_t begun = 0;
  {
    MutexLock lock(mu_);
    look_again_ = makings_under_way_ > 0;
    if (look_again_ || running_ == 0) return;
    begun = makings_begun_;
  }
  if (!sched_->IsQuiescent()) return;
  MutexLock lock(mu_);
  if (makings_begun_ != begun) {
    look_again_ = makings_under_way_ > 0;
    return;
  }
  if (running_ == 0 || live() == 0) return;
  deadlocks_++;
  changed_.NotifyAll();
}

NativeG* CurrentNative() {
  M* m = CurrentM();
  if (m == nullptr || m->running() == nullptr) return nullptr;
  if (m->running()->kind != &NativeG::kKind) return nullptr;
  return static_cast<NativeG*>(m->running());
}

G* BeginNative(WaitReason reason) {
  M* m = CurrentM();
  TRI_CHECK(m != nullptr && m->running()->kind == &NativeG::kKind);
  if (!CanParkWithStack(m)) return nullptr;
  G* g = m->running();
  g->reason = reason;
  g->wake = WakeResult::kReady;
  g->word.BeginWait();
  return g;
}

WakeResult ParkNative(G* g, ParkCommit commit) {
  commit.cancelled = &static_cast<NativeG*>(g)->maker->cancelled_;
  ParkWithStack(CurrentM(), g, commit);
  return g->wake;
}

void NativeGs::Yield() {
  NativeG* g = CurrentNative();
  TRI_CHECK(g != nullptr);
  YieldWithStack(CurrentM(), g);
}

bool NativeGs::Sleep(int64_t ns) {
  G* g = BeginNative(WaitReason::kSleep);
  if (g == nullptr) return false;
  ParkCommit commit;
  const int64_t now = NowNs();
  commit.deadline_ns = now + std::clamp<int64_t>(ns, 0, kNever - now);
  return ParkNative(g, commit) != WakeResult::kCancelled;
}

}  // namespace trilune
