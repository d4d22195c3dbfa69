// The methods of a dictionary, except those that wait.
//
// A method reads its arguments from Lua, then calls the store, then pushes
// results. The store knows no Lua, so nothing raises inside it. Between the
// store's answer and the pushed result something may raise, though: pushing a
// string may find no memory. What the store has handed out by then (a reference
// to an entry, a popped node) lies in the isolate's DictHolder, whose finalizer
// would release it.
//
// A value that is neither scalar nor string is kept as a message. Reading it
// copies the message first, because readers of other isolates share it.

#include "stdlib/dict/dict.h"

#include <cstdlib>
#include <new>

#include "sched/base/clock.h"
#include "vm/message/message.h"

namespace trilune::stdlib {
namespace {

using Kind = DictValue::Kind;

constexpr size_t kMaxKey = 65535;

constexpr char kMetaKey = 0;
constexpr char kHolderKey = 0;

// --- What a raise must not leak. ---

// One for each isolate, in the registry. While a held value is being pushed, a
// finalizer may run and use the holder, too. That drops what is held. This is
// safe, because the bytes have been copied by then. So its user calls Drop,
// which looks whether something is still there.
struct DictHolder {
  static constexpr TypeTag kTag = {"dictionary's holder"};
  const TypeTag* tag;
  DictStore* store;
  DictEntry* entry;
  DictNode* node;

  void Drop() {
    if (entry != nullptr) store->Release(entry);
    if (node != nullptr) store->FreeNode(node, /*with_object=*/false);
    entry = nullptr;
    node = nullptr;
  }
};

int l_holder_gc(lua_State* L) {
  auto* holder = Test<DictHolder>(L, 1);
  if (holder != nullptr) holder->Drop();  // else a script has called it
  return 0;
}

DictHolder* Holder(lua_State* L, DictStore* store) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kHolderKey);
  auto* holder = static_cast<DictHolder*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  holder->Drop();
  holder->store = store;
  return holder;
}

void MakeHolder(lua_State* L) {
  auto* holder =
      static_cast<DictHolder*>(lua_newuserdatauv(L, sizeof(DictHolder), 0));
  *holder = {&DictHolder::kTag, nullptr, nullptr, nullptr};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &l_holder_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHolderKey);
}

// Pushes a value that is no object. Requires: nothing frees a string's bytes
// meanwhile.
void PushPlain(lua_State* L, const DictValue& value) {
  switch (value.kind) {
    case Kind::kFalse:
    case Kind::kTrue:
      lua_pushboolean(L, value.kind == Kind::kTrue);
      break;
    case Kind::kInteger:
      lua_pushinteger(L, value.integer);
      break;
    case Kind::kFloat:
      lua_pushnumber(L, value.number);
      break;
    case Kind::kString:
      lua_pushlstring(L, value.bytes, value.size);
      break;
    case Kind::kNil:
    case Kind::kObject:
    case Kind::kList:
      lua_pushnil(L);
      break;
  }
}

// Pushes true; or true, nil, true if live entries were evicted; or false, why.
int PushResult(lua_State* L, DictStatus status, bool forcible) {
  lua_pushboolean(L, status == DictStatus::kOk);
  if (status != DictStatus::kOk) {
    lua_pushstring(L, DictStatusText(status));
    return 2;
  }
  if (!forcible) return 1;
  lua_pushnil(L);
  lua_pushboolean(L, 1);
  return 3;
}

// --- Reading. ---

// What a read returns besides the value.
enum class Second : uint8_t { kFlags, kStale, kVersion };

int Read(lua_State* L, Second second) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  DictReading reading;
  const DictStatus status =
      dict->store->Get(key, second == Second::kStale, &reading);
  if (status == DictStatus::kNotFound) {
    lua_pushnil(L);
    return 1;
  }
  if (status != DictStatus::kOk) return PushFailure(L, status);
  PushReading(L, dict, &reading);
  if (second == Second::kVersion) {
    lua_pushinteger(L, static_cast<lua_Integer>(reading.version));
    return 2;
  }
  if (second == Second::kFlags && reading.flags == 0) return 1;
  if (reading.flags == 0) {
    lua_pushnil(L);
  } else {
    lua_pushinteger(L, reading.flags);
  }
  if (second == Second::kFlags) return 2;
  lua_pushboolean(L, reading.stale);
  return 3;
}

int l_get(lua_State* L) {
  return Read(L, Second::kFlags);
}

