// How processes end whose G was cancelled: SIGTERM at once, SIGKILL a second
// later. One timer for each isolate looks every 10 ms until those that were
// told have ended.

#include "vm/isolate/children.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "sched/base/clock.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {
namespace {

// How often to look whether the children that were told have ended. Until then
// the timer counts as something outside that may wake a G, so that no deadlock
// is seen.
constexpr int64_t kLookNs = 10'000'000;

// Looks without reaping: the G that waits for the child still needs its status.
bool HasEnded(pid_t pid) {
  siginfo_t info = {};
  const int result =
      waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return result != 0 || info.si_pid != 0;
}

}  // namespace

void Child::Send(int signal) const {
  // The child may have ended. Then it is a zombie, which ignores signals.
  if (pidfd >= 0 &&
      syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) {
    return;
  }
  static_cast<void>(kill(pid, signal));
}

void Child::TellToEnd() {
  if (told_ns != 0) return;
  told_ns = NowNs();
  Send(SIGTERM);
}

int64_t Child::KillIfLate(int64_t now_ns) {
  if (told_ns == 0 || killed) return 0;
  if (now_ns < told_ns + kPatienceNs) return told_ns + kPatienceNs;
  killed = true;
  Send(SIGKILL);
  return 0;
}

const GKind Children::kTimerKind = {&Children::RunTimer};

void Children::Add(Child* child, const LuaG* g) {
  child->g = g;
  child->g_id = g->id;
  child->prev = nullptr;
  child->next = head_;
  if (head_ != nullptr) head_->prev = child;
  head_ = child;
}

void Children::Remove(Child* child) {
  if (child->g == nullptr) return;
  child->g = nullptr;
  (child->prev != nullptr ? child->prev->next : head_) = child->next;
  if (child->next != nullptr) child->next->prev = child->prev;
}

void Children::TellThoseOf(const LuaG* g) {
  bool told = false;
  for (Child* child = head_; child != nullptr; child = child->next) {
    if (child->g != g || child->g_id != g->id) continue;
    child->TellToEnd();
    told = true;
  }
  if (!told || has_timer_) return;
  const int64_t when = NowNs() + kLookNs;
  // Without memory for the timer a child is killed when its file is closed or
  // collected.
  has_timer_ = static_cast<Isolate*>(g->strand)->StartTimer(
                   &kTimerKind, {this, when, 0}, /*own=*/true) != nullptr;
}

Outcome Children::RunTimer(G* base) {
  auto* g = static_cast<LuaG*>(base);
  auto* iso = static_cast<Isolate*>(g->strand);
  auto* self = static_cast<Children*>(g->timer.target);
  g->timer.next_ns = iso->halted() ? 0 : self->KillLate(NowNs());
  if (g->timer.next_ns != 0) return iso->ParkTimer(g);
  self->has_timer_ = false;
  return iso->EndTimer(g);
}

// A child that was killed needs no further look: SIGKILL cannot be ignored.
int64_t Children::KillLate(int64_t now_ns) {
  bool some_are_left = false;
  for (Child* child = head_; child != nullptr; child = child->next) {
    if (child->KillIfLate(now_ns) != 0 && !HasEnded(child->pid)) {
      some_are_left = true;
    }
  }
  return some_are_left ? now_ns + kLookNs : 0;
}

}  // namespace trilune::vm
