// The module trilune.dict: opens dictionaries by their names.
//
// The registry of a runtime keeps every dictionary until the last isolate has
// gone, so data outlive the isolate that made them. The isolate that makes one
// is charged for its full size, for as long.

#include <cstring>
#include <new>

#include "stdlib/dict/dict.h"
#include "stdlib/modules.h"
#include "stdlib/sizes.h"
#include "vm/isolate/isolate.h"

namespace trilune::stdlib {
namespace {

constexpr size_t kDefaultBytes = size_t{64} << 20;
constexpr size_t kMaxBytes = size_t{1} << 46;

constexpr char kExtensionKey = 0;

// Reads the option `size`. An error names argument 2.
size_t CheckBytes(lua_State* L, int index) {
  size_t bytes = 0;
  luaL_argcheck(L, ToSize(L, index, &bytes) && bytes <= kMaxBytes, 2,
                "size is no number of bytes");
  return bytes;
}

// Reads the option `shards`, a power of two, because a shard is chosen by some
// bits of the hash.
uint32_t CheckShards(lua_State* L, int index) {
  int is_integer = 0;
  const lua_Integer n = lua_tointegerx(L, index, &is_integer);
  luaL_argcheck(L,
                is_integer != 0 && n > 0 && n <= DictStore::kMaxShards &&
                    (n & (n - 1)) == 0,
                2, "shards is no power of two up to 256");
  return static_cast<uint32_t>(n);
}

int l_open(lua_State* L) {
  size_t size = 0;
  const char* name = luaL_checklstring(L, 1, &size);
  size_t bytes = 0;
  uint32_t shards = 0;
  if (!lua_isnoneornil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushnil(L);
    while (lua_next(L, 2) != 0) {
      const char* option =
          lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) : "";
      if (std::strcmp(option, "size") == 0) {
        bytes = CheckBytes(L, 4);
      } else if (std::strcmp(option, "shards") == 0) {
        shards = CheckShards(L, 4);
      } else {
        lua_pushfstring(L, "unknown option '%s'",
                        luaL_tolstring(L, 3, nullptr));
        return luaL_argerror(L, 2, lua_tostring(L, -1));
      }
      lua_settop(L, 3);
    }
  }
  const size_t real = bytes == 0 ? kDefaultBytes : bytes;
  luaL_argcheck(L, real / (shards == 0 ? 1 : shards) >= DictStore::kMinBytes, 2,
                "size is too small: a shard needs 8192 bytes");
  vm::RuntimeState* runtime = vm::Isolate::Of(L)->runtime();
  if (runtime == nullptr) return luaL_error(L, "no runtime to share with");
  DictRegistry* registry = DictRegistry::Of(runtime);
  if (registry == nullptr) return luaL_error(L, "not enough memory");
  const std::shared_ptr<vm::Budget>& budget =
      vm::Isolate::Of(L)->config().budget;
  Dict* dict = registry->Open({name, size}, bytes, shards, budget);
  // There may be room once garbage is collected. So try twice.
  if (dict == nullptr) {
    vm::Isolate::Of(L)->CollectForLimit(L);
    dict = registry->Open({name, size}, bytes, shards, budget);
  }
  if (dict == nullptr) return luaL_error(L, "not enough memory");
  luaL_argcheck(L, bytes == 0 || bytes == dict->bytes, 2,
                "the dictionary exists with another size");
  luaL_argcheck(L, shards == 0 || shards == dict->shards, 2,
                "the dictionary exists with other shards");
  vm::PushShared(L, dict);
  return 1;
}

int l_call(lua_State* L) {
  lua_remove(L, 1);  // the module
  return l_open(L);
}

}  // namespace

DictRegistry* DictRegistry::Of(vm::RuntimeState* runtime) try {
  return static_cast<DictRegistry*>(runtime->Extend(
      &kExtensionKey, []() -> std::unique_ptr<vm::RuntimeState::Extension> {
        return std::make_unique<DictRegistry>();
      }));
} catch (const std::bad_alloc&) {
  return nullptr;
}

// No isolate is left, so no lock is needed.
DictRegistry::~DictRegistry() TRI_NO_ANALYSIS {
  // A value may hold a handle of its own dictionary, or of another one.
  // Clearing all of them first gives those references up.
  for (Dict* dict = first_; dict != nullptr; dict = dict->next)
    dict->store->Clear();
  while (first_ != nullptr) {
    Dict* dict = first_;
    first_ = dict->next;
    dict->Release();
  }
}

Dict* DictRegistry::Open(std::string_view name, size_t bytes, uint32_t shards,
                         const std::shared_ptr<vm::Budget>& budget) {
  const MutexLock lock(mu_);
  for (Dict* dict = first_; dict != nullptr; dict = dict->next) {
    if (dict->name == name) return dict;
  }
  if (bytes == 0) bytes = kDefaultBytes;
  vm::MemoryCharge* charge = nullptr;
  if (!vm::MemoryCharge::Grow(budget, bytes + sizeof(Dict) + name.size(),
                              &charge)) {
    return nullptr;
  }
  std::unique_ptr<DictStore> store =
      DictStore::Make(bytes, shards, &FreeDictObject);
  if (store == nullptr) {
    vm::MemoryCharge::Give(charge);
    return nullptr;
  }
  try {
    auto* dict = new Dict(name, bytes, shards, std::move(store), charge);
    dict->next = first_;
    first_ = dict;
    return dict;
  } catch (const std::bad_alloc&) {
    vm::MemoryCharge::Give(charge);
    return nullptr;
  }
}

int OpenDict(lua_State* L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &l_open);
  lua_setfield(L, -2, "open");
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &l_call);
  lua_setfield(L, -2, "__call");
  lua_setmetatable(L, -2);
  return 1;
}

}  // namespace trilune::stdlib
