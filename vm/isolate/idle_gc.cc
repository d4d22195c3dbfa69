// The collection of an isolate that has nothing to do.
//
// Lua collects as it allocates. An isolate that waits allocates nothing, so its
// garbage would stay for as long as it waits.
//
// When a heap that is worth a collection goes idle, a timer G is made, one for
// each isolate (ArmIdleGc). It runs after the idle time. If any other G of the
// heap has run meanwhile, the isolate was not idle, and the timer sleeps once
// more. Otherwise it makes a full collection on the strand. It is one more G,
// for which others of the same heap wait.
//
// The collection gives way while other strands wait for the P, but only
// kMaxGivesWay times. Deadlines are spread, so that isolates which went idle
// together do not collect together.
//
// The timer is a daemon: deadlocks are found as if it were not there.
//
// When memory is short, IsolateRegistry does not wait for the timer: it sets
// wants_trim and wakes host_g_, and ServeTrim runs the timer at once.

#include <algorithm>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {
namespace {

// A heap that has grown by less than this since its last full collection is not
// worth one. The other bound is a share of its size.
constexpr size_t kLeastGrowth = size_t{4} << 10;
constexpr size_t kGrowthShare = 16;
// Deadlines are spread over this part of the idle time. An isolate that gives
// way comes back after the second part.
constexpr int64_t kSpread = 4;
constexpr int64_t kAgain = 8;
constexpr int kMaxGivesWay = 16;

// The sentinel's metatable is argument 1.
int NewSentinel(lua_State* L) {
  lua_newuserdatauv(L, 0, 0);
  lua_pushvalue(L, 1);
  lua_setmetatable(L, -2);
  return 0;
}

}  // namespace

// --- Counting collections. ---

// Each cycle finds the sentinel dead, and its finalizer makes the next one.
// That must be a new object: an object that survives gets old, and a young
// collection does not look at old ones.
int Isolate::OnSentinel(lua_State* L) {
  // A script may have called it, with anything.
  if (lua_type(L, 1) != LUA_TUSERDATA || lua_rawlen(L, 1) != 0 ||
      lua_getmetatable(L, 1) == 0) {
    return 0;
  }
  Isolate* iso = Of(L);
  iso->usage_.collections++;
  iso->worth_bytes_ = 0;
  iso->has_sentinel_ = false;
  if (iso->closing_) return 0;
  lua_pushcfunction(L, &NewSentinel);
  lua_insert(L, -2);
  // Without memory there is no sentinel until the next full collection in idle
  // time.
  iso->has_sentinel_ = lua_pcall(L, 1, 0, 0) == LUA_OK;
  return 0;
}

void Isolate::PushSentinelMeta(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &OnSentinel);
  lua_setfield(L, -2, "__gc");
}

void Isolate::MakeSentinel(lua_State* L) {
  PushSentinelMeta(L);
  lua_newuserdatauv(L, 0, 0);
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  Of(L)->has_sentinel_ = true;
}

// --- When. ---

// After the next growth, or the next collection, the heap is worth a full one.
void Isolate::SetWorth() {
  const size_t used = heap_.used_bytes();
  worth_bytes_ = used + std::max(kLeastGrowth, used / kGrowthShare);
}

void Isolate::ArmIdleGc() {
  const int64_t idle_ns =
      config_.runtime == nullptr ? 0 : config_.runtime->idle_gc_ns();
  if (idle_ns == 0 || halted_ || closing_ || main_ == nullptr) return;
  // Not `random`: scripts see its sequence in select.
  const uint64_t hash =
      (reinterpret_cast<uintptr_t>(this) >> 6) * 0x9e3779b97f4a7c15U >> 32;
  const int64_t spread = std::max<int64_t>(1, idle_ns / kSpread);
  AddIdleTimer(NowNs() + idle_ns + static_cast<int64_t>(hash) % spread);
}

void Isolate::AddIdleTimer(int64_t next_ns) {
  idle_timer_ = StartTimer(&kIdleGcKind, {this, next_ns, 0}, /*own=*/true);
  if (idle_timer_ == nullptr) return;
  daemons_++;
  idle_gives_way_ = 0;
  idle_gtick_ = gtick;
}

// host_g_ was woken, and IsolateRegistry has asked for a collection.
void Isolate::ServeTrim() {
  if (halted_ || main_ == nullptr || HasRunnable()) {
    EndTrim();
    return;
  }
  if (idle_timer_ == nullptr) {
    AddIdleTimer(NowNs());
    if (idle_timer_ == nullptr) EndTrim();
  } else if (idle_timer_->TryWin()) {
    idle_timer_->wake = WakeResult::kCancelled;
    ReadyInStrand(idle_timer_, /*woken=*/false);
  }
}

// Passes the turn on, in a round of IsolateRegistry::TrimIdle.
void Isolate::EndTrim() {
  if (!wants_trim()) return;
  config_.runtime->registry().Trimmed(this);
}

// --- The collection. ---

const GKind Isolate::kIdleGcKind = {&Isolate::RunIdleGc,
                                    &Isolate::OnPreemptSignal};

// Runs at the timer's time, or earlier when memory is short.
Outcome Isolate::RunIdleGc(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  if (!iso->halted_ && !iso->wants_trim() && iso->MustWaitToCollect(g)) {
    iso->idle_gtick_ = iso->gtick;
    return iso->ParkTimer(g);
  }
  if (!iso->halted_ && !iso->HasRunnable()) iso->CollectInIdleTime();
  iso->idle_timer_ = nullptr;
  iso->daemons_--;
  iso->EndTrim();
  return iso->EndTimer(g);
}

// Whether the timer must sleep again. If so, sets the time of its next look.
bool Isolate::MustWaitToCollect(LuaG* g) {
  const int64_t now = NowNs();
  int64_t& next_ns = g->timer.next_ns;
  if (now < next_ns) return true;
  const int64_t idle_ns = config_.runtime->idle_gc_ns();
  if (gtick != idle_gtick_ + 1 || HasRunnable()) {  // other Gs have run
    next_ns = now + idle_ns;
    return true;
  }
  if (idle_gives_way_ == kMaxGivesWay ||
      !sched->SomebodyWaitsForP(CurrentM())) {
    return false;
  }
  idle_gives_way_++;
  next_ns = now + std::max<int64_t>(1'000'000, idle_ns / kAgain);
  return true;
}

// A script that has stopped its collector does not want a collection.
void Isolate::CollectInIdleTime() {
  if (lua_gc(worker_, LUA_GCISRUNNING) == 0) {  // the script's own decision
    SetWorth();
    return;
  }
  CollectFully();
  SetWorth();
  heap_.Trim();
  heap_.TrimBudget();
}

// In a call of its own: finalizers run, and a limit may have to end one.
void Isolate::CollectFully() {
  const int64_t begin = NowNs();
  lua_pushcfunction(worker_, [](lua_State* L) {
    lua_gc(L, LUA_GCCOLLECT);
    if (!Of(L)->has_sentinel_) MakeSentinel(L);
    return 0;
  });
  CallOutside(worker_, 0, 0);
  lua_settop(worker_, 0);
  preempter_.Reset(worker_);
  usage_.longest_gc_ns = std::max(usage_.longest_gc_ns.get(), NowNs() - begin);
}

}  // namespace trilune::vm
