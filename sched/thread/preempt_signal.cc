// The preemption signal, from sysmon to the G that runs on an M's thread.
//
// SendPreemptSignal signals a thread only if it runs a G's code. OnSignal runs
// there, at any machine instruction. If the thread is in user mode, and runs
// the dispatch that sysmon meant, OnSignal calls GKind::preempt. In the runtime
// it only counts the signal, so it never sees data of the scheduler half
// written.
//
// A signal must not end a system call early, so both sides write first and read
// then [PR3]:
//
//   SendPreemptSignal (sysmon)     EnterSyscall (the M, in loop.cc)
//   1. signals_sent += 1           1. mode = runtime
//   2. heavy fence                 2. light fence
//   3. user mode: send             3. signals_sent is not signals_seen:
//      else: signals_seen = sent      AwaitPreemptSignal
//
// Either sysmon sees the runtime mode and sends nothing, or the M sees that a
// signal is due, and waits for it.

#include "sched/thread/preempt_signal.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include "sched/base/clock.h"
#include "sched/sync/asymmetric_fence.h"
#include "sched/sync/sanitizers.h"
#include "sched/task/g.h"
#include "sched/thread/m.h"

#if defined(TRI_TSAN)
// ThreadSanitizer keeps a signal back until the thread calls one of its
// interceptors, which a Lua loop never does. So go past it.
extern "C" int __sigaction(int, const struct sigaction*, struct sigaction*);
#endif

namespace trilune {
namespace {

// What SIGURG did before. Written before the handler can run.
struct sigaction previous = {};

// The signals of sysmon, of any scheduler of this process, carry its address.
char mark;

int SetAction(const struct sigaction* action, struct sigaction* old) {
#if defined(TRI_TSAN)
  return __sigaction(SIGURG, action, old);
#else
  return sigaction(SIGURG, action, old);
#endif
}

TRI_NO_TSAN void CallPrevious(int number, siginfo_t* info, void* context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    if (previous.sa_sigaction != nullptr) {
      previous.sa_sigaction(number, info, context);
    }
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  }
}

// Async-signal-safe.
TRI_NO_TSAN void OnSignal(int number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  M* m = CurrentM();
  const bool is_ours =
      info->si_code == SI_QUEUE && info->si_value.sival_ptr == &mark;
  if (m != nullptr && is_ours) {
    m->signals_seen.store(m->signals_sent.load(std::memory_order_relaxed),
                          std::memory_order_relaxed);
  }
  // In user mode `current` does not change, and no data of the scheduler is
  // half written by this thread.
  if (m != nullptr && m->slot.in_user_mode() &&
      m->asked_tick.load(std::memory_order_relaxed) ==
          m->tick.load(std::memory_order_relaxed)) {
    G* g = m->running();
    if (g != nullptr && g->kind->preempt != nullptr) g->kind->preempt(g);
  }
  if (!is_ours) CallPrevious(number, info, context);
  errno = saved_errno;
}

}  // namespace

void InstallPreemptSignal() {
  static std::once_flag installed;  // allow: std::mutex, a flag and no lock
  std::call_once(installed, [] {
    struct sigaction action = {};
    action.sa_sigaction = &OnSignal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigemptyset(&action.sa_mask);
    SetAction(nullptr, &previous);
    SetAction(&action, nullptr);
  });
}

void UnblockPreemptSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

namespace {

// Whether a signal may be sent. If the answer took long it may be out of date:
// this thread lost its CPU, and the other one may do something else by now. So
// ask again, but not for ever.
bool MaySendNow(M* m, bool (*may_send)(M* m)) {
  constexpr int64_t kFreshNs = 100'000;
  constexpr int kTries = 3;
  int64_t begin = NowNs();
  for (int i = 0; i < kTries; i++) {
    if (!may_send(m)) return false;
    const int64_t end = NowNs();
    if (end - begin < kFreshNs) return true;
    begin = end;
  }
  return true;
}

}  // namespace

bool SendPreemptSignal(M* m, bool (*may_send)(M* m)) {
  const pid_t tid = m->tid.load(std::memory_order_acquire);  // [MS1]
  if (tid == 0) return false;
  const uint32_t number = m->signals_sent.load(std::memory_order_relaxed) + 1;
  m->signals_sent.store(number, std::memory_order_relaxed);
  HeavyFence();  // [PR3] orders signals_sent before the look at the mode
  if (!m->slot.in_user_mode() || !MaySendNow(m, may_send)) {
    // The M may be on its way into a system call, or in one of a C module, and
    // must not be disturbed there. Nothing is sent, so nothing is due.
    m->signals_seen.store(number, std::memory_order_relaxed);
    return false;
  }
  // As pthread_sigqueue does. A signal by tgkill looks like anyone's.
  siginfo_t info = {};
  info.si_signo = SIGURG;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &mark;
  return syscall(SYS_rt_tgsigqueueinfo, info.si_pid, tid, SIGURG, &info) == 0;
}

void AwaitPreemptSignal(M* m) {
  // Sysmon may have lost its CPU before it sent the signal.
  constexpr int64_t kPatienceNs = 5'000'000;
  const auto is_due = [m] {
    return m->signals_seen.load(std::memory_order_relaxed) !=
           m->signals_sent.load(std::memory_order_relaxed);
  };
  // The kernel delivers a pending signal as it returns to the thread. It never
  // does if a C module has blocked SIGURG.
  for (const int64_t end = NowNs() + kPatienceNs; is_due() && NowNs() < end;)
    sched_yield();
  if (!is_due()) return;
  m->signals_seen.store(m->signals_sent.load(std::memory_order_relaxed),
                        std::memory_order_relaxed);
}

}  // namespace trilune
