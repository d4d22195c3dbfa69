// tri.stats: the counters of the scheduler, and what each isolate uses.
//
// All numbers are copied first, and Lua tables are made afterwards. Making a
// table may raise by longjmp, which would skip the destructors of a
// SchedulerStats or leave the registry locked.

#include <algorithm>
#include <new>

#include "stdlib/modules.h"
#include "vm/memory/usage.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::UsageRecord;

// Plain numbers, because nothing that owns memory may be alive where Lua can
// raise.
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

// False: no memory.
bool Read(const Scheduler* sched, Numbers* to) try {
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
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void Put(lua_State* L, const char* name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

void PutBytes(lua_State* L, const char* name, size_t value) {
  Put(L, name, static_cast<lua_Integer>(value));
}

void PutCount(lua_State* L, const char* name, uint64_t value) {
  Put(L, name, static_cast<lua_Integer>(value));
}

void PutSeconds(lua_State* L, const char* name, int64_t ns) {
  lua_pushnumber(L, static_cast<lua_Number>(ns) / 1e9);
  lua_setfield(L, -2, name);
}

void PushRecord(lua_State* L, const UsageRecord& record, bool is_self) {
  lua_createtable(L, 0, 18);
  PutCount(L, "id", record.id);
  lua_pushstring(L, record.name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, record.is_idle ? "idle" : "running");
  lua_setfield(L, -2, "state");
  lua_pushboolean(L, is_self);
  lua_setfield(L, -2, "self");
  lua_pushboolean(L, record.exceeded);
  lua_setfield(L, -2, "exceeded");
  PutBytes(L, "memory", record.memory_bytes);
  PutBytes(L, "reserved", record.reserved_bytes);
  PutBytes(L, "peak", record.peak_bytes);
  if (record.limit_bytes != 0) PutBytes(L, "limit", record.limit_bytes);
  Put(L, "goroutines", record.goroutines);
  PutCount(L, "collections", record.collections);
  PutSeconds(L, "longestgc", record.longest_gc_ns);
  PutCount(L, "instructions", record.instructions);
  PutSeconds(L, "cpu", record.cpu_ns);
  PutSeconds(L, "age", record.age_ns);
  PutCount(L, "sent", record.sent);
  PutCount(L, "received", record.received);
}

// Sets `isolates` and `totals` in the table on top.
void PutIsolates(lua_State* L, Isolate* iso) {
  vm::IsolateRegistry& registry = iso->runtime()->registry();
  const int at = lua_gettop(L);
  // The records lie in a userdata, because Lua may raise. Some room is left for
  // isolates that are made meanwhile.
  const size_t room = registry.count() + 4;
  auto* records = static_cast<UsageRecord*>(
      lua_newuserdatauv(L, room * sizeof(UsageRecord), 0));
  const size_t n = registry.Read(records, room);
  const uint64_t own = iso->registry_entry().id;
  UsageRecord total = {};
  lua_createtable(L, static_cast<int>(n), 0);
  for (size_t i = 0; i < n; i++) {
    const UsageRecord& record = records[i];
    PushRecord(L, record, record.id == own);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i) + 1);
    total.memory_bytes += record.memory_bytes;
    total.reserved_bytes += record.reserved_bytes;
    total.goroutines += record.goroutines;
    total.collections += record.collections;
  }
  lua_setfield(L, at, "isolates");
  lua_createtable(L, 0, 5);
  PutBytes(L, "isolates", n);
  PutBytes(L, "memory", total.memory_bytes);
  PutBytes(L, "reserved", total.reserved_bytes);
  Put(L, "goroutines", total.goroutines);
  PutCount(L, "collections", total.collections);
  lua_setfield(L, at, "totals");
  lua_settop(L, at);
  const vm::IsolatePool::Stats pool = iso->runtime()->pool().stats();
  PutBytes(L, "spares", pool.idle);
  PutCount(L, "sparehits", pool.hits);
  PutCount(L, "sparemisses", pool.misses);
}

int l_stats(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  Numbers numbers;
  if (!Read(iso->sched, &numbers)) return luaL_error(L, "not enough memory");
  lua_createtable(L, 0, 18);
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
  PutIsolates(L, iso);
  return 1;
}

}  // namespace

void OpenStats(lua_State* L) {
  lua_pushcfunction(L, &l_stats);
  lua_setfield(L, -2, "stats");
}

}  // namespace trilune::stdlib
