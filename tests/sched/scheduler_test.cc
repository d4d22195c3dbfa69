// Tests of sched/core/scheduler.h, find_work.cc, m.h, p.h and waker.h on real
// threads. The wake-up protocol is modelled in tests/model/waker_model.cc.
//
// Many cases here end only if somebody looks for work or minds a timer: a G
// spins on its P until another one has run elsewhere. If nobody does they hang.

#include "sched/core/scheduler.h"

#include <array>
#include <atomic>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/native/chan.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

// Spins, as a G that computes: it keeps its M and P, if not their CPU. Ends
// only if another G runs elsewhere.
template <class Condition>
void HogUntil(Condition condition) {
  while (!condition())
    std::this_thread::yield();
}

int64_t ProcessCpuNs() {
  timespec spent = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return spent.tv_sec * kSecond + spent.tv_nsec;
}

// After the load is gone: every P is idle, no M counts as spinning.
void AwaitRest(const Scheduler& sched) {
  Await([&] {
    const SchedulerStats stats = sched.stats();
    return stats.idle_procs == stats.procs && stats.spinning == 0;
  });
}

TEST_CASE("scheduler: starts and stops without any work") {
  for (const int procs : {1, 2, 16, kMaxProcs}) {
    SchedulerConfig config;
    config.procs = procs;
    Scheduler sched(config);
    REQUIRE(sched.Start().ok());
    CHECK(sched.procs() == procs);
    CHECK(sched.Stop(NowNs() + 60 * kSecond));
  }
}

TEST_CASE("scheduler: stops while Gs run, wait and sleep") {
  for (const int procs : {1, 4}) {
    SchedulerConfig config;
    config.procs = procs;
    auto sched = std::make_unique<Scheduler>(config);
    REQUIRE(sched->Start().ok());
    auto gs = std::make_unique<NativeGs>(sched.get());
    Chan<int> chan(0);
    std::atomic<int> started{0};
    for (int i = 0; i < 10; i++) {
      gs->Go([&] {
        started++;
        for (;;)
          NativeGs::Yield();
      });
      gs->Go([&] {
        started++;
        int value = 0;
        (void)chan.Recv(&value);
      });
      gs->Go([&] {
        started++;
        (void)NativeGs::Sleep(3600 * kSecond);
      });
    }
    Await([&] { return started == 30; });
    CHECK(sched->Stop(NowNs() + 60 * kSecond));
  }
}

TEST_CASE(
    "scheduler: a G that does not come back makes stopping fail in time") {
  SchedulerConfig config;
  config.procs = 2;
  Scheduler sched(config);
  REQUIRE(sched.Start().ok());
  NativeGs gs(&sched);
  std::atomic<bool> running{false};
  std::atomic<bool> release{false};
  gs.Go([&] {
    running = true;
    HogUntil([&] { return release.load(); });
  });
  Await([&] { return running.load(); });
  CHECK_FALSE(sched.Stop(NowNs() + kMillisecond));
  release = true;
  CHECK(sched.Stop(NowNs() + 60 * kSecond));
}

TEST_CASE("scheduler: the number of Ps is changed and reported") {
  NativeFixture fix(2);
  CHECK(fix.sched->SetProcs(5) == 2);
  CHECK(fix.sched->procs() == 5);
  CHECK(fix.sched->stats().procs == 5);
  CHECK(fix.sched->SetProcs(1) == 5);
  CHECK(fix.sched->SetProcs(3) == 1);
  AwaitRest(*fix.sched);
  CHECK(fix.sched->stats().schedticks.size() == 5);
}

