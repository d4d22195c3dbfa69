// sysmon and native Gs: calls that block in the kernel, Gs that do not come
// back, and the signal. Preemption of Lua is in tests/vm and tests/stdlib.

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <thread>

#include <doctest/doctest.h>

#include "sched/core/loop.h"
#include "sched/native/chan.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

// --- A handler of SIGURG that was there before the first scheduler. ---

std::atomic<int> foreign_signals{0};

const bool kForeignIsInstalled = [] {
  struct sigaction action = {};
  action.sa_handler = [](int) { foreign_signals++; };
  action.sa_flags = SA_RESTART;
  return sigaction(SIGURG, &action, nullptr) == 0;
}();

// --- Ways to be away. ---

class Pipe {
 public:
  Pipe() { REQUIRE(pipe(ends_) == 0); }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // Blocks until there is a byte.
  [[nodiscard]] bool Read() const {
    char byte = 0;
    return read(ends_[0], &byte, 1) == 1;
  }
  void Write(int n) const {
    for (int i = 0; i < n; i++)
      CHECK(write(ends_[1], "x", 1) == 1);
  }

 private:
  int ends_[2] = {-1, -1};
};

// Runs `call` as a system call of the running native G.
template <class Call>
auto InCall(Call call) {
  M* m = CurrentM();
  G* g = m->current;
  REQUIRE(CanParkWithStack(m));
  EnterSyscall(m, g);
  const auto result = call();
  static_cast<void>(ExitSyscall(g));
  CHECK(CurrentM()->current == g);
  return result;
}

// Computes until `condition` holds.
template <class Condition>
void SpinUntil(Condition condition) {
  while (!condition())
    std::this_thread::yield();
}

int64_t ProcessCpuNs() {
  timespec spent = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return spent.tv_sec * kSecond + spent.tv_nsec;
}

SchedulerConfig WithSlice(int64_t slice_ns) {
  SchedulerConfig config;
  config.slice_ns = slice_ns;
  return config;
}

void AwaitRest(const Scheduler& sched) {
  Await([&] {
    const SchedulerStats stats = sched.stats();
    return stats.idle_procs == stats.procs && stats.spinning == 0 &&
           stats.stuck == 0;
  });
}

// A pause of this thread, by the clock of another scheduler.
void Pause(int64_t ns) {
  NativeFixture clock(1);
  clock.Run([ns] { (void)NativeGs::Sleep(ns); });
}

// --- Calls. ---

TEST_CASE("sysmon: with one P others run while a G is in a call") {
  Pipe pipe;
  NativeFixture fix(1);
  std::atomic<int> calling{0};
  std::atomic<int> ended{0};
  fix.gs->Go([&] {
    calling = 1;
    CHECK(InCall([&] { return pipe.Read(); }));
    ended++;
  });
  Await([&] { return calling == 1; });
  for (int i = 0; i < 100; i++) {
    std::atomic<bool> ran{false};
    fix.gs->Go([&] { ran = true; });
    Await([&] { return ran.load(); });
  }
  CHECK(ended == 0);
  CHECK(fix.sched->stats().retakes >= 1);
  CHECK(fix.sched->stats().taken == 0);
  pipe.Write(1);
  Await([&] { return ended == 1; });
}

TEST_CASE("sysmon: short calls keep what they have, mostly") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    constexpr int kRounds = 1000;
    std::atomic<int> rounds{0};
    constexpr int kGs = 3;
    for (int i = 0; i < kGs; i++) {
      fix.gs->Go([&] {
        for (int k = 0; k < kRounds; k++) {
          CHECK(InCall([] { return getppid(); }) == getppid());
          rounds++;
          if (k % 10 == 0) NativeGs::Yield();
        }
      });
    }
    Await([&] { return fix.gs->live() == 0; });
    CHECK(rounds == kGs * kRounds);
    CHECK(fix.sched->stats().retakes < kGs * kRounds / 4);
    AwaitRest(*fix.sched);
  }
}

TEST_CASE("sysmon: a G's errno, locals and waits survive a call") {
  Pipe pipe;
  NativeFixture fix(1);
  Chan<int> chan(0);
  int sum = 0;
  fix.gs->Go([&] {
    for (int i = 1; i <= 50; i++) {
      int mine = i * 3;
      CHECK(InCall([&] { return pipe.Read(); }));
      chan.Send(mine);
    }
    chan.Close();
  });
  fix.Run([&] {
    for (int i = 1; i <= 50; i++) {
      pipe.Write(1);
      int value = 0;
      CHECK(chan.Recv(&value) == ChanStatus::kOk);
      CHECK(value == i * 3);
      sum += value;
    }
  });
  CHECK(sum == 3 * 50 * 51 / 2);
}