int l_get_stale(lua_State* L) {
  return Read(L, Second::kStale);
}

int l_getv(lua_State* L) {
  return Read(L, Second::kVersion);
}

int l_ttl(lua_State* L) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  int64_t expires_ns = kNever;
  const DictStatus status = dict->store->Expiry(key, &expires_ns);
  if (status != DictStatus::kOk) return PushFailure(L, status);
  const int64_t left = expires_ns == kNever ? 0 : expires_ns - NowNs();
  // It may have expired since: then return as little as possible, because 0
  // means "never".
  lua_pushnumber(L, expires_ns == kNever ? 0.0
                    : left > 0           ? static_cast<double>(left) * 1e-9
                                         : 1e-9);
  return 1;
}

// --- Writing. ---

// Reads the arguments from `value_at` on (value, time to live, flags) and
// writes.
int Write(lua_State* L, int value_at, DictWrite* write) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  write->expires_ns = CheckExpiry(L, value_at + 1);
  const lua_Integer flags = luaL_optinteger(L, value_at + 2, 0);
  luaL_argcheck(L, flags >= 0 && flags <= UINT32_MAX, value_at + 2,
                "flags are out of range");
  write->flags = static_cast<uint32_t>(flags);
  const DictValue value = CheckDictValue(L, value_at);
  bool forcible = false;
  const DictStatus status = dict->store->Put(key, value, *write, &forcible);
  if (status != DictStatus::kOk && value.kind == Kind::kObject) {
    FreeDictObject(value.object);
  }
  return PushResult(L, status, forcible);
}

int WriteSome(lua_State* L, DictWrite::Mode mode, bool safe) {
  if (mode != DictWrite::Mode::kSet) {
    luaL_argcheck(L, !lua_isnoneornil(L, 3), 3, "value expected, got nil");
  }
  DictWrite write;
  write.mode = mode;
  write.safe = safe;
  return Write(L, 3, &write);
}

int l_set(lua_State* L) {
  return WriteSome(L, DictWrite::Mode::kSet, false);
}

int l_safe_set(lua_State* L) {
  return WriteSome(L, DictWrite::Mode::kSet, true);
}

int l_add(lua_State* L) {
  return WriteSome(L, DictWrite::Mode::kAdd, false);
}

int l_safe_add(lua_State* L) {
  return WriteSome(L, DictWrite::Mode::kAdd, true);
}

int l_replace(lua_State* L) {
  return WriteSome(L, DictWrite::Mode::kReplace, false);
}

int l_cas(lua_State* L) {
  const int type = lua_type(L, 3);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN && type != LUA_TNUMBER &&
      type != LUA_TSTRING) {
    return luaL_typeerror(L, 3, "nil, boolean, number or string");
  }
  const DictValue old = CheckDictValue(L, 3);
  DictWrite write;
  write.mode = DictWrite::Mode::kCas;
  write.old = &old;
  return Write(L, 4, &write);
}

int l_casv(lua_State* L) {
  DictWrite write;
  write.mode = DictWrite::Mode::kCasVersion;
  write.version = static_cast<uint64_t>(luaL_optinteger(L, 3, 0));
  return Write(L, 4, &write);
}

int l_delete(lua_State* L) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  bool forcible = false;
  return PushResult(
      L, dict->store->Put(key, DictValue(), DictWrite(), &forcible), false);
}

DictNumber CheckNumber(lua_State* L, int index) {
  luaL_checktype(L, index, LUA_TNUMBER);
  DictNumber number;
  number.is_integer = lua_isinteger(L, index) != 0;
  if (number.is_integer) {
    number.integer = lua_tointeger(L, index);
  } else {
    number.number = lua_tonumber(L, index);
  }
  return number;
}

int l_incr(lua_State* L) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  DictNumber by;
  by.integer = 1;
  if (!lua_isnoneornil(L, 3)) by = CheckNumber(L, 3);
  DictNumber init;
  const bool has_init = !lua_isnoneornil(L, 4);
  if (has_init) init = CheckNumber(L, 4);
  luaL_argcheck(L, has_init || lua_isnoneornil(L, 5), 5,
                "time to live without a first value");
  const int64_t expires_ns = CheckExpiry(L, 5);
  DictNumber result;
  bool forcible = false;
  const DictStatus status = dict->store->Increment(
      key, by, has_init ? &init : nullptr, expires_ns, &result, &forcible);
  if (status != DictStatus::kOk) return PushFailure(L, status);
  if (result.is_integer) {
    lua_pushinteger(L, result.integer);
  } else {
    lua_pushnumber(L, result.number);
  }
  if (!forcible) return 1;
  lua_pushnil(L);
  lua_pushboolean(L, 1);
  return 3;
}

