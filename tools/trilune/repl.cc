// A session is a row of turns: show a prompt, read a line, run it. If the chunk
// is not complete, read more lines and try again.
//
// The host's thread reads and waits; Lua runs in the isolate's main G. So each
// step that needs Lua is a call of Isolate::Main: the prompt's text, loading
// and running the chunk, completing a name. Other Gs go on in between.

#include "tools/trilune/repl.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "tools/trilune/chunk.h"
#include "tools/trilune/history.h"
#include "tools/trilune/interrupt.h"
#include "tools/trilune/line_reader.h"
#include "tools/trilune/prompt.h"

namespace trilune::command {
namespace {

// What goes between the host and the main G. Both lua_CFunctions below find it
// at index 1. They raise by longjmp, so no object with a destructor lives in
// them.
struct Turn {
  std::string text;        // in: the lines so far
  bool first_line = true;  // in: `text` is one line; in PreparePrompt: _PROMPT
  bool input_ended = false;   // in: no line will complete `text`
  bool incomplete = false;    // out: another line is needed
  bool shows_tables = false;  // in: results that are tables, with contents
  std::string prompt;         // out, of PreparePrompt
};

Turn* GetTurn(lua_State* L) {
  auto* turn = static_cast<Turn*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  return turn;
}

// The globals _PROMPT and _PROMPT2 may be any value that tostring accepts.
int PreparePrompt(lua_State* L) {
  Turn* turn = GetTurn(L);
  const char* prompt = turn->first_line ? "> " : ">> ";
  if (lua_getglobal(L, turn->first_line ? "_PROMPT" : "_PROMPT2") != LUA_TNIL) {
    prompt = luaL_tolstring(L, -1, nullptr);
  }
  turn->prompt.assign(prompt);
  return 0;
}

// Whether the error on top of the stack says that the chunk ended too early.
bool IsIncomplete(lua_State* L, int status) {
  constexpr char kMark[] = "<eof>";
  constexpr size_t kMarkLength = sizeof(kMark) - 1;
  if (status != LUA_ERRSYNTAX) return false;
  size_t length = 0;
  const char* message = lua_tolstring(L, -1, &length);
  return message != nullptr && length >= kMarkLength &&
         std::memcmp(message + length - kMarkLength, kMark, kMarkLength) == 0;
}

// Leaves a function or an error message on the empty stack.
int LoadTurn(lua_State* L, const Turn& turn) {
  if (turn.first_line) {  // it may be an expression
    const char* expression =
        lua_pushfstring(L, "return %s;", turn.text.c_str());
    const int status =
        luaL_loadbuffer(L, expression, std::strlen(expression), "=stdin");
    if (status == LUA_OK) {
      lua_remove(L, -2);
      return LUA_OK;
    }
    lua_settop(L, 0);
  }
  return luaL_loadbuffer(L, turn.text.data(), turn.text.size(), "=stdin");
}

// Calls print on all values on the stack.
void PrintResults(lua_State* L, bool shows_tables) {
  const int count = lua_gettop(L);
  if (count == 0) return;
  luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
  if (shows_tables) ShowTables(L);
  lua_getglobal(L, "print");
  lua_insert(L, 1);
  if (lua_pcall(L, count, 0, 0) != LUA_OK) {
    WriteError(nullptr, lua_pushfstring(L, "error calling 'print' (%s)",
                                        lua_tostring(L, -1)));
  }
}

int RunTurn(lua_State* L) {
  Turn* turn = GetTurn(L);
  int status = LoadTurn(L, *turn);
  if (!turn->input_ended && IsIncomplete(L, status)) {
    turn->incomplete = true;
    return 0;
  }
  if (status == LUA_OK) status = CallWithTraceback(L, 0, LUA_MULTRET);
  if (status == LUA_OK) {
    PrintResults(L, turn->shows_tables);
  } else {
    ReportIfError(L, status, nullptr);
  }
  return 0;
}

class Repl {
 public:
  Repl(Isolate* isolate, std::string history_path)
      : isolate_(isolate),
        at_terminal_(isatty(STDIN_FILENO) != 0),
        reader_(MakeLineReader(
            {[this](const std::string& before) { return Complete(before); },
             std::move(history_path)})) {}

  Status Run() {
    if (at_terminal_) {
      Status status = RunInMain(SetUpPrompt, nullptr);
      if (!status.ok()) return status;
    }
    Outcome outcome = Outcome::kLine;
    while (outcome != Outcome::kEnd) {
      Turn turn;
      Status status = TakeTurn(turn, outcome);
      if (!status.ok()) return status;
    }
    std::fputc('\n', stdout);
    std::fflush(stdout);
    return {};
  }

 private:
  using Outcome = LineReader::Outcome;

  // Reads a chunk of one or more lines and runs it. `outcome` tells whether
  // there was one.
  Status TakeTurn(Turn& turn, Outcome& outcome) {
    std::string line;
    Status status = ReadLine(turn, line, outcome);
    if (!status.ok() || outcome != Outcome::kLine) return status;
    const bool is_shorthand = !line.empty() && line[0] == '=';
    turn.text = is_shorthand ? "return " + line.substr(1) : line;
    turn.shows_tables = at_terminal_;
    status = RunInMain(RunTurn, &turn);
    while (status.ok() && turn.incomplete) {
      status = Continue(turn, outcome);
      if (!status.ok() || outcome == Outcome::kAbandoned) return status;
      status = RunInMain(RunTurn, &turn);
    }
    outcome = Outcome::kLine;  // the next turn finds the end of the input
    if (!turn.text.empty()) reader_->Remember(turn.text);
    return status;
  }

  // Adds one more line to the chunk, if there is one.
  Status Continue(Turn& turn, Outcome& outcome) {
    turn.first_line = false;
    turn.incomplete = false;
    std::string line;
    Status status = ReadLine(turn, line, outcome);
    if (!status.ok()) return status;
    if (outcome == Outcome::kLine) turn.text += "\n" + line;
    turn.input_ended = outcome == Outcome::kEnd;
    return status;
  }

  Status ReadLine(Turn& turn, std::string& line, Outcome& outcome) {
    Status status = RunInMain(PreparePrompt, &turn);
    if (status.ok()) outcome = reader_->Read(turn.prompt, line);
    return status;
  }

  // Called while the line is edited.
  Completion Complete(const std::string& before) {
    CompletionRequest request;
    request.before = before;
    static_cast<void>(isolate_->Main(AnswerCompletion, &request));
    return std::move(request.answer);
  }

  // A deadlock counts as an error of the line, and the session goes on.
  Status RunInMain(lua_CFunction body, void* argument) {
    ArmInterrupt(isolate_);
    Status status = isolate_->Main(body, argument, Isolate::AtEnd::kOthersGoOn,
                                   Isolate::AtDeadlock::kRaise);
    DisarmInterrupt();
    return status;
  }

  Isolate* isolate_;
  const bool at_terminal_;
  std::unique_ptr<LineReader> reader_;
};

}  // namespace

Status RunRepl(Isolate* isolate, std::string history_path) {
  return Repl(isolate, std::move(history_path)).Run();
}

}  // namespace trilune::command