TEST_CASE("sysmon: many Gs are in calls at once") {
  for (const int procs : {1, 3}) {
    Pipe pipe;
    NativeFixture fix(procs);
    constexpr int kGs = 60;
    std::atomic<int> calling{0};
    std::atomic<int> ended{0};
    for (int i = 0; i < kGs; i++) {
      fix.gs->Go([&] {
        calling++;
        CHECK(InCall([&] { return pipe.Read(); }));
        NativeGs::Yield();
        ended++;
      });
    }
    Await([&] { return calling == kGs; });
    fix.Run([] { NativeGs::Yield(); });
    CHECK(fix.sched->stats().threads >= kGs);
    CHECK(ended == 0);
    pipe.Write(kGs);
    Await([&] { return ended == kGs; });
    AwaitRest(*fix.sched);
  }
}

TEST_CASE("sysmon: that all wait but one in a call is no deadlock") {
  Pipe pipe;
  NativeFixture fix(1);
  std::thread later;
  fix.Run([&] {
    Chan<int> chan(0);
    fix.gs->Go([&] {
      CHECK(InCall([&] { return pipe.Read(); }));
      chan.Send(7);
    });
    // Written once the call's P was taken and everybody waits.
    later = std::thread([&] {
      Await([&] {
        const SchedulerStats stats = fix.sched->stats();
        return stats.retakes > 0 && stats.idle_procs == stats.procs;
      });
      pipe.Write(1);
    });
    int value = 0;
    CHECK(chan.Recv(&value) == ChanStatus::kOk);
    CHECK(value == 7);
  });
  later.join();
}

TEST_CASE("sysmon: stopping waits for a call, up to the deadline") {
  for (const bool is_retaken : {false, true}) {
    CAPTURE(is_retaken);
    Pipe pipe;
    SchedulerConfig config;
    Scheduler sched(config);
    REQUIRE(sched.Start().ok());
    NativeGs gs(&sched);
    std::atomic<bool> calling{false};
    gs.Go([&] {
      calling = true;
      CHECK(InCall([&] { return pipe.Read(); }));
      for (;;)
        NativeGs::Yield();
    });
    Await(
        [&] { return calling && (!is_retaken || sched.stats().retakes > 0); });
    CHECK_FALSE(sched.Stop(NowNs() + kMillisecond));
    pipe.Write(1);
    CHECK(sched.Stop(NowNs() + 60 * kSecond));
  }
}

TEST_CASE("sysmon: Gs in calls are cancelled at their next wait") {
  Pipe pipe;
  NativeFixture fix(2);
  std::atomic<int> calling{0};
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 10; i++) {
    fix.gs->Go([&] {
      calling++;
      CHECK(InCall([&] { return pipe.Read(); }));
      if (!NativeGs::Sleep(3600 * kSecond)) cancelled++;
    });
  }
  Await([&] { return calling == 10; });
  fix.gs->CancelAll();
  CHECK(cancelled == 0);
  pipe.Write(10);
  Await([&] { return cancelled == 10; });
}

// --- Gs that do not come back. ---

TEST_CASE("sysmon: with one P others run while a G computes") {
  NativeFixture fix(1, WithSlice(kMillisecond));
  std::atomic<bool> running{false};
  std::atomic<bool> release{false};
  std::atomic<bool> ended{false};
  fix.gs->Go([&] {
    running = true;
    SpinUntil([&] { return release.load(); });
    NativeGs::Yield();
    ended = true;
  });
  Await([&] { return running.load(); });
  CHECK(fix.sched->stats().stuck == 0);
  for (int i = 0; i < 100; i++) {
    std::atomic<bool> ran{false};
    fix.gs->Go([&] { ran = true; });
    Await([&] { return ran.load(); });
  }
  CHECK_FALSE(ended);
  CHECK(fix.sched->stats().taken >= 1);
  CHECK(fix.sched->stats().stuck == 1);
  release = true;
  Await([&] { return ended.load(); });
  AwaitRest(*fix.sched);
}

TEST_CASE("sysmon: a G that computes while nobody waits keeps its P") {
  NativeFixture fix(2, WithSlice(kMillisecond));
  fix.Run([&] {
    const int64_t until = NowNs() + 30 * kMillisecond;
    SpinUntil([&] { return NowNs() >= until; });
  });
  CHECK(fix.sched->stats().taken == 0);
}

