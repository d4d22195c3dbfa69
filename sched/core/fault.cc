#include "sched/core/fault.h"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "sched/core/scheduler.h"
#include "sched/sync/sanitizers.h"
#include "sched/thread/m.h"

namespace trilune {
namespace {

#if defined(TRI_ASAN) || defined(TRI_TSAN)
constexpr bool kWatch = false;
#else
constexpr bool kWatch = true;
#endif

// What SIGSEGV did before. Written before the handler can run.
struct sigaction previous = {};

void Write(const char* text, size_t bytes) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, bytes);
}

void WriteNumber(uint64_t number) {
  char digits[20];
  size_t at = sizeof(digits);
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  Write(digits + at, sizeof(digits) - at);
}

// Async-signal-safe. After the return the faulting instruction runs again, and
// meets the previous action.
void OnFault(int signal, siginfo_t* info, void* /*context*/) {
  M* m = CurrentM();
  if (m != nullptr && m->sched->fibers().IsGuard(info->si_addr)) {
    constexpr char kText[] = "fatal: C stack overflow in goroutine ";
    Write(kText, sizeof(kText) - 1);
    WriteNumber(m->running() == nullptr ? 0 : m->running()->id);
    Write("\n", 1);
  }
  sigaction(signal, &previous, nullptr);
}

}  // namespace

void WatchForOverflow(char* stack, size_t bytes) {
  if (!kWatch) return;
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = bytes;
  sigaltstack(&alternate, nullptr);
  static std::once_flag installed;  // allow: std::mutex, a flag and no lock
  std::call_once(installed, [] {
    struct sigaction action = {};
    action.sa_sigaction = &OnFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &previous);
  });
}

}  // namespace trilune
