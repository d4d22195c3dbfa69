// Tests of sched/core/thread_lock.h on the whole scheduler: which thread a
//            locked G
// runs on, who else runs there, and when that thread ends.

#include "sched/core/thread_lock.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "sched/core/loop.h"
#include "sched/native/chan.h"
#include "sched/sync/check.h"
#include "tests/sched/fixture.h"

namespace trilune {
namespace {

bool Lock() {
  M* m = CurrentM();
  return LockThread(m, m->running()) == 0;
}

bool Unlock() {
  M* m = CurrentM();
  return UnlockThread(m, m->running());
}

// A system call of the running G that takes `ns`.
void Call(int64_t ns) {
  M* m = CurrentM();
  G* g = m->running();
  TRI_CHECK(CanParkWithStack(m));
  EnterSyscall(m, g);
  const timespec time = {ns / kSecond, ns % kSecond};
  nanosleep(&time, nullptr);  // allow: sleep, as a call that blocks
  static_cast<void>(ExitSyscall(g));
}

// Computes for `ns`.
void Spin(int64_t ns) {
  const int64_t end = NowNs() + ns;
  while (NowNs() < end) {
  }
}

// One of the things that a G does, chosen by `n`.
void DoSomething(int n) {
  if (n % 4 == 0) NativeGs::Yield();
  if (n % 4 == 1) NativeGs::Sleep(50'000);
  if (n % 4 == 2) Call(50'000);
  if (n % 4 == 3) Spin(20'000);
}

// Threads that belong to a locked G now: no other G may find itself there.
class Reserved {
 public:
  void Add(pid_t tid) {
    std::lock_guard lock(mu_);
    CHECK(tids_.insert(tid).second);
  }
  void Remove(pid_t tid) {
    std::lock_guard lock(mu_);
    CHECK(tids_.erase(tid) == 1);
  }
  bool Has(pid_t tid) {
    std::lock_guard lock(mu_);
    return tids_.count(tid) > 0;
  }

 private:
  std::mutex mu_;
  std::set<pid_t> tids_;
};

// How many threads this process has.
long ThreadsOfProcess() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

// How much of the address space it uses.
long MappedPages() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages;
}

cpu_set_t Affinity() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
  return cpus;
}

bool Same(const cpu_set_t& a, const cpu_set_t& b) {
  return CPU_EQUAL(&a, &b) != 0;
}

// The first CPU of `cpus` alone.
cpu_set_t FirstOf(const cpu_set_t& cpus) {
  cpu_set_t one;
  CPU_ZERO(&one);
  for (size_t i = 0; i < CPU_SETSIZE; i++) {
    if (!CPU_ISSET(i, &cpus)) continue;
    CPU_SET(i, &one);
    break;
  }
  return one;
}

TEST_CASE("thread lock: calls nest, and an unlock too many is refused") {
  NativeFixture fix(2);
  fix.Run([] {
    CHECK(!Unlock());
    G* g = CurrentM()->running();
    CHECK(LockedTo(g) == nullptr);
    CHECK(Lock());
    CHECK(Lock());
    CHECK(LockedTo(g) == CurrentM());
    CHECK(Unlock());
    CHECK(LockedTo(g) == CurrentM());
    CHECK(Unlock());
    CHECK(LockedTo(g) == nullptr);
    CHECK(!Unlock());
  });
}

// Locks the running G, lets it wait in every way, and unlocks it. What is sent
// to `ping` shall come back by `pong`.
void WaitLocked(Reserved* reserved, Chan<int>* ping, Chan<int>* pong) {
  CHECK(Lock());
  const pid_t tid = gettid();
  const pthread_t thread = pthread_self();
  reserved->Add(tid);
  const auto still_here = [&] {
    return gettid() == tid && pthread_equal(pthread_self(), thread) != 0;
  };
  for (int k = 0; k < 10; k++) {
    NativeGs::Yield();
    CHECK(still_here());
    ping->Send(k);
    CHECK(still_here());
    int n = 0;
    pong->Recv(&n);
    CHECK(n == k);
    CHECK(still_here());
    CHECK(NativeGs::Sleep(20'000));
    CHECK(still_here());
    Call(k % 2 == 0 ? 1'000 : 2'000'000);
    CHECK(still_here());
  }
  reserved->Remove(tid);
  CHECK(Unlock());
}

TEST_CASE("thread lock: a locked G stays on its thread, alone") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    Reserved reserved;
    std::atomic<bool> ended{false};
    std::atomic<int> others{0};
    std::atomic<int> intrusions{0};
    for (int i = 0; i < 6; i++) {
      others++;
      fix.gs->Go([&, i] {
        while (!ended) {
          if (reserved.Has(gettid())) intrusions++;
          DoSomething(i);
          NativeGs::Yield();
        }
        others--;
      });
    }
    fix.Run([&] {
      Chan<int> ping(0);
      Chan<int> pong(0);
      fix.gs->Go([&] {
        int n = 0;
        while (ping.Recv(&n) == ChanStatus::kOk && n >= 0)
          pong.Send(n);
      });
      for (int round = 0; round < 20; round++) {
        WaitLocked(&reserved, &ping, &pong);
        NativeGs::Yield();
      }
      ping.Send(-1);
      ended = true;
      while (others > 0)
        NativeGs::Sleep(kMillisecond);
    });
    CHECK(intrusions == 0);
  }
}

TEST_CASE("thread lock: many locked Gs have a thread each") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    constexpr int kGs = 40;
    Reserved reserved;
    std::atomic<int> done{0};
    std::atomic<int> moved{0};
    for (int i = 0; i < kGs; i++) {
      fix.gs->Go([&, i] {
        CHECK(Lock());
        const pid_t tid = gettid();
        reserved.Add(tid);
        for (int k = 0; k < 25; k++) {
          DoSomething(i + k);
          if (gettid() != tid) moved++;
        }
        reserved.Remove(tid);
        CHECK(Unlock());
        done++;
      });
    }
    Await([&] { return fix.gs->live() == 0; });
    CHECK(done == kGs);
    CHECK(moved == 0);
    CHECK(fix.sched->stats().threads <= 2 * kGs);
  }
}

TEST_CASE("thread lock: locked Gs talk to each other") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    fix.Run([&] {
      constexpr int kGs = 8;
      std::vector<std::unique_ptr<Chan<int>>> ring;
      for (int i = 0; i <= kGs; i++)
        ring.push_back(std::make_unique<Chan<int>>(0));
      for (int i = 0; i < kGs; i++) {
        fix.gs->Go([&, i] {
          CHECK(Lock());
          const pid_t tid = gettid();
          int n = 0;
          while (ring[static_cast<size_t>(i)]->Recv(&n) == ChanStatus::kOk) {
            CHECK(gettid() == tid);
            ring[static_cast<size_t>(i) + 1]->Send(n + 1);
            if (n < 0) break;
          }
          CHECK(Unlock());
        });
      }
      CHECK(Lock());
      for (int k = 0; k < 100; k++) {
        int n = 0;
        CHECK(ring[0]->Send(k) == ChanStatus::kOk);
        CHECK(ring[kGs]->Recv(&n) == ChanStatus::kOk);
        CHECK(n == k + kGs);
      }
      int n = 0;
      CHECK(ring[0]->Send(-100) == ChanStatus::kOk);
      CHECK(ring[kGs]->Recv(&n) == ChanStatus::kOk);
      CHECK(Unlock());
    });
  }
}

