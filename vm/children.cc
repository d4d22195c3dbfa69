#include "vm/children.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

#include "sched/clock.h"
#include "vm/lua_g.h"

namespace trilune::vm {

void Child::Send(int signal) const {
  // It may have ended: then it is a zombie, which ignores it.
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
  for (Child* child = head_; child != nullptr; child = child->next) {
    if (child->g == g && child->g_id == g->id) child->TellToEnd();
  }
}

}  // namespace trilune::vm
