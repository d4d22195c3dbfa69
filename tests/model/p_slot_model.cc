// Models of sched/thread/p_slot.h, the production code: sysmon takes a P from
// an M that does not ask.

#include <array>

#include <doctest/doctest.h>

#include "sched/thread/p_slot.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// What the M asks as it enters the runtime.
enum class Asks { kGet, kPeek, kNothing };

struct ModelP {
  enum Holder { kNobody, kTheM, kTaker };
  rl::var<int> holder;

  // What a runtime does with a P. Plain data: by two at once it is a race.
  void UseAs(Holder who) {
    RL_ASSERT(holder($) == who);
    holder($) = who;
  }
  void Pass(Holder from, Holder to) {
    RL_ASSERT(holder($) == from);
    holder($) = to;
  }
};

// The list of idle Ps, under the scheduler's lock.
class IdlePs {
 public:
  void Put(ModelP* p) {
    mu_.lock($);
    list_[length_++] = p;
    mu_.unlock($);
  }
  ModelP* Take() {
    mu_.lock($);
    ModelP* p = length_ > 0 ? list_[--length_] : nullptr;
    mu_.unlock($);
    return p;
  }

 private:
  rl::mutex mu_;
  std::array<ModelP*, 2> list_{};
  unsigned length_ = 0;
};

// An M runs Gs, and between them the runtime: there it uses its P, and may give
// it up or take the idle one for it. Sysmon takes what P it sees, uses it and
// makes it idle. A P has one user at a time, who sees what the last one did;
// the M keeps what it Set, or finds null; no P is lost. [PR1] [PR2]
template <class Sync, Asks asks = Asks::kGet>
struct Retaking : rl::test_suite<Retaking<Sync, asks>, 2> {
  static constexpr int kGs = 3;
  static constexpr int kTries = 3;
  PSlot<ModelP, Sync> slot;
  std::array<ModelP, 2> ps;
  IdlePs idle;
  ModelP* held = nullptr;  // the M's: what it Set, or lost since

  void before() {
    for (ModelP& p : ps)
      p.holder($) = ModelP::kNobody;
    idle.Put(&ps[1]);
    idle.Put(&ps[0]);
    RL_ASSERT(!slot.Enter());
    TakeIdle();
    RL_ASSERT(held == &ps[0]);
    slot.Leave();
  }

  // The M's steps, in the runtime.
  void GiveUp() {
    slot.Set(nullptr);
    held->Pass(ModelP::kTheM, ModelP::kNobody);
    idle.Put(held);
    held = nullptr;
    RL_ASSERT(slot.Get() == nullptr);
  }
  void TakeIdle() {
    ModelP* p = idle.Take();
    if (p == nullptr) return;
    p->Pass(ModelP::kNobody, ModelP::kTheM);
    slot.Set(p);
    held = p;
  }
  void EnterRuntime() {
    RL_ASSERT(slot.in_user_mode());
    RL_ASSERT(slot.Enter());
    RL_ASSERT(!slot.Enter());
    if (asks == Asks::kNothing) return;
    ModelP* p = asks == Asks::kGet ? slot.Get() : slot.Peek();
    RL_ASSERT(p == held || p == nullptr);
    held = p;
  }
  void Change() {
    const unsigned what = rl::rand(3);
    if (held != nullptr && what == 0) {
      GiveUp();
    } else if (held != nullptr && what == 1) {
      ModelP* old = held;
      TakeIdle();
      if (held == old) return;
      old->Pass(ModelP::kTheM, ModelP::kNobody);
      idle.Put(old);
    } else if (held == nullptr) {
      TakeIdle();
    }
    RL_ASSERT(slot.Get() == held);
  }

  void thread(unsigned index) {
    if (index == 0) {
      for (int g = 0; g < kGs; g++) {
        EnterRuntime();
        if (held != nullptr) held->UseAs(ModelP::kTheM);
        Change();
        if (held != nullptr) held->UseAs(ModelP::kTheM);
        slot.Leave();
      }
      return;
    }
    for (int i = 0; i < kTries; i++) {
      ModelP* p = slot.Peek();
      if (p == nullptr || !slot.TryRetake(p)) {
        Yield();
        continue;
      }
      p->Pass(ModelP::kTheM, ModelP::kTaker);
      p->UseAs(ModelP::kTaker);
      p->Pass(ModelP::kTaker, ModelP::kNobody);
      idle.Put(p);
    }
  }

  // Each P is idle, or in the slot.
  void after() {
    unsigned found = slot.Peek() != nullptr ? 1 : 0;
    while (ModelP* p = idle.Take()) {
      RL_ASSERT(p != slot.Peek());
      p->Pass(ModelP::kNobody, ModelP::kTaker);
      found++;
    }
    RL_ASSERT(found == ps.size());
  }
};

// One side of the pair alone.
struct NoLightFence : RelacySync<> {
  static void LightFence() {}
};
struct NoHeavyFence : RelacySync<> {
  static void HeavyFence() {}
};

TEST_CASE("model: p slot: a P has one user, the M or who took it") {
  CHECK(Holds<Retaking<RelacySync<>>>());
}

TEST_CASE("model: p slot: breaks without the fences [PR1]") {
  CHECK(Breaks<Retaking<RelacySync<Weak::kFences>>>());
}

TEST_CASE("model: p slot: breaks without the M's fence [PR1]") {
  CHECK(Breaks<Retaking<NoLightFence>>());
}

TEST_CASE("model: p slot: breaks without the taker's fence [PR1]") {
  CHECK(Breaks<Retaking<NoHeavyFence>>());
}

TEST_CASE("model: p slot: breaks if leaving does not publish [PR2]") {
  CHECK(Breaks<Retaking<RelacySync<Weak::kStores>>>());
}

TEST_CASE("model: p slot: breaks if the look at the mode is relaxed [PR2]") {
  CHECK(Breaks<Retaking<RelacySync<Weak::kLoads>>>());
}

TEST_CASE("model: p slot: breaks if taking and giving back take two steps") {
  CHECK(Breaks<Retaking<RelacySync<Weak::kTorn>>>());
}

TEST_CASE("model: p slot: breaks if the M does not wait for the verdict") {
  CHECK(Breaks<Retaking<RelacySync<>, Asks::kPeek>>());
}

TEST_CASE("model: p slot: breaks if the M does not ask what it still has") {
  CHECK(Breaks<Retaking<RelacySync<>, Asks::kNothing>>());
}

}  // namespace
}  // namespace trilune::model