TEST_CASE("thread lock: others go on while a locked G computes or waits") {
  NativeFixture fix(2);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> turns{0};
  fix.gs->Go([&] {
    while (!stop) {
      turns++;
      NativeGs::Yield();
    }
  });
  fix.Run([&] {
    CHECK(Lock());
    for (int k = 0; k < 20; k++) {
      const uint64_t before = turns;
      while (turns == before)
        Spin(1000);
      const uint64_t asleep = turns;
      CHECK(NativeGs::Sleep(kMillisecond));
      while (turns == asleep)
        NativeGs::Yield();
    }
    CHECK(Unlock());
    stop = true;
  });
}

TEST_CASE(
    "thread lock: a locked G whose P was taken comes back to its thread") {
  SchedulerConfig config;
  config.slice_ns = kMillisecond;
  NativeFixture fix(1, config);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> turns{0};
  std::atomic<pid_t> reserved{0};
  std::atomic<int> intrusions{0};
  fix.gs->Go([&] {
    while (!stop) {
      turns++;
      if (gettid() == reserved) intrusions++;
      NativeGs::Yield();
    }
  });
  fix.Run([&] {
    CHECK(Lock());
    const pid_t tid = gettid();
    reserved = tid;
    for (int k = 0; k < 3; k++) {
      const uint64_t before = turns;
      // The only P: the other G runs once sysmon has taken it from this M.
      Await([&] { return turns > before + 10; });
      CHECK(gettid() == tid);
      NativeGs::Yield();
      CHECK(gettid() == tid);
      CHECK(NativeGs::Sleep(1000));
      CHECK(gettid() == tid);
    }
    reserved = 0;
    CHECK(Unlock());
    stop = true;
  });
  CHECK(intrusions == 0);
  CHECK(fix.sched->stats().taken > 0);
}