int l_expire(lua_State* L) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  luaL_checknumber(L, 3);
  const DictStatus status = dict->store->Expire(key, CheckExpiry(L, 3));
  if (status != DictStatus::kOk) return PushFailure(L, status);
  lua_pushboolean(L, 1);
  return 1;
}

// --- Lists. ---

int Push(lua_State* L, bool front) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  luaL_argcheck(L, !lua_isnoneornil(L, 3), 3, "value expected, got nil");
  const DictValue value = CheckDictValue(L, 3);
  DictNode* node = DictStore::NewNode(value);
  uint64_t length = 0;
  DictStatus status = DictStatus::kNoMemory;
  if (node != nullptr) status = dict->store->Push(key, node, front, &length);
  if (status != DictStatus::kOk) {
    if (value.kind == Kind::kObject) FreeDictObject(value.object);
    if (node != nullptr) dict->store->FreeNode(node, /*with_object=*/false);
    return PushFailure(L, status);
  }
  lua_pushinteger(L, static_cast<lua_Integer>(length));
  return 1;
}

int Pop(lua_State* L, bool front) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  DictNode* node = nullptr;
  const DictStatus status = dict->store->Pop(key, front, &node);
  if (status == DictStatus::kNotFound) {
    lua_pushnil(L);
    return 1;
  }
  if (status != DictStatus::kOk) return PushFailure(L, status);
  PushNode(L, dict, node);
  return 1;
}

int l_lpush(lua_State* L) {
  return Push(L, true);
}

int l_rpush(lua_State* L) {
  return Push(L, false);
}

int l_lpop(lua_State* L) {
  return Pop(L, true);
}

int l_rpop(lua_State* L) {
  return Pop(L, false);
}

int l_llen(lua_State* L) {
  Dict* dict = CheckDict(L);
  const DictKey key = CheckDictKey(L, dict);
  uint64_t length = 0;
  const DictStatus status = dict->store->Length(key, &length);
  if (status != DictStatus::kOk) return PushFailure(L, status);
  lua_pushinteger(L, static_cast<lua_Integer>(length));
  return 1;
}

// --- All of it. ---

int l_flush_all(lua_State* L) {
  CheckDict(L)->store->Clear();
  return 0;
}

int l_flush_expired(lua_State* L) {
  Dict* dict = CheckDict(L);
  const lua_Integer max = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, max >= 0, 2, "number is negative");
  lua_pushinteger(L, static_cast<lua_Integer>(dict->store->RemoveExpired(
                         static_cast<uint64_t>(max))));
  return 1;
}

int l_capacity(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(CheckDict(L)->bytes));
  return 1;
}

int l_free_space(lua_State* L) {
  const DictStats stats = CheckDict(L)->store->Stats();
  lua_pushinteger(L, static_cast<lua_Integer>(stats.capacity - stats.used));
  return 1;
}

int l_name(lua_State* L) {
  const Dict* dict = CheckDict(L);
  lua_pushlstring(L, dict->name.data(), dict->name.size());
  return 1;
}

void SetField(lua_State* L, const char* name, uint64_t value) {
  lua_pushinteger(L, static_cast<lua_Integer>(value));
  lua_setfield(L, -2, name);
}

int l_stats(lua_State* L) {
  const DictStats stats = CheckDict(L)->store->Stats();
  lua_createtable(L, 0, 8);
  SetField(L, "capacity", stats.capacity);
  SetField(L, "used", stats.used);
  SetField(L, "entries", stats.entries);
  SetField(L, "hits", stats.hits);
  SetField(L, "misses", stats.misses);
  SetField(L, "evicted", stats.evicted);
  SetField(L, "expired", stats.expired);
  SetField(L, "shards", stats.shards);
  return 1;
}

