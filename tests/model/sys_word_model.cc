// Models of sched/thread/sys_word.h, the production code: who owns an M's P and
// strand once it is in a system call.

#include <array>

#include <doctest/doctest.h>

#include "sched/task/strand_word.h"
#include "sched/thread/sys_word.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

struct Node {
  Node* next = nullptr;
};

// What the M does whose call has returned too late.
enum class Loser { kRight, kGoesOn, kDoesNotForget };

// An M makes calls; sysmon retakes from it what it can, works with it, drains
// the strand's inbox and gives both back. The M that lost pushes its G into the
// strand, and touches strand and P again once it has them back. A third thread
// is late: it means a call that was over before. [SY1]
//
// P and strand are plain data: two owners at a time are a data race. Only the
// SysWord is weakened; the strand and the way back are not.
template <class Sync, Loser loser = Loser::kRight>
struct Calling : rl::test_suite<Calling<Sync, loser>, 3> {
  static constexpr int kCalls = 3;
  static constexpr int kLooks = 4;
  enum : uint32_t { kNotBack, kOnlyP, kPAndStrand };

  SysWord<Sync> word;
  StrandWord<Node, RelacySync<>> strand_word;
  RelacySync<>::Atomic<uint32_t> back;
  std::array<RelacySync<>::Atomic<uint32_t>, kCalls> wins;
  rl::var<int> p;       // its owner's: the last call of the M that used it
  rl::var<int> strand;  // its owner's: as p
  Node g;
  uint64_t over = 0;  // constant while threads run

  Calling() : back(kNotBack) {
    for (auto& win : wins)
      win.store(0, std::memory_order_relaxed);
  }

  void before() {
    RL_ASSERT(strand_word.TryClaim());
    word.Enter();
    over = word.Look();
    RL_ASSERT(over != 0);
    RL_ASSERT(word.TryExit());
  }

  void Won(int call) {
    RL_ASSERT(wins[static_cast<size_t>(call)].fetch_add(
                  1, std::memory_order_relaxed) == 0);
  }

  // The M: its G goes the way of any G that something outside made ready.
  void GetBack() {
    const bool was_idle = strand_word.Push(&g);
    uint32_t what = kNotBack;
    while ((what = back.load(std::memory_order_acquire)) == kNotBack)
      Yield();
    back.store(kNotBack, std::memory_order_relaxed);
    RL_ASSERT(was_idle == (what == kOnlyP));
    if (was_idle) RL_ASSERT(strand_word.Drain() == &g);
  }

  // Sysmon: works as the owner of what it took, then lets it go.
  void Work() {
    const int call = p($);
    RL_ASSERT(strand($) == call);
    Won(call);
    p($) = -1;
    strand($) = -1;
    uint32_t what = kOnlyP;
    do {
      if (strand_word.Drain() == nullptr) continue;
      what = kPAndStrand;
      break;
    } while (!strand_word.TryRelease());
    back.store(what, std::memory_order_release);
  }

  void thread(unsigned index) {
    if (index == 0) {
      for (int call = 0; call < kCalls; call++) {
        p($) = call;
        strand($) = call;
        word.Enter();
        if (rl::rand(2) == 0) Yield();  // the call takes its time
        if (word.TryExit()) {
          Won(call);
          RL_ASSERT(p($) == call);
          RL_ASSERT(strand($) == call);
          continue;
        }
        if (loser != Loser::kDoesNotForget) word.Forget();
        if (loser == Loser::kGoesOn) strand($) = call;
        GetBack();
        RL_ASSERT(p($) == -1);
        RL_ASSERT(strand($) == -1);
      }
      return;
    }
    if (index == 1) {
      for (int look = 0; look < kLooks; look++) {
        const uint64_t seen = word.Look();
        Yield();
        if (word.TryRetake(seen)) Work();
      }
      return;
    }
    RL_ASSERT(!word.TryRetake(over));
  }

  void after() {
    for (auto& win : wins)
      RL_ASSERT(win.load(std::memory_order_relaxed) == 1);
    RL_ASSERT(word.Look() == 0);
  }
};

// Words that keep the state and no tick.
struct NoTicks : RelacySync<> {
  template <class T>
  struct Atomic : RelacySync<>::Atomic<T> {
    using Base = RelacySync<>::Atomic<T>;
    static constexpr T kStates = 3;

    using Base::Base;
    void store(T value, std::memory_order order) {
      Base::store(value & kStates, order);
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order order) {
      return Base::compare_exchange_strong(expected, desired & kStates, order);
    }
  };
};

TEST_CASE("model: sys word: each call ends by its exit or by a retake") {
  CHECK(Holds<Calling<RelacySync<>>>());
}

TEST_CASE("model: sys word: breaks if the M's work is not published [SY1]") {
  CHECK(Breaks<Calling<RelacySync<Weak::kStores>>>());
}

TEST_CASE("model: sys word: breaks if the look does not acquire [SY1]") {
  CHECK(Breaks<Calling<RelacySync<Weak::kLoads>>>());
}

TEST_CASE("model: sys word: breaks if exit and retake take two steps") {
  CHECK(Breaks<Calling<RelacySync<Weak::kTorn>>>());
}

TEST_CASE("model: sys word: breaks if the tick does not advance") {
  CHECK(Breaks<Calling<NoTicks>>());
}

TEST_CASE("model: sys word: breaks if the M goes on with what it lost") {
  CHECK(Breaks<Calling<RelacySync<>, Loser::kGoesOn>>());
}

TEST_CASE("model: sys word: breaks if the M does not forget a call it lost") {
  CHECK(Breaks<Calling<RelacySync<>, Loser::kDoesNotForget>>());
}

// The M that lost may change what the taker read before it took: the read was
// over. (An M that won may not: sysmon may be reading still.) [SY1]
template <class Sync>
struct Losing : rl::test_suite<Losing<Sync>, 2> {
  SysWord<Sync> word;
  rl::var<int> record;

  void before() { record($) = 1; }

  void thread(unsigned index) {
    if (index == 0) {
      word.Enter();
      if (word.TryExit()) return;
      word.Forget();
      record($) = 2;
      return;
    }
    const uint64_t seen = word.Look();
    if (seen == 0) return;
    RL_ASSERT(record($) == 1);
    [[maybe_unused]] const bool is_mine = word.TryRetake(seen);
  }
};

TEST_CASE("model: sys word: who took is done with what it read before") {
  CHECK(Holds<Losing<RelacySync<>>>());
}

TEST_CASE("model: sys word: breaks if the M that lost does not acquire [SY1]") {
  CHECK(Breaks<Losing<RelacySync<Weak::kLoads>>>());
}

}  // namespace
}  // namespace trilune::model
