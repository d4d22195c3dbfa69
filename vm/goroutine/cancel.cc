// Cancelling Gs.
//
// Cancellation is a level, not an event: a flag that stays. From the moment it
// is set, each wait of the G raises the reason (BeginPark), and so does each
// preemption point. So a loop around `pcall` cannot swallow it. What cancelling
// does at once depends on where the G is:
// - It has not run yet: it ends at once, with the reason as its error. Except a
//   coroutine that has begun before: its end must run its handlers, so it runs.
// - It waits: the wait ends as cancelled (EndWaitOf), unless it is shielded.
// - It is in a system call: its eventfd ends the call, if the call looks at
//   one.
// - It computes: sysmon brings it to a preemption point, sooner than otherwise
//   (M::preempt_soon).
//
// A host's interrupt uses the same way, once: interrupts_once_ says that the
// main G's flag goes with the first raise.
//
// An interrupted group is the other reason to raise (group.h). It concerns one
// function, so MustRaise asks whether the running G is inside that function.
// Both may be held off by a shield (shield.h).

#include <sys/eventfd.h>

#include "sched/core/loop.h"
#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

bool Isolate::Cancel(lua_State* L, LuaG* g) {
  // A finalizer in lua_close still finds Gs that will never run again: halted_.
  // A G that is cancelled keeps its first reason; an interrupt of the main G
  // does not count as one.
  const bool was_interrupt = g == main_g_ && interrupts_once_;
  if (halted_ || (g->Has(G::kCancelled) && !was_interrupt)) {
    lua_pop(L, 1);
    return false;
  }
  // The reason is stored before the flag is set: storing may raise.
  if (!lua_isnil(L, -1)) {
    lua_pushvalue(data_, kReasons);
    lua_xmove(data_, L, 1);
    lua_insert(L, -2);
    lua_rawseti(L, -2, g->slot());
  }
  lua_pop(L, 1);
  return CancelQuietly(g);
}

// Cancels with the reason that is stored already, or the default one. The
// default costs no memory, so this cannot raise.
bool Isolate::CancelQuietly(LuaG* g) {
  if (g == main_g_ && interrupts_once_) {
    interrupts_once_ = false;  // from now on it is cancelled for good
    return !halted_;
  }
  if (halted_ || g->Has(G::kCancelled)) return false;
  g->Set(G::kCancelled);
  if (g == current)
    CurrentM()->preempt_soon.store(true, std::memory_order_relaxed);
  // A coroutine that has begun has handlers, and its end must run them.
  if (!g->Has(G::kStarted) && g->L == nullptr) {
    EndCancelledUnstarted(g);
  } else {
    EndWaitOf(g);
  }
  return true;
}

// Ends the present wait of a G that must raise, unless something keeps
// cancellation away from it: a shield, or the wait itself. The G then raises in
// the code after its wait.
void Isolate::EndWaitOf(LuaG* g) {
  if (shields_.any() && shields_.Covers(g)) return;
  if (g->word.state() == GState::kSyscall) {
    // The call may be just returning. Then the eventfd was written in vain.
    if (g->wake_fd >= 0) static_cast<void>(eventfd_write(g->wake_fd, 1));
    return;
  }
  if (g->Has(LuaG::kShielded) || !g->TryWin()) return;
  g->wake = WakeResult::kCancelled;
  ReadyInStrand(g, /*woken=*/false);
}

// A G runs its own state and the coroutines that it is resuming. The chain of
// these is in `frames` while the G runs, else with the stack it left.
bool Isolate::IsRunBy(const LuaG* g, const lua_State* L) const {
  if (g->L == L) return true;
  const CoFrame* frame = nullptr;
  if (g == current) {
    frame = frames;
  } else if (g->fiber != nullptr) {
    frame = static_cast<CoFrame*>(g->fiber->user);
  }
  while (frame != nullptr && frame->L != L)
    frame = frame->below;
  return frame != nullptr;
}

// `likely` is only a guess: another G may have resumed the coroutine.
LuaG* Isolate::RunnerOf(lua_State* L, LuaG* likely, uint64_t id) const {
  LuaG* own = OwnerOf(L);
  if (own != nullptr) return own;
  // Another status means suspended or failed: no G runs it. A coroutine that
  // runs, or resumes another, has LUA_OK.
  if (lua_status(L) != LUA_OK) return nullptr;
  if (likely->id == id && likely->L != nullptr && IsRunBy(likely, L)) {
    return likely;
  }
  LuaG* runner = nullptr;
  ForEachG([&](LuaG* g) {
    if (g->L != nullptr && IsRunBy(g, L)) runner = g;
    return runner != nullptr;
  });
  return runner;
}

bool Isolate::MustRaise() const {
  if (!current->Has(G::kCancelled) && !groups_.MustRaise(current)) return false;
  return !shields_.any() || !shields_.Covers(current);
}

void Isolate::PushReason(lua_State* L, LuaG* g) {
  lua_rawgeti(data_, kReasons, g->slot());
  if (lua_isnil(data_, -1)) {
    lua_pop(data_, 1);
    lua_pushvalue(data_, kDefaultReason);
  }
  lua_xmove(data_, L, 1);
}

void Isolate::RaiseReason(lua_State* L, LuaG* g) {
  PushReason(L, g);
  if (g == main_g_ && interrupts_once_) {
    interrupts_once_ = false;
    g->Clear(G::kCancelled);
    g->set_raises(0);
    CurrentM()->preempt_soon.store(false, std::memory_order_relaxed);
    lua_pushnil(data_);
    lua_rawseti(data_, kReasons, g->slot());
  }
  lua_error(L);
  __builtin_unreachable();
}

// For a drain, the end of the main script, and a limit. host_g_ must stay: it
// serves the end.
void Isolate::CancelAll() {
  if (halted_) return;
  ForEachG([this](LuaG* g) {
    const GState state = g->word.state();
    if (state != GState::kIdle && state != GState::kDead && g != host_g_) {
      CancelQuietly(g);
    }
    return false;
  });
}

}  // namespace trilune::vm
