// Session: one run of the command, seen from the main G.
//
// Role       Does all that stock lua does between opening the libraries and
//            closing the state, except the interactive part (repl.h).
// Threads    RunSession is the body of Isolate::Main.
// Locks      none
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_SCRIPT_H_
#define TRI_TOOLS_TRILUNE_SCRIPT_H_

#include <lua.hpp>

#include "tools/trilune/options.h"

namespace trilune::command {

struct Session {
  const Options* options = nullptr;
  const char* program = nullptr;  // stands before each message
  // There is no script, and standard input is a pipe or file: runs that.
  bool run_stdin = false;
  // Set by RunSession: everything ran, and nothing was reported.
  bool succeeded = false;
};

// Finds its Session as a light userdata at index 1. Sets `arg`, then runs
// LUA_INIT, the options' steps and the script, up to the first that fails.
int RunSession(lua_State* L);

// Writes LUA_COPYRIGHT to stdout, as -v shows it.
void PrintLuaVersion();

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_SCRIPT_H_
