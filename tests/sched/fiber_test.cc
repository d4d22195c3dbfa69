// Unit tests for sched/stack/fiber.h and sched/stack/context.h: stacks and
// switches, without a scheduler. The publication of a left fiber is modelled in
// tests/model/handover_model.cc.

#include "sched/stack/fiber.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cfenv>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/stack/context.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

TEST_CASE("context: it is the one that the build asks for") {
#if defined(__x86_64__) && !defined(TRI_BOOST_CONTEXT)
  CHECK(std::strcmp(ContextName(), "own") == 0);
#else
  CHECK(std::strcmp(ContextName(), "Boost.Context") == 0);
#endif
}

// What the running test's fibers do. A pool's fibers all run one entry, and a
// fiber never ends: it switches back to who came, again and again.
struct Script {
  Fiber home;
  void (*body)(Script& script, Fiber* left) = nullptr;
  int64_t number = 0;
};

Script* script = nullptr;

void Entry(Fiber* left) {
  script->body(*script, left);
  Fatal(__FILE__, __LINE__, "a body came back");
}

// The stack need of one call is about `kilobytes`.
int64_t UseStack(int kilobytes) {
  char buffer[1024];
  std::memset(buffer, kilobytes, sizeof buffer);
  __asm__ __volatile__("" : : "r"(buffer) : "memory");
  if (kilobytes <= 1) return buffer[7];
  return UseStack(kilobytes - 1) + buffer[kilobytes % 1024] -
         static_cast<char>(kilobytes) + 1;
}

struct Fixture {
  Fixture() { script = &own; }
  ~Fixture() { script = nullptr; }
  Script own;
};

TEST_CASE("fiber: runs its entry, comes back, and goes on where it was left") {
  Fixture fix;
  FiberPool pool(&Entry, 10);
  fix.own.body = [](Script& s, Fiber* left) {
    CHECK(left == &s.home);
    auto* self = static_cast<Fiber*>(s.home.user);
    for (;;) {
      s.number++;
      Fiber* back = Fiber::Switch(self, &s.home);
      CHECK(back == &s.home);
    }
  };
  Fiber* fiber = pool.Get();
  REQUIRE(fiber != nullptr);
  fix.own.home.user = fiber;
  for (int i = 1; i <= 1000; i++) {
    CHECK(Fiber::Switch(&fix.own.home, fiber) == fiber);
    CHECK(fix.own.number == i);
  }
}

TEST_CASE("fiber: the pool keeps to its limit, but for an M's first fiber") {
  FiberPool pool(&Entry, 3);
  std::array<Fiber*, 3> fibers = {};
  for (Fiber*& fiber : fibers) {
    fiber = pool.Get();
    CHECK(fiber != nullptr);
  }
  CHECK(pool.Get() == nullptr);
  CHECK(pool.made() == 3);
  Fiber* for_m = pool.GetForM();
  CHECK(for_m != nullptr);
  CHECK(pool.made() == 4);
  CHECK(pool.Get() == nullptr);
  pool.Put(for_m);
  pool.Put(fibers.back());
  CHECK(pool.Get() == fibers.back());
  CHECK(pool.Get() == nullptr);
  CHECK(pool.made() == 4);
}

TEST_CASE("fiber: the limit is for those in use, and there is a reserve") {
  FiberPool pool(&Entry, 2);
  Fiber* first = pool.Get();
  Fiber* second = pool.Get();
  REQUIRE(second != nullptr);
  CHECK(pool.Get() == nullptr);
  Fiber* reserved = pool.GetReserved();
  REQUIRE(reserved != nullptr);
  // One that is idle, but three exist, of which two are in use.
  pool.Put(first);
  CHECK(pool.Get() == nullptr);
  CHECK(pool.GetReserved() == first);
  pool.Put(first);
  pool.Put(second);
  CHECK(pool.Get() != nullptr);
  CHECK(pool.Get() == nullptr);
  CHECK(pool.made() == 3);
}

TEST_CASE("fiber: one that was left for good begins anew") {
  Fixture fix;
  FiberPool pool(&Entry, 1);
  fix.own.body = [](Script& s, Fiber*) {
    auto* self = static_cast<Fiber*>(s.home.user);
    UseStack(100);
    s.number++;
    (void)Fiber::Switch(self, &s.home);
    s.number = -1000;  // never
    (void)Fiber::Switch(self, &s.home);
  };
  for (int i = 1; i <= 100; i++) {
    Fiber* fiber = pool.Get();
    REQUIRE(fiber != nullptr);
    CHECK(pool.Get() == nullptr);
    fix.own.home.user = fiber;
    CHECK(Fiber::Switch(&fix.own.home, fiber) == fiber);
    CHECK(fix.own.number == i);
    Fiber* list = nullptr;
    Fiber::PushTo(&list, fiber);
    pool.Reclaim(list);
  }
  CHECK(pool.made() == 1);
}

TEST_CASE("fiber: a thousand stacks keep their contents apart") {
  Fixture fix;
  FiberPool pool(&Entry, 2000);
  struct Slot {
    Fiber* fiber = nullptr;
    int64_t sum = 0;
  };
  static Slot* slot;  // of the fiber to be entered
  fix.own.body = [](Script& s, Fiber*) {
    Slot* mine = slot;
    int64_t local[16] = {};
    for (int round = 0;; round++) {
      for (int64_t& one : local)
        one += round;
      mine->sum += local[round % 16];
      (void)Fiber::Switch(mine->fiber, &s.home);
    }
  };
  std::vector<Slot> slots(1000);
  for (int round = 0; round < 20; round++) {
    for (Slot& one : slots) {
      if (one.fiber == nullptr) one.fiber = pool.Get();
      REQUIRE(one.fiber != nullptr);
      slot = &one;
      (void)Fiber::Switch(&fix.own.home, one.fiber);
    }
  }
  int64_t expected = 0;
  for (int round = 0; round < 20; round++)
    expected += round * (round + 1) / 2;
  for (const Slot& one : slots)
    REQUIRE(one.sum == expected);
}

