// What a group does when a member or its function fails, and when they end.
//
// tri.group runs its function in the calling G, and then waits, shielded, until
// every member has ended. The first error (Fail) must stop the rest:
// - Members are Gs, so they are cancelled.
// - The function is not a G, but a part of one. It is interrupted (Interrupt):
//   until it ends, each of its waits and preemption points raises. Code of the
//   same G outside the function is left alone.
//
// So a wait must know whether the running G is inside an interrupted function
// (MustRaise). Mostly the function runs in the G's own state. Then a count in
// the G is enough, and the question costs one load. If the function runs in a
// coroutine, any G may resume that. So the group is listed instead, and
// MustRaise looks for its state among those that the G is resuming.
//
// When the interrupted function ends, the G itself goes on as if nothing had
// happened: EndFunction sets its raises back to 0.

#include "vm/goroutine/group.h"

#include "sched/core/loop.h"
#include "sched/sync/check.h"
#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

void Groups::Begin(GroupCore* group, lua_State* L) {
  LuaG* g = iso_->current;
  if (g == nullptr) return;  // a finalizer between two Gs, which cannot wait
  group->owner = g;
  group->owner_id = g->id;
  group->L = L;
}

// The G has raised for the sake of the function, which has ended. If the G is
// not cancelled itself, it goes on with a count of 0.
void Groups::EndFunction(GroupCore* group) {
  if (group->interrupted) {
    LuaG* g = iso_->current;
    if (g != nullptr && !g->Has(G::kCancelled)) {
      g->set_raises(0);  // only the function had to end
      CurrentM()->preempt_soon.store(false, std::memory_order_relaxed);
    }
    EndInterrupt(group);
  }
  group->L = nullptr;
}

void Groups::Forget(GroupCore* group) {
  if (group->interrupted) EndInterrupt(group);
  group->L = nullptr;
}

// For the guard's finalizer: a generator was dropped in the midst of a group.
void Groups::Drop(lua_State* L, int group) {
  auto* core = static_cast<GroupCore*>(lua_touserdata(L, group));
  Forget(core);
  core->over = true;
  Cancel(L, group);
}

void Groups::Cancel(lua_State* L, int group) {
  static_cast<GroupCore*>(lua_touserdata(L, group))->cancelled = true;
  lua_State* data = iso_->data();
  lua_getiuservalue(L, group, GroupCore::kMembers);
  lua_xmove(L, data, 1);
  CancelMembers(lua_gettop(data), nullptr);
  lua_pop(data, 1);
}

// The order: first the state of the group, which new members and further errors
// look at; then the members; last the function, whose wait may end now.
void Groups::Fail(const LuaG* source, uint32_t place) {
  lua_State* data = iso_->data();
  const int at = lua_gettop(data) - 1;
  auto* group = static_cast<GroupCore*>(lua_touserdata(data, at));
  group->failed = true;
  group->raised = place;
  group->cancelled = true;
  lua_setiuservalue(data, at, GroupCore::kError);
  lua_getiuservalue(data, at, GroupCore::kMembers);
  CancelMembers(at + 1, source);
  lua_pop(data, 1);
  if (source != nullptr) Interrupt(group);
}

// Called by Isolate::Ended, after joiners were woken.
void Groups::Leave(GHandle* handle) {
  lua_State* data = iso_->data();
  const int at = lua_gettop(data);
  lua_getiuservalue(data, at, handle->group_at);
  auto* group = static_cast<GroupCore*>(lua_touserdata(data, -1));
  lua_getiuservalue(data, -1, GroupCore::kMembers);
  lua_pushvalue(data, at);
  lua_pushnil(data);
  lua_rawset(data, -3);  // the key exists, so this cannot raise
  group->live--;
  if (group->live == 0) {
    while (WaiterBase* waiter = group->waiters.PopAndWin()) {
      waiter->g->wake = WakeResult::kReady;
      ReadyInStrand(waiter->g, /*woken=*/false);
    }
  }
  // A script that keeps the handle of an ended member need not keep the group.
  lua_pushnil(data);
  lua_setiuservalue(data, at, handle->group_at);
  lua_settop(data, at);
}

void Groups::CancelMembers(int members, const LuaG* but) {
  lua_State* data = iso_->data();
  lua_pushnil(data);
  while (lua_next(data, members) != 0) {
    lua_pop(data, 1);
    const auto* handle = static_cast<GHandle*>(lua_touserdata(data, -1));
    if (handle->g != nullptr && handle->g != but) {
      iso_->CancelQuietly(handle->g);
    }
  }
}

bool Groups::MustRaise(const LuaG* g) const {
  if (g->interrupts() > 0) return true;
  for (const GroupCore* group = interrupted_; group != nullptr;
       group = group->next_interrupted) {
    if (iso_->IsRunBy(g, group->L)) return true;
  }
  return false;
}

void Groups::Interrupt(GroupCore* group) {
  if (group->L == nullptr || group->interrupted) return;
  group->interrupted = true;
  LuaG* g = iso_->RunnerOf(group->L, group->owner, group->owner_id);
  // Nested groups of one G are few. But Lua limits them only by its count of
  // nested C calls, and waits reset that count. So the counter may be full.
  if (g != nullptr && g->L == group->L &&
      g->interrupts() < LuaG::kMaxInterrupts) {
    group->counted_in = g;
    g->AddInterrupt();
  } else {
    group->counted_in = nullptr;
    group->prev_interrupted = nullptr;
    group->next_interrupted = interrupted_;
    if (interrupted_ != nullptr) interrupted_->prev_interrupted = group;
    interrupted_ = group;
  }
  if (g != nullptr) iso_->EndWaitOf(g);
}

void Groups::EndInterrupt(GroupCore* group) {
  group->interrupted = false;
  if (group->counted_in != nullptr) {
    TRI_CHECK(group->counted_in->interrupts() > 0);
    group->counted_in->DropInterrupt();
    return;
  }
  GroupCore* next = group->next_interrupted;
  GroupCore* prev = group->prev_interrupted;
  (prev != nullptr ? prev->next_interrupted : interrupted_) = next;
  if (next != nullptr) next->prev_interrupted = prev;
}

}  // namespace trilune::vm
