// What tri.spawn is told, and what a spawned isolate inherits.
//
// Role       Reads the options of tri.spawn. Makes an IsolateConfig of them and
//            of what the spawning isolate has.
// Threads    the running G
// Locks      none
// Tests      tests/lua/spawn; tests/lua/limits

#ifndef TRI_STDLIB_SPAWN_SPAWN_OPTIONS_H_
#define TRI_STDLIB_SPAWN_SPAWN_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include <lua.hpp>

#include "vm/isolate/isolate.h"

namespace trilune::stdlib {

// Without destructors, because it lives where Lua may raise.
struct SpawnOptions {
  const char* name = nullptr;  // in the table of options
  vm::Limits limits;
  bool has_preempt = false;
  vm::PreemptMode preempt = vm::PreemptMode::kSignal;
  int preempt_count = 0;
};

// Reads the table at `index`. Raises for anything that is no option.
void ReadSpawnOptions(lua_State* L, int index, SpawnOptions* options);

// Chooses a mode of preemption in which the limits of `config` can be kept.
void CountIfLimited(vm::IsolateConfig* config);

// The configuration of an isolate that `parent` makes. Does not raise.
vm::IsolateConfig MakeConfig(const vm::Isolate* parent,
                             const SpawnOptions& options, const char* name);

// Pushes what the new isolate inherits: nil, or a table. The table has
// package's path and cpath where they differ from the defaults. It also has
// those loaders in package.preload that not every isolate has.
void PushInheritance(lua_State* L);
// Makes the isolate inherit the value at `index`.
void Inherit(lua_State* L, int index);
// Undoes Inherit of the value at `index`. Then package is as it was at first,
// except for loaders that others have added.
void Disinherit(lua_State* L, int index);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SPAWN_SPAWN_OPTIONS_H_