TEST_CASE("fiber: has megabytes of stack") {
  Fixture fix;
  FiberPool pool(&Entry, 1);
  fix.own.body = [](Script& s, Fiber* left) {
    (void)left;
    auto* self = static_cast<Fiber*>(s.home.user);
    // Sanitizers make frames larger.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    s.number = UseStack(1500);
#else
    s.number = UseStack(3000);
#endif
    for (;;)
      (void)Fiber::Switch(self, &s.home);
  };
  fix.own.home.user = pool.Get();
  (void)Fiber::Switch(&fix.own.home, static_cast<Fiber*>(fix.own.home.user));
  CHECK(fix.own.number > 0);
}

TEST_CASE("fiber: one that overflows its stack hits the guard and dies") {
  const Death death = RunInChild([] {
    Fixture fix;
    FiberPool pool(&Entry, 1);
    fix.own.body = [](Script& s, Fiber*) { s.number = UseStack(100'000); };
    (void)Fiber::Switch(&fix.own.home, pool.Get());
  });
  CHECK((death.signal != 0 || death.code != 0));
}

TEST_CASE("fiber: the pool knows its guards") {
  FiberPool pool(&Entry, 2);
  const int local = 0;
  CHECK_FALSE(pool.IsGuard(&local));
  Fiber* fiber = pool.Get();
  REQUIRE(fiber != nullptr);
  // The record lies at the top of the mapping of 4 MiB; its guard is far below.
  CHECK_FALSE(pool.IsGuard(fiber));
  const char* at = reinterpret_cast<const char*>(fiber);
  bool found = false;
  for (int pages = 0; pages < 1024; pages++) {
    found = found || pool.IsGuard(at - pages * ptrdiff_t{4096});
  }
  CHECK(found);
}

TEST_CASE(
    "fiber: tops of stacks are spread, so that they do not share cache sets") {
  FiberPool pool(&Entry, 64);
  std::vector<uintptr_t> offsets(64);
  for (uintptr_t& offset : offsets) {
    offset = reinterpret_cast<uintptr_t>(pool.Get()) % 65536;
  }
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  CHECK(offsets.size() > 32);
}

TEST_CASE("fiber: each has its own rounding mode") {
  Fixture fix;
  FiberPool pool(&Entry, 1);
  fix.own.body = [](Script& s, Fiber*) {
    auto* self = static_cast<Fiber*>(s.home.user);
    CHECK(std::fegetround() == FE_TONEAREST);
    for (;;) {
      std::fesetround(FE_UPWARD);
      (void)Fiber::Switch(self, &s.home);
      CHECK(std::fegetround() == FE_UPWARD);
    }
  };
  auto* fiber = pool.Get();
  fix.own.home.user = fiber;
  for (int i = 0; i < 3; i++) {
    (void)Fiber::Switch(&fix.own.home, fiber);
    CHECK(std::fegetround() == FE_TONEAREST);
  }
}

TEST_CASE("fiber: left on one thread, goes on on another") {
  Fixture fix;
  FiberPool pool(&Entry, 1);
  static Fiber* came_from;
  fix.own.body = [](Script& s, Fiber* left) {
    auto* self = static_cast<Fiber*>(s.home.user);
    for (;;) {
      s.number++;
      left = Fiber::Switch(self, left);
      came_from = left;
    }
  };
  auto* fiber = pool.Get();
  fix.own.home.user = fiber;
  for (int i = 0; i < 10; i++) {
    std::thread([&] {
      Fiber thread_home;
      (void)Fiber::Switch(&thread_home, fiber);
      if (i > 0) CHECK(came_from == &thread_home);
    }).join();
  }
  CHECK(fix.own.number == 10);
}

// Above the warm ones a returned stack gives its memory back.
TEST_CASE("fiber: many idle stacks do not keep what they once used") {
  Fixture fix;
  constexpr size_t kFibers = 400;
  FiberPool pool(&Entry, kFibers);
  static Fiber* running;
  fix.own.body = [](Script& s, Fiber*) {
    Fiber* self = running;
    for (;;) {
      s.number = UseStack(200);
      (void)Fiber::Switch(self, &s.home);
    }
  };
  std::vector<Fiber*> fibers;
  for (size_t i = 0; i < kFibers; i++) {
    fibers.push_back(pool.Get());
    running = fibers.back();
    (void)Fiber::Switch(&fix.own.home, running);
  }
  for (Fiber* fiber : fibers)
    pool.Put(fiber);
  // Of the stack put back last, a page 150 KB below the record is not resident.
  const uintptr_t page =
      (reinterpret_cast<uintptr_t>(fibers.back()) - uintptr_t{150} * 1024) &
      ~uintptr_t{4095};
  unsigned char resident = 1;
  REQUIRE(mincore(reinterpret_cast<void*>(page), 4096, &resident) == 0);
  CHECK((resident & 1) == 0);
}

}  // namespace
}  // namespace trilune