constexpr luaL_Reg kMethods[] = {{"get", &l_get},
                                 {"getv", &l_getv},
                                 {"get_stale", &l_get_stale},
                                 {"set", &l_set},
                                 {"safe_set", &l_safe_set},
                                 {"add", &l_add},
                                 {"safe_add", &l_safe_add},
                                 {"replace", &l_replace},
                                 {"cas", &l_cas},
                                 {"casv", &l_casv},
                                 {"incr", &l_incr},
                                 {"delete", &l_delete},
                                 {"ttl", &l_ttl},
                                 {"expire", &l_expire},
                                 {"lpush", &l_lpush},
                                 {"rpush", &l_rpush},
                                 {"lpop", &l_lpop},
                                 {"rpop", &l_rpop},
                                 {"llen", &l_llen},
                                 {"wait", &l_dict_wait},
                                 {"blpop", &l_dict_blpop},
                                 {"brpop", &l_dict_brpop},
                                 {"keys", &l_dict_keys},
                                 {"flush_all", &l_flush_all},
                                 {"flush_expired", &l_flush_expired},
                                 {"capacity", &l_capacity},
                                 {"free_space", &l_free_space},
                                 {"stats", &l_stats},
                                 {"name", &l_name},
                                 {nullptr, nullptr}};

void PushMetatable(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kMetaKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  luaL_checkstack(L, 8, nullptr);
  MakeHolder(L);
  NewMetatable(L, DictHandle::kTag.name, kMethods, nullptr);
  vm::SetSharedMetatable(L);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMetaKey);
}

}  // namespace

const vm::Shared::Type Dict::kType = {DictHandle::kTag.name, &DictHandle::kTag,
                                      &PushMetatable};

// --- What the other files need, too. ---

Dict* CheckDict(lua_State* L) {
  auto* handle = Check<DictHandle>(L, 1);
  luaL_argcheck(L, handle->object != nullptr, 1, "the dictionary is closed");
  return static_cast<Dict*>(handle->object);
}

DictKey CheckDictKey(lua_State* L, const Dict* dict) {
  size_t size = 0;
  const char* bytes = luaL_checklstring(L, 2, &size);
  luaL_argcheck(L, size <= kMaxKey, 2, "key is longer than 65535 bytes");
  return dict->store->KeyOf(bytes, size);
}

int64_t CheckExpiry(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return kNever;
  const double seconds = CheckSeconds(L, index);
  return seconds == 0 ? kNever : DeadlineAfter(NowNs(), seconds);
}

DictValue CheckDictValue(lua_State* L, int index) {
  DictValue value;
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
      break;
    case LUA_TBOOLEAN:
      value.kind = lua_toboolean(L, index) != 0 ? Kind::kTrue : Kind::kFalse;
      break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0) {
        value.kind = Kind::kInteger;
        value.integer = lua_tointeger(L, index);
      } else {
        value.kind = Kind::kFloat;
        value.number = lua_tonumber(L, index);
      }
      break;
    case LUA_TSTRING:
      value.kind = Kind::kString;
      value.bytes = lua_tolstring(L, index, &value.size);
      break;
    default: {
      vm::Message* message = vm::WriteMessage(
          L, index, 1, {.charged = false});  // the dictionary counts it
      value.kind = Kind::kObject;
      value.object = message;
      value.size = vm::MessageBytes(message);
      break;
    }
  }
  return value;
}

void FreeDictObject(void* object) {
  vm::FreeMessage(static_cast<vm::Message*>(object));
}

// Three cases: a short value was copied; an object is copied before it is read;
// the bytes of a long string are pushed while the holder keeps the entry.
void PushReading(lua_State* L, Dict* dict, DictReading* reading) {
  if (reading->held == nullptr) {
    PushPlain(L, reading->value);
    return;
  }
  if (reading->value.kind == Kind::kObject) {
    vm::Message* copy = vm::CopyToRead(
        L, static_cast<const vm::Message*>(reading->value.object));
    dict->store->Release(reading->held);
    if (copy == nullptr) luaL_error(L, "not enough memory");
    vm::ReadMessage(L, copy);
    return;
  }
  DictHolder* holder = Holder(L, dict->store.get());
  holder->entry = reading->held;
  PushPlain(L, reading->value);
  holder->Drop();
}

void PushNode(lua_State* L, Dict* dict, DictNode* node) {
  if (node->value.kind == Kind::kObject) {
    auto* message = static_cast<vm::Message*>(node->value.object);
    dict->store->FreeNode(node, /*with_object=*/false);
    vm::ReadMessage(L, message);
    return;
  }
  DictHolder* holder = Holder(L, dict->store.get());
  holder->node = node;
  PushPlain(L, node->value);
  holder->Drop();
}

int PushFailure(lua_State* L, DictStatus status) {
  lua_pushnil(L);
  lua_pushstring(L, DictStatusText(status));
  return 2;
}

}  // namespace trilune::stdlib
