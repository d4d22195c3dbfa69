// What native Gs cost: making, yielding, a channel's round trip. No Lua.
//
//   native_bench NAME PROCS [ROUNDS]
//
// runs NAME on PROCS Ps and prints `ns_per_op=NUMBER`, the best of ROUNDS (one,
// if not said). tests/bench/go does the same work in Go; tests/bench/README.md
// says what each name means. For regressions, not for claims.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "sched/native/chan.h"
#include "sched/native/native.h"

namespace trilune {
namespace {

constexpr int kSpawns = 1'000'000;
constexpr int kYields = 4'000'000;
constexpr int kTrips = 1'000'000;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "native_bench: %s\n", what);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing to clean up
}

// Counts down; the last one tells who waits.
class Countdown {
 public:
  explicit Countdown(int n) : left_(n) {}
  void Done() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.Send(1);
  }
  void Wait() {
    int one = 0;
    if (done_.Recv(&one) != ChanStatus::kOk) Fail("interrupted");
  }

 private:
  std::atomic<int> left_;
  Chan<int> done_{0};
};

// Each benchmark runs as a G and returns how many operations it did.

int SpawnOne(NativeGs& gs, int /*procs*/) {
  Chan<int> done(0);
  for (int i = 0; i < kSpawns; i++) {
    if (!gs.Go([&done] { done.Send(1); })) Fail("no G");
    int one = 0;
    if (done.Recv(&one) != ChanStatus::kOk) Fail("interrupted");
  }
  return kSpawns;
}

int SpawnBulk(NativeGs& gs, int /*procs*/) {
  Countdown countdown(kSpawns);
  for (int i = 0; i < kSpawns; i++) {
    if (!gs.Go([&countdown] { countdown.Done(); })) Fail("no G");
  }
  countdown.Wait();
  return kSpawns;
}

int Yield(NativeGs& gs, int procs) {
  const int n = 2 * procs;
  const int rounds = kYields / n;
  Countdown countdown(n);
  for (int i = 0; i < n; i++) {
    const bool made = gs.Go([&countdown, rounds] {
      for (int k = 0; k < rounds; k++)
        NativeGs::Yield();
      countdown.Done();
    });
    if (!made) Fail("no G");
  }
  countdown.Wait();
  return rounds * n;
}

struct Pair {
  Chan<int> ping{0};
  Chan<int> pong{0};
};

int RoundTrip(NativeGs& gs, int procs) {
  const int trips = kTrips / procs;
  Countdown countdown(procs);
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < procs; i++) {
    Pair* pair = pairs.emplace_back(std::make_unique<Pair>()).get();
    gs.Go([pair] {
      int value = 0;
      while (pair->ping.Recv(&value) == ChanStatus::kOk)
        pair->pong.Send(value);
      pair->pong.Close();
    });
    gs.Go([pair, trips, &countdown] {
      int answer = 0;
      for (int k = 0; k < trips; k++) {
        int value = k;
        pair->ping.Send(value);
        if (pair->pong.Recv(&answer) != ChanStatus::kOk || answer != k) {
          Fail("wrong answer");
        }
      }
      pair->ping.Close();
      // The other one is done with both channels, too.
      if (pair->pong.Recv(&answer) != ChanStatus::kClosed) Fail("not closed");
      countdown.Done();
    });
  }
  countdown.Wait();
  return trips * procs;
}

struct Benchmark {
  const char* name;
  int (*run)(NativeGs& gs, int procs);
};

constexpr Benchmark kBenchmarks[] = {
    {"spawn_one", &SpawnOne},
    {"spawn_bulk", &SpawnBulk},
    {"yield", &Yield},
    {"round_trip", &RoundTrip},
};

double Measure(const Benchmark& benchmark, int procs) {
  SchedulerConfig config;
  config.procs = procs;
  Scheduler sched(config);
  if (!sched.Start().ok()) Fail("cannot start the scheduler");
  NativeGs gs(&sched);
  double ns_per_op = 0;
  const Status status = gs.Run([&] {
    const int64_t start = NowNs();
    const int n = benchmark.run(gs, procs);
    ns_per_op = static_cast<double>(NowNs() - start) / n;
  });
  if (!status.ok()) Fail(status.message().c_str());
  if (!sched.Stop(NowNs() + 10'000'000'000)) Fail("cannot stop");
  return ns_per_op;
}

int Main(int argc, char** argv) {
  const int procs = argc >= 3 ? std::atoi(argv[2]) : 0;
  const int rounds = argc >= 4 ? std::atoi(argv[3]) : 1;
  for (const Benchmark& benchmark : kBenchmarks) {
    if (argc < 2 || std::strcmp(argv[1], benchmark.name) != 0) continue;
    if (procs < 1 || procs > kMaxProcs || rounds < 1) break;
    double best = Measure(benchmark, procs);
    for (int i = 1; i < rounds; i++) {
      best = std::min(best, Measure(benchmark, procs));
    }
    std::printf("ns_per_op=%.2f\n", best);
    return 0;
  }
  std::fprintf(stderr, "usage: native_bench NAME PROCS [ROUNDS], NAME one of:");
  for (const Benchmark& benchmark : kBenchmarks) {
    std::fprintf(stderr, " %s", benchmark.name);
  }
  std::fprintf(stderr, "\n");
  return 1;
}

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  return trilune::Main(argc, argv);
}
