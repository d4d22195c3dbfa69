// Run: what a host asks an isolate to run, and what came of it.
//
// Role       What Isolate::RunFile, RunString and Call ask for, as the G sees
//            it that serves them.
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

// What the host asks for and gets. The host shares it, and from its start on
// the G does. The G may go on after the host was told of a deadlock.
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

// The body of that G. Its argument is the Run, as a light userdata.
int RunBody(lua_State* L);

}  // namespace trilune

#endif  // TRI_EMBED_RUN_CHUNK_H_
