// ModuleIndex: the values that have a name in every heap.
//
// Role       Finds a value in package.loaded, or one level inside a module, by
//            its address. Scripts may change modules at any time, and the
//            collector gives addresses to other values. So whatever is found is
//            looked up in Lua before it counts.
// Threads    the strand's owner
// Locks      none
// Memory     counts in the isolate's budget
// Invariants I1. Globals that are Lua functions or userdata are not indexed:
//                they are a script's own. Nor are C functions without upvalues
//                that are part of this program: these are the same everywhere.
// Tests      tests/vm/message_test.cc

#ifndef TRI_VM_LUA_MODULE_INDEX_H_
#define TRI_VM_LUA_MODULE_INDEX_H_

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

namespace trilune::vm {

class MemoryCharge;

inline uint32_t HashOfAddress(const void* address) {
  const auto bits = reinterpret_cast<uintptr_t>(address) >> 4;
  return static_cast<uint32_t>((bits * 0x9e3779b97f4a7c15U) >> 32);
}

struct ModuleName {
  const char* module;
  size_t module_size;
  const char* member;  // null: the module itself
  size_t member_size;
};

class ModuleIndex {
 public:
  ModuleIndex() = default;
  ~ModuleIndex() { Clear(); }
  ModuleIndex(const ModuleIndex&) = delete;
  ModuleIndex& operator=(const ModuleIndex&) = delete;

  [[nodiscard]] bool HasModules(uint32_t generation) const {
    return level_ >= kModules && generation_ == generation;
  }
  [[nodiscard]] bool MayBeModule(const void* table) const {
    return FindTable(table) != nullptr;
  }

  // Whether the value at `index`, absolute, has a name. `name` is valid until
  // the next call. Looks at the modules anew if they have changed, or if
  // `anew`. May raise, without memory. Runs no Lua code except finalizers.
  bool FindModule(lua_State* L, int index, uint32_t generation,
                  ModuleName* name);
  bool FindMember(lua_State* L, int index, uint32_t generation, bool anew,
                  ModuleName* name);

 private:
  enum Level : uint8_t { kNothing, kModules, kMembers };
  struct Entry {
    const void* address;
    uint32_t module;  // offsets of texts in text_
    uint32_t member;  // or kNoMember
  };
  static constexpr uint32_t kNoMember = 0xffffffff;

  void Clear();
  void Build(lua_State* L, uint32_t generation, Level level);
  // These return false without memory, or if the limit has none left.
  [[nodiscard]] bool TryBuild(lua_State* L, uint32_t generation, Level level);
  [[nodiscard]] bool AddModules(lua_State* L, int loaded);
  [[nodiscard]] bool AddMembers(lua_State* L, int loaded, bool of_globals);
  [[nodiscard]] bool AddMembersOf(lua_State* L, int members, bool of_globals);
  [[nodiscard]] bool Add(lua_State* L, const void* address, uint32_t module,
                         uint32_t member);
  [[nodiscard]] bool AddText(lua_State* L, int index, uint32_t* at);
  [[nodiscard]] const Entry* FindTable(const void* address) const;
  [[nodiscard]] ModuleName NameOf(const Entry& entry) const;
  bool Find(lua_State* L, int index, ModuleName* name) const;

  MemoryCharge* charge_ = nullptr;
  Entry* entries_ = nullptr;  // open addressing
  uint32_t mask_ = 0;
  uint32_t count_ = 0;
  char* text_ = nullptr;  // uint32 size, bytes; ...
  uint32_t text_bytes_ = 0;
  uint32_t text_capacity_ = 0;
  uint32_t generation_ = 0;
  uint32_t builds_ = 0;
  Level level_ = kNothing;
};

// Whether `function` is part of this program, and not of a module's library,
// which could be closed.
bool IsPartOfProgram(lua_CFunction function);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_MODULE_INDEX_H_
