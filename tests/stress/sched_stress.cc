// Random programs of native Gs: producers and consumers over channels and
// select, with deadlines, sleeps, yields, channels closed early, cancellation,
// and Ps that come and go. After each program every value must be accounted
// for:
//
//   what was sent was received once, or is still buffered; what was not sent
//   was not received; each consumer saw each producer's values of one channel
//   in the order of their sending; every G has ended; every P is idle.
//
// TRI_STRESS_SECONDS says how long; TRI_STRESS_SEED repeats a program: a
// failure prints the seed of its program, which is then the first one.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/native/chan.h"
#include "sched/native/select.h"
#include "tests/sched/fixture.h"

#ifndef TRI_STRESS_DEFAULT_SECONDS
#define TRI_STRESS_DEFAULT_SECONDS 20
#endif

namespace trilune {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes the environment.
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

int64_t StressNs() {
  return static_cast<int64_t>(FromEnvironment("TRI_STRESS_SECONDS",
                                              TRI_STRESS_DEFAULT_SECONDS)) *
         kSecond;
}

uint64_t FirstSeed() {
  return FromEnvironment("TRI_STRESS_SEED", std::random_device()());
}

// splitmix64: small, seeded, one for each G.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // 0 to n - 1.
  uint32_t Below(uint32_t n) {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<uint32_t>((z ^ (z >> 31)) >> 32) % n;
  }
  bool OneIn(uint32_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// A value: who sent it, over which channel, as the how manieth.
struct Value {
  uint16_t producer = 0;
  uint16_t channel = 0;
  uint32_t number = 0;

  [[nodiscard]] uint64_t Key() const {
    return uint64_t{producer} << 48 | uint64_t{channel} << 32 | number;
  }
};

enum class Ending { kAllSent, kClosedEarly, kCancelled };

struct Plan {
  explicit Plan(uint64_t from) : seed(from) {
    Random random(seed);
    procs = 1 + static_cast<int>(random.Below(4));
    channels = 1 + random.Below(4);
    producers = 1 + random.Below(6);
    consumers = 1 + random.Below(6);
    values = 1 + random.Below(300);
    ending =
        std::array{Ending::kAllSent, Ending::kAllSent, Ending::kClosedEarly,
                   Ending::kCancelled}[random.Below(4)];
    changes_procs = random.OneIn(3);
    for (uint32_t& capacity : capacities) {
      capacity = random.OneIn(2) ? 0 : random.Below(5);
    }
  }

  uint64_t seed;
  int procs;
  uint32_t channels;
  uint32_t producers;
  uint32_t consumers;
  uint32_t values;  // of each producer
  Ending ending;
  bool changes_procs;
  std::array<uint32_t, 4> capacities = {};
};

class Program {
 public:
  explicit Program(const Plan& plan)
      : plan_(plan), sent_(plan.producers), received_(plan.consumers) {
    for (uint32_t i = 0; i < plan.channels; i++) {
      chans_.push_back(std::make_unique<Chan<Value>>(plan.capacities[i]));
    }
  }

  // True if everything is accounted for.
  bool Run() {
    NativeFixture fix(plan_.procs);
    fix_ = &fix;
    producing_ = plan_.producers;
    for (uint32_t i = 0; i < plan_.producers; i++) {
      fix.gs->Go([this, i] { Produce(i); });
    }
    for (uint32_t i = 0; i < plan_.consumers; i++) {
      fix.gs->Go([this, i] { Consume(i); });
    }
    Disturb();
    Await([&] { return fix.gs->live() == 0; });
    Await([&] {
      const SchedulerStats stats = fix.sched->stats();
      return stats.spinning == 0 && stats.idle_procs == stats.procs;
    });
    return IsAccountedFor();
  }

 private:
  // What happens between two operations of a G.
  static void Pause(Random& random) {
    switch (random.Below(24)) {
      case 0:
      case 1:
      case 2:
        NativeGs::Yield();
        break;
      case 3:
        (void)NativeGs::Sleep(random.Below(30'000));
        break;
      default:
        break;
    }
  }

  static int64_t Soon(Random& random) { return NowNs() + random.Below(60'000); }

  // The thread of the host, meanwhile.
  void Disturb() {
    Random random(plan_.seed ^ 0xabcdef);
    const auto progress = [this] { return moved_.load(); };
    const uint64_t all = uint64_t{plan_.producers} * plan_.values;
    const uint64_t until = plan_.ending == Ending::kAllSent
                               ? all
                               : random.Below(static_cast<uint32_t>(all) + 1);
    while (progress() < until && fix_->gs->live() > 0) {
      if (plan_.changes_procs) {
        (void)fix_->sched->SetProcs(1 + static_cast<int>(random.Below(5)));
      }
      std::this_thread::yield();
    }
    if (plan_.ending == Ending::kCancelled) fix_->gs->CancelAll();
    if (plan_.ending == Ending::kClosedEarly) {
      for (auto& chan : chans_) {
        chan->Close();
        if (random.OneIn(2)) std::this_thread::yield();
      }
    }
  }

  void Produce(uint32_t me) {
    Random random(plan_.seed * 1000 + me);
    for (uint32_t i = 0; i < plan_.values; i++) {
      if (!SendOne(random, me, i)) break;
      Pause(random);
    }
    if (producing_.fetch_sub(1) == 1) {
      for (auto& chan : chans_)
        chan->Close();
    }
  }

  // False: there is no use in going on.
  bool SendOne(Random& random, uint32_t me, uint32_t number) {
    std::array<Value, 4> values;
    for (uint32_t c = 0; c < plan_.channels; c++) {
      values[c] = {static_cast<uint16_t>(me), static_cast<uint16_t>(c), number};
    }
    for (;;) {
      uint32_t c = random.Below(plan_.channels);
      ChanStatus status = ChanStatus::kTimeout;
      switch (random.Below(4)) {
        case 0:
          status = chans_[c]->Send(values[c]);
          break;
        case 1:
          status = chans_[c]->Send(values[c], Soon(random));
          break;
        case 2:
          status = chans_[c]->TrySend(values[c]);
          break;
        default: {
          Selector select;
          for (uint32_t i = 0; i < plan_.channels; i++) {
            select.Send(random.OneIn(8) ? nullptr : chans_[i].get(),
                        &values[i]);
          }
          const Selected selected = select.Select(
              random.OneIn(2) ? Soon(random) : NowNs() + 10 * kMillisecond);
          status = selected.status;
          if (selected.index >= 0) c = static_cast<uint32_t>(selected.index);
        }
      }
      if (status == ChanStatus::kOk) {
        sent_[me].push_back(values[c].Key());
        moved_++;
        return true;
      }
      if (status != ChanStatus::kTimeout) return false;
      NativeGs::Yield();
      if (fix_->gs->cancelled()) return false;
    }
  }

  // The channels that a consumer has not yet seen closed.
  struct Open {
    explicit Open(uint32_t n) : is(n, true), left(n) {}
    uint32_t Any(Random& random) {
      for (;;) {
        const uint32_t c = random.Below(static_cast<uint32_t>(is.size()));
        if (is[c]) return c;
      }
    }
    std::vector<bool> is;
    uint32_t left;
  };

  void Consume(uint32_t me) {
    Random random(plan_.seed * 1000 + 500 + me);
    Open open(plan_.channels);
    while (open.left > 0) {
      uint32_t c = open.Any(random);
      Value value;
      const ChanStatus status = ReceiveOne(random, open, &c, &value);
      if (status == ChanStatus::kOk) {
        if (value.channel != c) mixed_++;
        received_[me].push_back(value.Key());
      } else if (status == ChanStatus::kClosed) {
        open.is[c] = false;
        open.left--;
      } else if (status == ChanStatus::kTimeout && !fix_->gs->cancelled()) {
        NativeGs::Yield();
      } else {
        return;
      }
      Pause(random);
    }
  }

  // In one of the ways there are, from `*c` or from the one it says there.
  ChanStatus ReceiveOne(Random& random, const Open& open, uint32_t* c,
                        Value* value) {
    switch (random.Below(4)) {
      case 0:
        return chans_[*c]->TryRecv(value);
      case 1:
        return chans_[*c]->Recv(value, Soon(random));
      default:
        break;
    }
    Selector select;
    for (uint32_t i = 0; i < plan_.channels; i++) {
      select.Recv(open.is[i] ? chans_[i].get() : nullptr, value);
    }
    const Selected selected =
        select.Select(random.OneIn(2) ? Soon(random) : kNever);
    if (selected.index >= 0) *c = static_cast<uint32_t>(selected.index);
    return selected.status;
  }

  bool IsAccountedFor() {
    std::vector<uint64_t> sent;
    std::vector<uint64_t> arrived;
    bool in_order = true;
    for (const auto& one : sent_)
      sent.insert(sent.end(), one.begin(), one.end());
    for (const auto& one : received_) {
      arrived.insert(arrived.end(), one.begin(), one.end());
      // Keys rise with the number; so do those of one producer and channel.
      std::vector<uint64_t> last(size_t{plan_.producers} * plan_.channels);
      for (const uint64_t key : one) {
        uint64_t& before =
            last[(key >> 48) * plan_.channels + (key >> 32 & 0xffff)];
        in_order = in_order && (before == 0 || before < key);
        before = key;
      }
    }
    for (auto& chan : chans_) {
      Value value;
      while (chan->TryRecv(&value) == ChanStatus::kOk) {
        arrived.push_back(value.Key());
      }
    }
    std::sort(sent.begin(), sent.end());
    std::sort(arrived.begin(), arrived.end());
    CHECK(in_order);
    CHECK(mixed_ == 0);
    CHECK(sent.size() == arrived.size());
    CHECK(std::adjacent_find(arrived.begin(), arrived.end()) == arrived.end());
    const bool all_sent = plan_.ending != Ending::kAllSent ||
                          sent.size() == size_t{plan_.producers} * plan_.values;
    CHECK(all_sent);
    return in_order && mixed_ == 0 && sent == arrived && all_sent;
  }

  const Plan plan_;
  NativeFixture* fix_ = nullptr;
  std::vector<std::unique_ptr<Chan<Value>>> chans_;
  std::vector<std::vector<uint64_t>> sent_;
  std::vector<std::vector<uint64_t>> received_;
  std::atomic<uint32_t> producing_{0};
  std::atomic<uint64_t> moved_{0};
  std::atomic<int> mixed_{0};
};

TEST_CASE("stress: random programs over channels lose and repeat nothing") {
  const int64_t until = NowNs() + StressNs();
  uint64_t seed = FirstSeed();
  std::fprintf(stderr, "TRI_STRESS_SEED=%llu\n",
               static_cast<unsigned long long>(seed));
  int64_t report_at = NowNs() + 10 * kSecond;
  int programs = 0;
  do {
    const Plan plan(seed);
    INFO("TRI_STRESS_SEED=", seed);
    Program program(plan);
    REQUIRE(program.Run());
    seed++;
    programs++;
    if (NowNs() >= report_at) {
      // A program that hangs is the next one.
      std::fprintf(stderr, "next: TRI_STRESS_SEED=%llu\n",
                   static_cast<unsigned long long>(seed));
      report_at += 10 * kSecond;
    }
  } while (NowNs() < until);
  std::fprintf(stderr, "%d programs\n", programs);
}

}  // namespace
}  // namespace trilune
