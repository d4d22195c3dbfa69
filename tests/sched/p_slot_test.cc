// Unit tests for sched/thread/p_slot.h. Interleavings are explored in
// tests/model/p_slot_model.cc; here threads only count, with the kernel's
// membarrier where it has one.

#include "sched/thread/p_slot.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "sched/sync/asymmetric_fence.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

struct FakeP {
  int64_t used = 0;  // its user's
};
using Slot = PSlot<FakeP>;

TEST_CASE("p slot: a new M is in the runtime and holds nothing") {
  Slot slot;
  CHECK_FALSE(slot.in_user_mode());
  CHECK(slot.Get() == nullptr);
  CHECK(slot.Peek() == nullptr);
}

TEST_CASE("p slot: only the outer one of two entries shall leave") {
  Slot slot;
  CHECK_FALSE(slot.Enter());
  slot.Leave();
  CHECK(slot.in_user_mode());
  CHECK(slot.Enter());
  CHECK_FALSE(slot.in_user_mode());
  CHECK_FALSE(slot.Enter());
}

TEST_CASE("p slot: holds what was set, over all entries") {
  Slot slot;
  FakeP p;
  FakeP other;
  slot.Set(&p);
  slot.Leave();
  CHECK(slot.Peek() == &p);
  slot.Enter();
  CHECK(slot.Get() == &p);
  slot.Set(&other);
  CHECK(slot.Get() == &other);
  slot.Set(nullptr);
  CHECK(slot.Get() == nullptr);
}

TEST_CASE("p slot: nothing is taken from an M in the runtime") {
  Slot slot;
  FakeP p;
  slot.Set(&p);
  CHECK_FALSE(slot.TryRetake(&p));
  CHECK(slot.Get() == &p);
  slot.Leave();
  slot.Enter();
  CHECK_FALSE(slot.TryRetake(&p));
  CHECK(slot.Get() == &p);
}

// Invariant I2.
TEST_CASE("p slot: an M in user mode loses its P, until it sets another") {
  Slot slot;
  FakeP p;
  FakeP other;
  slot.Set(&p);
  slot.Leave();
  CHECK(slot.TryRetake(&p));
  CHECK(slot.Peek() == nullptr);
  CHECK_FALSE(slot.TryRetake(&p));
  CHECK(slot.in_user_mode());
  CHECK(slot.Enter());
  CHECK(slot.Get() == nullptr);
  slot.Set(&other);
  CHECK(slot.Get() == &other);
  slot.Leave();
  CHECK(slot.TryRetake(&other));
}

TEST_CASE("p slot: a P that the M does not hold is not taken from it") {
  Slot slot;
  FakeP p;
  FakeP other;
  slot.Leave();
  CHECK_FALSE(slot.TryRetake(&p));
  slot.Enter();
  slot.Set(&p);
  slot.Leave();
  CHECK_FALSE(slot.TryRetake(&other));
  CHECK(slot.Peek() == &p);
}

// An M and sysmon, who pass one P to and fro.
struct Pair {
  static constexpr int64_t kEntries = 50'000;
  Slot slot;
  FakeP p;
  std::atomic<FakeP*> idle{nullptr};
  std::atomic<bool> is_over{false};
  FakeP* held = &p;  // the M's; so are the next two
  int64_t used_by_m = 0;
  int64_t lost = 0;
  int64_t retaken = 0;  // sysmon's

  Pair() {
    slot.Set(&p);
    slot.Leave();
  }

  void Use(bool gives_up) {
    held->used++;
    used_by_m++;
    if (!gives_up) return;
    slot.Set(nullptr);
    idle.store(held, std::memory_order_release);
    held = nullptr;
  }
  void Runtime(bool gives_up) {
    slot.Enter();
    if (held != nullptr && slot.Get() == nullptr) {
      lost++;
      held = nullptr;
    }
    if (held == nullptr) {
      held = idle.exchange(nullptr, std::memory_order_acquire);
      slot.Set(held);
    }
    if (held != nullptr) Use(gives_up);
    slot.Leave();
  }
  void RunM() {
    for (int64_t i = 0; i < kEntries; i++) {
      // Every 16th time in user mode until the P is lost.
      while (i % 16 == 0 && idle.load(std::memory_order_acquire) == nullptr)
        std::this_thread::yield();
      Runtime(/*gives_up=*/i % 16 == 7);
    }
    is_over.store(true, std::memory_order_release);
  }
  void RunSysmon() {
    while (!is_over.load(std::memory_order_acquire)) {
      FakeP* seen = slot.Peek();
      if (seen == nullptr || !slot.TryRetake(seen)) {
        std::this_thread::yield();
        continue;
      }
      seen->used++;
      retaken++;
      idle.store(seen, std::memory_order_release);
    }
  }
};

// The P's plain counter (TSan looks) shows that it has one user at a time.
TEST_CASE("p slot: with sysmon at work the P has one user") {
  EnableLightFences();
  Pair pair;
  OnThreads(2, [&](int i) { i == 0 ? pair.RunM() : pair.RunSysmon(); });
  pair.slot.Enter();
  CHECK(pair.p.used == pair.used_by_m + pair.retaken);
  CHECK(pair.lost >= Pair::kEntries / 16);
  // The last retake may have come after the M's last entry.
  CHECK(pair.retaken >= pair.lost);
  CHECK(pair.retaken <= pair.lost + 1);
  const bool is_idle = pair.idle.load(std::memory_order_acquire) == &pair.p;
  CHECK(is_idle == (pair.slot.Get() == nullptr));
}

}  // namespace
}  // namespace trilune
