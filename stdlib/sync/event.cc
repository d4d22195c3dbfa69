// sync.event: a flag that Gs wait for. `set` wakes every waiting G, and lets
// later ones through at once, until `reset`.

#include "stdlib/sync/event.h"

#include "sched/core/loop.h"
#include "stdlib/modules.h"
#include "stdlib/sync/sync.h"
#include "vm/goroutine/park.h"

namespace trilune::stdlib {
namespace {

int l_event(lua_State* L) {
  New<Event>(L, 0, lua_upvalueindex(1));
  return 1;
}

int l_event_set(lua_State* L) {
  auto* event = Check<Event>(L, 1);
  event->is_set = true;
  // Each waiting G has seen the event set, even if it is reset before that G
  // runs.
  while (WaiterBase* waiter = event->waiters.PopAndWin()) {
    waiter->g->wake = WakeResult::kReady;
    waiter->g->wake_index = static_cast<vm::LuaWaiter*>(waiter)->index;
    ReadyInStrand(waiter->g, /*woken=*/false);
  }
  return 0;
}

int l_event_reset(lua_State* L) {
  Check<Event>(L, 1)->is_set = false;
  return 0;
}

int l_event_wait_k(lua_State* L, int, lua_KContext) {
  const int n = EndTimedWait(L, EndWait(L));
  return n > 0 ? n : PushTrue(L);
}

int l_event_wait(lua_State* L) {
  auto* event = Check<Event>(L, 1);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 2, &now);
  if (event->is_set) return PushTrue(L);
  if (now) return PushTimeout(L);
  return WaitIn(L, event->waiters,
                {.reason = WaitReason::kEvent, .deadline_ns = deadline},
                &l_event_wait_k, 0);
}

constexpr luaL_Reg kMethods[] = {{"set", &l_event_set},
                                 {"reset", &l_event_reset},
                                 {"wait", &l_event_wait},
                                 {nullptr, nullptr}};

}  // namespace

void OpenEvent(lua_State* L) {
  NewMetatable(L, Event::kTag.name, kMethods, nullptr);
  lua_pushcclosure(L, &l_event, 1);
  lua_setfield(L, -2, "event");
}

}  // namespace trilune::stdlib
