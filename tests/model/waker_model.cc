// Models of sched/core/waker.h, the production code, between the production run
// queue and idle lists as the Scheduler has them: no work is left beside an
// idle P with nobody looking for it. [WK1] [WK2]

#include <array>

#include <doctest/doctest.h>

#include "sched/core/waker.h"
#include "sched/queue/run_queue.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

struct Item {};

// Which order of its steps an M follows that gives up its P.
enum class Order { kRight, kLooksFirst };

// How the work is queued.
enum class Place { kQueue, kRunnext };

// What submitters, Ms and the scheduler share.
template <class Sync>
struct Shared {
  Waker<Sync> waker;
  RunQueue<Item, 4, Sync> queue;
  typename Sync::template Atomic<Item*> runnext;
  rl::mutex mu;
  rl::var<int> idle_ps;  // the list, under mu
  Item item;

  Shared() : runnext(nullptr) {}

  // Scheduler::Submit. True: an M must be started.
  bool Submit(Place place) {
    if (place == Place::kRunnext) {
      (void)runnext.exchange(&item, std::memory_order_seq_cst);
      return waker.NeedsWakeAfterRmw();
    }
    RL_ASSERT(queue.PushLocal(&item));
    return waker.SubmitNeedsWake();
  }

  // Scheduler::SeesWork.
  bool SeesWork() {
    return queue.LooksLong() > 0 ||
           runnext.load(std::memory_order_seq_cst) != nullptr;
  }

  // Scheduler::GiveUpP of a spinning M. True: it saw work.
  bool GiveUpP(Order order) {
    bool saw = false;
    if (order == Order::kLooksFirst) saw = SeesWork();
    mu.lock($);
    idle_ps($) = idle_ps($) + 1;
    waker.AddIdleP();
    mu.unlock($);
    waker.StopSpinning();
    if (order == Order::kRight) saw = SeesWork();
    return saw;
  }

  bool PopIdleP() {
    const bool got = idle_ps($) > 0;
    if (got) {
      idle_ps($) = idle_ps($) - 1;
      waker.RemoveIdleP();
    }
    return got;
  }

  // Scheduler::StartIdleM. True: an M has a P and looks for work.
  bool StartIdleM() {
    mu.lock($);
    const bool started = PopIdleP();
    if (!started) waker.StopSpinning();
    mu.unlock($);
    return started;
  }
};

// The last spinning M finds nothing and gives its P up, while another P's M
// submits work and goes on with what it does.
template <class Sync, Place place, Order order>
struct GivingUp : rl::test_suite<GivingUp<Sync, place, order>, 2> {
  Shared<Sync> shared;
  rl::var<bool> woken;
  rl::var<bool> saw;

  void before() {
    shared.idle_ps($) = 0;
    shared.waker.StartSpinning();
  }
  void thread(unsigned index) {
    if (index == 0) {
      woken($) = shared.Submit(place);
    } else {
      saw($) = shared.GiveUpP(order);
    }
  }
  void after() { RL_ASSERT(woken($) || saw($)); }
};

TEST_CASE("model: waker: work queued while the last spinner gives up is seen") {
  CHECK(Holds<GivingUp<RelacySync<>, Place::kQueue, Order::kRight>>());
  CHECK(Holds<GivingUp<RelacySync<>, Place::kRunnext, Order::kRight>>());
}

TEST_CASE("model: waker: breaks without the submitter's fence [WK1]") {
  CHECK(Breaks<
        GivingUp<RelacySync<Weak::kFences>, Place::kQueue, Order::kRight>>());
}

TEST_CASE("model: waker: breaks without sequential consistency [WK1]") {
  CHECK(Breaks<
        GivingUp<RelacySync<Weak::kSeqCst>, Place::kRunnext, Order::kRight>>());
}

TEST_CASE("model: waker: breaks if a spinner looks before it stops to be one") {
  CHECK(Breaks<GivingUp<RelacySync<>, Place::kQueue, Order::kLooksFirst>>());
  CHECK(Breaks<GivingUp<RelacySync<>, Place::kRunnext, Order::kLooksFirst>>());
}

// The spinning M finds one piece of work and stops to spin; a P is idle. Then
// the rest of the work has an M started by the submitter, or by this one.
template <class Sync, bool kLooksAgain>
struct Finding : rl::test_suite<Finding<Sync, kLooksAgain>, 2> {
  Shared<Sync> shared;
  std::array<Item, 2> items;
  rl::var<bool> woken0;
  rl::var<bool> woken1;
  rl::var<int> taken;

  void before() {
    shared.idle_ps($) = 1;
    shared.waker.AddIdleP();
    shared.waker.StartSpinning();
    woken0($) = false;
    woken1($) = false;
    taken($) = 0;
    RL_ASSERT(shared.queue.PushLocal(&items[0]));
  }
  void thread(unsigned index) {
    if (index == 0) {
      RL_ASSERT(shared.queue.PushLocal(&items[1]));
      woken0($) = shared.waker.SubmitNeedsWake();
      return;
    }
    RunQueue<Item, 4, Sync> own;
    Item* item = own.StealHalf(shared.queue);
    RL_ASSERT(item != nullptr);
    taken($) = 1;
    // Scheduler::FinishSpinning.
    if (shared.waker.StopSpinning() && kLooksAgain && shared.SeesWork()) {
      woken1($) = shared.waker.SubmitNeedsWake();
    }
  }
  void after() {
    RL_ASSERT(taken($) == 1);
    RL_ASSERT(woken0($) || woken1($));
  }
};

TEST_CASE("model: waker: a spinner that found work has the rest looked after") {
  CHECK(Holds<Finding<RelacySync<>, true>>());
}

TEST_CASE("model: waker: breaks if it does not look again") {
  CHECK(Breaks<Finding<RelacySync<>, false>>());
}

// Two submitters. One may count a spinning M in vain, as it finds no idle P;
// the other one, who saw it, must not have relied on it, if a P is idle in the
// end. The third thread takes the idle P for a timer and gives it up again.
template <class Sync, Order order>
struct InVain : rl::test_suite<InVain<Sync, order>, 3> {
  Shared<Sync> shared;
  std::array<rl::var<bool>, 2> started;
  rl::var<bool> had_p;
  rl::var<bool> saw;

  void before() {
    shared.idle_ps($) = 1;
    shared.waker.AddIdleP();
    for (auto& one : started)
      one($) = false;
    had_p($) = false;
    saw($) = false;
  }
  void thread(unsigned index) {
    if (index < 2) {
      // The first one's work is done by itself, what counts is the second's.
      const bool wake = index == 0 ? shared.waker.SubmitNeedsWake()
                                   : shared.Submit(Place::kQueue);
      if (wake) started[index]($) = shared.StartIdleM();
      return;
    }
    shared.mu.lock($);
    const bool got = shared.PopIdleP();
    if (got) shared.waker.StartSpinning();
    shared.mu.unlock($);
    if (!got) return;
    had_p($) = true;
    saw($) = shared.GiveUpP(order);
  }
  void after() {
    const bool looked_after = started[0]($) || started[1]($) || saw($);
    RL_ASSERT(looked_after || shared.idle_ps($) == 0);
  }
};

TEST_CASE("model: waker: an M counted in vain is not relied on") {
  CHECK(Holds<InVain<RelacySync<>, Order::kRight>>());
}

TEST_CASE("model: waker: breaks if giving up looks before it is public") {
  CHECK(Breaks<InVain<RelacySync<>, Order::kLooksFirst>>());
}

}  // namespace
}  // namespace trilune::model
