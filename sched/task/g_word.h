// GWord: a G's {ticket, state} in one atomic word.
//
// Role       Decides who wakes a G. Each wait has a ticket. A waker names the
//            ticket, and wins the G by one CAS if the G still waits under that
//            ticket. A wake-up for an earlier wait loses, and so does a second
//            one for this wait. The winner owns the G until it has queued it.
//
//            Tickets are never reset and G memory is type-stable. So a late
//            waker, such as a timer of a G that has ended, may always look, and
//            loses.
// Threads    Become, BecomeRunning, BeginWait, Abandon: the G's owner. TryWake:
//            any thread. state, ticket: any thread, as hints.
// Locks      none
// Invariants I1. For one ticket at most one TryWake succeeds.
//            I2. Only the winner of TryWake may link the G's queue node.
// Docs       docs/state-machines.md, "G"
// Tests      tests/sched/g_test.cc; tests/model/g_word_model.cc

#ifndef TRI_SCHED_TASK_G_WORD_H_
#define TRI_SCHED_TASK_G_WORD_H_

#include <cstdint>

#include "sched/sync/check.h"
#include "sched/sync/std_sync.h"

namespace trilune {

// Where a G is, and who owns it.
enum class GState : uint8_t {
  kIdle,       // free memory of the G's maker
  kRunnable,   // in its strand's queues or inbox; owned by the strand's owner
  kRunning,    // on the M that runs its strand
  kSyscall,    // on an M, in the kernel; sysmon may retake P and strand
  kWaiting,    // parked; owned by the winner of TryWake
  kPreempted,  // as kRunnable, but stopped between two instructions
  kDead,       // ended; owned by its maker
};

// The legal edges. Any other is a bug of ours.
constexpr bool IsLegal(GState from, GState to) {
  switch (from) {
    case GState::kIdle:
      return to == GState::kRunnable;
    case GState::kRunnable:
      return to == GState::kRunning || to == GState::kDead;
    case GState::kRunning:
      return to == GState::kRunnable || to == GState::kSyscall ||
             to == GState::kWaiting || to == GState::kPreempted ||
             to == GState::kDead;
    case GState::kSyscall:
      return to == GState::kRunning || to == GState::kRunnable;
    case GState::kWaiting:
      return to == GState::kRunnable;
    case GState::kPreempted:
      return to == GState::kRunning || to == GState::kRunnable;
    case GState::kDead:
      return to == GState::kIdle;
  }
  return false;
}

const char* GStateName(GState state);

template <class Sync = StdSync>
class GWord {
 public:
  GWord() : word_(0) {}

  [[nodiscard]] GState state() const {
    // relaxed: a hint for all but the owner, who wrote it.
    return StateOf(word_.load(std::memory_order_relaxed));
  }
  // The ticket of the present wait. Exact for the owner, a hint for others.
  [[nodiscard]] uint64_t ticket() const {
    return TicketOf(word_.load(std::memory_order_relaxed));
  }

  // Changes the state of a G that the caller owns, and keeps the ticket.
  // release: a waker that wins the G sees all that the caller did. [GW1]
  void Become(GState from, GState to) {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    TRI_CHECK(StateOf(word) == from && IsLegal(from, to));
    word_.store(Pack(TicketOf(word), to), std::memory_order_release);  // [GW1]
  }

  // As Become, for a G that was picked to run.
  void BecomeRunning() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    const GState from = StateOf(word);
    TRI_CHECK(from == GState::kRunnable || from == GState::kPreempted);
    // relaxed: no waker can win a running G.
    word_.store(Pack(TicketOf(word), GState::kRunning),
                std::memory_order_relaxed);
  }

  // Opens a new wait and returns its ticket. The G is still running: no waker
  // can win it before Become(kRunning, kWaiting).
  uint64_t BeginWait() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    TRI_CHECK(StateOf(word) == GState::kRunning);
    const uint64_t ticket = TicketOf(word) + 1;
    // relaxed: Become publishes it.
    word_.store(Pack(ticket, GState::kRunning), std::memory_order_relaxed);
    return ticket;
  }

  // Takes back the record of a G that will never run again, in any state but
  // waiting: a waiting G must be won before. Late wakers of its waits lose.
  void Abandon() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    TRI_CHECK(StateOf(word) != GState::kWaiting);
    word_.store(Pack(TicketOf(word) + 1, GState::kIdle),
                std::memory_order_release);  // [GW1]
  }

  // Ends the wait `ticket`. True: the caller won, and must make the G runnable.
  [[nodiscard]] bool TryWake(uint64_t ticket) {
    uint64_t expected = Pack(ticket, GState::kWaiting);
    // acquire: sees what the G did before it parked. [GW1]
    return word_.compare_exchange_strong(expected,
                                         Pack(ticket, GState::kRunnable),
                                         std::memory_order_acq_rel);  // [GW1]
  }

  // As TryWake, for a waker that knows that the G's present wait is the one it
  // means. It holds something that the G needs to leave that wait, such as the
  // lock of a channel.
  [[nodiscard]] bool TryWakeCurrent() { return TryWake(ticket()); }

 private:
  static constexpr uint64_t Pack(uint64_t ticket, GState state) {
    return ticket << 8 | static_cast<uint64_t>(state);
  }
  static constexpr uint64_t TicketOf(uint64_t word) { return word >> 8; }
  static constexpr GState StateOf(uint64_t word) {
    return static_cast<GState>(word & 0xff);
  }

  typename Sync::template Atomic<uint64_t> word_;
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_G_WORD_H_
