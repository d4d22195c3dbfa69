// Models of sched/task/turn.h, the production code, made of parts that Relacy
// sees: its atomics, a lock, a queue of places that are looked at under that
// lock only, and Gs around the production G word.

#include <type_traits>

#include <doctest/doctest.h>

#include "sched/task/turn.h"
#include "tests/model/model_lock.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// A plain field of a record: two at once are a data race.
template <class T>
struct Field {
  // Relacy prints what it holds.
  using Held = std::conditional_t<std::is_enum_v<T>, int, T>;
  rl::var<Held> value;

  operator T() const { return static_cast<T>(Held(value($))); }  // NOLINT
  Field& operator=(T to) {
    value($) = static_cast<Held>(to);
    return *this;
  }
};

struct ModelG {
  GWord<RelacySync<>> word;
  Field<WakeResult> wake;
  // The queue in which a woken G lies until an M runs it.
  rl::mutex mu;
  rl::condition_variable_any made_ready;
  Field<bool> ready;  // under mu

  void Start() {
    ready = false;
    word.Become(GState::kIdle, GState::kRunnable);
    word.Become(GState::kRunnable, GState::kRunning);
  }
  void MakeReady() {
    mu.lock($);
    ready = true;
    made_ready.notify_all($);
    mu.unlock($);
  }
  // Until it is woken. Nobody who comes is a deadlock.
  void AwaitReady() {
    mu.lock($);
    while (!ready)
      made_ready.wait(mu, $);
    ready = false;
    mu.unlock($);
    word.BecomeRunning();
  }
};

struct ModelQueue;

struct ModelWaiter {
  Field<ModelG*> g;
  Field<ModelQueue*> queue;
  Field<bool> insists;
  Field<bool> woken;
  Field<bool> has_turn;

  // What its G does with it outside the lock: before the first wait, and as it
  // frees it.
  void Clear() {
    g = nullptr;
    queue = nullptr;
    insists = false;
    woken = false;
    has_turn = false;
  }
};

// WaitQueue, for three.
struct ModelQueue {
  Field<ModelWaiter*> places[3];
  Field<int> length;

  ModelQueue() { length = 0; }
  void PushTail(ModelWaiter* waiter, ModelG* g) {
    waiter->g = g;
    waiter->queue = this;
    places[length] = waiter;
    length = length + 1;
  }
  static void Remove(ModelWaiter* waiter) {
    ModelQueue* const queue = waiter->queue;
    if (queue == nullptr) return;
    waiter->queue = nullptr;
    int n = 0;
    for (int i = 0; i < queue->length; i++) {
      ModelWaiter* const other = queue->places[i];
      if (other != waiter) queue->places[n++] = other;
    }
    queue->length = n;
  }
  ModelWaiter* PopAndWin() {
    while (length > 0) {
      ModelWaiter* const waiter = places[0];
      Remove(waiter);
      ModelG* const g = waiter->g;
      if (g->word.TryWakeCurrent()) return waiter;
    }
    return nullptr;
  }
};

// `kMarks` false: what is taken stays as it is, so who waits leaves no trace.
template <Weak weak, bool kMarks>
struct TurnSync {
  template <class T>
  struct Atomic : RelacySync<weak>::template Atomic<T> {
    using Base = typename RelacySync<weak>::template Atomic<T>;
    using Base::Base;
    T exchange(T value, std::memory_order order) {
      if (kMarks) return Base::exchange(value, order);
      T seen = 0;  // free
      Base::compare_exchange_strong(seen, value, order);
      return seen;
    }
  };
};

// [HL1]
struct TurnLock {
  model::Lock<RelacySync<>> lock;
  void Lock() { lock.Take(); }
  void Unlock() { lock.Leave(); }
};

template <Weak weak = Weak::kNothing, bool kMarks = true>
struct ModelParts {
  using Sync = TurnSync<weak, kMarks>;
  using Lock = TurnLock;
  using Queue = ModelQueue;
  using Waiter = ModelWaiter;
  using Goroutine = ModelG;
  static void Ready(ModelG* g) { g->MakeReady(); }
};

// What a G does otherwise than it must.
enum class Step {
  kRight,
  kUnlocksEarly,  // it leaves the turn's lock before its wait is public
  kForgets,       // that it was woken in vain
  kJustGoes,      // dropped, it is unlinked, and does not say so to the turn
};

// A G of an M, its wait, and how often it waited for its present turn.
struct Waiting {
  ModelG g;
  ModelWaiter waiter;
  int waits = 0;

  void Start() {
    g.Start();
    waiter.Clear();
    waits = 0;
  }
  // True: it has the turn already; else its wait is public.
  template <class T>
  bool Queue(T* turn, Step step) {
    if (step == Step::kForgets) waiter.insists = false;
    (void)g.word.BeginWait();
    if (!turn->Queue(&waiter, &g)) return true;
    waits++;
    if (step == Step::kUnlocksEarly) T::Unlock(turn);
    g.word.Become(GState::kRunning, GState::kWaiting);
    if (step != Step::kUnlocksEarly) T::Unlock(turn);
    return false;
  }
  // To the end of the wait, however often it begins.
  template <class T>
  void Take(T* turn, Step step) {
    if (turn->TryTake()) return;
    for (;;) {
      if (Queue(turn, step)) break;
      RL_ASSERT(waits <= 2);
      g.AwaitReady();
      RL_ASSERT(g.wake == WakeResult::kReady);
      if (turn->EndWait(&waiter)) break;
    }
    waiter.Clear();  // as it is freed
  }
};

// --- Gs and a thread take turns. ---

