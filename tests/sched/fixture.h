// What the scheduler's tests share: a scheduler with native Gs that must end
// clean, OnThreads, and death tests.

#ifndef TRI_TESTS_SCHED_FIXTURE_H_
#define TRI_TESTS_SCHED_FIXTURE_H_

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "sched/base/clock.h"
#include "sched/core/scheduler.h"
#include "sched/native/native.h"
#include "tests/support/hang.h"

namespace trilune {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMillisecond = 1'000'000;

using test::Await;

// Runs `body(i)` for each i from 0 to n - 1 on a thread of its own, and waits
// for all.
template <class Body>
void OnThreads(int n, Body body) {
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(n));
  for (int i = 0; i < n; i++)
    threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads)
    thread.join();
}

// A running scheduler with native Gs. At the end every G must have ended, or
// end when it is cancelled, and every M must stop.
struct NativeFixture {
  explicit NativeFixture(int procs, SchedulerConfig config = {}) {
    config.procs = procs;
    sched = std::make_unique<Scheduler>(config);
    REQUIRE(sched->Start().ok());
    gs = std::make_unique<NativeGs>(sched.get());
  }
  ~NativeFixture() {
    gs->CancelAll();
    Await([this] { return gs->live() == 0; });
    CHECK(sched->Stop(NowNs() + 60 * kSecond));
  }
  NativeFixture(const NativeFixture&) = delete;
  NativeFixture& operator=(const NativeFixture&) = delete;

  // Runs `body` as a G, which must end.
  void Run(std::function<void()> body) {
    const Status status = gs->Run(std::move(body));
    CHECK_MESSAGE(status.ok(), status.message());
  }

  // What a hang shows.
  [[nodiscard]] std::string Dump() const {
    const SchedulerStats stats = sched->stats();
    return "procs " + std::to_string(stats.procs) + ", idle " +
           std::to_string(stats.idle_procs) + ", threads " +
           std::to_string(stats.threads) + ", spinning " +
           std::to_string(stats.spinning) + ", stuck " +
           std::to_string(stats.stuck) + ", taken " +
           std::to_string(stats.taken) + ", retakes " +
           std::to_string(stats.retakes) + ", live Gs " +
           std::to_string(gs->live());
  }

  std::unique_ptr<Scheduler> sched;
  std::unique_ptr<NativeGs> gs;
  const test::DumpOnHang on_hang{[this] { return Dump(); }};
};

// How a child process that ran a piece of code ended.
struct Death {
  int signal = 0;    // that killed it; 0: none
  int code = 0;      // it exited with
  std::string text;  // what it wrote to stderr
};

// Runs `body` in a forked child. Requires: no other thread runs.
template <class Body>
Death RunInChild(Body body) {
  int ends[2] = {-1, -1};
  REQUIRE(pipe(ends) == 0);
  std::fflush(nullptr);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::signal(SIGABRT, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    _exit(0);
  }
  close(ends[1]);
  Death death;
  char buffer[4096];
  ssize_t n = 0;
  while ((n = read(ends[0], buffer, sizeof buffer)) > 0) {
    death.text.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  if (WIFEXITED(status)) death.code = WEXITSTATUS(status);
  return death;
}

// True if `body`, run in a child, ends by TRI_CHECK's abort.
template <class Body>
bool BreaksCheck(Body body) {
  const Death death = RunInChild(body);
  return death.text.find("fatal: ") != std::string::npos &&
         (death.signal == SIGABRT || death.code != 0);
}

}  // namespace trilune

#endif  // TRI_TESTS_SCHED_FIXTURE_H_