TEST_CASE("scheduler: Ps come and go under load, and nothing is lost") {
  NativeFixture fix(4);
  constexpr int kGs = 24;
  constexpr int kRounds = 400;
  std::atomic<int> early{0};
  std::atomic<int> ended{0};
  std::array<std::unique_ptr<Chan<int>>, 4> chans;
  for (auto& chan : chans)
    chan = std::make_unique<Chan<int>>(1);
  for (int i = 0; i < kGs; i++) {
    fix.gs->Go([&, i] {
      for (int k = 0; k < kRounds; k++) {
        switch ((i + k) % 3) {
          case 0:
            NativeGs::Yield();
            break;
          case 1: {
            const int64_t until = NowNs() + 20'000;
            (void)NativeGs::Sleep(20'000);
            if (NowNs() < until) early++;
            break;
          }
          default: {
            int value = 0;
            Chan<int>& chan = *chans[static_cast<size_t>(k % 4)];
            if (i % 2 == 0) {
              (void)chan.Send(value, NowNs() + 50'000);
            } else {
              (void)chan.Recv(&value, NowNs() + 50'000);
            }
          }
        }
      }
      ended++;
    });
  }
  uint32_t random = 12345;
  while (ended < kGs) {
    random = random * 1664525 + 1013904223;
    (void)fix.sched->SetProcs(1 + static_cast<int>(random >> 16) % 6);
    std::this_thread::yield();
  }
  CHECK(early == 0);
  Await([&] { return fix.gs->live() == 0; });
  AwaitRest(*fix.sched);
}

TEST_CASE("scheduler: timers of Ps that retire still wake their Gs") {
  NativeFixture fix(4);
  constexpr int kGs = 200;
  for (int round = 0; round < 5; round++) {
    (void)fix.sched->SetProcs(4);
    std::atomic<int> asleep{0};
    std::atomic<int> woken{0};
    std::atomic<int> early{0};
    for (int i = 0; i < kGs; i++) {
      fix.gs->Go([&, i] {
        const int64_t ns = (5 + i % 10) * kMillisecond;
        const int64_t until = NowNs() + ns;
        asleep++;
        (void)NativeGs::Sleep(ns);
        if (NowNs() < until) early++;
        woken++;
      });
    }
    Await([&] { return asleep == kGs; });
    (void)fix.sched->SetProcs(1);
    Await([&] { return woken == kGs; });
    CHECK(early == 0);
  }
}

TEST_CASE("scheduler: a queued G does not wait beside an idle P") {
  NativeFixture fix(2);
  fix.Run([&] {
    for (int i = 0; i < 300; i++) {
      std::atomic<bool> ran{false};
      fix.gs->Go([&] { ran = true; });
      HogUntil([&] { return ran.load(); });
    }
  });
}

TEST_CASE("scheduler: a woken G is stolen if its waker does not park") {
  NativeFixture fix(2);
  fix.Run([&] {
    Chan<int> to(0);
    Chan<int> back(1);
    fix.gs->Go([&] {
      int value = 0;
      while (to.Recv(&value) == ChanStatus::kOk)
        back.Send(value);
    });
    for (int i = 0; i < 300; i++) {
      int value = i;
      CHECK(to.Send(value) == ChanStatus::kOk);
      int answer = 0;
      HogUntil([&] { return back.TryRecv(&answer) == ChanStatus::kOk; });
      CHECK(answer == i);
    }
    to.Close();
  });
}

TEST_CASE(
    "scheduler: a G that yielded to one that computes goes on elsewhere") {
  NativeFixture fix(2);
  fix.Run([&] {
    for (int i = 0; i < 300; i++) {
      std::atomic<int> turn{0};
      Chan<int> done(1);
      fix.gs->Go([&] {
        turn = 1;
        // Now and then the other one is picked for this place.
        NativeGs::Yield();
        turn = 2;
        done.Send(1);
      });
      HogUntil([&] { return turn >= 1; });
      NativeGs::Yield();
      HogUntil([&] { return turn == 2; });
      int one = 0;
      CHECK(done.Recv(&one) == ChanStatus::kOk);
    }
  });
}

TEST_CASE("scheduler: a timer of a P whose G computes is run by another") {
  for (const int procs : {2, 4}) {
    NativeFixture fix(procs);
    fix.Run([&] {
      for (int i = 0; i < 60; i++) {
        std::atomic<bool> asleep{false};
        std::atomic<bool> woken{false};
        fix.gs->Go([&] {
          asleep = true;
          (void)NativeGs::Sleep(50'000 + i * 10'000);
          woken = true;
        });
        // Let it arm its timer, here or elsewhere; then keep this P busy.
        while (!asleep)
          NativeGs::Yield();
        HogUntil([&] { return woken.load(); });
      }
    });
  }
}

// All but one P hog; the timers of all of them are due.
TEST_CASE("scheduler: one idle P minds the timers of all the busy ones") {
  constexpr int kProcs = 4;
  NativeFixture fix(kProcs);
  for (int round = 0; round < 20; round++) {
    std::atomic<int> woken{0};
    std::atomic<int> ended{0};
    for (int i = 0; i < kProcs - 1; i++) {
      fix.gs->Go([&] {
        fix.gs->Go([&] {
          (void)NativeGs::Sleep(100'000);
          woken++;
        });
        NativeGs::Yield();
        HogUntil([&] { return woken == kProcs - 1; });
        ended++;
      });
    }
    Await([&] { return ended == kProcs - 1; });
    Await([&] { return fix.gs->live() == 0; });
  }
}

TEST_CASE("scheduler: more Gs than a P's queue holds all run") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    constexpr int kGs = 20'000;
    std::vector<std::atomic<uint8_t>> ran(kGs);
    std::atomic<int> count{0};
    fix.Run([&] {
      for (int i = 0; i < kGs; i++) {
        REQUIRE(fix.gs->Go([&, i] {
          ran[static_cast<size_t>(i)]++;
          count++;
        }));
      }
    });
    Await([&] { return count == kGs; });
    int wrong = 0;
    for (const auto& one : ran)
      wrong += one == 1 ? 0 : 1;
    CHECK(wrong == 0);
  }
}

TEST_CASE(
    "scheduler: a pair that wakes each other does not starve the others") {
  NativeFixture fix(1);
  fix.Run([&] {
    Chan<int> to(0);
    Chan<int> back(0);
    std::atomic<bool> enough{false};
    Chan<int> done(0);
    fix.gs->Go([&] {
      int value = 0;
      while (to.Recv(&value) == ChanStatus::kOk)
        back.Send(value);
      done.Send(1);
    });
    fix.gs->Go([&] {
      int value = 0;
      while (!enough) {
        to.Send(value);
        (void)back.Recv(&value);
      }
      to.Close();
    });
    for (int i = 0; i < 10; i++)
      NativeGs::Yield();
    enough = true;
    int one = 0;
    CHECK(done.Recv(&one) == ChanStatus::kOk);
  });
}

TEST_CASE("scheduler: a G that yields lets those of the global queue run") {
  NativeFixture fix(1);
  constexpr int kGs = 600;  // more than the local queue holds
  int ran = 0;
  fix.Run([&] {
    for (int i = 0; i < kGs; i++)
      fix.gs->Go([&] { ran++; });
    for (int i = 0; i < 2 * kGs; i++)
      NativeGs::Yield();
    CHECK(ran == kGs);
  });
}

TEST_CASE("scheduler: the global queue gets its turn beside a busy local one") {
  NativeFixture fix(1);
  std::atomic<bool> enough{false};
  std::atomic<int> yields{0};
  std::atomic<int> started{0};
  for (int i = 0; i < 100; i++) {
    fix.gs->Go([&] {
      started++;
      while (!enough) {
        yields++;
        NativeGs::Yield();
      }
    });
  }
  Await([&] { return started == 100; });  // none waits in the global queue
  for (int i = 0; i < 50; i++) {
    std::atomic<int> started_at{0};
    fix.gs->Go([&] { started_at = yields.load(); });
    // It is queued now; one of 61 dispatches looks there first.
    const int queued_before = yields;
    Await([&] { return started_at != 0; });
    CHECK(started_at <= queued_before + 130);
  }
  enough = true;
}

TEST_CASE("scheduler: a G that yields for ever lets the global queue in") {
  NativeFixture fix(1);
  std::atomic<bool> enough{false};
  std::atomic<bool> yielding{false};
  fix.gs->Go([&] {
    while (!enough) {
      NativeGs::Yield();
      yielding = true;
    }
  });
  Await([&] { return yielding.load(); });
  // From this thread a G goes to the global queue.
  for (int i = 0; i < 100; i++) {
    std::atomic<bool> ran{false};
    fix.gs->Go([&] { ran = true; });
    Await([&] { return ran.load(); });
  }
  enough = true;
}

TEST_CASE("scheduler: several live in one process, and channels join them") {
  NativeFixture one(2);
  NativeFixture two(1);
  Chan<int> there(0);
  Chan<int> back(2);
  two.gs->Go([&] {
    int value = 0;
    while (there.Recv(&value) == ChanStatus::kOk)
      back.Send(value + 1);
    back.Close();
  });
  // Not by Run: while its scheduler is idle, what another one does is to it
  // what the host does, and it would call the wait a deadlock.
  one.gs->Go([&] {
    for (int i = 0; i < 500; i++) {
      int value = i;
      CHECK(there.Send(value) == ChanStatus::kOk);
      CHECK(back.Recv(&value, NowNs() + 3600 * kSecond) == ChanStatus::kOk);
      CHECK(value == i + 1);
    }
    there.Close();
    int value = 0;
    CHECK(back.Recv(&value, NowNs() + 3600 * kSecond) == ChanStatus::kClosed);
  });
  Await([&] { return one.gs->live() == 0 && two.gs->live() == 0; });
}

TEST_CASE("scheduler: each can be stopped while others go on") {
  NativeFixture stays(1);
  for (int i = 0; i < 20; i++) {
    NativeFixture goes(2);
    std::atomic<int> ran{0};
    goes.gs->Go([&] { ran++; });
    Await([&] { return ran == 1; });
  }
  stays.Run([] { NativeGs::Yield(); });
}

TEST_CASE("scheduler: the counters move with what they count") {
  NativeFixture fix(2);
  const auto ticks = [&] {
    uint64_t sum = 0;
    for (const uint64_t one : fix.sched->stats().schedticks)
      sum += one;
    return sum;
  };
  const uint64_t ticks_before = ticks();
  fix.Run([&] {
    Chan<int> chan(0);
    fix.gs->Go([&] {
      for (int i = 0; i < 100; i++)
        chan.Send(1);
      chan.Close();
    });
    int value = 0;
    while (chan.Recv(&value) == ChanStatus::kOk) {
    }
    // Until an M has been woken for a G of this P, and has stolen it.
    HogUntil([&] {
      std::atomic<bool> ran{false};
      fix.gs->Go([&] { ran = true; });
      HogUntil([&] { return ran.load(); });
      return fix.sched->stats().steals > 0;
    });
  });
  CHECK(ticks() > ticks_before + 100);
  CHECK(fix.sched->stats().handoffs > 0);
  CHECK(fix.sched->stats().threads >= 2);
  const uint64_t id = fix.sched->NextGIds(3);
  CHECK(fix.sched->NextGIds(1) == id + 3);
  AwaitRest(*fix.sched);
}

TEST_CASE("scheduler: idle, it uses no CPU") {
  for (const bool with_timer : {false, true}) {
    CAPTURE(with_timer);
    NativeFixture fix(4);
    std::atomic<int> ran{0};
    for (int i = 0; i < 100; i++)
      fix.gs->Go([&] { ran++; });
    if (with_timer) {
      fix.gs->Go([&] { (void)NativeGs::Sleep(3600 * kSecond); });
    }
    Await([&] { return ran == 100; });
    AwaitRest(*fix.sched);
    // A pause of this thread that does not use the scheduler under test.
    NativeFixture clock(1);
    AwaitRest(*clock.sched);
    const int64_t cpu_before = ProcessCpuNs();
    clock.Run([] { (void)NativeGs::Sleep(300 * kMillisecond); });
    CHECK(ProcessCpuNs() - cpu_before < 60 * kMillisecond);
  }
}

TEST_CASE("scheduler: threads do not pile up under wakes and idleness") {
  NativeFixture fix(2);
  fix.Run([&] {
    for (int i = 0; i < 2000; i++) {
      std::atomic<bool> ran{false};
      fix.gs->Go([&] { ran = true; });
      if (i % 4 == 0) {
        (void)NativeGs::Sleep(1000);
      } else {
        NativeGs::Yield();
      }
      HogUntil([&] { return ran.load(); });
    }
  });
  CHECK(fix.sched->stats().threads <= 6);
}

TEST_CASE("scheduler: sleepers wake in the order of their deadlines on one P") {
  NativeFixture fix(1);
  std::vector<int> order;
  bool in_time = false;
  // The deadlines are of use only if all are armed before the first has passed.
  for (int64_t delay = 5 * kMillisecond; !in_time; delay *= 2) {
    order.clear();
    fix.Run([&] {
      Chan<int> done(0);
      const int64_t base = NowNs() + delay;
      int armed = 0;
      for (int i = 0; i < 50; i++) {
        fix.gs->Go([&, i] {
          const int place = i * 37 % 50;
          int value = 0;
          Chan<int> never(0);
          armed++;
          CHECK(never.Recv(&value, base + int64_t{place} * 1000) ==
                ChanStatus::kTimeout);
          order.push_back(place);
          done.Send(1);
        });
      }
      while (armed < 50)
        NativeGs::Yield();
      in_time = NowNs() < base;
      int one = 0;
      for (int i = 0; i < 50; i++)
        done.Recv(&one);
    });
  }
  REQUIRE(order.size() == 50);
  for (int i = 0; i < 50; i++)
    CHECK(order[static_cast<size_t>(i)] == i);
}

}  // namespace
}  // namespace trilune
