// G: one goroutine, as the scheduler sees it.
//
// Role       Base of the Lua G (vm/goroutine/lua_g.h) and of the native G
//            (native.h). The scheduler knows a G only by this record and its
//            GKind.
// Threads    The strand's owner. `word` may be touched by any waker.
// Locks      none
// Lifetime   G memory is type-stable: it is reused only for Gs of the same
//            kind, and freed with the scheduler. So a late waker, such as a
//            timer, may read `word` at any time, even after the G has ended.
// Tests      tests/sched/g_test.cc

#ifndef TRI_SCHED_TASK_G_H_
#define TRI_SCHED_TASK_G_H_

#include <atomic>
#include <cstdint>
#include <limits>

#include "sched/sync/sanitizers.h"
#include "sched/task/g_word.h"

namespace trilune {

class Fiber;
class Strand;
struct G;

// What a waiting G waits for. WaitReasonName gives the text.
enum class WaitReason : uint8_t {
  kNone,
  kSleep,
  kChanSend,
  kChanRecv,
  kSelect,
  kJoin,
  kGroup,
  kMutexLock,
  kRWMutexLock,
  kRWMutexRLock,
  kSemaphore,
  kWaitGroup,
  kCond,
  kOnce,
  kHostCall,
  kSyscall,
  kFile,
  kDict,
  kEvent,
};

const char* WaitReasonName(WaitReason reason);

// How a wait ended. The winner of TryWake writes it, before it makes the G
// runnable; the G reads it when it runs again.
enum class WakeResult : uint8_t { kReady, kClosed, kTimeout, kCancelled };

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// What remains to be done once a parking G has left its stack. Publish
// (loop.cc) does it.
struct ParkCommit {
  int64_t deadline_ns = kNever;     // arms a timer, unless kNever
  void (*unlock)(void*) = nullptr;  // releases the lock that a waker needs
  void* unlock_argument = nullptr;
  bool external = false;  // something outside the strand will wake the G
  // Read once the wait is public: if it is set, the wait ends as cancelled. A
  // thread that sets it looks for public waits afterwards. So one of the two
  // sees the other. [NC1] The flag must not lie in the frames of a native G:
  // those may be gone by the time it is read.
  const std::atomic<bool>* cancelled = nullptr;
};

// Why a GKind's run function has returned.
enum class Outcome {
  kParked,       // parked without a stack; strand->commit says how to publish
  kYielded,      // left no stack; it is runnable
  kEnded,        // its kind has taken the record back already
  kStrandEnded,  // as kEnded, and its strand has gone with it
};

// What the scheduler needs from a kind of G.
struct GKind {
  // Runs `g` on the calling stack until it parks without that stack, yields or
  // ends. It may return on another M than the one that called it.
  Outcome (*run)(G* g);
  // Asks `g`, which runs on the calling thread, to come to a preemption point
  // soon. A signal handler calls it. Null: such Gs cannot be preempted.
  void (*preempt)(G* g) = nullptr;
  // A service is woken from outside and does what the host asks for. It runs
  // even before a G that Strand::PushFirst put first, as it does nothing that
  // such a G could notice. A strand has at most one G of such a kind.
  bool is_service = false;
};

struct G {
  enum Flag : uint8_t {
    kCancelled = 1,  // every wait fails
    kExternal = 2,   // counted in strand->external while it waits
    kHasTimer = 4,   // its wait armed a timer, on the P with number timer_p
    kStarted = 8,    // it has run
    kKindBit0 = 16,  // the kind's own
    kKindBit1 = 32,
    kKindBit2 = 64,
    kLocalWait = 128,  // only its own strand can end the present wait
  };
  // Only the owner calls Set and Clear. relaxed: a waker of a native G may look
  // for kLocalWait while a new owner clears other flags. A G of a solo strand
  // never has kLocalWait, so the waker sees what it must.
  [[nodiscard]] TRI_NO_TSAN bool Has(uint8_t mask) const {
    return (flags.load(std::memory_order_relaxed) & mask) != 0;
  }
  void Set(uint8_t mask) {
    flags.store(
        static_cast<uint8_t>(flags.load(std::memory_order_relaxed) | mask),
        std::memory_order_relaxed);
  }
  void Clear(uint8_t mask) {
    flags.store(
        static_cast<uint8_t>(flags.load(std::memory_order_relaxed) & ~mask),
        std::memory_order_relaxed);
  }
  void ClearFlags() { flags.store(0, std::memory_order_relaxed); }

  // Wins the present wait for waking, as GWord::TryWakeCurrent does. A local
  // wait needs no atomic read-modify-write: no timer and no other thread can
  // end it, and its wakers run in the strand, one after the other.
  [[nodiscard]] bool TryWin() {
    if (!Has(kLocalWait)) return word.TryWakeCurrent();
    if (word.state() != GState::kWaiting) return false;
    word.Become(GState::kWaiting, GState::kRunnable);
    return true;
  }

  GWord<> word;
  G* next = nullptr;  // the one queue node; belongs to the owner of the G
  Strand* strand = nullptr;
  const GKind* kind = nullptr;
  uint64_t id = 0;
  Fiber* fiber = nullptr;      // the stack it left, if it parked with one
  uint32_t wait_since_ms = 0;  // on the scheduler's clock, modulo 2^32
  int32_t wake_index = 0;      // the select case that the waker chose
  WaitReason reason = WaitReason::kNone;
  WakeResult wake = WakeResult::kReady;
  std::atomic<uint8_t> flags{0};
  // Two uses. While the G waits with a timer: the number of the P that has the
  // timer (kMaxProcs is 256). While it runs: the kind's own, 0 at the start.
  uint8_t timer_p = 0;
  uint32_t tag = 0;  // the kind's own
};
static_assert(sizeof(G) <= 64, "a Lua G must fit in 128 bytes");

// A first-in, first-out list of Gs, linked by G::next.
class GList {
 public:
  [[nodiscard]] TRI_NO_TSAN bool empty() const { return head_ == nullptr; }
  [[nodiscard]] uint32_t size() const { return size_; }
  void PushTail(G* g) {
    g->next = nullptr;
    if (head_ == nullptr) {
      head_ = g;
    } else {
      tail_->next = g;
    }
    tail_ = g;
    size_++;
  }
  void PushHead(G* g) {
    g->next = head_;
    if (head_ == nullptr) tail_ = g;
    head_ = g;
    size_++;
  }
  // Links `g` right behind `place`, which must be in the list.
  void PushBehind(G* place, G* g) {
    g->next = place->next;
    place->next = g;
    if (tail_ == place) tail_ = g;
    size_++;
  }
  [[nodiscard]] G* PopHead() {
    G* g = head_;
    if (g == nullptr) return nullptr;
    head_ = g->next;
    size_--;
    return g;
  }

 private:
  G* head_ = nullptr;
  G* tail_ = nullptr;  // valid only while head_ is not null
  uint32_t size_ = 0;
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_G_H_
