// TerminalGate: keeps Gs from reading the terminal while the host reads it.
//
// Role       A prompt that edits a line reads each character; a G that waits
//            for a line of the same terminal would take every other one. The
//            host closes the gate while it reads. A G reads only in between,
//            when a read would not wait, and waits for input or the gate.
// Threads    Close and Open: one of the host's. The others: any.
// Locks      none
// Invariants I1. `state_` is the number of reads under way, or kClosed.
//            I2. open_fd() is readable while it is open, closed_fd() while it
//                is closed, but for the moment of the change.
// Tests      tools/trilune/command_test.py

#ifndef TRI_STDLIB_IO_TERMINAL_GATE_H_
#define TRI_STDLIB_IO_TERMINAL_GATE_H_

#include <atomic>

namespace trilune::stdlib {

class TerminalGate {
 public:
  // One for the process, as its terminal is.
  static TerminalGate& Get();

  // Waits for the reads under way, which do not wait for input.
  void Close();
  void Open();

  // relaxed: a reader that sees it late fails in EnterRead.
  [[nodiscard]] bool is_closed() const {
    return state_.load(std::memory_order_relaxed) == kClosed;
  }
  // Around a read; false: it is closed.
  [[nodiscard]] bool EnterRead();
  void LeaveRead();

  // -1 if the system has none left: then Gs do without the gate.
  [[nodiscard]] int open_fd() const { return open_fd_; }
  [[nodiscard]] int closed_fd() const { return closed_fd_; }

 private:
  static constexpr int kClosed = -1;

  TerminalGate();

  std::atomic<int> state_{0};
  const int open_fd_;
  const int closed_fd_;
};

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_IO_TERMINAL_GATE_H_
