// TerminalGate: keeps Gs from reading the terminal while the host reads it.
//
// Role       A prompt that edits a line reads each character. A G that waits
//            for a line of the same terminal would take every other character.
//            So the host closes the gate while it reads. A G reads only in
//            between, and only when a read would not wait. It waits for input
//            or for a change of the gate.
// Threads    Close and Open: one thread of the host. The others: any.
// Locks      none
// Invariants I1. `state_` is the number of reads under way, or kClosed.
//            I2. open_fd() is readable while the gate is open, closed_fd()
//                while it is closed, except during the change.
// Tests      tools/trilune/command_test.py

#ifndef TRI_STDLIB_IO_TERMINAL_GATE_H_
#define TRI_STDLIB_IO_TERMINAL_GATE_H_

#include <atomic>

namespace trilune::stdlib {

class TerminalGate {
 public:
  // The process has one, as it has one terminal.
  static TerminalGate& Get();

  // Waits for the reads under way. They do not wait for input.
  void Close();
  void Open();

  // relaxed: a reader that sees the change late fails in EnterRead.
  [[nodiscard]] bool is_closed() const {
    return state_.load(std::memory_order_relaxed) == kClosed;
  }
  // EnterRead and LeaveRead stand around a read. False: the gate is closed.
  [[nodiscard]] bool EnterRead();
  void LeaveRead();

  // -1 if the system had none left: then Gs do without the gate.
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
