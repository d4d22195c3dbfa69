// tri.select: waits for the first of several cases. A case is a channel of this
// isolate, a shared channel, the end of a goroutine or of a spawned program, or
// an event.
//
// How it locks. A shared channel and a spawned program each have a lock, and
// note under it which G waits. A select holds the locks of all its cases at
// once, from its last look at them until its wait is public. Between the two a
// partner would pop the waiter of a G that it cannot win yet, and that wake-up
// would be lost. The locks are taken in the order of their addresses, each
// once, so that two selects cannot deadlock.
//
// While it holds locks, it calls nothing of Lua that may allocate or raise. An
// error would leave by longjmp and keep the locks. So the order is:
//
// 1. Read the cases, sort the locks.
// 2. Write the messages to send, and make room in local channels (PrepareSend).
//    Both may run finalizers, which may use the very same channels.
// 3. Look whether each handle still has its object.
// 4. Take all locks. Among the ready cases choose one at random and run it
//    (TryCases), and return.
// 5. With a default or timeout 0, release the locks and return. Otherwise
//    release them, open the wait and make the joiners, which may raise. Then
//    take the locks and look again: a shared object may have become ready
//    meanwhile.
// 6. Queue the G in every case and park. The locks are released after the G is
//    public as waiting, by the stack on which the M lands.
//
// What belongs to this isolate needs no lock: nothing of it changes while the G
// runs. But a case of a local channel may need memory, so it runs without the
// locks.
//
// The waker of any case wins the G, so only one case runs. Its number is in
// g->wake_index. The continuation (l_select_k) removes the waiters from all
// other queues before it may raise.

#include <algorithm>
#include <functional>
#include <new>
#include <utility>

#include "sched/base/random.h"
#include "sched/core/loop.h"
#include "stdlib/chan/select_case.h"
#include "stdlib/modules.h"
#include "stdlib/spawn/spawn.h"
#include "vm/goroutine/park.h"
#include "vm/message/shared_wait.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::LuaG;
using vm::Program;
using vm::SharedWait;

// The memory of a select, in a userdata: this, the cases, the list of locks.
struct Select : SharedWait {
  static constexpr TypeTag kTag = {"select"};
  const TypeTag* tag = &kTag;
  int n = 0;
  int n_locks = 0;
  bool timed = false;
  SelectCase* cases = nullptr;
  HandoverLock** locks = nullptr;  // in the order of their addresses, each once
};

// Stack of a select: the argument at 1, its memory at 2, then two values a
// case. These are its object (a channel, or what else it waits for), and what
// it sends.
constexpr int kSelectIndex = 2;
constexpr int ChanIndex(int i) {
  return kSelectIndex + 1 + 2 * i;
}
constexpr int ValueIndex(int i) {
  return kSelectIndex + 2 + 2 * i;
}

const vm::InternalKind kSelectKind(
    [](lua_State* L, int index) { return Test<Select>(L, index) != nullptr; },
    vm::InternalKind::What::kHidden);

Select* TheSelect(lua_State* L) {
  return static_cast<Select*>(lua_touserdata(L, kSelectIndex));
}

// Frees what lies outside the heap.
void FreeHeld(void* base) {
  auto* select = static_cast<Select*>(base);
  for (int i = 0; select->n_locks > 0 && i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.is_shared() && one.shared_waiter.message != nullptr) {
      vm::FreeMessage(std::exchange(one.shared_waiter.message, nullptr));
    } else if (one.kind == SelectCase::Kind::kProgram) {
      delete std::exchange(one.joiner, nullptr);
    }
  }
}

// Takes the waiters out of the shared channels. Requires: the G was won.
void RemoveShared(Select* select) {
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.is_shared()) one.shared->Remove(&one.shared_waiter);
  }
}

// In the order of their addresses, which every select keeps.
void LockAll(Select* select) TRI_NO_ANALYSIS {
  for (int i = 0; i < select->n_locks; i++)
    select->locks[i]->Lock();
}

void UnlockAll(void* base) TRI_NO_ANALYSIS {
  auto* select = static_cast<Select*>(base);
  for (int i = 0; i < select->n_locks; i++)
    select->locks[i]->Unlock();
}

// Calls visit(L, index) for the handle of each case with a shared object.
void ForEachHandle(lua_State* L, const Select* select,
                   void (*visit)(lua_State* L, int index)) {
  for (int i = 0; i < select->n; i++) {
    if (select->cases[i].lock() != nullptr) visit(L, ChanIndex(i));
  }
}

// How a select is dropped with its G; and whether something outside may end its
// wait: a deadline, a program, or a channel that others hold.
constexpr SharedWait::Kind kSelectWait = {
    [](SharedWait* base) {
      auto* select = static_cast<Select*>(base);
      RemoveShared(select);
      FreeHeld(select);
    },
    [](const SharedWait* base) {
      const auto* select = static_cast<const Select*>(base);
      bool may = select->timed;
      for (int i = 0; !may && i < select->n; i++) {
        const SelectCase& one = select->cases[i];
        may = one.kind == SelectCase::Kind::kProgram ||
              (one.is_shared() && !one.shared->IsOnlyHandle());
      }
      return may;
    }};

