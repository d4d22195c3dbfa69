// tri.channel and the methods of a shared channel. They have the names, results
// and errors of those of tri.chan.
//
// How a G waits in a shared channel, and how another isolate wakes it:
//
// 1. The sender writes its value into a message. Writing may raise and may run
//    finalizers, so it comes before any lock is taken.
// 2. It tries to send, under the channel's lock. If that works, or the timeout
//    is 0, the method ends here.
// 3. It makes a ChanWait and opens the wait with BeginPark, which may raise.
//    The ChanWait is malloc'ed: the channel links it and outlives this heap.
// 4. SendOrQueue takes the lock and tries again, because a partner on another M
//    may have come since step 2. If it still would wait, SendOrQueue queues the
//    waiter and returns with the lock held.
// 5. ParkIn lists the wait in its isolate and parks. The lock is released after
//    the G is public as waiting, by the stack on which the M lands
//    (ParkCommit::unlock). So a partner that gets the lock and finds the waiter
//    can win its G. After an earlier release a partner would pop the waiter of
//    a G that it cannot win yet, and that wake-up would be lost.
// 6. A partner takes the lock, pops the waiter and wins the G. It moves the
//    message to or from the waiter, releases the lock, and calls Ready. Ready
//    pushes the G into the inbox of its strand, and submits the strand if that
//    is idle.
// 7. The G's continuation takes the wait off its isolate's list. After a
//    timeout or a cancellation the waiter is still in the queue, so the
//    continuation removes it under the lock. Then it reads the message into its
//    own heap.
//
// A receiver does the same without step 1. If the isolate is closed while its G
// waits, the isolate calls DropChanWait for each listed wait.

#include <cstdlib>
#include <new>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "stdlib/chan/lua_chan.h"
#include "stdlib/chan/shared_chan.h"
#include "stdlib/modules.h"
#include "vm/goroutine/park.h"
#include "vm/message/shared_wait.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;
using vm::Message;
using vm::SharedWait;

// Registry key of the handles' metatable.
constexpr char kMetatableKey = 0;

// A G's wait in one channel. It does not lie in the Lua heap, because the heap
// may be closed before the channel lets go of it.
struct ChanWait : SharedWait {
  SharedWaiter waiter;
  SharedChan* chan = nullptr;  // its handle lies on the G's stack, at 1
  bool timed = false;
};

void DropChanWait(SharedWait* base) {
  auto* wait = static_cast<ChanWait*>(base);
  wait->chan->Remove(&wait->waiter);
  if (wait->waiter.message != nullptr) vm::FreeMessage(wait->waiter.message);
  std::free(wait);
}

constexpr SharedWait::Kind kChanWait = {
    &DropChanWait, [](const SharedWait* base) {
      const auto* wait = static_cast<const ChanWait*>(base);
      return wait->timed || !wait->chan->IsOnlyHandle();
    }};

void FreeChanWait(void* base) {
  auto* wait = static_cast<ChanWait*>(base);
  if (wait->waiter.message != nullptr) vm::FreeMessage(wait->waiter.message);
  std::free(wait);
}

// Takes `message`, even if it raises.
ChanWait* NewChanWait(lua_State* L, SharedChan* chan, Message* message,
                      bool timed) {
  void* memory = std::malloc(sizeof(ChanWait));
  if (memory == nullptr) {
    if (message != nullptr) vm::FreeMessage(message);
    luaL_error(L, "not enough memory");
  }
  auto* wait = new (memory) ChanWait();
  wait->kind = &kChanWait;
  wait->chan = chan;
  wait->waiter.message = message;
  wait->timed = timed;
  return wait;
}

int ParkIn(lua_State* L, vm::Parking parking, ChanWait* wait, int64_t deadline,
           lua_KFunction k) {
  vm::BeginHandleWait(L, 1);
  Isolate::Of(L)->AddSharedWait(wait);
  ParkCommit commit;
  commit.deadline_ns = deadline;
  commit.external = true;
  commit.unlock = [](void* chan) { static_cast<SharedChan*>(chan)->Unlock(); };
  commit.unlock_argument = wait->chan;
  return vm::Park(L, parking, commit, k, reinterpret_cast<lua_KContext>(wait));
}

