// Dict: a named DictStore that the isolates of a runtime share.
//
// Role       What the handles of trilune.dict refer to. Also what dict.cc,
//            dict_keys.cc, dict_wait.cc and dict_open.cc share.
// Threads    any
// Locks      DictRegistry::mu_ (kDicts)
// Invariants I1. A dictionary lives until no isolate of the runtime is left.
//            I2. Whenever something may raise, what a call has got from the
//                store lies in the isolate's DictHolder or in a userdata.
// Tests      tests/lua/dict; tests/stdlib/dict_test.cc

#ifndef TRI_STDLIB_DICT_DICT_H_
#define TRI_STDLIB_DICT_DICT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <lua.hpp>

#include "sched/sync/mutex.h"
#include "stdlib/binding.h"
#include "stdlib/dict/dict_store.h"
#include "vm/memory/budget.h"
#include "vm/message/shared.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::stdlib {

class Dict final : public vm::Shared {
 public:
  Dict(std::string_view its_name, size_t its_bytes, uint32_t its_shards,
       std::unique_ptr<DictStore> its_store, vm::MemoryCharge* its_charge)
      : Shared(&kType),
        name(its_name),
        bytes(its_bytes),
        shards(its_shards),
        store(std::move(its_store)),
        charge_(its_charge) {}

  static const Type kType;

  const std::string name;
  const size_t bytes;
  const uint32_t shards;  // as asked for; 0: as the size suggests
  const std::unique_ptr<DictStore> store;
  Dict* next = nullptr;  // the registry's, under its lock

 private:
  ~Dict() override { vm::MemoryCharge::Give(charge_); }

  vm::MemoryCharge* const charge_;  // in the budget of the isolate that made it
};

// All dictionaries of a runtime, by name.
class DictRegistry final : public vm::RuntimeState::Extension {
 public:
  static DictRegistry* Of(vm::RuntimeState* runtime);
  ~DictRegistry() override;

  // Returns the dictionary of that name, and makes it if there is none. Null
  // without memory. `bytes`, `shards`: 0 takes what an existing one has, or a
  // default. A new dictionary counts in `budget` as if it were full.
  Dict* Open(std::string_view name, size_t bytes, uint32_t shards,
             const std::shared_ptr<vm::Budget>& budget) TRI_EXCLUDES(mu_);

 private:
  Mutex mu_{LockRank::kDicts};
  Dict* first_ TRI_GUARDED_BY(mu_) = nullptr;
};

// The userdata of a handle.
struct DictHandle : vm::SharedHandle {
  static constexpr TypeTag kTag = {"dictionary"};
};
static_assert(sizeof(DictHandle) == sizeof(vm::SharedHandle));

// Check the dictionary at index 1, and the key at index 2. May raise.
Dict* CheckDict(lua_State* L);
DictKey CheckDictKey(lua_State* L, const Dict* dict);
// Reads an optional time to live at `index` as a deadline. May raise.
int64_t CheckExpiry(lua_State* L, int index);
// Reads the value at `index`. Strings stay where they are; other values become
// an object, a message. Raises if the value cannot be sent. If the store does
// not take the object, the caller frees it with FreeDictObject.
DictValue CheckDictValue(lua_State* L, int index);
void FreeDictObject(void* object);

// Pushes what was read, and releases it. Raises without memory.
void PushReading(lua_State* L, Dict* dict, DictReading* reading);
// Pushes the value of a popped node, and frees the node. Raises without memory.
void PushNode(lua_State* L, Dict* dict, DictNode* node);
// Pushes nil and the text of the status; returns 2.
int PushFailure(lua_State* L, DictStatus status);

// The methods in dict_keys.cc and dict_wait.cc.
int l_dict_keys(lua_State* L);
int l_dict_wait(lua_State* L);
int l_dict_blpop(lua_State* L);
int l_dict_brpop(lua_State* L);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_DICT_DICT_H_
