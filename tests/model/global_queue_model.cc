// Models of the scheduler's global queue (PushGlobal, PopGlobal in
// scheduler.cc): a list under a lock, whose length is also read without it.
// Written again here, as the scheduler is no template; the local queue is the
// production one.

#include <array>

#include <doctest/doctest.h>

#include "sched/queue/run_queue.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

struct Item {
  rl::var<Item*> next;
  rl::var<int> taken;
};

// What PopGlobal publishes last: the shorter length, or the local queue.
enum class Order { kRight, kLengthFirst };

template <class Sync, Order order>
struct GlobalQueue {
  using Local = RunQueue<Item, 4, Sync>;

  rl::mutex mu;
  rl::var<Item*> head;
  rl::var<Item*> tail;
  typename Sync::template Atomic<uint32_t> size;

  GlobalQueue() : size(0) {}

  void Init() {
    head($) = nullptr;
    tail($) = nullptr;
  }

  void Push(Item* first, Item* last, uint32_t n) {
    mu.lock($);
    last->next($) = nullptr;
    if (head($) == nullptr) {
      head($) = first;
    } else {
      static_cast<Item*>(tail($))->next($) = first;
    }
    tail($) = last;
    size.fetch_add(n, std::memory_order_seq_cst);
    mu.unlock($);
  }

  Item* Pop(Local& local, uint32_t share) {
    if (size.load(std::memory_order_relaxed) == 0) return nullptr;
    mu.lock($);
    Item* first = head($);
    if (first != nullptr) {
      head($) = static_cast<Item*>(first->next($));
      uint32_t taken = 1;
      if (order == Order::kLengthFirst) {
        size.fetch_sub(share, std::memory_order_seq_cst);
      }
      while (taken < share && static_cast<Item*>(head($)) != nullptr) {
        Item* item = head($);
        Item* following = item->next($);
        if (!local.PushLocal(item)) break;
        head($) = following;
        taken++;
      }
      if (order == Order::kRight) {
        size.fetch_sub(taken, std::memory_order_seq_cst);
      }
    }
    mu.unlock($);
    return first;
  }
};

// One thread pushes three items, two pop; nothing is lost or taken twice.
template <class Sync>
struct Popping : rl::test_suite<Popping<Sync>, 3> {
  using Queue = GlobalQueue<Sync, Order::kRight>;
  Queue queue;
  std::array<Item, 3> items;
  std::array<rl::var<int>, 3> count;

  void before() {
    queue.Init();
    for (Item& item : items)
      item.taken($) = 0;
    for (auto& one : count)
      one($) = 0;
  }
  void Take(unsigned index, Item* item) {
    RL_ASSERT(item->taken($) == 0);
    item->taken($) = 1;
    count[index]($) = count[index]($) + 1;
  }
  void thread(unsigned index) {
    if (index == 0) {
      items[0].next($) = &items[1];
      queue.Push(&items[0], &items[1], 2);
      queue.Push(&items[2], &items[2], 1);
      return;
    }
    typename Queue::Local local;
    for (int tries = 0; tries < 2; tries++) {
      Item* item = queue.Pop(local, 2);
      for (; item != nullptr; item = local.PopLocal())
        Take(index, item);
    }
  }
  void after() {
    typename Queue::Local local;
    Item* item = nullptr;
    while ((item = queue.Pop(local, 1)) != nullptr)
      Take(0, item);
    RL_ASSERT(count[0]($) + count[1]($) + count[2]($) == 3);
    RL_ASSERT(queue.size.load(std::memory_order_relaxed) == 0);
  }
};

TEST_CASE("model: global queue: nothing is lost or taken twice") {
  CHECK(Holds<Popping<RelacySync<>>>());
}

// One M moves its share of the queue to its P, while another one looks whether
// there is work: it finds what is left in the one place or in the other. [WK2]
template <class Sync, Order order>
struct Moving : rl::test_suite<Moving<Sync, order>, 2> {
  using Queue = GlobalQueue<Sync, order>;
  Queue queue;
  typename Queue::Local local;
  std::array<Item, 2> items;

  void before() {
    queue.Init();
    items[0].next($) = &items[1];
    queue.Push(&items[0], &items[1], 2);
  }
  void thread(unsigned index) {
    if (index == 0) {
      RL_ASSERT(queue.Pop(local, 2) == &items[0]);
    } else {
      // Scheduler::SeesWork.
      const bool sees = queue.size.load(std::memory_order_seq_cst) > 0 ||
                        local.LooksLong() > 0;
      RL_ASSERT(sees);
    }
  }
};

TEST_CASE("model: global queue: who finds it empty finds what was moved") {
  CHECK(Holds<Moving<RelacySync<>, Order::kRight>>());
}

TEST_CASE("model: global queue: breaks if its length goes down first [WK2]") {
  CHECK(Breaks<Moving<RelacySync<>, Order::kLengthFirst>>());
}

TEST_CASE("model: global queue: breaks if the reader does not acquire [WK2]") {
  CHECK(Breaks<Moving<RelacySync<Weak::kLoads>, Order::kRight>>());
}

}  // namespace
}  // namespace trilune::model
