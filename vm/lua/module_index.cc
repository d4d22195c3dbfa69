// An index of package.loaded by address, so that the writer of messages sends a
// module's function or table by its name.
//
// It is made in two levels: first the modules alone, which every message with a
// table needs; their members only at the first need. `require` counts the
// modules it loads (Isolate::module_generation), and another count makes the
// index anew.
//
// An address proves nothing: the value may have been collected, and another one
// have its address. So Find looks the name up in Lua, and compares.

#include "vm/lua/module_index.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "vm/isolate/isolate.h"
#include "vm/memory/budget.h"

// The program's own bounds, which the linker defines.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {
extern const char __executable_start;
extern const char etext;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

namespace trilune::vm {
namespace {

void RaiseNoMemory(lua_State* L) {
  luaL_error(L, "not enough memory");
}

// Whether a member must be found by its name: see I1.
bool IsIndexed(lua_State* L, int index, bool of_globals) {
  switch (lua_type(L, index)) {
    case LUA_TUSERDATA:
      return !of_globals;
    case LUA_TFUNCTION: {
      if (lua_iscfunction(L, index) == 0) return !of_globals;
      if (!IsPartOfProgram(lua_tocfunction(L, index))) return true;
      if (lua_getupvalue(L, index, 1) == nullptr) return false;
      lua_pop(L, 1);
      return true;
    }
    default:
      return false;
  }
}

}  // namespace

bool IsPartOfProgram(lua_CFunction function) {
  const auto* address = reinterpret_cast<const char*>(function);
  return address >= &__executable_start && address < &etext;
}

void ModuleIndex::Clear() {
  std::free(entries_);
  std::free(text_);
  MemoryCharge::Give(std::exchange(charge_, nullptr));
  entries_ = nullptr;
  text_ = nullptr;
  mask_ = count_ = 0;
  text_bytes_ = text_capacity_ = 0;
  level_ = kNothing;
}

const ModuleIndex::Entry* ModuleIndex::FindTable(const void* address) const {
  if (entries_ == nullptr) return nullptr;
  uint32_t slot = HashOfAddress(address) & mask_;
  while (entries_[slot].address != nullptr) {
    if (entries_[slot].address == address) return &entries_[slot];
    slot = (slot + 1) & mask_;
  }
  return nullptr;
}

bool ModuleIndex::Add(lua_State* L, const void* address, uint32_t module,
                      uint32_t member) {
  if (FindTable(address) != nullptr) return true;
  if (entries_ == nullptr || (count_ + 1) * 2 > mask_) {
    const uint32_t slots = entries_ == nullptr ? 64 : (mask_ + 1) * 2;
    const uint32_t more = slots - (entries_ == nullptr ? 0 : mask_ + 1);
    if (!MemoryCharge::Grow(Isolate::Of(L)->config().budget,
                            more * sizeof(Entry), &charge_)) {
      return false;
    }
    auto* larger = static_cast<Entry*>(std::calloc(slots, sizeof(Entry)));
    if (larger == nullptr) return false;
    for (uint32_t i = 0; entries_ != nullptr && i <= mask_; i++) {
      if (entries_[i].address == nullptr) continue;
      uint32_t slot = HashOfAddress(entries_[i].address) & (slots - 1);
      while (larger[slot].address != nullptr)
        slot = (slot + 1) & (slots - 1);
      larger[slot] = entries_[i];
    }
    std::free(entries_);
    entries_ = larger;
    mask_ = slots - 1;
  }
  uint32_t slot = HashOfAddress(address) & mask_;
  while (entries_[slot].address != nullptr)
    slot = (slot + 1) & mask_;
  entries_[slot] = {address, module, member};
  count_++;
  return true;
}

bool ModuleIndex::AddText(lua_State* L, int index, uint32_t* at) {
  size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  const size_t needed = text_bytes_ + sizeof(uint32_t) + size + 1;
  if (needed > (size_t{1} << 30)) return false;
  if (needed > text_capacity_) {
    const size_t capacity = std::max<size_t>(needed + needed / 2, 256);
    if (!MemoryCharge::Grow(Isolate::Of(L)->config().budget,
                            capacity - text_capacity_, &charge_)) {
      return false;
    }
    auto* larger = static_cast<char*>(std::realloc(text_, capacity));
    if (larger == nullptr) return false;
    text_ = larger;
    text_capacity_ = static_cast<uint32_t>(capacity);
  }
  *at = text_bytes_;
  const auto size32 = static_cast<uint32_t>(size);
  std::memcpy(text_ + *at, &size32, sizeof(size32));
  std::memcpy(text_ + *at + sizeof(size32), text, size + 1);
  text_bytes_ = static_cast<uint32_t>(needed);
  return true;
}

bool ModuleIndex::AddModules(lua_State* L, int loaded) {
  lua_pushnil(L);
  while (lua_next(L, loaded) != 0) {
    const int type = lua_type(L, -1);
    if (lua_type(L, -2) == LUA_TSTRING &&
        (type == LUA_TTABLE || type == LUA_TFUNCTION ||
         type == LUA_TUSERDATA)) {
      uint32_t name = 0;
      if (!AddText(L, -2, &name) ||
          !Add(L, lua_topointer(L, -1), name, kNoMember)) {
        return false;
      }
    }
    lua_pop(L, 1);
  }
  return true;
}

// The globals come last. A function that is also in a module gets its name
// there, because Add keeps the first name.
bool ModuleIndex::AddMembers(lua_State* L, int loaded, bool of_globals) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  const void* globals = lua_topointer(L, -1);
  lua_pop(L, 1);
  lua_pushnil(L);
  while (lua_next(L, loaded) != 0) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1) ||
        (lua_topointer(L, -1) == globals) != of_globals) {
      lua_pop(L, 1);
      continue;
    }
    if (!AddMembersOf(L, lua_gettop(L), of_globals)) return false;
    lua_pop(L, 1);
  }
  return true;
}