TEST_CASE("sysmon: a G whose P was taken may do anything") {
  Pipe pipe;
  NativeFixture fix(1, WithSlice(kMillisecond));
  const auto lose_p = [&] {
    std::atomic<bool> ran{false};
    fix.gs->Go([&] { ran = true; });
    SpinUntil([&] { return ran.load(); });
    CHECK(fix.sched->stats().stuck == 1);
  };
  Chan<int> chan(0);
  Chan<int> buffered(1);
  fix.gs->Go([&] {
    int value = 0;
    while (chan.Recv(&value) == ChanStatus::kOk)
      buffered.Send(value);
    buffered.Close();
  });
  fix.Run([&] {
    for (int i = 0; i < 5; i++) {
      lose_p();
      NativeGs::Yield();
      lose_p();
      CHECK(NativeGs::Sleep(1000));
      lose_p();
      int value = i;
      CHECK(chan.Send(value) == ChanStatus::kOk);
      lose_p();
      CHECK(buffered.Recv(&value) == ChanStatus::kOk);
      CHECK(value == i);
      lose_p();
      CHECK(buffered.Recv(&value, NowNs() + 1000) == ChanStatus::kTimeout);
      lose_p();
      std::atomic<int> made{0};
      for (int k = 0; k < 10; k++)
        CHECK(fix.gs->Go([&] { made++; }));
      SpinUntil([&] { return made == 10; });
      lose_p();
      pipe.Write(1);
      CHECK(InCall([&] { return pipe.Read(); }));
    }
    lose_p();
    chan.Close();
    lose_p();
  });
  AwaitRest(*fix.sched);
}

// The M comes back from the call with a P at once, without the loop's own way
// to get one again.
TEST_CASE("sysmon: an M that lost its P and then a call counts as back") {
  NativeFixture fix(1, WithSlice(kMillisecond));
  for (int i = 1; i <= 3; i++) {
    Pipe pipe;
    std::atomic<bool> calling{false};
    std::atomic<bool> ended{false};
    fix.gs->Go([&] {
      std::atomic<bool> ran{false};
      fix.gs->Go([&] { ran = true; });
      SpinUntil([&] { return ran.load(); });
      calling = true;
      CHECK(InCall([&] { return pipe.Read(); }));
      ended = true;
    });
    Await([&] { return calling.load(); });
    Await(
        [&] { return fix.sched->stats().retakes >= static_cast<uint64_t>(i); });
    CHECK(fix.sched->stats().taken == static_cast<uint64_t>(i));
    pipe.Write(1);
    Await([&] { return ended.load(); });
    AwaitRest(*fix.sched);
  }
}

TEST_CASE("sysmon: as many as 64 Ms may run without a P") {
  Pipe pipe;
  NativeFixture fix(1, WithSlice(kMillisecond));
  constexpr int kCap = 64;
  constexpr int kGs = kCap + 8;
  std::atomic<int> started{0};
  std::atomic<int> ended{0};
  for (int i = 0; i < kGs; i++) {
    fix.gs->Go([&] {
      started++;
      CHECK(pipe.Read());  // not announced as a call
      ended++;
    });
  }
  Await([&] { return started == kCap + 1; });
  Await([&] { return fix.sched->stats().stuck == kCap; });
  Pause(20 * kMillisecond);
  CHECK(started == kCap + 1);
  CHECK(fix.sched->stats().taken == kCap);
  CHECK(fix.sched->stats().stuck == kCap);
  // Those that come back make room for others.
  pipe.Write(kGs);
  Await([&] { return ended == kGs; });
  AwaitRest(*fix.sched);
  // And the count is right again.
  std::atomic<int> again{0};
  for (int i = 0; i < 10; i++) {
    fix.gs->Go([&] {
      again++;
      CHECK(pipe.Read());
    });
  }
  Await([&] { return again == 10; });
  pipe.Write(10);
  AwaitRest(*fix.sched);
}

TEST_CASE("sysmon: stopping waits for a G whose P was taken") {
  SchedulerConfig config = WithSlice(kMillisecond);
  Scheduler sched(config);
  REQUIRE(sched.Start().ok());
  NativeGs gs(&sched);
  std::atomic<bool> release{false};
  gs.Go([&] {
    gs.Go([] {});
    SpinUntil([&] { return release.load(); });
    for (;;)
      NativeGs::Yield();
  });
  Await([&] { return sched.stats().stuck == 1; });
  CHECK_FALSE(sched.Stop(NowNs() + kMillisecond));
  release = true;
  CHECK(sched.Stop(NowNs() + 60 * kSecond));
}

