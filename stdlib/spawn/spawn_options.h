// What tri.spawn is told, and what a spawned isolate inherits.
//
// Role       Reads the options of tri.spawn and makes an IsolateConfig of them
//            and of what the spawning isolate has.
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

// Plain, as it lives where Lua may raise.
struct SpawnOptions {
  const char* name = nullptr;  // in the table of options
  vm::Limits limits;
  bool has_preempt = false;
  vm::PreemptMode preempt = vm::PreemptMode::kSignal;
  int preempt_count = 0;
};

// Reads the table at `index`. Raises on what is no option.
void ReadSpawnOptions(lua_State* L, int index, SpawnOptions* options);

// Chooses a mode of preemption in which the limits of `config` are kept.
void CountIfLimited(vm::IsolateConfig* config);

// The configuration of an isolate that `parent` makes. Does not raise.
vm::IsolateConfig MakeConfig(const vm::Isolate* parent,
                             const SpawnOptions& options, const char* name);

// Pushes what the new isolate shall take over: nil, or a table with package's
// path and cpath, where they differ from the defaults, and the loaders in
// package.preload that are not everywhere.
void PushInheritance(lua_State* L);
// Takes it over, from `index`.
void Inherit(lua_State* L, int index);
// Gives back what was taken over from `index`: package is as at first, but for
// loaders that others have added.
void Disinherit(lua_State* L, int index);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SPAWN_SPAWN_OPTIONS_H_
