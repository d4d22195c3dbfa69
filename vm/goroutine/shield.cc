#include "vm/goroutine/shield.h"

#include <algorithm>
#include <utility>

#include "sched/thread/m.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

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

void Shields::Expire(Shield* shield) {
  shield->timer = nullptr;
  lua_State* L = shield->L;
  if (L == nullptr) return;
  Remove(shield);
  LuaG* g = iso_->RunnerOf(L, shield->owner, shield->owner_id);
  if (g == nullptr || Covers(g)) return;
  if (g->Has(G::kCancelled) || iso_->groups().MustRaise(g)) iso_->EndWaitOf(g);
}

void Shields::OnLeft(const lua_State* co) {
  // A new one is in front, mostly that of the innermost coroutine.
  const Shield* shield = first_;
  while (shield != nullptr && shield->L != co)
    shield = shield->next;
  if (shield != nullptr && iso_->current != nullptr) CountEnd(0);
}

// The running G was inside a shield until now. All waits of a loop may be in
// shields, and no turn long: so each counts as a wait that raised.
// `least_raises`: a shielded group may have taken the G's count meanwhile.
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
