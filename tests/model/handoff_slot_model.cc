// Models of sched/thread/handoff_slot.h, the production code, over a two-step
// futex.

#include <doctest/doctest.h>

#include "sched/task/g.h"
#include "sched/thread/handoff_slot.h"
#include "tests/model/model_futex.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// What is sent: plain data, so that a read beside a write is a data race.
struct Handoff {
  rl::var<int> number;

  Handoff() = default;
  explicit Handoff(int n) { number($) = n; }
  Handoff(const Handoff&) = delete;
  Handoff& operator=(const Handoff& other) {
    number($) = other.number($);
    return *this;
  }
};

// What those who use the mail do wrong.
enum class Fault {
  kNone,
  kSendsUnowned,  // the senders do not wait until the G is theirs to send
  kTakesAnyWake,  // the receiver takes every wake for a handoff
};

// The locked M gets its G from two others by turns; each has worked with the
// strand before. Whoever has the G owns the strand; the M gives it on as any G
// that parks. Wakes for another reason come at any time. [TL1]
//
// Only the mail is weakened; the way of the G back to the senders is not.
template <class Sync, bool kCompares = true, Fault fault = Fault::kNone>
struct Rounds : rl::test_suite<Rounds<Sync, kCompares, fault>, 3> {
  static constexpr int kHandoffs = 4;

  HandoffSlot<Handoff, Sync, ModelFutex<kCompares>> slot;
  RelacySync<>::Atomic<int> turn;  // the number of the handoff to be sent next
  rl::var<int> strand;             // its owner's: how often it changed hands
  FutexState state;

  Rounds() : turn(0) {}
  void before() {
    futex = &state;
    strand($) = 0;
  }

  void thread(unsigned index) {
    if (index == 0) {
      Receive();
    } else {
      Send(static_cast<int>(index) - 1);
    }
  }

  void Receive() {
    for (int i = 0; i < kHandoffs; i++) {
      Handoff handoff(-1);
      while (!slot.Receive(&handoff)) {
        if (fault == Fault::kTakesAnyWake) break;
      }
      RL_ASSERT(handoff.number($) == i);
      RL_ASSERT(strand($) == 2 * i + 1);
      strand($) = 2 * i + 2;
      turn.store(i + 1, std::memory_order_release);
    }
  }

  void Send(int first) {
    for (int i = first; i < kHandoffs; i += 2) {
      if (rl::rand(2) == 0) slot.Wake();
      while (fault != Fault::kSendsUnowned &&
             turn.load(std::memory_order_acquire) != i) {
        Yield();
      }
      RL_ASSERT(strand($) == 2 * i);
      strand($) = 2 * i + 1;
      slot.Send(Handoff(i));
    }
  }
};

TEST_CASE("model: handoff slot: each handoff comes once, with the strand") {
  CHECK(Holds<Rounds<RelacySync<>>>());
}

TEST_CASE("model: handoff slot: breaks if a handoff is not published [TL1]") {
  CHECK(Breaks<Rounds<RelacySync<Weak::kStores>>>());
}

TEST_CASE("model: handoff slot: breaks if a handoff is not acquired [TL1]") {
  CHECK(Breaks<Rounds<RelacySync<Weak::kLoads>>>());
}

TEST_CASE("model: handoff slot: breaks if its parker takes two steps") {
  CHECK(Breaks<Rounds<RelacySync<Weak::kTorn>>>());
}

TEST_CASE("model: handoff slot: breaks if its futex sleeps without looking") {
  CHECK(Breaks<Rounds<RelacySync<>, false>>());
}

TEST_CASE("model: handoff slot: breaks if who sends does not own the G") {
  CHECK(Breaks<Rounds<RelacySync<>, true, Fault::kSendsUnowned>>());
}

TEST_CASE("model: handoff slot: breaks if any wake is taken for a handoff") {
  CHECK(Breaks<Rounds<RelacySync<>, true, Fault::kTakesAnyWake>>());
}

// How the locked M looks whether it shall end: AwaitLockedG.
enum class Look {
  kBeforeEachReceive,
  kOnce,  // and never again
};

// One thread sends, another stops the scheduler: the M comes back in any case.
// With a handoff or without; but a handoff that it has not got is still there.
template <class Sync, Look look>
struct Stopping : rl::test_suite<Stopping<Sync, look>, 3> {
  HandoffSlot<Handoff, Sync, ModelFutex<true>> slot;
  RelacySync<>::Atomic<uint32_t> stopping;
  RelacySync<>::Atomic<uint32_t> sent;
  rl::var<int> strand;
  FutexState state;

  Stopping() : stopping(0), sent(0) {}
  void before() {
    futex = &state;
    strand($) = 0;
  }

  bool IsStopping() { return stopping.load(std::memory_order_acquire) != 0; }

  void thread(unsigned index) {
    if (index == 1) {
      stopping.store(1, std::memory_order_seq_cst);
      slot.Wake();
      return;
    }
    if (index == 2) {
      if (rl::rand(2) == 0) return;
      strand($) = 7;
      slot.Send(Handoff(3));
      sent.store(1, std::memory_order_release);
      return;
    }
    Handoff handoff(-1);
    bool has_handoff = false;
    bool stops = IsStopping();
    while (!has_handoff && !stops) {
      has_handoff = slot.Receive(&handoff);
      if (look == Look::kBeforeEachReceive) stops = IsStopping();
    }
    if (!has_handoff) {
      if (sent.load(std::memory_order_acquire) == 0) return;
      RL_ASSERT(slot.Receive(&handoff));
    }
    RL_ASSERT(handoff.number($) == 3);
    RL_ASSERT(strand($) == 7);
  }
};

TEST_CASE("model: handoff slot: a stop ends the wait and loses no handoff") {
  CHECK(Holds<Stopping<RelacySync<>, Look::kBeforeEachReceive>>());
}

TEST_CASE("model: handoff slot: breaks if a stop is looked for only once") {
  CHECK(Breaks<Stopping<RelacySync<>, Look::kOnce>>());
}

}  // namespace
}  // namespace trilune::model