int Choose(Isolate* iso, const Select* select) {
  return ChooseReady(iso->random, select->n,
                     [select](int i) { return select->cases[i].CanRun(); });
}

// Pushes what select returns for case `i`, a channel. A received value is on
// top of the stack.
int PushOutcome(lua_State* L, int i, bool send, bool closed) {
  if (send && closed) RaiseClosed(L);
  const bool has_value = !send && !closed;
  if (!has_value) lua_pushnil(L);
  lua_pushinteger(L, i + 1);
  lua_insert(L, -2);
  lua_pushboolean(L, send || has_value);
  return 3;
}

// Frees what was not sent, and pushes what select returns for case `i`.
int End(lua_State* L, Select* select, int i, bool closed) {
  SelectCase& one = select->cases[i];
  vm::Message* received = nullptr;
  if (one.is_shared() && !one.send) {
    received = std::exchange(one.shared_waiter.message, nullptr);
  }
  FreeHeld(select);
  const bool send = one.send;
  switch (one.kind) {
    case SelectCase::Kind::kGoroutine:
      lua_pushinteger(L, i + 1);
      return 1 + Isolate::Of(L)->PushResults(L, one.handle, ChanIndex(i));
    case SelectCase::Kind::kProgram:
      lua_copy(L, ChanIndex(i), 1);
      lua_pushinteger(L, i + 1);
      return 1 + PushJoined(L);
    case SelectCase::Kind::kEvent:
      lua_pushinteger(L, i + 1);
      lua_pushboolean(L, 1);
      return 2;
    default:
      break;
  }
  if (received != nullptr) vm::ReadMessage(L, received);
  return PushOutcome(L, i, send, closed);
}

// Runs case `i`, a channel of this isolate, which is ready.
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

// Runs a case of a shared channel. Requires: its lock.
ChanResult TryShared(SelectCase* one, G** woken) {
  SharedChan::Core& core = one->shared->core();
  vm::Message** item = one->shared_waiter.item();
  return one->send ? core.TrySend(one->shared, item, woken)
                   : core.TryRecv(one->shared, item, woken);
}

// Runs a ready case, if there is one, and returns its number, with `*closed`.
// Otherwise returns -1 with all locks held.
int TryCases(lua_State* L, Select* select, bool* closed) {
  Isolate* iso = Isolate::Of(L);
  LockAll(select);
  // A chosen case can fail: its partner's wait may just have ended otherwise.
  for (int i = Choose(iso, select); i >= 0; i = Choose(iso, select)) {
    SelectCase& one = select->cases[i];
    ChanResult result = ChanResult::kWouldWait;
    if (one.is_shared()) {
      G* woken = nullptr;
      result = TryShared(&one, &woken);
      if (result == ChanResult::kWouldWait) continue;
      UnlockAll(select);
      if (woken != nullptr) Ready(woken);
    } else {
      UnlockAll(select);
      if (one.kind != SelectCase::Kind::kChan) return i;  // it stays ready
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
  const LuaG* g = Isolate::Of(L)->current;
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.kind == SelectCase::Kind::kProgram) {
      one.program->ForgetJoiner(g);
    } else if (!one.is_shared()) {
      WaitQueue::Remove(&one.waiter);
    }
  }
  if (select->n_locks > 0) {
    RemoveShared(select);
    Isolate::Of(L)->RemoveSharedWait(select);
    ForEachHandle(L, select, &vm::EndHandleWait);
  }
  const WakeResult wake = g->wake;
  if (wake == WakeResult::kReady || wake == WakeResult::kClosed) {
    return End(L, select, g->wake_index, wake == WakeResult::kClosed);
  }
  FreeHeld(select);
  if (wake == WakeResult::kCancelled) vm::RaiseCancelled(L);
  lua_pushliteral(L, "timeout");
  return 1;
}

// Makes the joiners that AddJoiner will link in programs. False: no memory.
bool MakeJoiners(Select* select, LuaG* g) {
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.kind != SelectCase::Kind::kProgram) continue;
    one.joiner = Program::NewJoiner(g, i);
    if (one.joiner == nullptr) return false;
  }
  return true;
}

template <class Core, class Waiter>
void QueueIn(Core& core, Waiter* waiter, LuaG* g, bool send) {
  if (send) {
    core.QueueSender(waiter, g);
  } else {
    core.QueueReceiver(waiter, g);
  }
}

