// What the prompt does in Lua (prompt.lua): shows tables with their contents,
// and completes names at Tab.
//
// Threads    To be called in the main G, on its state.
// Errors     Lua may fail there, for want of memory or because a session has
//            changed its libraries. Then tables are printed as usual, and
//            nothing is completed.
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_PROMPT_H_
#define TRI_TOOLS_TRILUNE_PROMPT_H_

#include <string>

#include <lua.hpp>

#include "tools/trilune/line_reader.h"

namespace trilune::command {

// Loads prompt.lua. A lua_CFunction, to be called once and before the others.
int SetUpPrompt(lua_State* L);

// Replaces each table on the stack by its text. Leaves them if the session has
// a print of its own, and a table if it has a text of its own.
void ShowTables(lua_State* L);

struct CompletionRequest {
  std::string before;  // in: the line up to the cursor
  Completion answer;   // out
};

// A lua_CFunction. Index 1: a CompletionRequest, as a light userdata.
int AnswerCompletion(lua_State* L);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_PROMPT_H_