// For a continuation: returns how the wait ended. `*message` gets what its
// waiter holds.
WakeResult EndChanWait(lua_State* L, lua_KContext context, Message** message) {
  auto* wait = reinterpret_cast<ChanWait*>(context);  // NOLINT: Lua's context
  Isolate* iso = Isolate::Of(L);
  iso->RemoveSharedWait(wait);
  vm::EndHandleWait(L, 1);
  const WakeResult result = iso->current->wake;
  if (result == WakeResult::kTimeout || result == WakeResult::kCancelled) {
    wait->chan->Remove(&wait->waiter);
  }
  *message = wait->waiter.message;
  std::free(wait);
  return result;
}

SharedChan* CheckChannel(lua_State* L, int index) {
  SharedChan* chan = TestChannel(L, index);
  if (chan == nullptr) luaL_typeerror(L, index, LuaChan::kTag.name);
  return chan;
}

// Writes the value at 2 as a message for `*chan`, whose handle is at 1. Writing
// may run finalizers. If the handle was brought back by another finalizer, its
// own may run now, so `*chan` is read again from the handle.
Message* WriteFor(lua_State* L, SharedChan** chan) {
  Message* message = vm::WriteMessage(L, 2, 1);
  vm::Shared* object =
      static_cast<vm::SharedHandle*>(lua_touserdata(L, 1))->object;
  if (object == nullptr) {
    vm::FreeMessage(message);
    vm::RaiseCollected(L, SharedChan::kType);
  }
  *chan = static_cast<SharedChan*>(object);
  return message;
}

// --- Sending. ---

int EndSend(lua_State* L, WakeResult result, Message* message) {
  if (message != nullptr) vm::FreeMessage(message);
  return PushSent(L, result);
}

int l_send_k(lua_State* L, int, lua_KContext context) {
  Message* message = nullptr;
  const WakeResult result = EndChanWait(L, context, &message);
  return EndSend(L, result, message);
}

WakeResult ToWake(ChanResult result) {
  return result == ChanResult::kDone     ? WakeResult::kReady
         : result == ChanResult::kClosed ? WakeResult::kClosed
                                         : WakeResult::kTimeout;
}

int l_send(lua_State* L) {
  SharedChan* chan = CheckChannel(L, 1);
  int64_t deadline = kNever;
  bool now = false;
  const int top = lua_gettop(L);
  if (top != 2) {
    if (top > 2) deadline = CheckDeadline(L, 3, &now);
    lua_settop(L, 2);
  }
  Message* message = WriteFor(L, &chan);
  ChanResult result = chan->TrySend(&message);
  if (result != ChanResult::kWouldWait || now) {
    return EndSend(L, ToWake(result), message);
  }
  ChanWait* wait = NewChanWait(L, chan, message, deadline != kNever);
  const vm::Parking parking = vm::BeginPark(
      L, WaitReason::kChanSend, /*shielded=*/false, {&FreeChanWait, wait});
  result = chan->SendOrQueue(&wait->waiter, parking.g);
  if (result == ChanResult::kWouldWait) {
    return ParkIn(L, parking, wait, deadline, &l_send_k);
  }
  message = wait->waiter.message;
  std::free(wait);
  return EndSend(L, ToWake(result), message);
}

int l_trysend(lua_State* L) {
  SharedChan* chan = CheckChannel(L, 1);
  lua_settop(L, 2);
  Message* message = WriteFor(L, &chan);
  const ChanResult result = chan->TrySend(&message);
  if (message != nullptr) vm::FreeMessage(message);
  if (result == ChanResult::kClosed) RaiseClosed(L);
  lua_pushboolean(L, result == ChanResult::kDone);
  return 1;
}

// --- Receiving. ---

int EndRecv(lua_State* L, WakeResult result, Message* message) {
  if (result == WakeResult::kReady) vm::ReadMessage(L, message);
  return PushReceived(L, result);
}

int l_recv_k(lua_State* L, int, lua_KContext context) {
  Message* message = nullptr;
  const WakeResult result = EndChanWait(L, context, &message);
  return EndRecv(L, result, message);
}

int Recv(lua_State* L, SharedChan* chan, int64_t deadline, bool now,
         lua_KFunction k) {
  Message* message = nullptr;
  ChanResult result = chan->TryRecv(&message);
  if (result != ChanResult::kWouldWait || now) {
    return EndRecv(L, ToWake(result), message);
  }
  ChanWait* wait = NewChanWait(L, chan, nullptr, deadline != kNever);
  const vm::Parking parking = vm::BeginPark(
      L, WaitReason::kChanRecv, /*shielded=*/false, {&FreeChanWait, wait});
  result = chan->RecvOrQueue(&wait->waiter, parking.g);
  if (result == ChanResult::kWouldWait)
    return ParkIn(L, parking, wait, deadline, k);
  message = wait->waiter.message;
  std::free(wait);
  return EndRecv(L, ToWake(result), message);
}

