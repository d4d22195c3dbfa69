// vm/runtime/program.h without the script's side: bodies in C.

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "tests/support/hang.h"
#include "vm/goroutine/park.h"
#include "vm/runtime/program.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {
namespace {

using test::Await;

constexpr Shared::Type kType = {"spawned", nullptr, nullptr};

std::atomic<int> started{0};

Spawned* Self(lua_State* L) {
  return static_cast<Spawned*>(lua_touserdata(L, 1));
}

int Succeed(lua_State* L) {
  lua_pushinteger(L, 42);
  Self(L)->SetResults(WriteMessage(L, lua_gettop(L), 1));
  return 0;
}

int FailInWords(lua_State* L) {
  Self(L)->SetErrorText("words");
  return 0;
}

// Waits until it is cancelled.
int WaitForever(lua_State* L) {
  started++;
  const Parking parking = BeginPark(L, WaitReason::kSleep);
  ParkCommit commit;
  commit.deadline_ns = NowNs() + 3'600'000'000'000;
  commit.external = true;
  return Park(
      L, parking, commit,
      [](lua_State* state, int, lua_KContext) {
        Self(state)->SetErrorText("woken");
        return 0;
      },
      0);
}

struct Fixture {
  explicit Fixture(int procs = 2)
      : sched([procs] {
          SchedulerConfig config;
          config.procs = procs;
          return config;
        }()),
        all(std::make_unique<Isolates>(&sched, [](lua_State*) { return 0; })) {
    started = 0;
    REQUIRE(sched.Start().ok());
  }
  ~Fixture() {
    all->Stop();
    CHECK(all->AwaitNone(INT64_MAX));
    REQUIRE(sched.Stop(NowNs() + 10'000'000'000));
  }
  Spawned* Start(lua_CFunction body, const std::string& name = "test") {
    IsolateConfig config;
    config.name = name;
    config.isolates = all.get();
    config.report = [this](std::string_view text) { reports += text; };
    config.budget = budget;
    auto why = Spawned::Refusal::kNoMemory;
    Spawned* spawned = Spawned::Start(&kType, nullptr, std::move(config),
                                      {.body = body}, &why);
    if (spawned == nullptr) refusal = why;
    return spawned;
  }

  Scheduler sched;
  std::unique_ptr<Isolates> all;
  std::string reports;
  std::shared_ptr<Budget> budget;
  std::atomic<Spawned::Refusal> refusal{Spawned::Refusal::kNoMemory};
};

TEST_CASE("spawned: results, name and states") {
  Fixture f;
  Spawned* spawned = f.Start(&Succeed, "one");
  Await([spawned] { return spawned->ended(); });
  CHECK(spawned->outcome().ok);
  REQUIRE(spawned->outcome().values != nullptr);
  CHECK(spawned->outcome().values->count == 1);
  CHECK(spawned->name() == "one");
  CHECK(spawned->id() > 0);
  CHECK(std::string(spawned->status()) == "dead");
  CHECK(!spawned->Cancel(nullptr));
  // The isolate goes, the object stays.
  Await([spawned] { return spawned->isolate() == nullptr; });
  CHECK(spawned->outcome().ok);
  spawned->Release();
}

TEST_CASE(
    "spawned: an error that nobody sees is reported with the last handle") {
  std::string reports;
  uint64_t id = 0;
  {
    Fixture f;
    Spawned* spawned = f.Start(&FailInWords, "two");
    id = spawned->id();
    Await([spawned] { return spawned->isolate() == nullptr; });
    CHECK(f.reports.empty());
    Await([&f] { return f.all->living().empty(); });
    spawned->Release();
    CHECK(f.all->AwaitNone(INT64_MAX));
    reports = f.reports;
  }
  CHECK(reports == "trilune: error in goroutine " + std::to_string(id) +
                       " (isolate 'two'): words\n");
}

TEST_CASE("spawned: a seen error is not reported") {
  Fixture f;
  Spawned* spawned = f.Start(&FailInWords);
  Await([spawned] { return spawned->isolate() == nullptr; });
  spawned->MarkSeen();
  spawned->Release();
  CHECK(f.all->AwaitNone(INT64_MAX));
  CHECK(f.reports.empty());
}

TEST_CASE("spawned: cancelled once") {
  Fixture f;
  Spawned* spawned = f.Start(&WaitForever);
  Await([] { return started == 1; });
  CHECK(spawned->Cancel(nullptr));
  CHECK(!spawned->Cancel(nullptr));
  Await([spawned] { return spawned->ended(); });
  CHECK(!spawned->outcome().ok);
  spawned->Release();
}

TEST_CASE("spawned: cancelled by several threads as it starts") {
  Fixture f;
  for (int round = 0; round < 200; round++) {
    Spawned* spawned = f.Start(&WaitForever);
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; i++) {
      threads.emplace_back([&won, spawned] {
        if (spawned->Cancel(nullptr)) won++;
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    CHECK(won == 1);
    Await([spawned] { return spawned->ended(); });
    spawned->Release();
  }
  CHECK(f.reports.empty());
}

TEST_CASE("spawned: none starts when the runtime stops; those there are end") {
  Fixture f;
  std::vector<Spawned*> all;
  for (int i = 0; i < 20; i++)
    all.push_back(f.Start(&WaitForever));
  f.all->Stop();
  CHECK(f.Start(&Succeed) == nullptr);
  CHECK(f.all->AwaitNone(INT64_MAX));
  for (Spawned* spawned : all) {
    CHECK(spawned->ended());
    CHECK(spawned->isolate() == nullptr);
    spawned->Release();
  }
  CHECK(f.reports.empty());
}

// The stop may come before a program has its isolate.
TEST_CASE("spawned: starts race with the stop") {
  for (int round = 0; round < 300; round++) {
    Fixture f;
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; i++) {
      threads.emplace_back([&f, &ready] {
        ready++;
        for (;;) {
          Spawned* spawned = f.Start(&WaitForever);
          if (spawned == nullptr) return;
          spawned->Release();
        }
      });
    }
    Await([&ready] { return ready == 2; });
    if (round % 2 == 0) Await([] { return started > 0; });
    f.all->Stop();
    for (std::thread& thread : threads)
      thread.join();
    CHECK(f.all->AwaitNone(INT64_MAX));
    CHECK(f.reports.empty());
  }
}

TEST_CASE("spawned: its first G counts from the start until it has ended") {
  const auto budget =
      std::make_shared<Budget>(nullptr, Limits{.goroutines = 2}, 0);
  for (int round = 0; round < 100; round++) {
    Fixture f;
    f.budget = budget;
    Spawned* a = f.Start(&WaitForever);
    Spawned* b = f.Start(&WaitForever);
    REQUIRE(b != nullptr);
    CHECK(f.Start(&WaitForever) == nullptr);
    CHECK(f.refusal == Spawned::Refusal::kGoroutines);
    Await([] { return started == 2; });
    a->Cancel(nullptr);
    Await([a] { return a->isolate() == nullptr; });
    a->Release();
    a = f.Start(&WaitForever);
    REQUIRE(a != nullptr);
    if (round % 2 == 0) Await([] { return started == 3; });
    f.all->Stop();
    CHECK(f.Start(&WaitForever) == nullptr);
    CHECK(f.all->AwaitNone(INT64_MAX));
    a->Release();
    b->Release();
  }
  CHECK(budget->TakeG());
  CHECK(budget->TakeG());
  CHECK(!budget->TakeG());
}

TEST_CASE("spawned: those that live are listed") {
  Fixture f;
  Spawned* a = f.Start(&WaitForever, "a");
  Spawned* b = f.Start(&WaitForever, "b");
  Await([] { return started == 2; });
  CHECK(f.all->living().size() == 2);
  a->Cancel(nullptr);
  Await([&f] { return f.all->living().size() == 1; });
  CHECK(f.all->living()[0].first == "b");
  a->Release();
  b->Release();
}

}  // namespace
}  // namespace trilune::vm
