// A G that overflows its C stack ends the process, but not without a word:
// sched/core/fault.h. In a child process, whose death and last words are looked
// at.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "sched/native/native.h"

namespace trilune {
namespace {

// Always true, which the compiler must not see: it refuses endless recursion.
std::atomic<bool> endless{true};

// Recurses without end; the address keeps each frame alive.
__attribute__((noinline)) int Recurse(const char* outer) {
  char frame[256];
  frame[0] = outer == nullptr ? '\0' : *outer;
  __asm__ volatile("" : : "r"(frame) : "memory");
  return endless ? Recurse(frame) + frame[0] : 0;
}

TEST_CASE("overflow: a fault in a guard page names the goroutine") {
  int ends[2] = {-1, -1};
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    signal(SIGSEGV, SIG_DFL);  // not doctest's
    SchedulerConfig config;
    auto sched = std::make_unique<Scheduler>(config);
    if (!sched->Start().ok()) _exit(1);  // allow: exit, a child's end
    NativeGs gs(sched.get());
    static_cast<void>(gs.Run([] { Recurse(nullptr); }));
    _exit(2);  // allow: exit, a child's end
  }
  close(ends[1]);
  std::string words;
  char buffer[256];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    words.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGSEGV);
  CHECK(words == "fatal: C stack overflow in goroutine 1\n");
}

}  // namespace
}  // namespace trilune
