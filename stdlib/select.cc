// trilune.select, over channels of this isolate and shared ones.
//
// While the locks of shared channels are held nothing of Lua is called that may
// allocate or raise: the messages to send are written before, those received
// are read after. Channels of this isolate need no lock, but a case of theirs
// may need memory: it runs without the locks.

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>

#include "sched/loop.h"
#include "stdlib/lua_chan.h"
#include "stdlib/modules.h"
#include "stdlib/shared_chan.h"
#include "vm/park.h"
#include "vm/shared_wait.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;
using vm::SharedWait;

struct SelectCase {
  SelectCase() : waiter() {}

  LuaChan* chan = nullptr;  // one of the two, or none: never ready
  SharedChan* shared = nullptr;
  bool send = false;
  union {
    vm::LuaWaiter waiter;
    SharedWaiter shared_waiter;  // its message belongs to the select
  };
};

// The memory of a select, in a userdata.
struct Select : SharedWait {
  static constexpr TypeTag kTag = {"select"};
  const TypeTag* tag = &kTag;
  int n = 0;
  int n_locks = 0;
  bool timed = false;
  SelectCase* cases = nullptr;
  SharedChan** locks = nullptr;  // in the order of their addresses, each once
};

// Stack of a select: the argument at 1, its memory at 2, then two values a
// case: its channel and what it sends.
constexpr int kSelectIndex = 2;
constexpr int ChanIndex(int i) {
  return kSelectIndex + 1 + 2 * i;
}
constexpr int ValueIndex(int i) {
  return kSelectIndex + 2 + 2 * i;
}

bool IsSelect(lua_State* L, int index) {
  return vm::HasSizeOf<Select>(L, index) &&
         static_cast<Select*>(lua_touserdata(L, index))->tag == &Select::kTag;
}

const vm::InternalKind kSelectKind(&IsSelect, vm::InternalKind::What::kHidden);

Select* TheSelect(lua_State* L) {
  return static_cast<Select*>(lua_touserdata(L, kSelectIndex));
}

void FreeMessages(void* base) {
  auto* select = static_cast<Select*>(base);
  for (int i = 0; select->n_locks > 0 && i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.shared == nullptr || one.shared_waiter.message == nullptr) continue;
    vm::FreeMessage(one.shared_waiter.message);
    one.shared_waiter.message = nullptr;
  }
}

// Takes the waiters out of the shared channels. The G was won.
void RemoveShared(Select* select) {
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.shared != nullptr) one.shared->Remove(&one.shared_waiter);
  }
}

void LockAll(Select* select) TRI_NO_ANALYSIS {
  for (int i = 0; i < select->n_locks; i++)
    select->locks[i]->Lock();
}

void UnlockAll(void* base) TRI_NO_ANALYSIS {
  auto* select = static_cast<Select*>(base);
  for (int i = 0; i < select->n_locks; i++)
    select->locks[i]->Unlock();
}

// Calls visit(L, index) for the handle of each case with a shared channel.
void ForEachHandle(lua_State* L, const Select* select,
                   void (*visit)(lua_State* L, int index)) {
  for (int i = 0; i < select->n; i++) {
    if (select->cases[i].shared != nullptr) visit(L, ChanIndex(i));
  }
}

constexpr SharedWait::Kind kSelectWait = {
    [](SharedWait* base) {
      auto* select = static_cast<Select*>(base);
      RemoveShared(select);
      FreeMessages(select);
    },
    [](const SharedWait* base) {
      const auto* select = static_cast<const Select*>(base);
      bool may = select->timed;
      for (int i = 0; !may && i < select->n_locks; i++)
        may = !select->locks[i]->IsOnlyHandle();
      return may;
    }};

