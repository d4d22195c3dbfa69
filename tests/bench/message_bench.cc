// What a message costs to write, and to read.
//
//   message_bench [NAME]
//
// prints nanoseconds per write (freeing included) and per read of a value, the
// best of several rounds; without a name, of each. tests/bench/README.md says
// more.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include <lua.hpp>

#include "embed/trilune.h"
#include "sched/base/clock.h"
#include "vm/isolate/isolate.h"
#include "vm/message/message.h"

namespace trilune {
namespace {

constexpr int kRounds = 9;
constexpr int kMostAtOnce = 1000;

struct Case {
  const char* name;
  const char* value;  // a chunk
  int repeat;
};

constexpr Case kCases[] = {
    {"string_32", "return ('x'):rep(32)", 200'000},
    {"small_table", "return {id = 1, name = 'x', tags = {1, 2, 3}}", 100'000},
    {"array_1000", "local t = {} for i = 1, 1000 do t[i] = i end return t",
     1000},
    {"records_100",
     "local t = {} for i = 1, 100 do t[i] = {id = i, name = 'n' .. i} end "
     "return t",
     1000},
    {"list_10000_deep", "local t for i = 1, 10000 do t = {t} end return t", 20},
    {"function", "local a, b = 1, 2 return function() return a + b end",
     20'000},
    {"string_1M", "return ('x'):rep(1 << 20)", 50},
};

double Nanoseconds(int64_t start, int count) {
  return static_cast<double>(NowNs() - start) / count;
}

int Measure(lua_State* L) {
  const auto* it = static_cast<const Case*>(lua_touserdata(L, 1));
  vm::Isolate* iso = vm::Isolate::Of(L);
  if (luaL_dostring(L, it->value) != LUA_OK) return lua_error(L);
  const int value = lua_gettop(L);
  double write = 1e18;
  double read = 1e18;
  vm::Message* messages[kMostAtOnce];
  const int batch = std::min(it->repeat, 100);
  for (int round = 0; round < kRounds; round++) {
    lua_gc(L, LUA_GCCOLLECT);
    int64_t start = NowNs();
    for (int i = 0; i < it->repeat; i++) {
      vm::FreeMessage(vm::WriteMessage(L, value, 1), iso);
    }
    write = std::min(write, Nanoseconds(start, it->repeat));
    double total = 0;
    int reads = 0;
    while (reads < it->repeat) {
      for (int i = 0; i < batch; i++)
        messages[i] = vm::WriteMessage(L, value, 1);
      start = NowNs();
      for (int i = 0; i < batch; i++) {
        vm::ReadMessage(L, messages[i]);
        lua_settop(L, value);
      }
      total += static_cast<double>(NowNs() - start);
      reads += batch;
    }
    read = std::min(read, total / reads);
  }
  std::printf("%s write_ns=%.0f read_ns=%.0f\n", it->name, write, read);
  return 0;
}

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  using trilune::Result;
  using trilune::Runtime;
  trilune::Config config;
  config.procs = 1;
  Result<std::unique_ptr<Runtime>> runtime = Runtime::Start(config);
  if (!runtime.ok()) return 1;
  Result<trilune::Isolate*> isolate = runtime.value()->NewIsolate();
  if (!isolate.ok()) return 1;
  for (trilune::Case it : trilune::kCases) {
    if (argc > 1 && std::strcmp(argv[1], it.name) != 0) continue;
    if (!isolate.value()->Main(&trilune::Measure, &it).ok()) return 1;
  }
  return runtime.value()->Stop().ok() ? 0 : 1;
}
