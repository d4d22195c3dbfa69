// The parts of the modules `trilune` and `trilune.sync`.
//
// Role       Each Open... adds its functions to the module's table on top of
//            the stack. Each part has a file: go.cc, chan.cc, channel.cc,
//            select.cc, timer.cc, group.cc, critical.cc, stats.cc ...
// Threads    the running G
// Locks      none
// Tests      tests/lua

#ifndef TRI_STDLIB_MODULES_H_
#define TRI_STDLIB_MODULES_H_

#include <lua.hpp>

#include "stdlib/binding.h"

namespace trilune::stdlib {

// Marks the metatables of G handles.
extern const char kGoroutineKey;

void OpenGo(lua_State* L);
void OpenChan(lua_State* L);
void OpenChannel(lua_State* L);
void OpenSelect(lua_State* L);
void OpenTimer(lua_State* L);
void OpenGroup(lua_State* L);
void OpenCritical(lua_State* L);
void OpenStats(lua_State* L);
void OpenThread(lua_State* L);
void OpenSpawn(lua_State* L);
void OpenScheduler(lua_State* L);
void OpenTimeout(lua_State* L);
// Adds `event` to the table of trilune.sync on top of the stack.
void OpenEvent(lua_State* L);

// As Isolate::StartTimer, for a script. Before it returns null it collects
// garbage, because that may free a dropped timer.
vm::LuaG* StartTimer(lua_State* L, const GKind* kind,
                     const vm::TimerBody& body);

// Notes the current package.path and the like, which spawned isolates inherit.
void KeepPackageDefaults(lua_State* L);

// Sets warnings up as luaL_newstate does. Requires: L is the main state.
void OpenWarnings(lua_State* L);

// Replace the functions of the io and os libraries that wait in the kernel, and
// os.exit. Require: the stock libraries are open.
void OpenIo(lua_State* L);
void OpenOs(lua_State* L);

// luaopen functions of the modules.
int OpenTrilune(lua_State* L);
int OpenSync(lua_State* L);
int OpenTransfer(lua_State* L);
int OpenDict(lua_State* L);
int OpenParallel(lua_State* L);

// Opens everything an isolate has: the standard libraries, our replacements for
// parts of them, io, os, and the modules in package.preload.
int OpenAll(lua_State* L);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_MODULES_H_