// Reads case `i` (from 0) of the argument, and pushes its channel and value.
void ReadCase(lua_State* L, int i, SelectCase* one) {
  new (one) SelectCase();
  if (lua_rawgeti(L, 1, i + 1) != LUA_TTABLE) {
    luaL_error(L, "bad argument #1 to 'select' (case %d is a %s, not a table)",
               i + 1, luaL_typename(L, -1));
  }
  const int at = lua_gettop(L);
  lua_rawgeti(L, at, 1);
  if (lua_toboolean(L, -1) != 0) {
    one->chan = Test<LuaChan>(L, -1);
    if (one->chan == nullptr) one->shared = TestChannel(L, -1);
    if (one->shared != nullptr) new (&one->shared_waiter) SharedWaiter();
    if (one->chan == nullptr && one->shared == nullptr) {
      luaL_error(
          L, "bad argument #1 to 'select' (case %d has a %s, not a channel)",
          i + 1, luaL_typename(L, -1));
    }
  }
  lua_rawgeti(L, at, 2);
  if (!lua_isnil(L, -1)) {
    const char* op = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    one->send = std::strcmp(op, "send") == 0;
    if (!one->send && std::strcmp(op, "recv") != 0) {
      luaL_error(L,
                 "bad argument #1 to 'select' (case %d: 'send' or 'recv' "
                 "expected, got %s)",
                 i + 1, luaL_tolstring(L, -1, nullptr));
    }
  }
  lua_pop(L, 1);
  lua_rawgeti(L, at, 3);
  lua_remove(L, at);
}

bool CanRun(const SelectCase& one) {
  if (one.chan != nullptr) {
    return one.send ? one.chan->core.CanSend() : one.chan->core.CanRecv();
  }
  if (one.shared == nullptr) return false;
  SharedChan::Core& core = one.shared->core();
  return one.send ? core.CanSend() : core.CanRecv();
}

// A ready case, each with the same probability, or -1. Reservoir sampling: the
// k-th ready case replaces the choice with probability 1/k.
int Choose(Isolate* iso, const Select* select) {
  int chosen = -1;
  uint32_t ready = 0;
  for (int i = 0; i < select->n; i++) {
    if (!CanRun(select->cases[i])) continue;
    ready++;
    if (iso->random.Next() % ready == 0) chosen = i;
  }
  return chosen;
}

// What select gives for case `i`; a received value is on top of the stack.
int PushOutcome(lua_State* L, int i, bool send, bool closed) {
  if (send && closed) RaiseClosed(L);
  const bool has_value = !send && !closed;
  if (!has_value) lua_pushnil(L);
  lua_pushinteger(L, i + 1);
  lua_insert(L, -2);
  lua_pushboolean(L, send || has_value);
  return 3;
}

// Frees what was not sent, and gives what PushOutcome does for case `i`, whose
// channel may be a shared one.
int End(lua_State* L, Select* select, int i, bool closed) {
  SelectCase& one = select->cases[i];
  vm::Message* received = nullptr;
  if (one.shared != nullptr && !one.send) {
    received = one.shared_waiter.message;
    one.shared_waiter.message = nullptr;
  }
  FreeMessages(select);
  const bool send = one.send;
  if (received != nullptr) vm::ReadMessage(L, received);
  return PushOutcome(L, i, send, closed);
}

// Runs case `i` of this isolate, which is ready.
ChanResult TryLocal(lua_State* L, const SelectCase& one, int i) {
  const LuaChanTraits::Channel channel = {one.chan, L, ChanIndex(i)};
  G* woken = nullptr;
  ChanResult result = ChanResult::kWouldWait;
  if (one.send) {
    PrepareSend(L, one.chan, ChanIndex(i), ValueIndex(i));
    result = one.chan->core.TrySend(channel, {L, ValueIndex(i)}, &woken);
  } else {
    result = one.chan->core.TryRecv(channel, {L, 0}, &woken);
  }
  if (woken != nullptr) ReadyInStrand(woken, /*woken=*/true);
  return result;
}

