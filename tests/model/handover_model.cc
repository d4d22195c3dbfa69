// Models of the hand-over of a G with its stack (Landed, Publish, Release and
// Ready in loop.cc, Land in fiber.cc): switch, then publish. Those are no
// templates, so their steps are written again here, around the production G
// word and strand word. A stack is plain data: two Ms on it are a data race.

#include <doctest/doctest.h>

#include "sched/task/g_word.h"
#include "sched/task/strand_word.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// When the wait becomes public.
enum class Order { kRight, kPublishesFirst };

struct Stack {
  rl::var<int> frames;   // touched by who runs on it
  rl::var<int> context;  // saved as it is left

  void RunOn() { frames($) = frames($) + 1; }
  void Leave() { context($) = 1; }
  void Continue() {
    RL_ASSERT(context($) == 1);
    context($) = 0;
    RunOn();
  }
};

// A native G, a strand of its own: one M leaves it waiting, another one wakes
// it and at once runs it on its stack. [GW1]
template <class Sync, Order order>
struct Solo : rl::test_suite<Solo<Sync, order>, 2> {
  GWord<Sync> word;
  Stack stack;
  typename Sync::template Atomic<uint32_t> given_up;
  uint64_t ticket = 0;

  Solo() : given_up(0) {}

  void before() {
    stack.frames($) = 0;
    stack.context($) = 0;
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
    ticket = word.BeginWait();
  }
  void thread(unsigned index) {
    if (index == 0) {
      stack.RunOn();
      if (order == Order::kPublishesFirst) {
        word.Become(GState::kRunning, GState::kWaiting);
      }
      stack.Leave();
      if (order == Order::kRight) {
        word.Become(GState::kRunning, GState::kWaiting);
      }
      return;
    }
    for (int tries = 0; tries < 3; tries++) {
      if (word.TryWake(ticket)) {
        stack.Continue();
        word.Become(GState::kRunnable, GState::kRunning);
        return;
      }
      Yield();
    }
  }
};

TEST_CASE("model: hand-over: a G alone in its strand, to another M") {
  CHECK(Holds<Solo<RelacySync<>, Order::kRight>>());
}

TEST_CASE("model: hand-over: breaks if the G is public before it has left") {
  CHECK(Breaks<Solo<RelacySync<>, Order::kPublishesFirst>>());
}

TEST_CASE("model: hand-over: breaks if publishing does not order [GW1]") {
  CHECK(Breaks<Solo<RelacySync<Weak::kStores>, Order::kRight>>());
}

// A G among others: the M publishes its wait and then releases the strand. Two
// wakers come; one wins, and it or the owner runs the G, on whichever M has the
// strand. [SW1] [SW2]
//
// kPublishesFirst: the strand is released before the stack is left.
template <class Sync>
struct Node {
  GWord<Sync> word;
  Node* next = nullptr;
};

template <class Sync, Order order>
struct Shared : rl::test_suite<Shared<Sync, order>, 3> {
  StrandWord<Node<Sync>, Sync> strand;
  Node<Sync> g;
  Stack stack;
  rl::var<int> runs;  // the strand's owner's
  uint64_t ticket = 0;

  void before() {
    stack.frames($) = 0;
    stack.context($) = 0;
    runs($) = 0;
    RL_ASSERT(strand.TryClaim());
    g.word.Become(GState::kIdle, GState::kRunnable);
    g.word.Become(GState::kRunnable, GState::kRunning);
    ticket = g.word.BeginWait();
  }

  // The loop of an M that owns the strand.
  void Own() {
    do {
      for (Node<Sync>* node = strand.Drain(); node != nullptr;
           node = node->next) {
        node->word.Become(GState::kRunnable, GState::kRunning);
        stack.Continue();
        runs($) = runs($) + 1;
      }
    } while (!strand.TryRelease());
  }

  void thread(unsigned index) {
    if (index == 0) {
      stack.RunOn();
      if (order == Order::kRight) stack.Leave();
      g.word.Become(GState::kRunning, GState::kWaiting);
      Own();
      if (order == Order::kPublishesFirst) stack.Leave();
      return;
    }
    for (int tries = 0; tries < 2; tries++) {
      if (g.word.TryWake(ticket)) {
        if (strand.Push(&g)) Own();
        return;
      }
      Yield();
    }
  }

  void after() {
    RL_ASSERT(strand.TryClaim());
    const bool waits = g.word.state() == GState::kWaiting;
    RL_ASSERT(runs($) == (waits ? 0 : 1));
  }
};

TEST_CASE("model: hand-over: a G among others, to who owns the strand then") {
  CHECK(Holds<Shared<RelacySync<>, Order::kRight>>());
}

TEST_CASE(
    "model: hand-over: breaks if the strand goes before the stack is left") {
  CHECK(Breaks<Shared<RelacySync<>, Order::kPublishesFirst>>());
}

TEST_CASE("model: hand-over: breaks if the strand is handed on unordered") {
  CHECK(Breaks<Shared<RelacySync<Weak::kRmws>, Order::kRight>>());
}

// The channel's lock goes with the hand-over: the G that parks takes it, the
// landing side releases it. A waker that needs the lock meets the G public, so
// it never finds a waiter that it could not win.
template <class Sync, Order order>
struct Locked : rl::test_suite<Locked<Sync, order>, 2> {
  GWord<Sync> word;
  Stack stack;
  typename Sync::template Atomic<uint32_t> held;
  rl::var<bool> waiter;  // queued; under the lock
  rl::var<bool> left_alone;

  Locked() : held(0) {}

  void before() {
    stack.frames($) = 0;
    stack.context($) = 0;
    waiter($) = false;
    left_alone($) = false;
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
  }

  // HandoverLock. [HL1]
  void Lock() {
    while (held.exchange(1, std::memory_order_acquire) == 1)
      Yield();
  }
  void Unlock() { held.store(0, std::memory_order_release); }

  void thread(unsigned index) {
    if (index == 0) {
      Lock();
      waiter($) = true;
      (void)word.BeginWait();
      stack.RunOn();
      if (order == Order::kPublishesFirst) Unlock();
      stack.Leave();
      word.Become(GState::kRunning, GState::kWaiting);
      if (order == Order::kRight) Unlock();
      return;
    }
    Lock();
    const bool found = waiter($);
    waiter($) = false;
    const bool won = found && word.TryWakeCurrent();
    Unlock();
    RL_ASSERT(won == found);
    if (won) stack.Continue();
  }
};

TEST_CASE(
    "model: hand-over: a waiter that is found under its lock can be won") {
  CHECK(Holds<Locked<RelacySync<>, Order::kRight>>());
}

TEST_CASE("model: hand-over: breaks if the lock goes before the G is public") {
  CHECK(Breaks<Locked<RelacySync<>, Order::kPublishesFirst>>());
}

TEST_CASE("model: hand-over: breaks if the lock does not order [HL1]") {
  CHECK(Breaks<Locked<RelacySync<Weak::kStores>, Order::kRight>>());
}

}  // namespace
}  // namespace trilune::model
