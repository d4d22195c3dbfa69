// How late Gs tick beside others that never come back, all on one P.
//
//   starve_bench SECONDS
//
// Four isolates hold a hog each: a loop, a pattern that takes C code long, a C
// module blocked in the kernel, a system call. In the first and the last a G
// ticks every 5 ms, and so does one in an isolate of its own. Prints p50_ms,
// p99_ms, max_ms of how late the ticks of all came, and ticks.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "embed/trilune.h"
#include "tests/stdlib/hogs.h"

namespace trilune {
namespace {

using test::Hogs;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "starve_bench: %s\n", what.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing to clean up
}

void Require(const Status& status) {
  if (!status.ok()) Fail(status.message());
}

Isolate* NewIsolate(Runtime& runtime, Hogs& hogs) {
  auto isolate = runtime.NewIsolate();
  Require(isolate.status());
  Require(hogs.Register(isolate.value()));
  return isolate.value();
}

int Main(int argc, char** argv) {
  const double seconds = argc == 2 ? std::atof(argv[1]) : 0;
  if (seconds <= 0) Fail("usage: starve_bench SECONDS");
  Config config;
  config.procs = 1;
  config.stop_deadline = std::chrono::seconds(10);
  auto started = Runtime::Start(config);
  Require(started.status());
  const std::unique_ptr<Runtime> runtime = std::move(started.value());
  Hogs hogs;
  const struct {
    const char* chunk;
    bool ticks;
  } kinds[] = {
      {"", true},           {Hogs::kLoop, true}, {Hogs::kFind, false},
      {Hogs::kHold, false}, {Hogs::kCall, true},
  };
  int number = 0;
  std::vector<int> tickers;
  for (const auto& hog : kinds) {
    Isolate* isolate = NewIsolate(*runtime, hogs);
    if (hog.ticks) {
      Require(isolate->RunString(Hogs::kTicker, "=ticker", {int64_t{number}})
                  .status());
      tickers.push_back(number);
    }
    Require(isolate->RunString(hog.chunk, "=hog").status());
    number++;
  }
  Isolate* clock = NewIsolate(*runtime, hogs);
  Require(clock->RunString("require'trilune'.sleep(...)", "=clock", {seconds})
              .status());
  if (!hogs.Release()) Fail("cannot release the hogs");
  Require(runtime->Stop());
  std::vector<double> late;
  for (const int ticker : tickers) {
    const std::vector<double> one = hogs.LateMs(ticker);
    late.insert(late.end(), one.begin(), one.end());
  }
  if (late.empty()) Fail("nothing ticked");
  std::sort(late.begin(), late.end());
  std::printf("p50_ms=%.3f p99_ms=%.3f max_ms=%.3f ticks=%zu\n",
              late[late.size() / 2], late[late.size() * 99 / 100], late.back(),
              late.size());
  return 0;
}

}  // namespace
}  // namespace trilune

// NOLINTNEXTLINE(bugprone-exception-escape): it ends then, with a message
int main(int argc, char** argv) {
  return trilune::Main(argc, argv);
}
