// Shared channels between two isolates.
//
//   channel_bench NAME [PROCS [CAPACITY]]
//
// runs NAME and prints its value; tests/bench/README.md says what each means.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <lua.hpp>

#include "embed/trilune.h"
#include "vm/message/shared.h"

namespace trilune {
namespace {

vm::Shared* slots[2];  // set before the isolates run

int l_put(lua_State* L) {
  vm::Shared* object = vm::TestShared(L, 1);
  object->Retain();
  slots[luaL_checkinteger(L, 2)] = object;
  return 0;
}

int l_get(lua_State* L) {
  vm::PushShared(L, slots[luaL_checkinteger(L, 1)]);
  return 1;
}

[[noreturn]] void Fail(const Status& status) {
  std::fprintf(stderr, "channel_bench: %s\n", status.message().c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing to clean up
}

Isolate* NewIsolate(Runtime* runtime) {
  auto isolate = runtime->NewIsolate();
  if (!isolate.ok()) Fail(isolate.status());
  const Status status = isolate.value()->Main(
      [](lua_State* L) {
        lua_pushcfunction(L, &l_put);
        lua_setglobal(L, "put");
        lua_pushcfunction(L, &l_get);
        lua_setglobal(L, "get");
        return 0;
      },
      nullptr);
  if (!status.ok()) Fail(status);
  return isolate.value();
}

void Run(Isolate* isolate, const std::string& chunk, int64_t n) {
  const auto result = isolate->RunString(
      "local tri = require 'trilune' local n = ... " + chunk, "=bench", {n});
  if (!result.ok()) Fail(result.status());
}

constexpr char kReceive[] = "local ch = get(0) for i = 1, n do ch:recv() end";
constexpr char kSendString[] =
    "local ch, s = get(0), ('x'):rep(32) for i = 1, n do ch:send(s) end";
constexpr char kSendTable[] =
    "local ch, t = get(0), {id = 1, name = 'x', tags = {1, 2, 3}} "
    "for i = 1, n do ch:send(t) end";
constexpr char kAsk[] =
    "local ask, answer, s = get(0), get(1), ('x'):rep(32) "
    "for i = 1, n do ask:send(s) answer:recv() end";
constexpr char kAnswer[] =
    "local ask, answer = get(0), get(1) "
    "for i = 1, n do answer:send((ask:recv())) end";

struct Benchmark {
  const char* name;
  const char* left;
  const char* right;
  int capacity;
  int64_t n;
};

constexpr Benchmark kBenchmarks[] = {
    {"string", kSendString, kReceive, 1000, 4'000'000},
    {"table", kSendTable, kReceive, 1000, 2'000'000},
    {"round_trip", kAsk, kAnswer, 0, 500'000},
};

void Measure(const Benchmark& benchmark, int procs, int capacity) {
  Config config;
  config.procs = procs;
  auto runtime = Runtime::Start(config);
  if (!runtime.ok()) Fail(runtime.status());
  Isolate* left = NewIsolate(runtime.value().get());
  Isolate* right = NewIsolate(runtime.value().get());
  Run(left, "put(tri.channel(n), 0) put(tri.channel(n), 1)", capacity);
  const auto begin = std::chrono::steady_clock::now();
  std::thread other([&] { Run(right, benchmark.right, benchmark.n); });
  Run(left, benchmark.left, benchmark.n);
  other.join();
  const std::chrono::duration<double, std::nano> time =
      std::chrono::steady_clock::now() - begin;
  for (vm::Shared* channel : slots)
    channel->Release();
  std::printf("ns_per_op=%.2f\n",
              time.count() / static_cast<double>(benchmark.n));
}

}  // namespace
}  // namespace trilune

// NOLINTNEXTLINE(bugprone-exception-escape): it ends then, with a message
int main(int argc, char** argv) {
  for (const trilune::Benchmark& benchmark : trilune::kBenchmarks) {
    if (argc < 2 || std::strcmp(argv[1], benchmark.name) != 0) continue;
    trilune::Measure(benchmark, argc > 2 ? std::atoi(argv[2]) : 2,
                     argc > 3 ? std::atoi(argv[3]) : benchmark.capacity);
    return 0;
  }
  std::fprintf(stderr,
               "usage: channel_bench string|table|round_trip [PROCS "
               "[CAPACITY]]\n");
  return 1;
}
