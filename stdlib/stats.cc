// trilune.stats: the counters of the scheduler and of this isolate.

#include <algorithm>

#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;

// Plain numbers: nothing that owns memory may be alive where Lua can raise.
struct Numbers {
  lua_Integer procs;
  lua_Integer idle_procs;
  lua_Integer threads;
  lua_Integer spinning;
  lua_Integer steals;
  lua_Integer handoffs;
  lua_Integer preemptions;
  lua_Integer retakes;
  lua_Integer taken;
  lua_Integer stuck;
  int ticks_count;
  uint64_t ticks[kMaxProcs];
};

void Read(const Scheduler* sched, Numbers* to) {
  const SchedulerStats from = sched->stats();
  to->procs = from.procs;
  to->idle_procs = from.idle_procs;
  to->threads = from.threads;
  to->spinning = from.spinning;
  to->steals = static_cast<lua_Integer>(from.steals);
  to->handoffs = static_cast<lua_Integer>(from.handoffs);
  to->preemptions = static_cast<lua_Integer>(from.preemptions);
  to->retakes = static_cast<lua_Integer>(from.retakes);
  to->taken = static_cast<lua_Integer>(from.taken);
  to->stuck = from.stuck;
  to->ticks_count = static_cast<int>(from.schedticks.size());
  std::copy(from.schedticks.begin(), from.schedticks.end(), to->ticks);
}

void Put(lua_State* L, const char* name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

int l_stats(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  Numbers numbers;
  Read(iso->sched, &numbers);
  lua_createtable(L, 0, 14);
  Put(L, "procs", numbers.procs);
  Put(L, "idleprocs", numbers.idle_procs);
  Put(L, "threads", numbers.threads);
  Put(L, "spinning", numbers.spinning);
  Put(L, "steals", numbers.steals);
  Put(L, "handoffs", numbers.handoffs);
  Put(L, "preemptions", numbers.preemptions);
  Put(L, "retakes", numbers.retakes);
  Put(L, "taken", numbers.taken);
  Put(L, "stuck", numbers.stuck);
  Put(L, "goroutines", static_cast<lua_Integer>(iso->live));
  Put(L, "memory", static_cast<lua_Integer>(iso->heap().used_bytes()));
  lua_createtable(L, numbers.ticks_count, 0);
  for (int i = 0; i < numbers.ticks_count; i++) {
    lua_pushinteger(L, static_cast<lua_Integer>(numbers.ticks[i]));
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "schedticks");
  return 1;
}

}  // namespace

void OpenStats(lua_State* L) {
  lua_pushcfunction(L, &l_stats);
  lua_setfield(L, -2, "stats");
}

}  // namespace trilune::stdlib
