// Running a chunk and reporting its errors, as stock lua does.
//
// Role       What scripts, -e, -l, LUA_INIT and the lines of a session share.
// Threads    To be called in the main G, on its state.
// Errors     Lua errors are caught here and reported on stderr. No object with
//            a destructor lives in these functions while Lua may raise.
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_CHUNK_H_
#define TRI_TOOLS_TRILUNE_CHUNK_H_

#include <lua.hpp>

namespace trilune::command {

// Writes "program: message" to stderr. Without a program, only the message.
void WriteError(const char* program, const char* message);

// Calls lua_pcall with the message handler that adds a traceback. Takes the
// function and its arguments off the stack, and leaves the results or the
// message.
int CallWithTraceback(lua_State* L, int argument_count, int result_count);

// If `status` is an error, writes the message on top of the stack, and pops it.
// Returns `status`.
int ReportIfError(lua_State* L, int status, const char* program);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_CHUNK_H_
