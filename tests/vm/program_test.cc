// vm/runtime/program.h without the script's side: bodies in C.

#include "vm/runtime/program.h"

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
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {
namespace {

using test::Await;

constexpr Shared::Type kType = {"spawned", nullptr, nullptr};

std::atomic<int> started{0};

Program* Self(lua_State* L) {
  return static_cast<Program*>(lua_touserdata(L, 1));
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
        all(std::make_unique<RuntimeState>(&sched,
                                           [](lua_State*) { return 0; })) {
    started = 0;
    REQUIRE(sched.Start().ok());
  }
  ~Fixture() {
    all->Stop();
    CHECK(all->AwaitNone(INT64_MAX));
    REQUIRE(sched.Stop(NowNs() + 10'000'000'000));
  }
  Program* Start(lua_CFunction body, const std::string& name = "test") {
    IsolateConfig config;
    config.name = name;
    config.runtime = all.get();
    config.report = [this](std::string_view text) { reports += text; };
    config.budget = budget;
    auto why = Program::Refusal::kNoMemory;
    Program* program = Program::Start(&kType, nullptr, std::move(config),
                                      {.body = body}, &why);
    if (program == nullptr) refusal = why;
    return program;
  }

  Scheduler sched;
  std::unique_ptr<RuntimeState> all;
  std::string reports;
  std::shared_ptr<Budget> budget;
  std::atomic<Program::Refusal> refusal{Program::Refusal::kNoMemory};
};

TEST_CASE("spawned: results, name and states") {
  Fixture f;
  Program* program = f.Start(&Succeed, "one");
  Await([program] { return program->ended(); });
  CHECK(program->outcome().ok);
  REQUIRE(program->outcome().values != nullptr);
  CHECK(program->outcome().values->count == 1);
  CHECK(program->name() == "one");
  CHECK(program->id() > 0);
  CHECK(std::string(program->status()) == "dead");
  CHECK(!program->Cancel(nullptr));
  // The isolate goes, the object stays.
  Await([program] { return program->isolate() == nullptr; });
  CHECK(program->outcome().ok);
  program->Release();
}

TEST_CASE(
    "spawned: an error that nobody sees is reported with the last handle") {
  std::string reports;
  uint64_t id = 0;
  {
    Fixture f;
    Program* program = f.Start(&FailInWords, "two");
    id = program->id();
    Await([program] { return program->isolate() == nullptr; });
    CHECK(f.reports.empty());
    Await([&f] { return f.all->living().empty(); });
    program->Release();
    CHECK(f.all->AwaitNone(INT64_MAX));
    reports = f.reports;
  }
  CHECK(reports == "trilune: error in goroutine " + std::to_string(id) +
                       " (isolate 'two'): words\n");
}

TEST_CASE("spawned: a seen error is not reported") {
  Fixture f;
  Program* program = f.Start(&FailInWords);
  Await([program] { return program->isolate() == nullptr; });
  program->MarkSeen();
  program->Release();
  CHECK(f.all->AwaitNone(INT64_MAX));
  CHECK(f.reports.empty());
}

TEST_CASE("spawned: cancelled once") {
  Fixture f;
  Program* program = f.Start(&WaitForever);
  Await([] { return started == 1; });
  CHECK(program->Cancel(nullptr));
  CHECK(!program->Cancel(nullptr));
  Await([program] { return program->ended(); });
  CHECK(!program->outcome().ok);
  program->Release();
}

TEST_CASE("spawned: cancelled by several threads as it starts") {
  Fixture f;
  for (int round = 0; round < 200; round++) {
    Program* program = f.Start(&WaitForever);
    std::atomic<int> won{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; i++) {
      threads.emplace_back([&won, program] {
        if (program->Cancel(nullptr)) won++;
      });
    }
    for (std::thread& thread : threads)
      thread.join();
    CHECK(won == 1);
    Await([program] { return program->ended(); });
    program->Release();
  }
  CHECK(f.reports.empty());
}

TEST_CASE("spawned: none starts when the runtime stops; those there are end") {
  Fixture f;
  std::vector<Program*> all;
  for (int i = 0; i < 20; i++)
    all.push_back(f.Start(&WaitForever));
  f.all->Stop();
  CHECK(f.Start(&Succeed) == nullptr);
  CHECK(f.all->AwaitNone(INT64_MAX));
  for (Program* program : all) {
    CHECK(program->ended());
    CHECK(program->isolate() == nullptr);
    program->Release();
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
          Program* program = f.Start(&WaitForever);
          if (program == nullptr) return;
          program->Release();
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
    Program* a = f.Start(&WaitForever);
    Program* b = f.Start(&WaitForever);
    REQUIRE(b != nullptr);
    CHECK(f.Start(&WaitForever) == nullptr);
    CHECK(f.refusal == Program::Refusal::kGoroutines);
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
  Program* a = f.Start(&WaitForever, "a");
  Program* b = f.Start(&WaitForever, "b");
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
