// Models of a G that waits in a channel shared with other isolates, and of the
// two ends that are not its own: its isolate is dropped (Isolate::Halt and
// DropSharedWaits, stdlib/chan/channel.cc), and the last other handle goes
// (SharedChan::DropToOnlyHandle, SharedCycles::Drop, Isolate::IsStuck,
// Isolate::WakeToLook). The steps are written again here, around the production
// G word.

#include <doctest/doctest.h>

#include "sched/task/g_word.h"
#include "tests/model/model_lock.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// --- A receiver's isolate is dropped while others send. ---

enum class Drop {
  kRight,
  kWithoutLock,   // the wait's memory is taken back without the lock
  kMovesOutside,  // a sender moves its message after it has left the lock
};

// Thread 0: a G of an isolate waits to receive; the isolate halts. Threads 1
// and 2: two isolates send a message each. Every message ends in one place: in
// the channel, or with the wait, which the halt frees.
template <class Sync, Drop drop>
struct Halted : rl::test_suite<Halted<Sync, drop>, 3> {
  GWord<Sync> word;
  Lock<Sync> lock;
  rl::var<bool> linked;   // under the lock
  rl::var<int> buffered;  // under the lock
  rl::var<int> given;     // messages with the waiter
  rl::var<int> readied;   // by who won the G for a message
  rl::var<int> freed;

  void before() {
    linked($) = false;
    buffered($) = 0;
    given($) = 0;
    readied($) = 0;
    freed($) = 0;
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
  }

  void Send() {
    lock.Take();
    bool won = false;
    if (linked($)) {
      linked($) = false;
      won = word.TryWakeCurrent();
    }
    if (!won) {
      buffered($) = buffered($) + 1;
    } else if (drop != Drop::kMovesOutside) {
      given($) = given($) + 1;
      readied($) = 1;
    }
    lock.Leave();
    if (won && drop == Drop::kMovesOutside) {
      given($) = given($) + 1;
      readied($) = 1;
    }
  }

  void thread(unsigned index) {
    if (index > 0) {
      Send();
      return;
    }
    // The wait, its lock released as it is public.
    lock.Take();
    if (buffered($) > 0) {
      lock.Leave();
      return;
    }
    linked($) = true;
    (void)word.BeginWait();
    word.Become(GState::kRunning, GState::kWaiting);
    lock.Leave();
    // The halt: the G first, then the wait.
    (void)word.TryWakeCurrent();
    if (drop != Drop::kWithoutLock) lock.Take();
    linked($) = false;
    if (drop != Drop::kWithoutLock) lock.Leave();
    freed($) = given($);
    given($) = 0;
  }

  void after() {
    RL_ASSERT(given($) == 0);
    RL_ASSERT(buffered($) + freed($) == 2);
    RL_ASSERT(readied($) == freed($));
  }
};

TEST_CASE("model: shared channel: a dropped wait leaves no message behind") {
  CHECK(Holds<Halted<RelacySync<>, Drop::kRight>>());
}

TEST_CASE("model: shared channel: breaks if a wait is dropped without lock") {
  CHECK(Breaks<Halted<RelacySync<>, Drop::kWithoutLock>>());
}

TEST_CASE("model: shared channel: breaks if a message moves after the lock") {
  CHECK(Breaks<Halted<RelacySync<>, Drop::kMovesOutside>>());
}

TEST_CASE("model: shared channel: breaks if the lock does not order [HL1]") {
  CHECK(Breaks<Halted<RelacySync<Weak::kStores>, Drop::kRight>>());
}

// --- The last other handle goes. ---

enum class Look {
  kRight,
  kBeforeTheDrop,  // who drops looks for a waiter first
};

// Thread 0: a G waits, and its isolate, about to be idle, looks if the channel
// is its own by now. Thread 1 drops the other handle and looks for a waiter,
// whose isolate it wakes to look. One of the two must see the other, or the
// deadlock stays unseen.
template <class Sync, Look look>
struct LastHandle : rl::test_suite<LastHandle<Sync, look>, 2> {
  Lock<Sync> lock;
  typename Sync::template Atomic<uint64_t> handles;
  rl::var<bool> linked;  // under the lock
  rl::var<bool> seen;
  rl::var<bool> woken_to_look;

