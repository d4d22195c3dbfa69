// TerminalGate: a count of reads that can be closed.
//
// Closing takes two steps. First the eventfds change, so that Gs which poll for
// input stop polling the terminal. Then the count must reach 0, which takes no
// long time: a read enters only when it would not wait. A G that entered before
// is waited for; one that comes later fails in EnterRead.

#include "stdlib/io/terminal_gate.h"

#include <sys/eventfd.h>

namespace trilune::stdlib {
namespace {

void Set(int fd) {
  // It cannot fail: nothing else writes to the eventfd.
  if (fd >= 0) static_cast<void>(eventfd_write(fd, 1));
}

void Clear(int fd) {
  eventfd_t value = 0;
  if (fd >= 0) static_cast<void>(eventfd_read(fd, &value));
}

}  // namespace

TerminalGate& TerminalGate::Get() {
  static auto* const kGate = new TerminalGate();  // Gs outlive static objects
  return *kGate;
}

TerminalGate::TerminalGate()
    : open_fd_(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)),
      closed_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void TerminalGate::Close() {
  Clear(open_fd_);
  Set(closed_fd_);
  for (;;) {
    int state = 0;
    // relaxed: the gate only keeps system calls on one file apart.
    if (state_.compare_exchange_strong(state, kClosed,
                                       std::memory_order_relaxed)) {
      return;
    }
    state_.wait(state, std::memory_order_relaxed);
  }
}

void TerminalGate::Open() {
  state_.store(0, std::memory_order_relaxed);  // as above
  Clear(closed_fd_);
  Set(open_fd_);
}

bool TerminalGate::EnterRead() {
  int state = state_.load(std::memory_order_relaxed);  // as above
  while (state != kClosed) {
    if (state_.compare_exchange_weak(state, state + 1,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void TerminalGate::LeaveRead() {
  // relaxed: as above. wait() and notify see each other by the value alone.
  if (state_.fetch_sub(1, std::memory_order_relaxed) == 1) state_.notify_all();
}

}  // namespace trilune::stdlib
