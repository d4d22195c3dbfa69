// Shells: starting them, and waiting for their end.
//
// The wait must be ended by two things: the child's end, and a cancellation,
// which makes `wake_fd` readable. A pidfd makes the first one visible to poll,
// too. Where the kernel has no pidfds, the wait looks at the child every few
// milliseconds.
//
// A cancelled G tells its child to end (SIGTERM) and goes on waiting. If the
// child is still there a second later, it gets SIGKILL.

#include "stdlib/io/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>

#include "sched/base/clock.h"
#include "sched/sync/mutex.h"

namespace trilune::stdlib {
namespace {

constexpr int64_t kMs = 1'000'000;
// How often the wait looks where the kernel has no pidfds.
constexpr int kMaxLookMs = 20;

// What system(3) does to the process while it waits for a child: ignores SIGINT
// and SIGQUIT. Counted, because several Gs may wait for children.
class InterruptsOff {
 public:
  void Begin() TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (users_++ > 0) return;
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  void End() TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (--users_ > 0) return;
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }
  // Adds the signals that a child must not ignore.
  void AddDefaults(sigset_t* set) TRI_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (interrupt_.sa_handler != SIG_IGN) sigaddset(set, SIGINT);
    if (quit_.sa_handler != SIG_IGN) sigaddset(set, SIGQUIT);
  }

 private:
  Mutex mu_{LockRank::kShells};
  int users_ TRI_GUARDED_BY(mu_) = 0;
  struct sigaction interrupt_ TRI_GUARDED_BY(mu_) = {};
  struct sigaction quit_ TRI_GUARDED_BY(mu_) = {};
};

InterruptsOff interrupts_off;

// Returns 0 or an errno. Null `actions` or `attributes` mean none.
int StartShell(const char* command, const posix_spawn_file_actions_t* actions,
               const posix_spawnattr_t* attributes, vm::Child* child) {
  char shell[] = "sh";
  char option[] = "-c";
  char* const arguments[] = {shell, option, const_cast<char*>(command),
                             nullptr};
  const int error = posix_spawn(&child->pid, "/bin/sh", actions, attributes,
                                arguments, environ);
  if (error != 0) return error;
  child->pidfd = static_cast<int>(syscall(SYS_pidfd_open, child->pid, 0));
  return 0;
}

// Waits until the child has ended, or `wake_fd` (-1: none) is readable, or `ms`
// milliseconds have passed.
void AwaitNews(const vm::Child& child, int wake_fd, int ms) {
  pollfd wait[] = {{child.pidfd, POLLIN, 0}, {wake_fd, POLLIN, 0}};
  static_cast<void>(poll(wait, 2, ms));
}

bool IsReadable(int fd) {
  pollfd now = {fd, POLLIN, 0};
  return fd >= 0 && poll(&now, 1, 0) > 0;
}

// Tells a child to end if `wake_fd` says so, and kills it if it was told long
// ago. Returns for how many milliseconds it may go on; -1: for ever.
int Hurry(vm::Child* child, int wake_fd) {
  if (child->told_ns == 0 && IsReadable(wake_fd)) child->TellToEnd();
  const int64_t now = NowNs();
  const int64_t look_ns = child->KillIfLate(now);
  return look_ns == 0 ? -1 : static_cast<int>((look_ns - now) / kMs) + 1;
}

}  // namespace

FILE* StartWithPipe(const char* command, bool reads, vm::Child* child) {
  int ends[2];
  // O_CLOEXEC: children that other Gs start meanwhile must not inherit the
  // pipe, because they would keep it open.
  if (pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  const int ours = ends[reads ? 0 : 1];
  const int theirs = ends[reads ? 1 : 0];
  FILE* f = fdopen(ours, reads ? "r" : "w");
  int error = f == nullptr ? errno : 0;
  posix_spawn_file_actions_t actions;
  if (error == 0) error = posix_spawn_file_actions_init(&actions);
  if (error == 0) {
    error = posix_spawn_file_actions_adddup2(
        &actions, theirs, reads ? STDOUT_FILENO : STDIN_FILENO);
    if (error == 0) error = StartShell(command, &actions, nullptr, child);
    posix_spawn_file_actions_destroy(&actions);
  }
  close(theirs);
  if (error == 0) return f;
  if (f != nullptr) {
    std::fclose(f);
  } else {
    close(ours);
  }
  errno = error;
  return nullptr;
}

int AwaitChild(vm::Child* child, int wake_fd) {
  int look_ms = 1;
  int status = 0;
  pid_t ended = 0;
  while (true) {
    ended = waitpid(child->pid, &status, WNOHANG);
    if (ended != 0 && (ended > 0 || errno != EINTR)) break;
    int ms = Hurry(child, wake_fd);
    if (child->pidfd < 0) {
      ms = ms < 0 ? look_ms : std::min(ms, look_ms);
      look_ms = std::min(look_ms * 2, kMaxLookMs);
    }
    AwaitNews(*child, child->told_ns == 0 ? wake_fd : -1, ms);
  }
  const int error = errno;
  if (child->pidfd >= 0) close(child->pidfd);
  child->pidfd = -1;
  errno = error;
  return ended > 0 ? status : -1;
}

int RunShell(const char* command, int wake_fd) {
  // What system(3) returns if there is no shell.
  constexpr int kNoShell = 127 << CHAR_BIT;
  vm::Child child;
  interrupts_off.Begin();
  posix_spawnattr_t attributes;
  int error = posix_spawnattr_init(&attributes);
  int status = kNoShell;
  if (error == 0) {
    sigset_t defaults;
    sigemptyset(&defaults);
    interrupts_off.AddDefaults(&defaults);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    error = StartShell(command, nullptr, &attributes, &child);
    posix_spawnattr_destroy(&attributes);
  }
  if (error == 0) {
    status = AwaitChild(&child, wake_fd);
    error = status == -1 ? errno : 0;
  }
  interrupts_off.End();
  errno = error;
  return status;
}

}  // namespace trilune::stdlib
