// What preemption and system calls cost, and how soon others run.
//
//   preempt_bench NAME
//
// runs NAME and prints its values; tests/bench/README.md says what each means.

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include <lua.hpp>

#include "embed/trilune.h"
#include "sched/base/clock.h"
#include "vm/goroutine/syscall.h"

namespace trilune {
namespace {

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "preempt_bench: %s\n", what);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing to clean up
}

std::unique_ptr<Runtime> Start(int procs) {
  Config config;
  config.procs = procs;
  Result<std::unique_ptr<Runtime>> runtime = Runtime::Start(config);
  if (!runtime.ok()) Fail("cannot start");
  return std::move(runtime.value());
}

Isolate* NewIsolate(Runtime* runtime) {
  Result<Isolate*> isolate = runtime->NewIsolate();
  if (!isolate.ok()) Fail("no isolate");
  return isolate.value();
}

double Percentile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(share * last)];
}

// --- syscall: a call that is not retaken, against the bare one. ---

constexpr int kCalls = 200'000;
constexpr int kCallRounds = 15;

int MeasureCalls(lua_State* L) {
  int64_t bare = INT64_MAX;
  int64_t whole = INT64_MAX;
  for (int round = 0; round < kCallRounds; round++) {
    const int64_t start = NowNs();
    for (int i = 0; i < kCalls; i++)
      syscall(SYS_getppid);
    const int64_t middle = NowNs();
    for (int i = 0; i < kCalls; i++) {
      vm::Syscall call(L);
      syscall(SYS_getppid);
      if (!call.End()) vm::Syscall::LeaveForGood();
    }
    const int64_t end = NowNs();
    bare = std::min(bare, middle - start);
    whole = std::min(whole, end - middle);
  }
  std::printf("extra_ns=%.1f\n", static_cast<double>(whole - bare) / kCalls);
  return 0;
}

void BenchSyscall() {
  const std::unique_ptr<Runtime> runtime = Start(1);
  if (!NewIsolate(runtime.get())->Main(&MeasureCalls, nullptr).ok()) {
    Fail("failed");
  }
}

// --- retake: a call that is retaken, until another G runs. ---

constexpr int kRetakes = 300;

struct Retakes {
  explicit Retakes(Runtime* its_runtime) : runtime(its_runtime) {}

  Runtime* const runtime;
  int64_t call_ns = 0;  // when the present call began
  std::vector<double> after_call_us;
  std::vector<double> after_retake_us;
};

// A G of the same isolate, which runs only once the call was retaken.
int NoteTurn(lua_State* L) {
  auto* retakes = static_cast<Retakes*>(lua_touserdata(L, lua_upvalueindex(1)));
  const int64_t now = NowNs();
  retakes->after_call_us.push_back(static_cast<double>(now - retakes->call_ns) /
                                   1e3);
  retakes->after_retake_us.push_back(
      static_cast<double>(now - retakes->runtime->stats().last_retake_ns) /
      1e3);
  return 0;
}

int SleepInCall(lua_State* L) {
  auto* retakes = static_cast<Retakes*>(lua_touserdata(L, lua_upvalueindex(1)));
  vm::Syscall call(L);
  retakes->call_ns = NowNs();
  const timespec time = {0, 5'000'000};
  nanosleep(&time, nullptr);
  if (!call.End()) vm::Syscall::LeaveForGood();
  return 0;
}

int MeasureRetakes(lua_State* L) {
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, &NoteTurn, 1);
  lua_setglobal(L, "note");
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, &SleepInCall, 1);
  lua_setglobal(L, "call");
  lua_pushinteger(L, kRetakes);
  lua_setglobal(L, "rounds");
  if (luaL_dostring(L,
                    "local tri = require 'trilune'\n"
                    "for i = 1, rounds do\n"
                    "  local g = tri.go(note)\n"
                    "  call()\n"
                    "  g:join()\n"
                    "end") != LUA_OK) {
    return lua_error(L);
  }
  return 0;
}

void BenchRetake() {
  const std::unique_ptr<Runtime> runtime = Start(1);
  Retakes retakes(runtime.get());
  if (!NewIsolate(runtime.get())->Main(&MeasureRetakes, &retakes).ok()) {
    Fail("failed");
  }
  std::printf("p50_us=%.1f p99_us=%.1f call_p50_us=%.1f\n",
              Percentile(retakes.after_retake_us, 0.5),
              Percentile(retakes.after_retake_us, 0.99),
              Percentile(retakes.after_call_us, 0.5));
}

// --- wake: a sleeper in an isolate of its own beside a hog, on one P. ---

constexpr char kSleeper[] =
    "local tri = require 'trilune'\n"
    "local late = {}\n"
    "for i = 1, 200 do\n"
    "  local start = tri.now()\n"
    "  tri.sleep(0.005)\n"
    "  late[i] = (tri.now() - start - 0.005) * 1e3\n"
    "end\n"
    "table.sort(late)\n"
    "return late[100], late[198]";

void BenchWake() {
  const std::unique_ptr<Runtime> runtime = Start(1);
  Isolate* hog = NewIsolate(runtime.get());
  Isolate* sleeper = NewIsolate(runtime.get());
  std::thread hogging([hog] {
    static_cast<void>(hog->RunString("while true do end", "=hog"));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const Result<Values> result = sleeper->RunString(kSleeper, "=sleeper");
  hog->Interrupt("enough");
  hogging.join();
  if (!result.ok()) Fail(result.status().message().c_str());
  std::printf("median_ms=%.3f p99_ms=%.3f\n",
              std::get<double>(result.value()[0]),
              std::get<double>(result.value()[1]));
}

struct Benchmark {
  const char* name;
  void (*run)();
};

constexpr Benchmark kBenchmarks[] = {
    {"syscall", &BenchSyscall},
    {"retake", &BenchRetake},
    {"wake", &BenchWake},
};

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  for (const trilune::Benchmark& benchmark : trilune::kBenchmarks) {
    if (argc == 2 && std::strcmp(argv[1], benchmark.name) == 0) {
      benchmark.run();
      return 0;
    }
  }
  std::fprintf(stderr, "usage: preempt_bench syscall|retake|wake\n");
  return 1;
}
