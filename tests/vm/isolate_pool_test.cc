// What vm/runtime/isolate_pool.h promises. That programs start in its isolates
// is shown by tests/lua/spawn.

#include "vm/runtime/isolate_pool.h"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "tests/support/hang.h"
#include "vm/goroutine/park.h"
#include "vm/isolate/isolate.h"
#include "vm/runtime/runtime_state.h"

namespace {

// While it is true, C++ has no memory left. relaxed: no data comes with it.
std::atomic<bool> is_out_of_memory{false};

}  // namespace

// Not inlined: the compiler would see an allocation by malloc.
[[gnu::noinline]] void* operator new(size_t bytes,
                                     const std::nothrow_t& /*tag*/) noexcept {
  const bool fails = is_out_of_memory.load(std::memory_order_relaxed);
  return fails ? nullptr : std::malloc(bytes);
}
[[gnu::noinline]] void* operator new(size_t bytes) {
  void* block = operator new(bytes, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t /*bytes*/) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block,
                                       const std::nothrow_t& /*tag*/) noexcept {
  std::free(block);
}

namespace trilune::vm {
namespace {

using test::Await;

int OpenNothing(lua_State*) {
  return 0;
}

// The isolates that Remember was run in, in their order.
std::atomic<const Isolate*> prepared[256];
std::atomic<int> prepared_count{0};

int Remember(lua_State* L) {
  prepared[prepared_count.load() % 256] = Isolate::Of(L);
  prepared_count++;
  return 0;
}

struct Fixture {
  explicit Fixture(lua_CFunction open = &OpenNothing)
      : sched([] {
          SchedulerConfig config;
          config.procs = 2;
          return config;
        }()),
        all(std::make_unique<RuntimeState>(&sched, open)),
        pool(all->pool()) {
    prepared_count = 0;
    REQUIRE(sched.Start().ok());
  }
  ~Fixture() {
    for (std::shared_ptr<Isolate>& iso : taken)
      Close(&iso);
    all->Stop();
    CHECK(all->AwaitNone(INT64_MAX));
    REQUIRE(sched.Stop(NowNs() + 10'000'000'000));
  }
  static void Close(std::shared_ptr<Isolate>* iso) {
    HostCall close(HostCall::Kind::kClose, nullptr, nullptr);
    (*iso)->Post(&close);
    close.Wait(INT64_MAX);
    iso->reset();
  }
  void Take(int n = 1) {
    for (int i = 0; i < n; i++)
      taken.push_back(pool.Take(PreemptMode::kSignal));
  }
  void AwaitIdle(size_t n) {
    Await([this, n] { return pool.stats().idle == n; });
  }

  Scheduler sched;
  std::unique_ptr<RuntimeState> all;
  IsolatePool& pool;
  std::vector<std::shared_ptr<Isolate>> taken;
};

TEST_CASE("isolate pool: empty at first, an isolate comes all the same") {
  Fixture f;
  CHECK(f.pool.stats().target == 0);
  f.Take();
  REQUIRE(f.taken[0] != nullptr);
  CHECK(f.pool.stats().misses == 1);
  CHECK(f.pool.stats().hits == 0);
  HostCall open(HostCall::Kind::kOpen, nullptr, nullptr);
  f.taken[0]->Post(&open);
  open.Wait(INT64_MAX);
  CHECK(open.result.ok());
}

// A module that waits for something, until it is cancelled.
int WaitForever(lua_State* L) {
  prepared_count++;
  const Parking parking = BeginPark(L, WaitReason::kSleep);
  ParkCommit commit;
  commit.deadline_ns = NowNs() + 3'600'000'000'000;
  commit.external = true;
  return Park(
      L, parking, commit,
      [](lua_State* state, int, lua_KContext) {
        RaiseCancelled(state);
        return 0;
      },
      0);
}

TEST_CASE("isolate pool: a module that waits at its load is given up") {
  Fixture f;
  std::atomic<int> reports{0};
  std::string report;
  REQUIRE(
      f.pool.SetPreload(&WaitForever, nullptr, 1, [&](std::string_view text) {
        report = text;
        reports++;
      }));
  Await([] { return prepared_count == 1; });
  f.pool.EndSlowPreparation(NowNs());  // not yet
  CHECK(f.pool.stats().idle == 0);
  f.pool.EndSlowPreparation(NowNs() + IsolatePool::kMaxPreparationNs + 1);
  Await([&reports] { return reports == 1; });
  CHECK(report ==
        "trilune: cannot preload: a module has waited for more than 10 s\n");
  // From then on without that module.
  f.Take();
  f.AwaitIdle(1);
  CHECK(prepared_count == 1);
}

TEST_CASE("isolate pool: each miss doubles it, each hit is refilled") {
  Fixture f;
  f.Take();
  f.AwaitIdle(1);
  f.Take();
  CHECK(f.pool.stats().hits == 1);
  f.AwaitIdle(1);
  CHECK(f.pool.stats().target == 1);
  // More at once than there are.
  size_t target = 1;
  uint64_t misses = f.pool.stats().misses;
  for (int round = 0; round < 12; round++) {
    while (f.pool.stats().misses == misses)
      f.Take();
    misses = f.pool.stats().misses;
    target = std::min(target * 2, IsolatePool::kMaxSpares);
    CHECK(f.pool.stats().target == target);
  }
  f.AwaitIdle(IsolatePool::kMaxSpares);
}

TEST_CASE("isolate pool: those that nobody takes go, down to the least") {
  Fixture f;
  REQUIRE(f.pool.SetPreload(&Remember, nullptr, 2, {}));
  f.Take(8);
  const size_t target = f.pool.stats().target;
  REQUIRE(target >= 2);
  f.AwaitIdle(target);
  std::vector<const Isolate*> all;
  for (int i = 0; i < prepared_count; i++)
    all.push_back(prepared[i]);
  const int64_t now = NowNs();
  // Each asks when nobody took it for kIdleNs.
  const int64_t late = now + 2 * IsolatePool::kIdleNs;
  size_t left = 0;
  for (const Isolate* iso : all) {
    if (f.pool.Expire(iso, late) != 0) left++;
  }
  CHECK(left == 2);
  CHECK(f.pool.stats().idle == 2);
  CHECK(f.pool.stats().target == 2);
  CHECK(f.pool.Expire(nullptr, late) == 0);
}

TEST_CASE("isolate pool: another preload replaces what was prepared") {
  Fixture f;
  f.Take();
  f.AwaitIdle(1);
  REQUIRE(f.pool.SetPreload(&Remember, nullptr, 3, {}));
  f.AwaitIdle(3);
  CHECK(prepared_count == 3);
  f.Take();
  CHECK(f.taken.back().get() != nullptr);
  bool is_prepared = false;
  for (int i = 0; i < 3; i++)
    is_prepared = is_prepared || prepared[i] == f.taken.back().get();
  CHECK(is_prepared);
  f.AwaitIdle(3);
}

TEST_CASE("isolate pool: a preload that fails is reported once, then left") {
  static std::atomic<int> reports;
  static std::atomic<int> runs;
  static std::string text;
  reports = runs = 0;
  {
    Fixture f;
    REQUIRE(f.pool.SetPreload(
        [](lua_State* L) {
          runs++;
          return luaL_error(L, "no such module");
        },
        nullptr, 5,
        [](std::string_view what) {
          text = what;
          reports++;
        }));
    f.AwaitIdle(5);
    f.Take(3);
    f.AwaitIdle(f.pool.stats().target);
  }
  CHECK(reports == 1);
  CHECK(runs == 1);
  CHECK(text == "trilune: cannot preload: no such module\n");
}

TEST_CASE("isolate pool: what cannot be opened is not kept") {
  Fixture f([](lua_State* L) { return luaL_error(L, "cannot open"); });
  f.Take();
  HostCall open(HostCall::Kind::kOpen, nullptr, nullptr);
  f.taken[0]->Post(&open);
  open.Wait(INT64_MAX);
  CHECK(!open.result.ok());
  CHECK(open.result.message() == "cannot open");
  CHECK(f.pool.stats().idle == 0);
}

TEST_CASE("isolate pool: stopped while it prepares") {
  for (int round = 0; round < 200; round++) {
    Fixture f;
    f.Take(round % 4);
    if (round % 3 == 0) {
      REQUIRE(f.pool.SetPreload(&Remember, nullptr, 4, {}));
    }
    if (round % 5 == 0) std::this_thread::yield();
  }
}

// `act` throws nothing meanwhile.
template <class Act>
void WithoutMemory(Act act) {
  is_out_of_memory = true;
  bool threw = false;
  try {
    act();
  } catch (const std::bad_alloc&) {
    threw = true;
  }
  is_out_of_memory = false;
  CHECK(!threw);
}

TEST_CASE("isolate pool: it stops without memory") {
  Fixture f;
  REQUIRE(f.pool.SetPreload(&Remember, nullptr, 3, {}));
  f.AwaitIdle(3);
  bool none_is_left = false;
  WithoutMemory([&f, &none_is_left] {
    f.all->Stop();
    none_is_left = f.pool.AwaitNone(INT64_MAX);
  });
  CHECK(none_is_left);
}

TEST_CASE("isolate pool: what is given up ends without memory") {
  Fixture f;
  std::atomic<int> reports{0};
  REQUIRE(f.pool.SetPreload(&WaitForever, nullptr, 1,
                            [&](std::string_view) { reports++; }));
  Await([] { return prepared_count == 1; });
  const int64_t late = NowNs() + IsolatePool::kMaxPreparationNs + 1;
  WithoutMemory([&f, &reports, late] {
    f.pool.EndSlowPreparation(late);
    Await([&reports] { return reports == 1; });
  });
}

TEST_CASE("isolate pool: what is ready is taken without memory") {
  Fixture f;
  f.Take();
  f.AwaitIdle(1);
  std::shared_ptr<Isolate> one;
  WithoutMemory([&f, &one] { one = f.pool.Take(); });
  REQUIRE(one != nullptr);
  f.taken.push_back(std::move(one));
}

TEST_CASE("isolate pool: without memory the old preload stays") {
  Fixture f;
  REQUIRE(f.pool.SetPreload(&Remember, nullptr, 1, {}));
  f.AwaitIdle(1);
  bool is_set = true;
  WithoutMemory([&f, &is_set] {
    is_set = f.pool.SetPreload(&WaitForever, nullptr, 5, {});
  });
  CHECK(!is_set);
  f.Take();
  f.AwaitIdle(1);
  CHECK(prepared_count == 2);
}

TEST_CASE("isolate pool: after its end spawns still get an isolate") {
  Fixture f;
  f.pool.Stop();
  f.Take(3);
  CHECK(f.pool.stats().idle == 0);
  CHECK(f.pool.AwaitNone(INT64_MAX));
}

TEST_CASE("isolate pool: taken by several threads") {
  Fixture f;
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<Isolate>> got[3];
  for (int t = 0; t < 3; t++) {
    threads.emplace_back([&f, &got, t] {
      for (int i = 0; i < 60; i++)
        got[t].push_back(f.pool.Take(PreemptMode::kSignal));
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (auto& list : got) {
    for (std::shared_ptr<Isolate>& iso : list)
      f.taken.push_back(std::move(iso));
  }
  const IsolatePool::Stats stats = f.pool.stats();
  CHECK(stats.hits + stats.misses == 180);
}

}  // namespace
}  // namespace trilune::vm
