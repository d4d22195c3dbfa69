// Starting programs in isolates of their own, for tri.spawn and group:spawn.
//
// Role       spawn.cc has tri.spawn and the methods of a program's handle.
//            Groups, select and trilune.parallel use programs through this
//            header.
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

// The program whose handle is at `index`, or null if the value there is no such
// handle. Raises if the handle has been finalized.
vm::Program* TestProgram(lua_State* L, int index);

// Pushes what a join returns. Requires: the program whose handle is at 1 has
// ended.
int PushJoined(lua_State* L);

// The program itself, in its isolate. Its argument is the Program, as a light
// userdata.
int RunProgram(lua_State* L);

// Body of a G that stands for a spawned program in its group. It spawns what
// its arguments say, waits for the program's end, and ends in the same way.
// Cancelling the G cancels the program.
int RunMember(lua_State* L);

// Body of a G that stands in a group for a program that exists already. Its
// argument is the program's handle. It ends as the program does, or as
// cancelled.
int WatchProgram(lua_State* L);
// expect(handle): to be called before the program gets work, if such a member
// is to learn of the work's errors.
int ExpectWatcher(lua_State* L);

// read_spawn_options(options): raises if they are no such options, without a
// position.
int ReadSpawnOptions(lua_State* L);

// Raises unless the values from `first` on are arguments of tri.spawn.
void CheckSpawn(lua_State* L, int first);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_SPAWN_SPAWN_H_
