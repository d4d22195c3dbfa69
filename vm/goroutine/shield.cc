// How a shield holds cancellations off.
//
// A shield belongs to a lua_State, not to a G, as a group's function does: a
// coroutine may be resumed by one G and later by another. Covers asks whether
// the G runs that state now.
//
// A wait without a reason to raise never asks: MustRaise looks at the reasons
// first, and then at the shields. So shields cost nothing in the usual case.
// Code that ends a wait from outside asks too (Isolate::EndWaitOf).
//
// A cancelled G must not escape by a loop whose waits are all in shields. So
// the end of a shield counts as a wait that raised (CountEnd). A shield has a
// timer, which ends the wait that it has protected for too long (Expire).

#include "vm/goroutine/shield.h"

#include <algorithm>
#include <utility>

#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

// Once a limit is used up a shield holds nothing off: it is not listed, and its
// timer is stopped.
void Shields::Begin(Shield* shield, lua_State* L) {
  if (iso_->killed()) {
    if (shield->timer != nullptr) {
      Isolate::StopTimer(std::exchange(shield->timer, nullptr));
    }
    return;
  }
  LuaG* g = iso_->current;
  shield->L = L;
  shield->owner = g;
  shield->owner_id = g->id;
  shield->raises = g->raises();
  shield->prev = nullptr;
  shield->next = first_;
  if (first_ != nullptr) first_->prev = shield;
  first_ = shield;
}

void Shields::Remove(Shield* shield) {
  if (shield->timer != nullptr) {
    Isolate::StopTimer(std::exchange(shield->timer, nullptr));
  }
  if (shield->L == nullptr) return;
  shield->L = nullptr;
  (shield->prev != nullptr ? shield->prev->next : first_) = shield->next;
  if (shield->next != nullptr) shield->next->prev = shield->prev;
}

// It may have ended before, by Expire or EndAll. Then the function has run on
// without it.
void Shields::End(Shield* shield) {
  const bool was_listed = shield->L != nullptr;
  Remove(shield);
  const LuaG* g = iso_->current;
  if (!was_listed || g == nullptr) return;
  const bool is_owner = g == shield->owner && g->id == shield->owner_id;
  CountEnd(is_owner ? shield->raises : 0);
}

void Shields::Forget(Shield* shield) {
  Remove(shield);
}

// From now on the function may be cancelled. It may be waiting just now.
void Shields::Expire(Shield* shield) {
  shield->timer = nullptr;
  lua_State* L = shield->L;
  if (L == nullptr) return;
  Remove(shield);
  LuaG* g = iso_->RunnerOf(L, shield->owner, shield->owner_id);
  // Another shield may cover the G. If none does, a wait that a reason should
  // have ended before ends now.
  if (g == nullptr || Covers(g)) return;
  if (g->Has(G::kCancelled) || iso_->groups().MustRaise(g)) iso_->EndWaitOf(g);
}

void Shields::OnLeft(const lua_State* co) {
  // A new shield is in front. That is mostly the one of the innermost
  // coroutine, so the search is short.
  const Shield* shield = first_;
  while (shield != nullptr && shield->L != co)
    shield = shield->next;
  if (shield != nullptr && iso_->current != nullptr) CountEnd(0);
}

// The running G has just left a shield. All waits of a loop may be in shields,
// and none of its turns long: so each shield counts as a wait that raised.
// `least_raises`: a group inside the shield may have set the G's count back
// meanwhile.
void Shields::CountEnd(int least_raises) {
  if (!iso_->MustRaise()) return;
  LuaG* g = iso_->current;
  const int raises = std::max(g->raises(), least_raises);
  if (!g->is_killed()) g->set_raises(raises + LuaG::kRaiseOfWait);
  if (g->is_killed()) iso_->preempter().Want(CurrentM());
}

void Shields::EndAll() {
  while (first_ != nullptr)
    Remove(first_);
}

bool Shields::Covers(const LuaG* g) const {
  const Shield* shield = first_;
  while (shield != nullptr && !iso_->IsRunBy(g, shield->L))
    shield = shield->next;
  return shield != nullptr;
}

}  // namespace trilune::vm
