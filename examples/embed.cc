// Embedding Trilune: a host starts a runtime, runs a chunk in a Lua heap, calls
// one of its functions from C++, and stops everything.
//
//   bazel run -c opt //examples:embed

#include <cstdio>
#include <memory>

#include "embed/trilune.h"

namespace {

// Starts a goroutine that serves squares, and leaves a function to ask for one.
constexpr const char* kChunk = R"(
  local tri = require "trilune"
  local questions, answers = tri.chan(), tri.chan()
  tri.go(function()
    for n in questions:iter() do answers:send(n * n) end
  end)
  function square(n)
    questions:send(n)
    return (answers:recv())
  end
)";

int Fail(const trilune::Status& status) {
  std::fprintf(stderr, "embed: %s\n", status.message().c_str());
  return 1;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-exception-escape): value() is asked only when ok()
int main() {
  // A Runtime owns its isolates and threads; leaving main() stops them.
  trilune::Result<std::unique_ptr<trilune::Runtime>> started =
      trilune::Runtime::Start({});
  if (!started.ok()) return Fail(started.status());
  trilune::Runtime& runtime = *started.value();

  trilune::Result<trilune::Isolate*> made = runtime.NewIsolate();
  if (!made.ok()) return Fail(made.status());
  trilune::Isolate& isolate = *made.value();

  const auto loaded = isolate.RunString(kChunk, "=squares");
  if (!loaded.ok()) return Fail(loaded.status());

  // Each call is a G of its own: it may wait, here for the serving goroutine.
  const auto result = isolate.Call("square", {int64_t{12}});
  if (!result.ok()) return Fail(result.status());
  std::printf("12 squared is %lld\n",
              static_cast<long long>(std::get<int64_t>(result.value().at(0))));

  const trilune::Status stopped = runtime.Stop();
  return stopped.ok() ? 0 : Fail(stopped);
}
