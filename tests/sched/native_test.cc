// Tests of sched/native/native.h on the whole scheduler: making Gs, running
//            them, and
// the report of a deadlock. Channels: chan_test.cc; Ps and timers:
// scheduler_test.cc.

#include "sched/native/native.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "sched/native/chan.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

TEST_CASE("native: Gs are made by threads and by Gs, and all run") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    std::atomic<int> ran{0};
    OnThreads(3, [&](int) {
      for (int i = 0; i < 500; i++) {
        CHECK(fix.gs->Go([&] {
          ran++;
          CHECK(fix.gs->Go([&] { ran++; }));
        }));
      }
    });
    Await([&] { return fix.gs->live() == 0; });
    CHECK(ran == 3000);
  }
}

TEST_CASE("native: on one P Gs that yield take turns") {
  NativeFixture fix(1);
  std::vector<int> order;
  fix.Run([&] {
    Chan<int> done(3);
    for (int i = 0; i < 3; i++) {
      fix.gs->Go([&, i] {
        for (int k = 0; k < 100; k++) {
          order.push_back(i);
          NativeGs::Yield();
        }
        done.Send(1);
      });
    }
    int one = 0;
    for (int i = 0; i < 3; i++)
      done.Recv(&one);
  });
  REQUIRE(order.size() == 300);
  int wrong = 0;
  for (size_t i = 0; i < order.size(); i++) {
    if (order[i] != order[i % 3]) wrong++;
  }
  CHECK(wrong == 0);
}