ChanResult TryShared(SelectCase* one, G** woken) {
  SharedChan::Core& core = one->shared->core();
  vm::Message** item = one->shared_waiter.item();
  return one->send ? core.TrySend(one->shared, item, woken)
                   : core.TryRecv(one->shared, item, woken);
}

// Runs a ready case, if there is one: its number, with `*closed`; or -1, and
// all locks are held.
int TryCases(lua_State* L, Select* select, bool* closed) {
  Isolate* iso = Isolate::Of(L);
  LockAll(select);
  // A choice can fail: its partner's wait may just have ended otherwise.
  for (int i = Choose(iso, select); i >= 0; i = Choose(iso, select)) {
    SelectCase& one = select->cases[i];
    ChanResult result = ChanResult::kWouldWait;
    if (one.shared != nullptr) {
      G* woken = nullptr;
      result = TryShared(&one, &woken);
      if (result == ChanResult::kWouldWait) continue;
      UnlockAll(select);
      if (woken != nullptr) Ready(woken);
    } else {
      UnlockAll(select);
      result = TryLocal(L, one, i);
      if (result == ChanResult::kWouldWait) {
        LockAll(select);
        continue;
      }
    }
    *closed = result == ChanResult::kClosed;
    return i;
  }
  return -1;
}

int l_select_k(lua_State* L, int, lua_KContext) {
  Select* select = TheSelect(L);
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.chan != nullptr) WaitQueue::Remove(&one.waiter);
  }
  if (select->n_locks > 0) {
    RemoveShared(select);
    Isolate::Of(L)->RemoveSharedWait(select);
    ForEachHandle(L, select, &vm::EndHandleWait);
  }
  const LuaG* g = Isolate::Of(L)->current;
  const WakeResult wake = g->wake;
  if (wake == WakeResult::kReady || wake == WakeResult::kClosed) {
    return End(L, select, g->wake_index, wake == WakeResult::kClosed);
  }
  FreeMessages(select);
  if (wake == WakeResult::kCancelled) vm::RaiseCancelled(L);
  lua_pushliteral(L, "timeout");
  return 1;
}

// Queues the G, with all locks held.
void Queue(lua_State* L, Select* select, LuaG* g) {
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.chan != nullptr) {
      one.waiter.L = L;
      one.waiter.stack_index = ValueIndex(i);
      one.waiter.index = i;
      if (one.send) {
        one.chan->core.QueueSender(&one.waiter, g);
      } else {
        one.chan->core.QueueReceiver(&one.waiter, g);
      }
    } else if (one.shared != nullptr) {
      one.shared_waiter.index = i;
      if (one.send) {
        one.shared->core().QueueSender(&one.shared_waiter, g);
      } else {
        one.shared->core().QueueReceiver(&one.shared_waiter, g);
      }
    }
  }
}

int Wait(lua_State* L, Select* select, int64_t deadline) {
  LuaG* g = vm::BeginPark(L, WaitReason::kSelect, /*shielded=*/false,
                          {&FreeMessages, select});
  ParkCommit commit;
  commit.deadline_ns = deadline;
  if (select->n_locks > 0) {
    // Shared channels may have become ready meanwhile; those of this isolate
    // have not.
    bool closed = false;
    const int chosen = TryCases(L, select, &closed);
    if (chosen >= 0) return End(L, select, chosen, closed);
    select->kind = &kSelectWait;
    select->timed = deadline != kNever;
    Isolate::Of(L)->AddSharedWait(select);
    ForEachHandle(L, select, &vm::BeginHandleWait);
    commit.external = true;
    commit.unlock = &UnlockAll;
    commit.unlock_argument = select;
  }
  Queue(L, select, g);
  return vm::Park(L, commit, &l_select_k, 0);
}

// Writes what shared channels are to be sent. This may raise; the messages that
// have been written are then freed by the finalizer.
void WriteMessages(lua_State* L, Select* select) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, kSelectIndex);
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.shared == nullptr || !one.send) continue;
    one.shared_waiter.message = vm::WriteMessage(L, ValueIndex(i), 1);
  }
}