// `members`: the index of the module; its name lies below it.
bool ModuleIndex::AddMembersOf(lua_State* L, int members, bool of_globals) {
  uint32_t module = kNoMember;
  lua_pushnil(L);
  while (lua_next(L, members) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING && IsIndexed(L, -1, of_globals)) {
      uint32_t name = 0;
      if ((module == kNoMember && !AddText(L, members - 1, &module)) ||
          !AddText(L, -2, &name) ||
          !Add(L, lua_topointer(L, -1), module, name)) {
        return false;
      }
    }
    lua_pop(L, 1);
  }
  return true;
}

// No memory may mean that the limit has none left. A collection may help then.
void ModuleIndex::Build(lua_State* L, uint32_t generation, Level level) {
  if (TryBuild(L, generation, level)) return;
  Isolate::Of(L)->CollectForLimit(L);
  if (TryBuild(L, generation, level)) return;
  RaiseNoMemory(L);
}

bool ModuleIndex::TryBuild(lua_State* L, uint32_t generation, Level level) {
  // Nothing here runs a finalizer.
  Clear();
  builds_++;
  luaL_checkstack(L, 8, nullptr);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  const int loaded = lua_gettop(L);
  bool fits = true;
  if (lua_istable(L, loaded)) {
    fits = AddModules(L, loaded);
    if (fits && level == kMembers) {
      fits = AddMembers(L, loaded, /*of_globals=*/false) &&
             AddMembers(L, loaded, /*of_globals=*/true);
    }
  }
  lua_settop(L, loaded - 1);
  if (!fits) {
    Clear();
    return false;
  }
  generation_ = generation;
  level_ = level;
  return true;
}

ModuleName ModuleIndex::NameOf(const Entry& entry) const {
  ModuleName name = {};
  const auto read = [this](uint32_t at, const char** text, size_t* size) {
    uint32_t bytes = 0;
    std::memcpy(&bytes, text_ + at, sizeof(bytes));
    *text = text_ + at + sizeof(bytes);
    *size = bytes;
  };
  read(entry.module, &name.module, &name.module_size);
  if (entry.member != kNoMember) {
    read(entry.member, &name.member, &name.member_size);
  }
  return name;
}

bool ModuleIndex::Find(lua_State* L, int index, ModuleName* name) const {
  luaL_checkstack(L, 4, nullptr);
  const int top = lua_gettop(L);
  for (;;) {
    const Entry* found = FindTable(lua_topointer(L, index));
    if (found == nullptr) return false;
    const Entry entry = *found;
    const uint32_t builds = builds_;
    // Looks up what has the name now. A push may collect garbage, and a
    // finalizer that sends something may build this index anew.
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    *name = NameOf(entry);
    lua_pushlstring(L, name->module, name->module_size);
    lua_rawget(L, -2);
    if (builds == builds_ && entry.member != kNoMember) {
      *name = NameOf(entry);
      if (lua_istable(L, -1)) {
        lua_pushlstring(L, name->member, name->member_size);
        lua_rawget(L, -2);
      } else {
        lua_pushnil(L);
      }
    }
    const bool is_same = lua_rawequal(L, -1, index) != 0;
    lua_settop(L, top);
    if (builds != builds_) continue;
    *name = NameOf(entry);
    return is_same;
  }
}

bool ModuleIndex::FindModule(lua_State* L, int index, uint32_t generation,
                             ModuleName* name) {
  if (!HasModules(generation)) Build(L, generation, kModules);
  return Find(L, index, name);
}

bool ModuleIndex::FindMember(lua_State* L, int index, uint32_t generation,
                             bool anew, ModuleName* name) {
  if (anew || level_ != kMembers || generation_ != generation) {
    Build(L, generation, kMembers);
  }
  return Find(L, index, name);
}

}  // namespace trilune::vm
