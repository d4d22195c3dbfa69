// Starting programs in isolates of their own, for trilune.spawn and
// group:spawn.

#ifndef TRI_STDLIB_SPAWN_H_
#define TRI_STDLIB_SPAWN_H_

#include <lua.hpp>

namespace trilune::vm {
class Spawned;
}

namespace trilune::stdlib {

// The program whose handle is at `index`, or null if the value there is none.
// Raises if the handle has been finalized.
vm::Spawned* TestSpawned(lua_State* L, int index);

// The program whose handle is at 1 has ended: pushes what its join gives.
int PushJoined(lua_State* L);

// Body of a G that is a spawned program as seen from its group: spawns what its
// arguments say, waits for its end, and ends in the same way. Cancelling it
// cancels the program.
int RunSpawned(lua_State* L);

// Raises unless the values from `first` on are arguments of tri.spawn.
void CheckSpawn(lua_State* L, int first);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SPAWN_H_
