// What an isolate keeps for its Gs: records in slabs, and pooled lua_States.
//
// Records are type-stable: a late waker may read a G's word at any time, even
// when the G or its isolate is gone. So slabs come from the scheduler and go
// back to it, and serve only for records of this kind. The word, with its
// ticket, survives the change of the isolate. Everything else is reset here.
//
// A pooled state serves one G after another (ReleaseState says which states
// may). When the pool is full a G gets a state of its own, which is garbage at
// its end.

#include <algorithm>
#include <new>

#include "sched/core/scheduler.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// `own`: for the isolate's own needs, which no limit may refuse.
bool Isolate::AddSlab(bool own) {
  const size_t records = SlabRecords(slabs_.size());
  if (records_ + records >= size_t{1} << LuaG::kSlotBits) return false;
  // Lua knows nothing of records, so they count here. Timers have one, too.
  constexpr size_t kRecord = sizeof(LuaG);
  Budget* budget = own ? nullptr : config_.budget.get();
  if (budget != nullptr && !budget->TakeMemory(records * kRecord)) {
    heap_.TrimBudget(0);
    if (!budget->TakeMemory(records * kRecord)) return false;
  }
  auto* slab = static_cast<LuaG*>(sched->lua_slabs().Get(
      kRecord, records, [](void* record) { new (record) LuaG(); }));
  bool is_listed = false;
  try {
    if (slab != nullptr) slabs_.push_back(slab);
    is_listed = slab != nullptr;
  } catch (const std::bad_alloc&) {
    sched->lua_slabs().Put(slab, records);
  }
  if (!is_listed) {
    if (budget != nullptr) budget->GiveMemory(records * kRecord);
    return false;
  }
  if (budget != nullptr) records_charge_ += records * kRecord;
  for (size_t i = records; i-- > 0;) {
    LuaG* g = slab + i;
    // The record may have served another isolate. Of that only the word lives
    // on, with its ticket.
    g->L = nullptr;
    g->fiber = nullptr;
    g->joiners.Forget();
    g->waiter = LuaWaiter();
    g->strand = this;
    g->tag = records_ + static_cast<uint32_t>(i) + 1;
    g->next = free_;
    free_ = g;
  }
  records_ += static_cast<uint32_t>(records);
  return true;
}

// The raises and interrupts of the G before are gone with `tag` and `timer_p`.
LuaG* Isolate::Allocate(bool own) {
  if (free_ == nullptr && !AddSlab(own)) return nullptr;
  LuaG* g = free_;
  free_ = static_cast<LuaG*>(g->next);
  g->kind = goroutine_kind_;
  g->tag = g->slot();
  g->timer_p = 0;
  return g;
}

void Isolate::Free(LuaG* g) {
  g->word.Become(GState::kDead, GState::kIdle);
  g->next = free_;
  free_ = g;
}

// An idle place in the pool, with or without a state. kUnpooled: there is none.
int16_t Isolate::TakeStateNumber() {
  if (!idle_states_.empty()) {
    const int16_t number = idle_states_.back();
    idle_states_.pop_back();
    return number;
  }
  if (states_.size() == kMaxStates) return GHandle::kUnpooled;
  try {
    if (idle_states_.capacity() == states_.size()) {
      idle_states_.reserve(std::max(size_t{4}, 2 * states_.size()));
    }
    states_.push_back(nullptr);
  } catch (const std::bad_alloc&) {
    return GHandle::kUnpooled;
  }
  return static_cast<int16_t>(states_.size() - 1);
}

// A state for a G; null without memory. `*number` becomes its place in the
// pool. An unpooled state stays on worker_'s stack until Begin has anchored it.
lua_State* Isolate::TakeState(int16_t* number) {
  *number = TakeStateNumber();
  const bool is_pooled = *number != GHandle::kUnpooled;
  const auto at = static_cast<size_t>(*number);
  if (is_pooled && states_[at] != nullptr) return states_[at];
  lua_pushcfunction(worker_, [](lua_State* L) {
    const lua_Integer place = lua_tointeger(L, 1);
    lua_newthread(L);
    if (place < 0) return 1;
    lua_State* data = Of(L)->data_;
    lua_pushvalue(data, kStates);
    lua_xmove(data, L, 1);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, place + 1);
    lua_pop(L, 1);
    return 1;
  });
  lua_pushinteger(worker_, *number);
  if (CallOutside(worker_, 1, 1) != LUA_OK) {
    lua_settop(worker_, 0);
    if (is_pooled) idle_states_.push_back(*number);
    return nullptr;
  }
  lua_State* L = lua_tothread(worker_, -1);
  if (is_pooled) {
    states_[at] = L;
    lua_settop(worker_, 0);
  }
  return L;
}

}  // namespace trilune::vm
