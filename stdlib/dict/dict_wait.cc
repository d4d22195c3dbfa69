// dict:wait, dict:blpop, dict:brpop: how a G waits for a key.
//
// Each looks first, and opens a wait only if it must. Between that look and the
// queue the key may change; then Queue returns false, and the method looks
// again. The shape of the wait is that of chan/channel.cc; dict_store_wait.cc
// has the other side.

#include <cstdlib>
#include <new>

#include "sched/thread/m.h"
#include "stdlib/dict/dict.h"
#include "vm/goroutine/park.h"
#include "vm/isolate/isolate.h"
#include "vm/message/shared_wait.h"

namespace trilune::stdlib {
namespace {

using vm::Isolate;

// A G's wait for a key. It does not lie in the Lua heap, because the heap may
// be closed before the store lets go of it.
struct KeyWait : vm::SharedWait {
  Dict* dict = nullptr;
  DictWait* place = nullptr;  // until it is queued
  DictWaiter waiter;
};

void DropKeyWait(vm::SharedWait* base) {
  auto* wait = static_cast<KeyWait*>(base);
  wait->dict->store->Drop(&wait->waiter);
  std::free(wait);
}

// Any isolate may open the dictionary at any time, so no such wait is a
// deadlock.
constexpr vm::SharedWait::Kind kKeyWait = {
    &DropKeyWait, [](const vm::SharedWait*) { return true; }};

void FreeKeyWait(void* base) {
  auto* wait = static_cast<KeyWait*>(base);
  if (wait->place != nullptr) DictStore::FreeWait(wait->place);
  std::free(wait);
}

KeyWait* NewKeyWait(lua_State* L, Dict* dict, const DictKey& key) {
  void* memory = std::malloc(sizeof(KeyWait));
  DictWait* place = memory == nullptr ? nullptr : DictStore::NewWait(key);
  if (place == nullptr) {
    std::free(memory);
    luaL_error(L, "not enough memory");
  }
  auto* wait = new (memory) KeyWait();
  wait->kind = &kKeyWait;
  wait->dict = dict;
  wait->place = place;
  return wait;
}

int PushValue(lua_State* L, Dict* dict, DictReading* reading) {
  if (reading->value.kind == DictValue::Kind::kList) {
    if (reading->held != nullptr) dict->store->Release(reading->held);
    return PushFailure(L, DictStatus::kIsList);
  }
  const auto version = static_cast<lua_Integer>(reading->version);
  PushReading(L, dict, reading);
  lua_pushinteger(L, version);
  return 2;
}

// Returns what the wait was given.
int l_waited_k(lua_State* L, int, lua_KContext context) {
  auto* wait = reinterpret_cast<KeyWait*>(context);  // NOLINT: Lua's context
  Isolate* iso = Isolate::Of(L);
  iso->RemoveSharedWait(wait);
  const WakeResult result = iso->current->wake;
  Dict* dict = wait->dict;
  DictReading reading;
  dict->store->Leave(&wait->waiter, &reading);
  DictNode* node = wait->waiter.node;
  std::free(wait);
  if (result == WakeResult::kTimeout) return PushTimeout(L);
  if (result == WakeResult::kCancelled) vm::RaiseCancelled(L);
  if (node == nullptr) return PushValue(L, dict, &reading);
  PushNode(L, dict, node);
  return 1;
}

// Waits for what was not there a moment ago. Returns 0 if it is there now.
int Wait(lua_State* L, Dict* dict, const DictKey& key, const DictWaiter& wanted,
         int64_t deadline) {
  KeyWait* wait = NewKeyWait(L, dict, key);
  const vm::Parking parking = vm::BeginPark(
      L, WaitReason::kDict, /*shielded=*/false, {&FreeKeyWait, wait});
  ParkCommit commit;
  commit.deadline_ns = deadline;
  wait->waiter = wanted;
  DictWait* place = wait->place;
  wait->place = nullptr;
  if (!dict->store->Queue(key, parking.g, &wait->waiter, place, &commit)) {
    FreeKeyWait(wait);
    return 0;
  }
  Isolate::Of(L)->AddSharedWait(wait);
  return vm::Park(L, parking, commit, &l_waited_k,
                  reinterpret_cast<lua_KContext>(wait));
}

int BlockingPop(lua_State* L, bool front) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 3, &now);
  DictWaiter wanted;
  wanted.what = DictWaiter::For::kPop;
  wanted.front = front;
  while (true) {
    DictNode* node = nullptr;
    const DictStatus status = dict->store->Pop(key, front, &node);
    if (status == DictStatus::kOk) {
      PushNode(L, dict, node);
      return 1;
    }
    if (status != DictStatus::kNotFound) return PushFailure(L, status);
    if (now) return PushTimeout(L);
    const int n = Wait(L, dict, key, wanted, deadline);
    if (n > 0) return n;
  }
}

}  // namespace

int l_dict_wait(lua_State* L) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  bool now = false;
  const int64_t deadline = CheckDeadline(L, 3, &now);
  DictWaiter wanted;
  wanted.version = static_cast<uint64_t>(luaL_optinteger(L, 4, 0));
  while (true) {
    DictReading reading;
    const DictStatus status = dict->store->Get(key, false, &reading);
    if (status == DictStatus::kIsList) return PushFailure(L, status);
    if (status == DictStatus::kOk) {
      if (reading.version != wanted.version)
        return PushValue(L, dict, &reading);
      if (reading.held != nullptr) dict->store->Release(reading.held);
    }
    if (now) return PushTimeout(L);
    const int n = Wait(L, dict, key, wanted, deadline);
    if (n > 0) return n;
  }
}

int l_dict_blpop(lua_State* L) {
  return BlockingPop(L, true);
}

int l_dict_brpop(lua_State* L) {
  return BlockingPop(L, false);
}

}  // namespace trilune::stdlib
