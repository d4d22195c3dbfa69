// What an isolate costs, with everything open: `isolate_bench memory|churn N`.
// Run by tests/bench/run.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "stdlib/modules.h"
#include "vm/isolate/host_call.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/runtime_state.h"

namespace trilune {
namespace {

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "isolate_bench: %s\n", what);
  std::exit(1);
}

std::shared_ptr<vm::Isolate> Make(Scheduler* sched, vm::RuntimeState* all) {
  vm::IsolateConfig config;
  config.runtime = all;
  auto made = vm::Isolate::Make(sched, std::move(config), &stdlib::OpenAll);
  if (!made.ok()) Fail("cannot make an isolate");
  return std::move(made.value());
}

void Close(vm::Isolate* isolate) {
  vm::HostCall call(vm::HostCall::Kind::kClose, nullptr, nullptr);
  isolate->Post(&call);
  call.Wait(INT64_MAX);
}

size_t ResidentBytes() {
  size_t pages = 0;
  size_t resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%zu %zu", &pages, &resident) != 2) {
    Fail("cannot read /proc/self/statm");
  }
  std::fclose(file);
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// All alive at once.
void BenchMemory(Scheduler* sched, vm::RuntimeState* all, size_t n) {
  std::vector<std::shared_ptr<vm::Isolate>> isolates;
  isolates.reserve(n);
  Close(Make(sched, all).get());
  const size_t before = ResidentBytes();
  const int64_t start = NowNs();
  for (size_t i = 0; i < n; i++)
    isolates.push_back(Make(sched, all));
  const int64_t made = NowNs();
  const size_t after = ResidentBytes();
  const size_t used = isolates.back()->heap().used_bytes();
  const size_t chunks = isolates.back()->heap().reserved_bytes();
  const int64_t closing = NowNs();
  for (auto& isolate : isolates)
    Close(isolate.get());
  isolates.clear();
  const int64_t closed = NowNs();
  const auto count = static_cast<double>(n);
  std::printf(
      "bytes_per_isolate=%.0f lua_bytes=%zu chunk_bytes=%zu make_us=%.2f "
      "close_us=%.2f\n",
      static_cast<double>(after - before) / count, used, chunks,
      static_cast<double>(made - start) / 1e3 / count,
      static_cast<double>(closed - closing) / 1e3 / count);
}

// One at a time.
void BenchChurn(Scheduler* sched, vm::RuntimeState* all, size_t n) {
  int64_t making = 0;
  int64_t closing = 0;
  for (size_t i = 0; i < n; i++) {
    const int64_t start = NowNs();
    std::shared_ptr<vm::Isolate> isolate = Make(sched, all);
    const int64_t made = NowNs();
    Close(isolate.get());
    isolate.reset();
    making += made - start;
    closing += NowNs() - made;
  }
  const auto count = static_cast<double>(n);
  std::printf("make_us=%.2f close_us=%.2f\n",
              static_cast<double>(making) / 1e3 / count,
              static_cast<double>(closing) / 1e3 / count);
}

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  if (argc != 3) trilune::Fail("usage: isolate_bench memory|churn N");
  const auto n = static_cast<size_t>(std::atoll(argv[2]));
  trilune::SchedulerConfig config;
  config.procs = 1;
  trilune::Scheduler sched(config);
  if (!sched.Start().ok()) trilune::Fail("cannot start");
  {
    trilune::vm::RuntimeState all(&sched, &trilune::stdlib::OpenAll);
    if (std::strcmp(argv[1], "memory") == 0) {
      trilune::BenchMemory(&sched, &all, n);
    } else {
      trilune::BenchChurn(&sched, &all, n);
    }
  }
  if (!sched.Stop(trilune::NowNs() + 10'000'000'000)) trilune::Fail("no end");
  return 0;
}
