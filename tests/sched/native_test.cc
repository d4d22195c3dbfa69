// Tests of native Gs on the whole scheduler: sched/native.h, chan.h, select.h.

#include "sched/native.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "sched/chan.h"
#include "sched/clock.h"
#include "sched/select.h"

namespace trilune {
namespace {

// A scheduler that is stopped, and must have nothing left, at the end.
struct Fixture {
  explicit Fixture(int procs) {
    SchedulerConfig config;
    config.procs = procs;
    sched = std::make_unique<Scheduler>(config);
    REQUIRE(sched->Start().ok());
    gs = std::make_unique<NativeGs>(sched.get());
  }
  ~Fixture() {
    gs->CancelAll();
    while (gs->live() > 0) std::this_thread::yield();
    REQUIRE(sched->Stop(NowNs() + 10'000'000'000));
  }
  std::unique_ptr<Scheduler> sched;
  std::unique_ptr<NativeGs> gs;
};

TEST_CASE("native: values pass an unbuffered channel in order") {
  for (const int procs : {1, 2, 4}) {
    Fixture fix(procs);
    Chan<int> chan(0);
    int64_t sum = 0;
    const Status status = fix.gs->Run([&] {
      fix.gs->Go([&] {
        for (int i = 0; i < 10000; i++) chan.Send(std::move(i));
        chan.Close();
      });
      int value = 0;
      int expected = 0;
      while (chan.Recv(&value) == ChanStatus::kOk) {
        CHECK(value == expected++);
        sum += value;
      }
    });
    CHECK(status.ok());
    CHECK(sum == 49995000);
  }
}

TEST_CASE("native: many Gs on several Ps all run") {
  Fixture fix(4);
  std::atomic<int> ran{0};
  Chan<int> done(0);
  const Status status = fix.gs->Run([&] {
    for (int i = 0; i < 10000; i++) {
      fix.gs->Go([&] {
        NativeGs::Yield();
        if (ran.fetch_add(1) == 9999) done.Send(1);
      });
    }
    int value = 0;
    CHECK(done.Recv(&value) == ChanStatus::kOk);
  });
  CHECK(status.ok());
  CHECK(ran.load() == 10000);
}

TEST_CASE("native: a sleep is never early") {
  Fixture fix(2);
  const Status status = fix.gs->Run([&] {
    for (int i = 0; i < 20; i++) {
      const int64_t before = NowNs();
      CHECK(NativeGs::Sleep(1'000'000));
      CHECK(NowNs() - before >= 1'000'000);
    }
  });
  CHECK(status.ok());
}

TEST_CASE("native: all asleep is a deadlock") {
  Fixture fix(2);
  Chan<int> chan(0);
  const Status status = fix.gs->Run([&] {
    int value = 0;
    CHECK(chan.Recv(&value) == ChanStatus::kCancelled);
  });
  CHECK(status.code() == StatusCode::kDeadlock);
  fix.gs->CancelAll();
  while (fix.gs->live() > 0) std::this_thread::yield();
}

}  // namespace
}  // namespace trilune