TEST_CASE("sysmon: timers of a P whose G computes are on time") {
  NativeFixture fix(1, WithSlice(kMillisecond));
  std::atomic<int> ticks{0};
  fix.gs->Go([&] {
    for (int i = 0; i < 20; i++) {
      CHECK(NativeGs::Sleep(100'000));
      ticks++;
    }
  });
  // With one P it can only tick if this G loses it.
  fix.Run([&] { SpinUntil([&] { return ticks == 20; }); });
  AwaitRest(*fix.sched);
}

// --- All of it, while Ps come and go. ---

TEST_CASE("sysmon: Ps come and go while Gs call, compute and wait") {
  Pipe pipe;
  NativeFixture fix(2, WithSlice(200'000));
  Chan<int> chan(1);
  constexpr int kGs = 24;
  constexpr int kRounds = 60;
  std::atomic<int> ended{0};
  std::atomic<int> to_write{0};
  for (int i = 0; i < kGs; i++) {
    fix.gs->Go([&, i] {
      for (int k = 0; k < kRounds; k++) {
        switch ((i + k) % 6) {
          case 0: {
            const int64_t until = NowNs() + 400'000;
            SpinUntil([&] { return NowNs() >= until; });
            break;
          }
          case 1:
            to_write++;
            CHECK(InCall([&] { return pipe.Read(); }));
            break;
          case 2:
            to_write++;
            CHECK(pipe.Read());
            break;
          case 3:
            (void)InCall([] { return getppid(); });
            break;
          case 4:
            (void)NativeGs::Sleep(50'000);
            break;
          default: {
            int value = k;
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
  uint32_t random = 4711;
  bool retook = false;
  while (ended < kGs) {
    random = random * 1664525 + 1013904223;
    (void)fix.sched->SetProcs(1 + static_cast<int>(random >> 16) % 5);
    // The first calls wait until sysmon has retaken a P from one of them.
    if (!retook) retook = fix.sched->stats().retakes > 0;
    if (retook) pipe.Write(to_write.exchange(0));
    std::this_thread::yield();
  }
  Await([&] { return fix.gs->live() == 0; });
  AwaitRest(*fix.sched);
}

// --- Cost. ---

TEST_CASE("sysmon: asleep while all Ps are idle") {
  for (const bool is_in_call : {false, true}) {
    CAPTURE(is_in_call);
    Pipe pipe;
    NativeFixture fix(4, WithSlice(kMillisecond));
    std::atomic<int> ran{0};
    for (int i = 0; i < 20; i++) {
      fix.gs->Go([&] {
        (void)InCall([] { return getppid(); });
        ran++;
      });
    }
    if (is_in_call) {
      fix.gs->Go([&] { (void)InCall([&] { return pipe.Read(); }); });
    }
    Await([&] { return ran == 20; });
    AwaitRest(*fix.sched);
    NativeFixture clock(1);
    AwaitRest(*clock.sched);
    const int64_t cpu_before = ProcessCpuNs();
    clock.Run([] { (void)NativeGs::Sleep(300 * kMillisecond); });
    CHECK(ProcessCpuNs() - cpu_before < 60 * kMillisecond);
    // It wakes up again.
    std::atomic<bool> running{false};
    std::atomic<bool> release{false};
    (void)fix.sched->SetProcs(1);
    fix.gs->Go([&] {
      running = true;
      SpinUntil([&] { return release.load(); });
    });
    Await([&] { return running.load(); });
    fix.gs->Go([&] { release = true; });
    Await([&] { return release.load(); });
    pipe.Write(1);
  }
}

// --- The signal. ---

TEST_CASE("signal: a handler that was there before is called as before") {
  REQUIRE(kForeignIsInstalled);
  NativeFixture fix(1, WithSlice(kMillisecond));
  fix.Run([] {});
  // sysmon's own signals do not get there.
  std::atomic<bool> release{false};
  fix.gs->Go([&] { SpinUntil([&] { return release.load(); }); });
  const int before = foreign_signals;
  Pause(30 * kMillisecond);
  CHECK(foreign_signals == before);
  // Others do, whatever thread they are for.
  raise(SIGURG);
  Await([&] { return foreign_signals == before + 1; });
  kill(getpid(), SIGURG);
  Await([&] { return foreign_signals == before + 2; });
  fix.Run([] { raise(SIGURG); });
  Await([&] { return foreign_signals == before + 3; });
  release = true;
}

TEST_CASE("signal: from elsewhere it harms nobody") {
  Pipe pipe;
  NativeFixture fix(2, WithSlice(kMillisecond));
  std::atomic<bool> enough{false};
  std::atomic<int> ended{0};
  for (int i = 0; i < 6; i++) {
    fix.gs->Go([&, i] {
      while (!enough) {
        NativeGs::Yield();
        if (i == 0) raise(SIGURG);
        if (i == 1) (void)NativeGs::Sleep(1000);
        if (i == 2) (void)InCall([] { return raise(SIGURG); });
        if (i == 3) {
          pipe.Write(1);
          CHECK(InCall([&] { return pipe.Read(); }));
        }
      }
      ended++;
    });
  }
  for (int i = 0; i < 2000; i++)
    kill(getpid(), SIGURG);
  enough = true;
  Await([&] { return ended == 6; });
}

}  // namespace
}  // namespace trilune