  LastHandle() : handles(2) {}

  void before() {
    linked($) = false;
    seen($) = false;
    woken_to_look($) = false;
  }
  void thread(unsigned index) {
    if (index == 0) {
      lock.Take();
      linked($) = true;
      lock.Leave();
      seen($) = handles.load(std::memory_order_relaxed) == 1;
      return;
    }
    lock.Take();
    bool waits = false;
    if (look == Look::kBeforeTheDrop) waits = linked($);
    if (look == Look::kBeforeTheDrop) lock.Leave();
    uint64_t both = 2;
    RL_ASSERT(handles.compare_exchange_strong(both, uint64_t{1},
                                              std::memory_order_acq_rel));
    if (look != Look::kBeforeTheDrop) {
      waits = linked($);
      lock.Leave();
    }
    woken_to_look($) = waits;
  }
  void after() { RL_ASSERT(seen($) || woken_to_look($)); }
};

TEST_CASE("model: shared channel: the last handle's isolate learns of it") {
  CHECK(Holds<LastHandle<RelacySync<>, Look::kRight>>());
}

TEST_CASE(
    "model: shared channel: breaks if who drops a handle looks before it") {
  CHECK(Breaks<LastHandle<RelacySync<>, Look::kBeforeTheDrop>>());
}

// --- The last reference besides a handle goes. ---

enum class Reload {
  kUnderLock,
  kNever,  // what was seen before the lock decides
};

// Two messages refer to a channel of which there is no handle. Thread 0 reads
// one: it makes a handle, frees the message, waits, and looks if the channel is
// its own by now. Thread 1 frees the other one.
template <class Sync, Reload reload>
struct LastReference : rl::test_suite<LastReference<Sync, reload>, 2> {
  static constexpr uint64_t kHandle = 16;

  Lock<Sync> lock;    // the channel's
  Lock<Sync> cycles;  // SharedCycles::mu_
  typename Sync::template Atomic<uint64_t> refs;
  rl::var<bool> linked;  // under the channel's lock
  rl::var<bool> seen;
  rl::var<bool> woken_to_look;

  LastReference() : refs(2) {}

  void before() {
    linked($) = false;
    seen($) = false;
    woken_to_look($) = false;
  }

  bool TryDrop(uint64_t word) {
    return refs.compare_exchange_strong(word, word - 1,
                                        std::memory_order_acq_rel);
  }

  // Shared::Drop, by one, while more than one is left.
  void Release() {
    for (;;) {
      const uint64_t word = refs.load(std::memory_order_relaxed);
      const uint64_t left = word - 1;
      if (left < kHandle) {
        cycles.Take();
        const uint64_t now = refs.load(std::memory_order_relaxed);
        const bool adopted = reload == Reload::kUnderLock && now > kHandle;
        if (!adopted) refs.fetch_sub(1, std::memory_order_acq_rel);
        cycles.Leave();
        if (!adopted) return;
      } else if (left == kHandle) {
        lock.Take();
        const bool dropped = TryDrop(word);
        if (dropped) woken_to_look($) = linked($);
        lock.Leave();
        if (dropped) return;
      } else if (TryDrop(word)) {
        return;
      }
    }
  }

  void thread(unsigned index) {
    if (index == 1) {
      Release();
      return;
    }
    cycles.Take();
    refs.fetch_add(kHandle, std::memory_order_relaxed);
    cycles.Leave();
    Release();
    lock.Take();
    linked($) = true;
    lock.Leave();
    seen($) = refs.load(std::memory_order_relaxed) == kHandle;
  }
  void after() { RL_ASSERT(seen($) || woken_to_look($)); }
};

TEST_CASE("model: shared channel: the last message's isolate learns of it") {
  CHECK(Holds<LastReference<RelacySync<>, Reload::kUnderLock>>());
}

TEST_CASE(
    "model: shared channel: breaks if a count from before the lock decides") {
  CHECK(Breaks<LastReference<RelacySync<>, Reload::kNever>>());
}

}  // namespace
}  // namespace trilune::model
