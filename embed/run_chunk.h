// Run: what a host asks an isolate to run, and what came of it.
//
// Role       Isolate::RunFile, RunString and Call, as seen by the G that serves
//            them.
// Threads    the host before the start and after the end; the G in between
// Locks      none
// Tests      tests/stdlib/embed_test.cc

#ifndef TRI_EMBED_RUN_CHUNK_H_
#define TRI_EMBED_RUN_CHUNK_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <lua.hpp>

#include "embed/trilune.h"

namespace trilune {

// What the host asks for and gets. Shared by the host and, from its start on,
// by the G, which may go on after the host was told of a deadlock.
struct Run : std::enable_shared_from_this<Run> {
  enum class What { kFile, kString, kFunction };

  Run(What run_what, std::string_view run_text, std::string name, Values values)
      : what(run_what),
        text(run_text),
        chunk_name(std::move(name)),
        args(std::move(values)) {}

  const What what;
  const std::string text;  // the path, the chunk, or the function's name
  const std::string chunk_name;
  Values args;
  // Valid once the call has ended well.
  Values results;
  StatusCode code = StatusCode::kOk;
  std::string message;
};
using HeldRun = std::shared_ptr<Run>;

// The G's body; its argument is the Run.
int RunBody(lua_State* L);

}  // namespace trilune

#endif  // TRI_EMBED_RUN_CHUNK_H_