// Pushes the memory for `n` cases, which have to be read.
Select* NewSelect(lua_State* L, int n) {
  const auto count = static_cast<size_t>(n);
  auto* select = new (lua_newuserdatauv(
      L, sizeof(Select) + (sizeof(SelectCase) + sizeof(void*)) * count, 0))
      Select();
  select->n = n;
  select->cases = reinterpret_cast<SelectCase*>(select + 1);
  select->locks = reinterpret_cast<SharedChan**>(select->cases + n);
  return select;
}

// Lists the shared channels; true if one is to be sent to.
bool SortLocks(Select* select) {
  bool sends = false;
  SharedChan** end = select->locks;
  for (int i = 0; i < select->n; i++) {
    const SelectCase& one = select->cases[i];
    if (one.shared == nullptr) continue;
    *end++ = one.shared;
    sends |= one.send;
  }
  std::sort(select->locks, end, std::less<>());
  end = std::unique(select->locks, end);
  select->n_locks = static_cast<int>(end - select->locks);
  return sends;
}

// Reads the options: the deadline, whether it has passed, whether there is a
// default.
void ReadOptions(lua_State* L, int64_t* deadline, bool* now,
                 bool* has_default) {
  lua_getfield(L, 1, "default");
  *has_default = lua_toboolean(L, -1) != 0;
  lua_getfield(L, 1, "timeout");
  if (!lua_isnil(L, -1)) {
    if (*has_default) {
      luaL_argerror(L, 1, "default and timeout exclude each other");
    }
    if (lua_type(L, -1) != LUA_TNUMBER) {
      luaL_argerror(L, 1, "timeout is not a number");
    }
    if (!(lua_tonumber(L, -1) >= 0)) {
      luaL_argerror(L, 1, "timeout is negative or not a number");
    }
    *deadline = CheckDeadline(L, -1, now);
  }
  lua_settop(L, 1);
}

int l_select(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  int64_t deadline = kNever;
  bool now = false;
  bool has_default = false;
  ReadOptions(L, &deadline, &now, &has_default);
  const auto n = static_cast<int>(lua_rawlen(L, 1));
  luaL_checkstack(L, 2 * n + 10, "too many cases");
  Select* select = NewSelect(L, n);
  for (int i = 0; i < n; i++)
    ReadCase(L, i, select->cases + i);
  if (SortLocks(select)) WriteMessages(L, select);
  // What a send may need is made first: it may run finalizers, which may use
  // the very channels. From the look at the cases to the wait nothing may.
  for (int i = 0; i < n; i++) {
    const SelectCase& one = select->cases[i];
    if (one.chan != nullptr && one.send) {
      PrepareSend(L, one.chan, ChanIndex(i), ValueIndex(i));
    }
  }
  // Of a channel whose handle a finalizer has brought back, that may have been
  // the last one.
  ForEachHandle(L, select,
                [](lua_State* state, int index) { TestChannel(state, index); });
  bool closed = false;
  const int chosen = TryCases(L, select, &closed);
  if (chosen >= 0) return End(L, select, chosen, closed);
  UnlockAll(select);
  if (has_default || now) {
    FreeMessages(select);
    lua_pushstring(L, has_default ? "default" : "timeout");
    return 1;
  }
  return Wait(L, select, deadline);
}

int l_free_messages(lua_State* L) {
  if (!IsSelect(L, 1)) return 0;  // called by a script
  FreeMessages(lua_touserdata(L, 1));
  return 0;
}

}  // namespace

void OpenSelect(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &l_free_messages);
  lua_setfield(L, -2, "__gc");
  lua_pushcclosure(L, &l_select, 1);
  lua_setfield(L, -2, "select");
}

}  // namespace trilune::stdlib