// Queues the G in every case. Requires: all locks are held.
void Queue(lua_State* L, Select* select, LuaG* g) {
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (one.is_shared()) {
      one.shared_waiter.index = i;
      QueueIn(one.shared->core(), &one.shared_waiter, g, one.send);
      continue;
    }
    if (one.kind == SelectCase::Kind::kProgram) {
      one.program->AddJoiner(std::exchange(one.joiner, nullptr));
      continue;
    }
    one.waiter.L = L;
    one.waiter.stack_index = ValueIndex(i);
    one.waiter.index = i;
    if (one.kind == SelectCase::Kind::kChan) {
      QueueIn(one.chan->core, &one.waiter, g, one.send);
    } else if (one.kind == SelectCase::Kind::kGoroutine) {
      one.handle->g->joiners.PushTail(&one.waiter, g);
    } else if (one.kind == SelectCase::Kind::kEvent) {
      one.event->waiters.PushTail(&one.waiter, g);
    }
  }
}

int Wait(lua_State* L, Select* select, int64_t deadline) {
  const vm::Parking parking = vm::BeginPark(
      L, WaitReason::kSelect, /*shielded=*/false, {&FreeHeld, select});
  ParkCommit commit;
  commit.deadline_ns = deadline;
  if (select->n_locks > 0) {
    if (!MakeJoiners(select, parking.g)) {
      FreeHeld(select);
      return luaL_error(L, "not enough memory");
    }
    // A shared object may have become ready meanwhile. What belongs to this
    // isolate has not.
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
  Queue(L, select, parking.g);
  return vm::Park(L, parking, commit, &l_select_k, 0);
}

// Writes the messages for shared channels. This may raise: then the finalizer
// of the select frees the messages written so far.
void WriteMessages(lua_State* L, Select* select) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, kSelectIndex);
  for (int i = 0; i < select->n; i++) {
    SelectCase& one = select->cases[i];
    if (!one.is_shared() || !one.send) continue;
    one.shared_waiter.message = vm::WriteMessage(L, ValueIndex(i), 1);
  }
}

// Pushes the memory for `n` cases. The caller must read them next.
Select* NewSelect(lua_State* L, int n) {
  const auto count = static_cast<size_t>(n);
  auto* select = new (lua_newuserdatauv(
      L, sizeof(Select) + (sizeof(SelectCase) + sizeof(void*)) * count, 0))
      Select();
  select->n = n;
  select->cases = reinterpret_cast<SelectCase*>(select + 1);
  select->locks = reinterpret_cast<HandoverLock**>(select->cases + n);
  return select;
}

// Lists the locks. True if the select sends to a shared channel.
bool SortLocks(Select* select) {
  bool sends = false;
  HandoverLock** end = select->locks;
  for (int i = 0; i < select->n; i++) {
    const SelectCase& one = select->cases[i];
    HandoverLock* lock = one.lock();
    if (lock == nullptr) continue;
    *end++ = lock;
    sends |= one.send;
  }
  std::sort(select->locks, end, std::less<>());
  end = std::unique(select->locks, end);
  select->n_locks = static_cast<int>(end - select->locks);
  return sends;
}

int l_select(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  int64_t deadline = kNever;
  bool now = false;
  bool has_default = false;
  const auto n = static_cast<int>(lua_rawlen(L, 1));
  luaL_checkstack(L, 2 * n + 10, "too many cases");
  ReadSelectOptions(L, n, &deadline, &now, &has_default);
  Select* select = NewSelect(L, n);
  for (int i = 0; i < n; i++)
    ReadSelectCase(L, i, select->cases + i);
  if (SortLocks(select)) WriteMessages(L, select);
  // Makes what a send may need now, because that may run finalizers, which may
  // use the very same channels. Between the look at the cases and the wait no
  // finalizer may run.
  for (int i = 0; i < n; i++) {
    const SelectCase& one = select->cases[i];
    if (one.kind == SelectCase::Kind::kChan && one.send) {
      PrepareSend(L, one.chan, ChanIndex(i), ValueIndex(i));
    }
  }
  // One of those finalizers may have been that of a handle which another one
  // had brought back. Then its object is gone, and this raises.
  ForEachHandle(L, select, [](lua_State* state, int index) {
    if (TestChannel(state, index) == nullptr) TestProgram(state, index);
  });
  bool closed = false;
  const int chosen = TryCases(L, select, &closed);
  if (chosen >= 0) return End(L, select, chosen, closed);
  UnlockAll(select);
  if (has_default || now) {
    FreeHeld(select);
    lua_pushstring(L, has_default ? "default" : "timeout");
    return 1;
  }
  return Wait(L, select, deadline);
}

int l_free_held(lua_State* L) {
  if (Test<Select>(L, 1) == nullptr) return 0;  // called by a script
  FreeHeld(lua_touserdata(L, 1));
  return 0;
}

}  // namespace

void OpenSelect(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &l_free_held);
  lua_setfield(L, -2, "__gc");
  lua_pushcclosure(L, &l_select, 1);
  lua_setfield(L, -2, "select");
}

}  // namespace trilune::stdlib
