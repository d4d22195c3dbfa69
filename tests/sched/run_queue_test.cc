// Unit tests for sched/queue/run_queue.h. Interleavings are explored in
// tests/model/run_queue_model.cc; here threads only count.

#include "sched/queue/run_queue.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace trilune {
namespace {

struct Item {
  int number = 0;
  std::atomic<int> taken{0};
};

using Small = RunQueue<Item, 8>;

TEST_CASE("run queue: gives back in the order of pushing, round and round") {
  Small queue;
  Item items[5];
  CHECK(queue.PopLocal() == nullptr);
  for (int round = 0; round < 100; round++) {
    for (Item& item : items)
      REQUIRE(queue.PushLocal(&item));
    CHECK(queue.LooksLong() == 5);
    for (Item& item : items)
      CHECK(queue.PopLocal() == &item);
    CHECK(queue.PopLocal() == nullptr);
    CHECK(queue.LooksLong() == 0);
  }
}

// Invariant I1.
TEST_CASE("run queue: a full ring refuses, and keeps what it has") {
  Small queue;
  Item items[9];
  for (int i = 0; i < 8; i++)
    REQUIRE(queue.PushLocal(&items[i]));
  CHECK_FALSE(queue.PushLocal(&items[8]));
  CHECK(queue.LooksLong() == 8);
  CHECK(queue.PopLocal() == &items[0]);
  CHECK(queue.PushLocal(&items[8]));
  for (int i = 1; i < 9; i++)
    CHECK(queue.PopLocal() == &items[i]);
}

TEST_CASE("run queue: a grab takes the older half, rounded up") {
  for (uint32_t length = 0; length <= 8; length++) {
    CAPTURE(length);
    Small queue;
    Item items[8];
    for (uint32_t i = 0; i < length; i++)
      REQUIRE(queue.PushLocal(&items[i]));
    Item* batch[8] = {};
    const uint32_t n = queue.GrabHalf(batch, 8);
    CHECK(n == (length + 1) / 2);
    for (uint32_t i = 0; i < n; i++)
      CHECK(batch[i] == &items[i]);
    for (uint32_t i = n; i < length; i++)
      CHECK(queue.PopLocal() == &items[i]);
    CHECK(queue.PopLocal() == nullptr);
  }
}

TEST_CASE("run queue: a grab takes no more than it was asked to") {
  Small queue;
  Item items[8];
  for (Item& item : items)
    REQUIRE(queue.PushLocal(&item));
  Item* batch[2] = {};
  CHECK(queue.GrabHalf(batch, 2) == 2);
  CHECK(batch[1] == &items[1]);
  CHECK(queue.LooksLong() == 6);
}

TEST_CASE("run queue: a thief gets one item and keeps the others in order") {
  Small victim;
  Small thief;
  Item items[8];
  CHECK(thief.StealHalf(victim) == nullptr);
  for (Item& item : items)
    REQUIRE(victim.PushLocal(&item));
  CHECK(thief.StealHalf(victim) == &items[3]);
  for (int i = 0; i < 3; i++)
    CHECK(thief.PopLocal() == &items[i]);
  CHECK(thief.PopLocal() == nullptr);
  for (int i = 4; i < 8; i++)
    CHECK(victim.PopLocal() == &items[i]);
}

// Invariant I3.
TEST_CASE("run queue: with thieves at work each item is taken exactly once") {
  constexpr size_t kItems = 200'000;
  constexpr int kThieves = 2;
  RunQueue<Item, 256> queue;
  auto items = std::make_unique<Item[]>(kItems);
  std::atomic<size_t> left{kItems};
  const auto take = [&left](Item* item) {
    item->taken.fetch_add(1, std::memory_order_relaxed);
    left.fetch_sub(1, std::memory_order_relaxed);
  };
  std::vector<std::thread> thieves;
  thieves.reserve(kThieves);
  for (int i = 0; i < kThieves; i++) {
    thieves.emplace_back([&] {
      RunQueue<Item, 256> own;
      while (left.load(std::memory_order_relaxed) > 0) {
        Item* item = own.StealHalf(queue);
        for (; item != nullptr; item = own.PopLocal())
          take(item);
        std::this_thread::yield();
      }
    });
  }
  for (size_t i = 0; i < kItems; i++) {
    while (!queue.PushLocal(&items[i])) {
      if (Item* item = queue.PopLocal()) take(item);
    }
    if (i % 3 == 0) {
      if (Item* item = queue.PopLocal()) take(item);
    }
  }
  while (Item* item = queue.PopLocal())
    take(item);
  for (std::thread& thief : thieves)
    thief.join();
  CHECK(left.load() == 0);
  int wrong = 0;
  for (size_t i = 0; i < kItems; i++) {
    wrong += items[i].taken.load() == 1 ? 0 : 1;
  }
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace trilune
