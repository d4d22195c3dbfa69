// Unit tests for sched/task/wait_queue.h.

#include "sched/task/wait_queue.h"

#include <array>
#include <vector>

#include <doctest/doctest.h>

namespace trilune {
namespace {

// A G that waits, as its scheduler would have left it.
struct WaitingG : G {
  WaitingG() {
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
    (void)word.BeginWait();
    word.Become(GState::kRunning, GState::kWaiting);
  }
};

struct Entry {
  WaitingG g;
  WaiterBase waiter;
};

std::vector<WaiterBase*> PopAll(WaitQueue& queue) {
  std::vector<WaiterBase*> all;
  while (WaiterBase* waiter = queue.PopAndWin())
    all.push_back(waiter);
  return all;
}

TEST_CASE("wait queue: the longest waiting is popped first") {
  WaitQueue queue;
  CHECK(queue.empty());
  CHECK(queue.PopAndWin() == nullptr);
  std::array<Entry, 3> entries;
  for (Entry& entry : entries)
    queue.PushTail(&entry.waiter, &entry.g);
  CHECK_FALSE(queue.empty());
  CHECK(queue.head() == &entries[0].waiter);
  for (Entry& entry : entries) {
    CHECK(queue.PopAndWin() == &entry.waiter);
    CHECK(entry.g.word.state() == GState::kRunnable);
    CHECK(entry.waiter.queue == nullptr);
  }
  CHECK(queue.empty());
}

TEST_CASE("wait queue: a waiter leaves from any place, and only once") {
  for (size_t out = 0; out < 3; out++) {
    CAPTURE(out);
    WaitQueue queue;
    std::array<Entry, 3> entries;
    for (Entry& entry : entries)
      queue.PushTail(&entry.waiter, &entry.g);
    WaitQueue::Remove(&entries[out].waiter);
    WaitQueue::Remove(&entries[out].waiter);
    std::vector<WaiterBase*> expected;
    for (size_t i = 0; i < 3; i++) {
      if (i != out) expected.push_back(&entries[i].waiter);
    }
    CHECK(PopAll(queue) == expected);
    CHECK(queue.empty());
  }
}

TEST_CASE(
    "wait queue: the only waiter leaves, and the queue can be used again") {
  WaitQueue queue;
  Entry entry;
  queue.PushTail(&entry.waiter, &entry.g);
  WaitQueue::Remove(&entry.waiter);
  CHECK(queue.empty());
  queue.PushTail(&entry.waiter, &entry.g);
  CHECK(queue.PopAndWin() == &entry.waiter);
  CHECK(queue.empty());
}

TEST_CASE("wait queue: removing one that is not linked does nothing") {
  WaiterBase waiter;
  WaitQueue::Remove(&waiter);
  CHECK(waiter.queue == nullptr);
}

// Invariant I2.
TEST_CASE(
    "wait queue: waiters whose wait has ended otherwise are passed over") {
  WaitQueue queue;
  std::array<Entry, 4> entries;
  for (Entry& entry : entries)
    queue.PushTail(&entry.waiter, &entry.g);
  // A timer got the first two and the last.
  for (const size_t i : {0U, 1U, 3U}) {
    REQUIRE(entries[i].g.word.TryWakeCurrent());
  }
  CHECK(queue.PopAndWin() == &entries[2].waiter);
  CHECK(queue.PopAndWin() == nullptr);
  CHECK(queue.empty());
}

TEST_CASE("wait queue: winning the head pops it in any case") {
  WaitQueue queue;
  std::array<Entry, 2> entries;
  for (Entry& entry : entries)
    queue.PushTail(&entry.waiter, &entry.g);
  REQUIRE(entries[0].g.word.TryWakeCurrent());
  CHECK(queue.WinHead() == nullptr);
  CHECK(queue.head() == &entries[1].waiter);
  CHECK(queue.WinHead() == &entries[1].waiter);
  CHECK(queue.empty());
}

TEST_CASE("wait queue: a G in two queues is won by one of them") {
  WaitQueue queue1;
  WaitQueue queue2;
  WaitingG g;
  WaiterBase waiter1;
  WaiterBase waiter2;
  queue1.PushTail(&waiter1, &g);
  queue2.PushTail(&waiter2, &g);
  CHECK(queue2.PopAndWin() == &waiter2);
  CHECK(queue1.PopAndWin() == nullptr);
}

}  // namespace
}  // namespace trilune
