// Channels between two isolates: channel_bench [MILLIONS [PROCS]].
//
// One way: one isolate sends, the other receives. Round trip: each message is
// answered before the next is sent.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <lua.hpp>

#include "stdlib/trilune.h"
#include "vm/shared.h"

namespace trilune {
namespace {

constexpr int kSlots = 4;
vm::Shared* slots[kSlots];  // set before the isolates run

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

void Fail(const Status& status) {
  std::fprintf(stderr, "channel_bench: %s\n", status.message().c_str());
  std::exit(1);
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

// Runs both chunks at once and says how many of `n` were done in a second.
void Measure(const char* name, int procs, int64_t n, int capacity,
             const std::string& left, const std::string& right) {
  Config config;
  config.procs = procs;
  auto runtime = Runtime::Start(config);
  if (!runtime.ok()) Fail(runtime.status());
  Isolate* a = NewIsolate(runtime.value().get());
  Isolate* b = NewIsolate(runtime.value().get());
  Run(a, "put(tri.channel(n), 0) put(tri.channel(n), 1)", capacity);
  const auto begin = std::chrono::steady_clock::now();
  std::thread other([&] { Run(b, right, n); });
  Run(a, left, n);
  other.join();
  const std::chrono::duration<double> time =
      std::chrono::steady_clock::now() - begin;
  for (int i = 0; i < 2; i++)
    slots[i]->Release();
  std::printf("%-34s %10.0f /s  %8.0f ns\n", name,
              static_cast<double>(n) / time.count(),
              time.count() * 1e9 / static_cast<double>(n));
  std::fflush(stdout);
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

void Main(int argc, char** argv) {
  const auto n =
      static_cast<int64_t>((argc > 1 ? std::atof(argv[1]) : 2) * 1e6);
  const int procs = argc > 2 ? std::atoi(argv[2]) : 2;
  Measure("channel_string_unbuffered", procs, n / 4, 0, kSendString, kReceive);
  Measure("channel_string_buffer_100", procs, n, 100, kSendString, kReceive);
  Measure("channel_string_buffer_1000", procs, n, 1000, kSendString, kReceive);
  Measure("channel_round_trip", procs, n / 4, 0, kAsk, kAnswer);
  Measure("channel_round_trip_buffer_1", procs, n / 4, 1, kAsk, kAnswer);
  Measure("channel_table_buffer_1000", procs, n, 1000, kSendTable, kReceive);
}

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  trilune::Main(argc, argv);
}
