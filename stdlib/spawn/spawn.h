// Starting programs in isolates of their own, for trilune.spawn and
// group:spawn.
//
// Role       spawn.cc has tri.spawn and the methods of a program's handle;
//            groups, select and trilune.parallel use programs through this.
// Threads    the running G
// Locks      none
// Tests      tests/lua/spawn

#ifndef TRI_STDLIB_SPAWN_SPAWN_H_
#define TRI_STDLIB_SPAWN_SPAWN_H_

#include <lua.hpp>

namespace trilune::vm {
class Program;
}

namespace trilune::stdlib {

// The program whose handle is at `index`, or null if the value there is none.
// Raises if the handle has been finalized.
vm::Program* TestProgram(lua_State* L, int index);

// The program whose handle is at 1 has ended: pushes what its join gives.
int PushJoined(lua_State* L);

// The program itself, in its isolate. Its argument is the Program, light.
int RunProgram(lua_State* L);

// Body of a G that is a spawned program as seen from its group: spawns what its
// arguments say, waits for its end, and ends in the same way. Cancelling it
// cancels the program.
int RunMember(lua_State* L);

// Body of a G that is a member of a group for a program that is there already,
// whose handle is its argument: ends in the same way, or as cancelled.
int WatchProgram(lua_State* L);
// expect(handle): before the program gets something to do whose error such a
// member shall learn of.
int ExpectWatcher(lua_State* L);

// read_spawn_options(options): raises, without a position, if they are none.
int ReadSpawnOptions(lua_State* L);

// Raises unless the values from `first` on are arguments of tri.spawn.
void CheckSpawn(lua_State* L, int first);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SPAWN_SPAWN_H_
