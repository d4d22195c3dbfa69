// Cancelling Gs, and interrupting the functions of failed groups.

#include <sys/eventfd.h>

#include "sched/loop.h"
#include "sched/m.h"
#include "vm/isolate.h"

namespace trilune::vm {

bool Isolate::Cancel(lua_State* L, LuaG* g) {
  // A finalizer in lua_close still finds Gs that will never run again.
  const bool was_interrupt = g == main_g_ && interrupts_once_;
  if (halted_ || (g->Has(G::kCancelled) && !was_interrupt)) {
    lua_pop(L, 1);
    return false;
  }
  if (!lua_isnil(L, -1)) {
    lua_pushvalue(data_, kReasons);
    lua_xmove(data_, L, 1);
    lua_insert(L, -2);
    lua_rawseti(L, -2, g->slot());
  }
  lua_pop(L, 1);
  return CancelQuietly(g);
}

bool Isolate::CancelQuietly(LuaG* g) {
  if (g == main_g_ && interrupts_once_) {
    interrupts_once_ = false;  // from now on it is cancelled for good
    return !halted_;
  }
  if (halted_ || g->Has(G::kCancelled)) return false;
  g->Set(G::kCancelled);
  if (g == current) CurrentM()->hurry.store(true, std::memory_order_relaxed);
  // A coroutine that has begun has handlers that its end must run.
  if (!g->Has(G::kStarted) && g->L == nullptr) {
    EndCancelledUnstarted(g);
  } else {
    EndWaitOf(g);
  }
  return true;
}

void Isolate::EndWaitOf(LuaG* g) {
  if (g->word.state() == GState::kSyscall && ShieldOf(g) == nullptr) {
    // It may just come back: then it reads the eventfd in vain.
    if (g->wake_fd >= 0) static_cast<void>(eventfd_write(g->wake_fd, 1));
    return;
  }
  if (g->Has(LuaG::kShielded) || !g->TryWin()) return;
  g->wake = WakeResult::kCancelled;
  ReadyInStrand(g, /*woken=*/false);
}

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

bool Isolate::MustRaise() const {
  if (shields_ != nullptr && ShieldOf(current) != nullptr) return false;
  if (current->Has(G::kCancelled) || current->interrupts() > 0) return true;
  for (const GroupCore* group = interrupted; group != nullptr;
       group = group->next_interrupted) {
    if (IsRunBy(current, group->L)) return true;
  }
  return false;
}

// The G that runs the function of `group` now, or null: it is suspended in a
// coroutine. Mostly the one that called tri.group; but a generator may have
// been resumed by another.
LuaG* Isolate::RunnerOf(const GroupCore* group) const {
  LuaG* owner = group->owner;
  if (owner->id == group->owner_id && owner->L != nullptr &&
      IsRunBy(owner, group->L)) {
    return owner;
  }
  LuaG* runner = nullptr;
  ForEachG([&](LuaG* g) {
    if (g->L != nullptr && IsRunBy(g, group->L)) runner = g;
    return runner != nullptr;
  });
  return runner;
}

void Isolate::Interrupt(GroupCore* group) {
  group->cancelled = true;
  if (group->L == nullptr || group->interrupted) return;
  group->interrupted = true;
  LuaG* g = RunnerOf(group);
  // A coroutine may have become another G since it called tri.group.
  group->in_own_state = g != nullptr && g == group->owner &&
                        g->id == group->owner_id && g->L == group->L;
  if (group->in_own_state) {
    g->AddInterrupt();
  } else {
    group->prev_interrupted = nullptr;
    group->next_interrupted = interrupted;
    if (interrupted != nullptr) interrupted->prev_interrupted = group;
    interrupted = group;
  }
  if (g != nullptr) EndWaitOf(g);
}

void Isolate::EndGroupFunction(GroupCore* group) {
  group->L = nullptr;
  if (!group->interrupted) return;
  group->interrupted = false;
  if (current != nullptr && !current->Has(G::kCancelled)) {
    current->set_raises(0);  // it was the function that had to end
    CurrentM()->hurry.store(false, std::memory_order_relaxed);
  }
  if (group->in_own_state) {
    group->owner->DropInterrupt();
    return;
  }
  GroupCore* next = group->next_interrupted;
  GroupCore* prev = group->prev_interrupted;
  (prev != nullptr ? prev->next_interrupted : interrupted) = next;
  if (next != nullptr) next->prev_interrupted = prev;
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
    CurrentM()->hurry.store(false, std::memory_order_relaxed);
    lua_pushnil(data_);
    lua_rawseti(data_, kReasons, g->slot());
  }
  lua_error(L);
  __builtin_unreachable();
}

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

void Isolate::CancelMembers(int members) {
  lua_pushnil(data_);
  while (lua_next(data_, members) != 0) {
    lua_pop(data_, 1);
    const auto* handle = static_cast<GHandle*>(lua_touserdata(data_, -1));
    if (handle->g != nullptr) CancelQuietly(handle->g);
  }
}

void Isolate::FailGroup(lua_State* L, int index, GroupCore* group) {
  group->failed = true;
  lua_setiuservalue(L, index, 1);
  CancelGroup(L, index);
}

void Isolate::CancelGroup(lua_State* L, int group) {
  static_cast<GroupCore*>(lua_touserdata(L, group))->cancelled = true;
  lua_getiuservalue(L, group, 2);
  lua_xmove(L, data_, 1);
  CancelMembers(lua_gettop(data_));
  lua_pop(data_, 1);
}

}  // namespace trilune::vm
