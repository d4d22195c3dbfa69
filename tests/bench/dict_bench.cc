// trilune.dict from one isolate and from several at a time.
//
//   dict_bench [ISOLATES [ROUNDS]]
//
// prints for each operation the medians of the rounds, in nanoseconds: elapsed
// for one of it in each isolate, and processor time for one of it. They are the
// same if the machine has a free CPU for each isolate. The isolates have as
// many Ps; they work on the same keys. `table` is the same loop on a table of
// the isolate's own.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "embed/trilune.h"

namespace trilune {
namespace {

struct Case {
  const char* name;
  const char* body;  // of the loop
};

constexpr Case kCases[] = {
    {"loop", "local _ = keys[i & 1023]"},
    {"table_get", "local _ = t[keys[i & 1023]]"},
    {"table_set", "t[keys[i & 1023]] = i"},
    {"get_integer", "d:get(keys[i & 1023])"},
    {"set_integer", "d:set(keys[i & 1023], i)"},
    {"incr", "d:incr(keys[i & 1023], 1)"},
    {"incr_one_key", "d:incr('one', 1, 0)"},
    {"set_ttl", "d:set(keys[i & 1023], i, 60)"},
    {"set_string_100", "d:set(keys[i & 1023], s100)"},
    {"get_string_100", "d:get(keys[i & 1023])"},
    {"set_string_10000", "d:set(keys[i & 1023], s10000)"},
    {"get_string_10000", "d:get(keys[i & 1023])"},
    {"set_table", "d:set(keys[i & 1023], small)"},
    {"get_table", "d:get(keys[i & 1023])"},
    {"push_pop", "d:rpush('list', i) d:lpop('list')"},
    {"add_delete", "d:add(keys[i & 1023], i) d:delete(keys[i & 1023])"},
    {"evict", "e:set(i, s100)"},
};

std::string Chunk(const Case& what, int n) {
  return std::string(
             "local dict = require 'trilune.dict'\n"
             "local d = dict.open('d')\n"
             "local e = dict.open('e', {size = '1M'})\n"
             "local t, keys = {}, {}\n"
             "local s100, s10000 = ('x'):rep(100), ('x'):rep(10000)\n"
             "local small = {id = 1, name = 'x', tags = {1, 2, 3}}\n"
             "for i = 0, 1023 do keys[i] = 'key' .. i t[keys[i]] = i end\n"
             "local begin = require('trilune').now()\n"
             "for i = 1, ") +
         std::to_string(n) + " do " + what.body +
         " end\n"
         "return (require('trilune').now() - begin) * 1e9 / " +
         std::to_string(n);
}

struct Time {
  double elapsed;
  double cpu;
};

Time Run(const Case& what, int isolates, int n) {
  Config config;
  config.procs = isolates;
  auto runtime = Runtime::Start(config);
  if (!runtime.ok()) std::abort();
  std::vector<Isolate*> all;
  for (int i = 0; i < isolates; i++) {
    auto isolate = runtime.value()->NewIsolate();
    if (!isolate.ok()) std::abort();
    all.push_back(isolate.value());
  }
  // What the reading cases find.
  for (const Case& other : kCases) {
    if (std::string(other.name) == "s" + std::string(what.name).substr(1)) {
      if (!all[0]->RunString(Chunk(other, 1024), "=fill").ok()) std::abort();
    }
  }
  if (std::string(what.name) == "incr") {
    if (!all[0]->RunString(Chunk(kCases[4], 1024), "=fill").ok()) std::abort();
  }
  std::vector<double> times(all.size());
  const std::clock_t begin = std::clock();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < all.size(); i++) {
    threads.emplace_back([&, i] {
      auto result = all[i]->RunString(Chunk(what, n), "=bench");
      if (!result.ok()) {
        std::fprintf(stderr, "%s\n", result.status().message().c_str());
        std::abort();
      }
      times[i] = std::get<double>(result.value()[0]);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const double cpu = static_cast<double>(std::clock() - begin) * 1e9 /
                     CLOCKS_PER_SEC / n / isolates;
  return {*std::max_element(times.begin(), times.end()), cpu};
}

int Main(int argc, char** argv) {
  const int isolates = argc > 1 ? std::atoi(argv[1]) : 1;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  for (const Case& what : kCases) {
    std::vector<double> elapsed;
    std::vector<double> cpu;
    const bool is_long =
        std::string(what.name).find("10000") != std::string::npos;
    for (int i = 0; i < rounds; i++) {
      const Time time = Run(what, isolates, is_long ? 100000 : 1000000);
      elapsed.push_back(time.elapsed);
      cpu.push_back(time.cpu);
    }
    std::sort(elapsed.begin(), elapsed.end());
    std::sort(cpu.begin(), cpu.end());
    std::printf("%s=%.1f cpu=%.1f\n", what.name, elapsed[elapsed.size() / 2],
                cpu[cpu.size() / 2]);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  return trilune::Main(argc, argv);
}