int l_recv(lua_State* L) {
  SharedChan* chan = CheckChannel(L, 1);
  bool now = false;
  const int64_t deadline =
      lua_gettop(L) == 1 ? kNever : CheckDeadline(L, 2, &now);
  return Recv(L, chan, deadline, now, &l_recv_k);
}

int l_tryrecv(lua_State* L) {
  SharedChan* chan = CheckChannel(L, 1);
  Message* message = nullptr;
  const ChanResult result = chan->TryRecv(&message);
  if (result == ChanResult::kWouldWait) {
    lua_pushboolean(L, 0);
    return 1;
  }
  lua_pushboolean(L, 1);
  if (result == ChanResult::kClosed) {
    lua_pushnil(L);
  } else {
    vm::ReadMessage(L, message);
  }
  lua_pushboolean(L, result == ChanResult::kDone);
  return 3;
}

int l_next_k(lua_State* L, int status, lua_KContext context) {
  l_recv_k(L, status, context);
  lua_pop(L, 1);  // a for loop ends at the nil of a closed channel
  return 1;
}

int l_next(lua_State* L) {
  lua_settop(L, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  const int results =
      Recv(L, CheckChannel(L, 1), kNever, /*now=*/false, &l_next_k);
  // Two results: Recv did not wait. A wait has gone through l_next_k, even if
  // it comes back here.
  if (results == 2) lua_pop(L, 1);
  return 1;
}

int l_iter(lua_State* L) {
  CheckChannel(L, 1);
  lua_settop(L, 1);
  lua_pushcclosure(L, &l_next, 1);
  return 1;
}

// --- The rest. ---

int l_close(lua_State* L) {
  if (!CheckChannel(L, 1)->Close()) {
    return luaL_error(L, "close of closed channel");
  }
  return 0;
}

int l_len(lua_State* L) {
  lua_pushinteger(L, CheckChannel(L, 1)->size());
  return 1;
}

int l_cap(lua_State* L) {
  lua_pushinteger(L, CheckChannel(L, 1)->capacity());
  return 1;
}

constexpr luaL_Reg kMethods[] = {
    {"send", &l_send},       {"recv", &l_recv},   {"trysend", &l_trysend},
    {"tryrecv", &l_tryrecv}, {"close", &l_close}, {"iter", &l_iter},
    {"cap", &l_cap},         {nullptr, nullptr},
};
constexpr luaL_Reg kMeta[] = {{"__len", &l_len}, {nullptr, nullptr}};

void PushMetatable(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kMetatableKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  NewMetatable(L, LuaChan::kTag.name, kMethods, kMeta);
  vm::SetSharedMetatable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMetatableKey);
}

int PushHandleProtected(lua_State* L) {
  vm::PushShared(L, static_cast<SharedChan*>(lua_touserdata(L, 1)));
  return 1;
}

int l_channel(lua_State* L) {
  const uint32_t capacity = CheckCapacity(L, 1);
  vm::RuntimeState* runtime = Isolate::Of(L)->runtime();
  luaL_checkstack(L, 2, nullptr);
  auto* chan = new (std::nothrow)
      SharedChan(capacity, runtime == nullptr ? nullptr : runtime->cycles());
  if (chan == nullptr) return luaL_error(L, "not enough memory");
  lua_pushcfunction(L, &PushHandleProtected);
  lua_pushlightuserdata(L, chan);
  const int status = lua_pcall(L, 1, 1, 0);
  chan->Release();
  return status == LUA_OK ? 1 : lua_error(L);
}

constexpr TypeTag kChannelTag = {"channel"};

}  // namespace

const vm::Shared::Type SharedChan::kType = {"channel", &kChannelTag,
                                            &PushMetatable};

SharedChan* TestChannel(lua_State* L, int index) {
  return TestSharedOf<SharedChan>(L, index, SharedChan::kType);
}

void OpenChannel(lua_State* L) {
  lua_pushcfunction(L, &l_channel);
  lua_setfield(L, -2, "channel");
}

}  // namespace trilune::stdlib
