// Models of sched/queue/run_queue.h, the production code, with room for four.

#include <array>

#include <doctest/doctest.h>

#include "sched/queue/run_queue.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

struct Item {
  rl::var<int> payload;
  rl::var<int> taken;
};

// The owner pushes and pops, two others steal into queues of their own. Every
// item is taken once, by who then sees its payload. [RQ1] [RQ2]
template <class Sync>
struct Stealing : rl::test_suite<Stealing<Sync>, 3> {
  using Queue = RunQueue<Item, 4, Sync>;
  static constexpr int kItems = 6;

  Queue queue;
  std::array<Item, kItems> items;
  std::array<rl::var<int>, 3> count;

  void before() {
    for (Item& item : items)
      item.taken($) = 0;
    for (auto& one : count)
      one($) = 0;
  }

  void Take(unsigned thread, Item* item) {
    RL_ASSERT(item->payload($) == 7);
    RL_ASSERT(item->taken($) == 0);
    item->taken($) = 1;
    count[thread]($) = count[thread]($) + 1;
  }

  void thread(unsigned index) {
    if (index == 0) {
      for (Item& item : items) {
        item.payload($) = 7;
        while (!queue.PushLocal(&item)) {
          // As the scheduler does when the ring is full.
          Item* batch[4] = {};
          const uint32_t n = queue.GrabHalf(batch, 4);
          for (uint32_t i = 0; i < n; i++)
            Take(0, batch[i]);
        }
      }
      while (Item* item = queue.PopLocal())
        Take(0, item);
      return;
    }
    Queue own;
    for (int tries = 0; tries < 2; tries++) {
      Item* item = own.StealHalf(queue);
      for (; item != nullptr; item = own.PopLocal())
        Take(index, item);
    }
  }

  void after() {
    RL_ASSERT(count[0]($) + count[1]($) + count[2]($) == kItems);
    for (Item& item : items)
      RL_ASSERT(item.taken($) == 1);
  }
};

TEST_CASE("model: run queue: no item is lost, taken twice or unpublished") {
  CHECK(Holds<Stealing<RelacySync<>>>());
}

TEST_CASE("model: run queue: breaks if pushing does not publish [RQ1]") {
  CHECK(Breaks<Stealing<RelacySync<Weak::kStores>>>());
}

TEST_CASE("model: run queue: breaks if taking does not commit at once [RQ2]") {
  CHECK(Breaks<Stealing<RelacySync<Weak::kTorn>>>());
}

TEST_CASE("model: run queue: breaks if a thief does not acquire [RQ1]") {
  CHECK(Breaks<Stealing<RelacySync<Weak::kLoads>>>());
}

}  // namespace
}  // namespace trilune::model