TEST_CASE("native: a sleep is never early") {
  for (const int procs : {1, 2}) {
    NativeFixture fix(procs);
    fix.Run([&] {
      for (int i = 0; i < 20; i++) {
        const int64_t before = NowNs();
        CHECK(NativeGs::Sleep(300'000));
        CHECK(NowNs() - before >= 300'000);
      }
      CHECK(NativeGs::Sleep(0));
      CHECK(NativeGs::Sleep(-5));
    });
  }
}

TEST_CASE("native: a sleep longer than any clock is a wait until cancelled") {
  NativeFixture fix(1);
  std::atomic<bool> ended{false};
  fix.gs->Go([&] {
    CHECK_FALSE(NativeGs::Sleep(kNever));
    ended = true;
  });
  fix.Run([] { NativeGs::Yield(); });
  CHECK_FALSE(ended);
  fix.gs->CancelAll();
  Await([&] { return ended.load(); });
}

TEST_CASE("native: who runs is known, and nobody is outside") {
  NativeFixture fix(1);
  CHECK(CurrentNative() == nullptr);
  CHECK(CurrentM() == nullptr);
  fix.Run([&] {
    CHECK(CurrentNative() != nullptr);
    CHECK(CurrentM() != nullptr);
    CHECK(CurrentM()->sched == fix.sched.get());
  });
}

TEST_CASE("native: a closure is destroyed when its G ends") {
  NativeFixture fix(2);
  auto held = std::make_shared<int>(1);
  for (int i = 0; i < 100; i++)
    fix.gs->Go([held] { (void)*held; });
  Await([&] { return fix.gs->live() == 0; });
  CHECK(held.use_count() == 1);
}

TEST_CASE("native: records are used again, and each G is a new one") {
  NativeFixture fix(1);
  std::vector<uint64_t> ids;
  for (int i = 0; i < 2000; i++) {
    fix.Run([&] { ids.push_back(CurrentM()->running()->id); });
  }
  for (size_t i = 1; i < ids.size(); i++)
    REQUIRE(ids[i] > ids[i - 1]);
}

TEST_CASE("native: what a G did is there for who saw it end") {
  NativeFixture fix(4);
  for (int round = 0; round < 50; round++) {
    int plain[8] = {};  // TSan would object
    for (int& one : plain)
      fix.gs->Go([&one] { one = 1; });
    Await([&] { return fix.gs->live() == 0; });
    for (const int one : plain)
      CHECK(one == 1);
  }
}

TEST_CASE("native: all asleep is a deadlock, which Run reports") {
  for (const int procs : {1, 2}) {
    Chan<int> chan(0);
    NativeFixture fix(procs);
    const auto wait = [&] {
      int value = 0;
      CHECK(chan.Recv(&value) == ChanStatus::kCancelled);
    };
    const Status status = fix.gs->Run(wait);
    CHECK(status.code() == StatusCode::kDeadlock);
    CHECK(status.message() == "all goroutines are asleep - deadlock!");
    // Others can go on, and the next deadlock is reported again.
    CHECK(fix.gs->Run([] { NativeGs::Yield(); }).ok());
    CHECK(fix.gs->Run(wait).code() == StatusCode::kDeadlock);
    CHECK(fix.gs->Run([] { CHECK(NativeGs::Sleep(1000)); }).ok());
    Await([&] { return fix.gs->live() == 2; });
  }
}

TEST_CASE("native: a G that sleeps is no deadlock") {
  NativeFixture fix(2);
  fix.Run([&] {
    for (int i = 0; i < 50; i++)
      CHECK(NativeGs::Sleep(50'000));
  });
}

// The timer of a wait that ended early says nothing about who may be woken.
TEST_CASE("native: a deadlock is found though a useless timer is armed") {
  for (const int procs : {1, 2}) {
    Chan<int> chan(0);
    NativeFixture fix(procs);
    const Status status = fix.gs->Run([&] {
      fix.gs->Go([&] { chan.Send(1); });
      int value = 0;
      CHECK(chan.Recv(&value, NowNs() + 3600 * kSecond) == ChanStatus::kOk);
      CHECK(chan.Recv(&value) == ChanStatus::kCancelled);
    });
    CHECK(status.code() == StatusCode::kDeadlock);
  }
}

// The scheduler gets idle and is given work in the same moment.
TEST_CASE("native: an idle scheduler that is given work is no deadlock") {
  for (const int procs : {1, 2}) {
    NativeFixture fix(procs);
    int wrong = 0;
    for (int i = 0; i < 20'000; i++) {
      if (!fix.gs->Run([] {}).ok()) wrong++;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE(
    "native: threads that run Gs at one time do not see each other's end") {
  NativeFixture fix(2);
  std::atomic<int> wrong{0};
  OnThreads(3, [&](int) {
    for (int i = 0; i < 3000; i++) {
      if (!fix.gs->Run([] { NativeGs::Yield(); }).ok()) wrong++;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE("native: a deadlock is seen by every thread that waits for it") {
  Chan<int> chan(0);
  std::atomic<int> deadlocks{0};
  NativeFixture fix(2);
  OnThreads(3, [&](int) {
    const Status status = fix.gs->Run([&] {
      int value = 0;
      (void)chan.Recv(&value);
    });
    if (status.code() == StatusCode::kDeadlock) deadlocks++;
  });
  CHECK(deadlocks == 3);
}

TEST_CASE("native: after cancelling no new G is made") {
  NativeFixture fix(1);
  CHECK_FALSE(fix.gs->cancelled());
  fix.gs->CancelAll();
  CHECK(fix.gs->cancelled());
  CHECK_FALSE(fix.gs->Go([] {}));
  CHECK(fix.gs->Run([] {}).code() == StatusCode::kStopped);
}

// Waits begin while they are cancelled: none is missed. [NC1]
TEST_CASE("native: cancelling reaches waits that begin at that moment") {
  for (int round = 0; round < 200; round++) {
    NativeFixture fix(2);
    Chan<int> chan(0);
    std::atomic<int> started{0};
    for (int i = 0; i < 4; i++) {
      fix.gs->Go([&, i] {
        started++;
        int value = 0;
        while (!fix.gs->cancelled()) {
          if (chan.Recv(&value, NowNs() + int64_t{i} * 1000) ==
              ChanStatus::kCancelled) {
            break;
          }
        }
        (void)chan.Recv(&value);
      });
    }
    Await([&] { return started > 0; });
    fix.gs->CancelAll();
    Await([&] { return fix.gs->live() == 0; });
  }
}

}  // namespace
}  // namespace trilune