// Threads 0 and 1 are Ms with a G that waits for its turn. Thread 2, which
// cannot wait, barges in whenever it finds the turn free, thrice. One has it at
// a time, and sees what the last one did; nobody is left waiting. [FT1]
template <class Parts, Step step>
struct Sharing : rl::test_suite<Sharing<Parts, step>, 3> {
  Turn<Parts> turn;
  Waiting gs[2];
  rl::var<int> uses;  // of who has the turn
  rl::var<int> barged;

  void before() {
    uses($) = 0;
    barged($) = 0;
    for (Waiting& g : gs)
      g.Start();
  }

  void Use() {
    uses($) = uses($) + 1;
    turn.Give();
  }

  void thread(unsigned index) {
    if (index < 2) {
      gs[index].Take(&turn, step);
      Use();
      return;
    }
    for (int n = 0; n < 3; n++) {
      if (!turn.TryTake()) continue;
      barged($) = barged($) + 1;
      Use();
    }
  }
  void after() {
    RL_ASSERT(uses($) == 2 + barged($));
    RL_ASSERT(turn.TryTake());
  }
};

template <class Parts, Step step = Step::kRight>
bool SharingBreaks() {
  return Breaks<Sharing<Parts, step>>();
}

TEST_CASE("model: turn: one at a time, and nobody is left waiting [FT1]") {
  CHECK(Holds<Sharing<ModelParts<>, Step::kRight>>());
}

TEST_CASE("model: turn: breaks if giving does not publish [FT1]") {
  CHECK(SharingBreaks<ModelParts<Weak::kRmws>>());
  CHECK(SharingBreaks<ModelParts<Weak::kStores>>());
}

TEST_CASE("model: turn: breaks if taking or giving is two steps") {
  CHECK(SharingBreaks<ModelParts<Weak::kTorn>>());
}

TEST_CASE("model: turn: breaks if who waits does not mark it as wanted") {
  CHECK(SharingBreaks<ModelParts<Weak::kNothing, false>>());
}

TEST_CASE("model: turn: breaks if a waiting G leaves the lock too early") {
  CHECK(SharingBreaks<ModelParts<>, Step::kUnlocksEarly>());
}

// Thread 0 is the M of a G that waits for its turn, thread 1 takes it again and
// again. The G waits twice at most, the second time for what is handed over.
template <class Parts, Step step>
struct Barging : rl::test_suite<Barging<Parts, step>, 2> {
  Turn<Parts> turn;
  Waiting g;
  rl::var<int> uses;

  void before() {
    uses($) = 0;
    g.Start();
  }
  void thread(unsigned index) {
    if (index == 0) {
      g.Take(&turn, step);
      uses($) = uses($) + 1;
      turn.Give();
      return;
    }
    for (int n = 0; n < 6; n++) {
      if (!turn.TryTake()) continue;
      uses($) = uses($) + 1;
      turn.Give();
    }
  }
  void after() { RL_ASSERT(turn.TryTake()); }
};

TEST_CASE("model: turn: nobody waits a third time for one turn") {
  CHECK(Holds<Barging<ModelParts<>, Step::kRight>>());
}

TEST_CASE("model: turn: breaks if a G forgets that it was woken in vain") {
  CHECK(Breaks<Barging<ModelParts<>, Step::kForgets>>());
}

// --- A wait that ends otherwise, before another one. ---

// The turn is taken, and two Gs come. Thread 0 is the M of the one, whose wait
// is cancelled, or whose isolate is halted: it wins the wait, or another has
// won it just before; then the G goes without using what it may have been
// given. Thread 1 is the M of the other G, thread 2 gives the turn, and barges
// in once. The other has its turn in the end.
template <class Parts, Step step>
struct Leaving : rl::test_suite<Leaving<Parts, step>, 3> {
  Turn<Parts> turn;
  Waiting leaver;
  Waiting other;
  rl::var<int> uses;
  rl::var<int> expected;

  void before() {
    uses($) = 0;
    expected($) = 2;
    leaver.Start();
    other.Start();
    RL_ASSERT(turn.TryTake());
  }

  void Use() {
    uses($) = uses($) + 1;
    turn.Give();
  }
  void Leave() {
    if (leaver.Queue(&turn, Step::kRight)) {
      turn.Give();
      return;
    }
    // Early or late.
    for (unsigned n = rl::rand(8); n > 0; n--)
      Yield();
    if (leaver.g.word.TryWakeCurrent()) {
      leaver.g.wake = WakeResult::kCancelled;
      leaver.g.MakeReady();
    }
    leaver.g.AwaitReady();
    if (step != Step::kJustGoes) {
      turn.Drop(&leaver.waiter);
    } else if (leaver.g.wake == WakeResult::kCancelled) {
      RL_ASSERT(!turn.EndWait(&leaver.waiter));
    }
    leaver.waiter.Clear();
  }

  void thread(unsigned index) {
    if (index == 0) {
      Leave();
    } else if (index == 1) {
      other.Take(&turn, Step::kRight);
      Use();
    } else {
      Use();
      if (turn.TryTake()) {
        expected($) = 3;
        Use();
      }
    }
  }
  void after() {
    RL_ASSERT(uses($) == expected($));
    RL_ASSERT(turn.TryTake());
  }
};

TEST_CASE("model: turn: a wait that is given up leaves the turn to the next") {
  CHECK(Holds<Leaving<ModelParts<>, Step::kRight>>());
}

TEST_CASE("model: turn: breaks if a woken G goes without ending its wait") {
  CHECK(Breaks<Leaving<ModelParts<>, Step::kJustGoes>>());
}

}  // namespace
}  // namespace trilune::model
