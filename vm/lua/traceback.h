// Traceback: where a state is, in the words of luaL_traceback, for less.
//
// Role       A G that fails keeps one, whether anybody reads it or not. Nearly
//            all that luaL_traceback costs is the search for global names: all
//            through package.loaded, for each level. This one searches once for
//            all levels, and only for functions that it does not know yet.
// Threads    the strand's owner
// Locks      none
// Memory     FunctionNames counts in the isolate's budget. Without memory it
//            keeps nothing, and each traceback searches.
// Invariants I1. FunctionNames holds no Lua value. It knows a C function by its
//                address, and a Lua function by where it is defined.
//            I2. A name it knows is looked up in package.loaded before it is
//                written, so it is the function's name now. That a function has
//                none is believed kTrust times, or until require loads a
//                module. For nothing tells when a script changes a module.
// Tests      tests/vm/traceback_test.cc, tests/lua/go/traceback_*.lua

#ifndef TRI_VM_LUA_TRACEBACK_H_
#define TRI_VM_LUA_TRACEBACK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <lua.hpp>

namespace trilune::vm {

class Budget;
class MemoryCharge;

// The names in package.loaded of the functions in recent tracebacks.
class FunctionNames {
 public:
  FunctionNames() = default;
  ~FunctionNames();
  FunctionNames(const FunctionNames&) = delete;
  FunctionNames& operator=(const FunctionNames&) = delete;

  static constexpr uint8_t kTrust = 250;

  enum class Known : uint8_t { kNothing, kNone, kName };
  struct Name {
    const char* module;  // key in package.loaded
    size_t module_size;
    const char* member;  // key in the module; null: it is the "module" itself
    size_t member_size;
  };

  // Makes the table, if there is memory. Forgets everything if modules were
  // loaded since: if `generation` is another.
  void Prepare(const std::shared_ptr<Budget>& budget, uint32_t generation);
  // What is known of `key`, which is not 0. kNone uses up trust. `name` is
  // valid until the next call.
  [[nodiscard]] Known Find(uint64_t key, Name* name);
  // Keep what a search has found. A long name is not kept.
  void KeepName(uint64_t key, const Name& name);
  void KeepNone(uint64_t key);

 private:
  // A few entries for all keys of one hash. The oldest makes way.
  static constexpr size_t kSets = 16;
  static constexpr size_t kWays = 4;
  static constexpr uint8_t kNoMember = UINT8_MAX;
  struct Entry {
    uint64_t key;         // 0: free
    uint8_t trust;        // that it has no name; 0: it has one, or search anew
    uint8_t module_size;  // 0: it has none
    uint8_t member_size;  // or kNoMember
    char text[85];        // module and member
  };
  struct Set {
    Entry entries[kWays];
    uint32_t oldest;
  };

  [[nodiscard]] Set* SetOf(uint64_t key) const;
  [[nodiscard]] Entry* Lookup(uint64_t key) const;
  [[nodiscard]] Entry* Place(uint64_t key);

  Set* sets_ = nullptr;
  MemoryCharge* charge_ = nullptr;
  uint32_t generation_ = 0;
};

// Appends the traceback of `of` from `level` on, "stack traceback:\n\t...", to
// `text`. At most `max_bytes` of it, and less if memory runs out. Runs on
// `worker`, another state of the heap, in a protected call. Raises if Lua has
// no memory; then `text` is as before.
void AppendTraceback(lua_State* worker, lua_State* of, int level,
                     FunctionNames* names, std::string* text, size_t max_bytes);

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_TRACEBACK_H_
