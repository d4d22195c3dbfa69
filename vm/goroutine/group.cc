#include "vm/goroutine/group.h"

#include "sched/core/loop.h"
#include "sched/sync/check.h"
#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

void Groups::Begin(GroupCore* group, lua_State* L) {
  LuaG* g = iso_->current;
  if (g == nullptr) return;  // a finalizer between two Gs: nothing waits there
  group->owner = g;
  group->owner_id = g->id;
  group->L = L;
}

void Groups::EndFunction(GroupCore* group) {
  if (group->interrupted) {
    LuaG* g = iso_->current;
    if (g != nullptr && !g->Has(G::kCancelled)) {
      g->set_raises(0);  // it was the function that had to end
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

void Groups::Leave(GHandle* handle) {
  lua_State* data = iso_->data();
  const int at = lua_gettop(data);
  lua_getiuservalue(data, at, handle->group_at);
  auto* group = static_cast<GroupCore*>(lua_touserdata(data, -1));
  lua_getiuservalue(data, -1, GroupCore::kMembers);
  lua_pushvalue(data, at);
  lua_pushnil(data);
  lua_rawset(data, -3);  // an existing key
  group->live--;
  if (group->live == 0) {
    while (WaiterBase* waiter = group->waiters.PopAndWin()) {
      waiter->g->wake = WakeResult::kReady;
      ReadyInStrand(waiter->g, /*woken=*/false);
    }
  }
  // Who holds the handle of an ended member need not hold the group.
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
  // Nested groups of one G are few; but waits reset the count of C calls by
  // which Lua limits them.
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