TEST_CASE("thread lock: the number of Ps changes under locked Gs") {
  NativeFixture fix(4);
  std::atomic<bool> stop{false};
  std::atomic<int> moved{0};
  for (int i = 0; i < 6; i++) {
    fix.gs->Go([&, i] {
      CHECK(Lock());
      const pid_t tid = gettid();
      while (!stop) {
        DoSomething(i);
        NativeGs::Yield();
        if (gettid() != tid) moved++;
      }
      CHECK(Unlock());
    });
  }
  fix.Run([&] {
    for (int k = 0; k < 100; k++) {
      fix.sched->SetProcs(1 + k % 4);
      CHECK(NativeGs::Sleep(200'000));
    }
  });
  stop = true;
  Await([&] { return fix.gs->live() == 0; });
  CHECK(moved == 0);
}

TEST_CASE("thread lock: a G that ends locked takes its thread with it") {
  for (const int procs : {1, 3}) {
    NativeFixture fix(procs);
    fix.Run([] {});
    const long before = ThreadsOfProcess();
    std::mutex mu;
    std::set<pid_t> dead;
    int reused = 0;
    for (int i = 0; i < 100; i++) {
      fix.Run([&, i] {
        std::lock_guard lock(mu);
        if (dead.count(gettid()) > 0) reused++;
        if (i % 2 == 0) return;
        CHECK(Lock());
        CHECK(Lock());
        dead.insert(gettid());
      });
    }
    CHECK(dead.size() == 50);
    CHECK(reused == 0);
    // Each thread that ended has been replaced at most.
    Await([&] { return ThreadsOfProcess() <= before + procs + 1; });
    Await([&] { return fix.sched->stats().threads <= procs + 2; });
  }
}

TEST_CASE("thread lock: nothing is left of threads that ended") {
  NativeFixture fix(2);
  const auto end_threads = [&](int n) {
    for (int i = 0; i < n; i++)
      fix.Run([] { CHECK(Lock()); });
  };
  end_threads(50);
  const long before = MappedPages();
  end_threads(500);
  // Each stack of 8 MB that nobody joined would stay mapped.
  Await([&] {
    fix.Run([] { Spin(kMillisecond); });
    return MappedPages() < before + 100 * ((8 << 20) / sysconf(_SC_PAGESIZE));
  });
}

TEST_CASE("thread lock: threads do not pile up with locks that come and go") {
  NativeFixture fix(2);
  for (int i = 0; i < 100; i++) {
    fix.Run([] {
      CHECK(Lock());
      NativeGs::Sleep(10'000);
      NativeGs::Yield();
      Call(1'000'000 / 4);
      CHECK(Unlock());
    });
  }
  CHECK(fix.sched->stats().threads <= 6);
}

TEST_CASE("thread lock: affinity is set for a locked G and restored after") {
  NativeFixture fix(2);
  fix.Run([] {
    M* m = CurrentM();
    G* g = m->running();
    const cpu_set_t before = Affinity();
    const cpu_set_t one = FirstOf(before);
    CHECK(SetThreadAffinity(m, g, one) == EPERM);
    CHECK(Lock());
    CHECK(SetThreadAffinity(m, g, one) == 0);
    CHECK(Same(Affinity(), one));
    CHECK(NativeGs::Sleep(1000));
    CHECK(Same(Affinity(), one));
    cpu_set_t none;
    CPU_ZERO(&none);
    CHECK(SetThreadAffinity(CurrentM(), g, none) == EINVAL);
    CHECK(Same(Affinity(), one));
    CHECK(Lock());
    CHECK(SetThreadAffinity(CurrentM(), g, before) == 0);
    CHECK(SetThreadAffinity(CurrentM(), g, one) == 0);
    CHECK(Unlock());
    CHECK(Same(Affinity(), one));
    CHECK(Unlock());
    CHECK(Same(Affinity(), before));
  });
}

TEST_CASE("thread lock: threads that a deaf one makes can be preempted") {
  NativeFixture fix(1);
  std::atomic<int> deaf{0};
  std::atomic<int> waiting{0};
  constexpr int kGs = 8;
  for (int i = 0; i < kGs; i++) {
    fix.gs->Go([&] {
      sigset_t before;
      sigset_t all;
      sigfillset(&all);
      CHECK(Lock());
      CHECK(pthread_sigmask(SIG_BLOCK, &all, &before) == 0);
      if (sigismember(&before, SIGURG) != 0) deaf++;
      waiting++;
      while (waiting < kGs)
        NativeGs::Sleep(10'000);
      CHECK(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
      CHECK(Unlock());
    });
  }
  Await([&] { return fix.gs->live() == 0; });
  CHECK(deaf == 0);
}

TEST_CASE("thread lock: threads that a pinned one makes are not pinned") {
  const cpu_set_t before = Affinity();
  if (CPU_COUNT(&before) < 2) return;
  NativeFixture fix(1);
  std::atomic<int> pinned{0};
  std::atomic<int> waiting{0};
  constexpr int kGs = 8;
  for (int i = 0; i < kGs; i++) {
    fix.gs->Go([&] {
      if (!Same(Affinity(), before)) pinned++;
      M* m = CurrentM();
      CHECK(Lock());
      CHECK(SetThreadAffinity(m, m->running(), FirstOf(before)) == 0);
      waiting++;
      while (waiting < kGs)
        NativeGs::Sleep(10'000);
      CHECK(Unlock());
    });
  }
  Await([&] { return fix.gs->live() == 0; });
  CHECK(pinned == 0);
}

TEST_CASE("thread lock: a deadlock of locked Gs is found") {
  for (const int procs : {1, 2, 4}) {
    for (int i = 0; i < 20; i++) {
      NativeFixture fix(procs);
      Chan<int> never(0);
      const Status status = fix.gs->Run([&] {
        for (int k = 0; k < i % 4; k++) {
          fix.gs->Go([&, k] {
            CHECK(Lock());
            if (k % 2 == 0) NativeGs::Sleep(10'000);
            int n = 0;
            never.Recv(&n);
          });
        }
        CHECK(Lock());
        if (i % 2 == 0) NativeGs::Yield();
        int n = 0;
        never.Recv(&n);
      });
      CHECK(status.code() == StatusCode::kDeadlock);
      // Before the channel goes away.
      fix.gs->CancelAll();
      Await([&] { return fix.gs->live() == 0; });
    }
  }
}

TEST_CASE("thread lock: a deadlock is found after a locked G has ended") {
  for (int i = 0; i < 50; i++) {
    NativeFixture fix(1 + i % 3);
    Chan<int> never(0);
    const Status status = fix.gs->Run([&] {
      fix.gs->Go([] { CHECK(Lock()); });
      int n = 0;
      never.Recv(&n);
    });
    CHECK(status.code() == StatusCode::kDeadlock);
    fix.gs->CancelAll();
    Await([&] { return fix.gs->live() == 0; });
  }
}

TEST_CASE("thread lock: a G on its way to its thread is no deadlock") {
  for (const int procs : {1, 2}) {
    NativeFixture fix(procs);
    Chan<int> there(0);
    Chan<int> back(0);
    fix.Run([&] {
      fix.gs->Go([&] {
        int n = 0;
        while (there.Recv(&n) == ChanStatus::kOk && n >= 0)
          back.Send(n);
      });
      CHECK(Lock());
      for (int k = 0; k < 3000; k++) {
        there.Send(k);
        int n = -1;
        back.Recv(&n);
        CHECK(n == k);
      }
      there.Send(-1);
      CHECK(Unlock());
    });
  }
}

// A scheduler stops with eight locked Gs, which are cancelled before or not.
void StopWithLockedGs(int procs, bool cancels) {
  SchedulerConfig config;
  config.procs = procs;
  Chan<int> never(0);
  Scheduler sched(config);
  REQUIRE(sched.Start().ok());
  NativeGs gs(&sched);
  std::atomic<int> begun{0};
  for (int k = 0; k < 8; k++) {
    gs.Go([&, k] {
      CHECK(Lock());
      begun++;
      int n = 0;
      if (k == 0) never.Recv(&n);
      while (!gs.cancelled()) {
        DoSomething(k);
        NativeGs::Yield();
      }
    });
  }
  Await([&] { return begun == 8; });
  if (cancels) {
    gs.CancelAll();
    Await([&] { return gs.live() == 0; });
  }  // else they are left where they are
  CHECK(sched.Stop(NowNs() + 60 * kSecond));
}

TEST_CASE("thread lock: stops while locked Gs wait, call and sleep") {
  for (int i = 0; i < 10; i++) {
    StopWithLockedGs(1, i % 2 == 0);
    StopWithLockedGs(4, i % 2 == 0);
  }
}

}  // namespace
}  // namespace trilune
