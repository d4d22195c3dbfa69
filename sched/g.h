// G: one coroutine, as the scheduler sees it.
//
// Role       Base of the Lua G (vm/) and the native G (native.h). The scheduler
//            knows a G only by this record and its GKind.
// Threads    The strand's owner, but for `word`, which any waker may touch.
// Locks      none
// Lifetime   G memory is type-stable: it is reused for Gs of the same kind
//            only, and freed with the scheduler. A waker may look at `word` at
//            any time.
// Tests      tests/sched/g_test.cc

#ifndef TRI_SCHED_G_H_
#define TRI_SCHED_G_H_

#include <atomic>
#include <cstdint>
#include <limits>

#include "sched/g_word.h"
#include "sched/sync/sanitizers.h"

namespace trilune {

class Fiber;
class Strand;
struct G;

// What a waiting G waits for. Names: WaitReasonName.
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

// How a wait ended; written by the winner of TryWake before it makes the G
// runnable, read by the G.
enum class WakeResult : uint8_t { kReady, kClosed, kTimeout, kCancelled };

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// What remains to be done once a parking G has left its stack: see Publish in
// loop.cc.
struct ParkCommit {
  int64_t deadline_ns = kNever;     // arms a timer, unless kNever
  void (*unlock)(void*) = nullptr;  // releases the lock that the waker needs
  void* unlock_argument = nullptr;
  bool external = false;  // something outside the strand will wake it
  // Read after the wait is public: if set, the wait ends as cancelled. Whoever
  // sets it then looks for public waits, so one of the two sees the other.
  // [NC1] A native G may be gone by then: it must not lie in its frames.
  const std::atomic<bool>* cancelled = nullptr;
};

// What a GKind's run function came back for.
enum class Outcome {
  kParked,       // left no stack; strand->commit says how to publish the wait
  kYielded,      // left no stack; is runnable
  kEnded,        // the kind has taken the record back already
  kStrandEnded,  // as kEnded, and its strand went with it
};

// The operations that the scheduler needs from a kind of G.
struct GKind {
  // Runs `g` on the calling stack until it parks without that stack, yields or
  // ends. It may come back on another M than it was called on.
  Outcome (*run)(G* g);
  // Asks `g`, which runs on the calling thread, to come to a preemption point
  // soon. Called by a signal handler; null: such Gs cannot be preempted.
  void (*preempt)(G* g) = nullptr;
  // Woken from outside, it runs even before a G that goes first after it was
  // stopped (Strand::PushFirst): it does what the host asks for, and nothing
  // that such a G could notice. One G of a strand at most is of such a kind.
  bool is_service = false;
};

struct G {
  enum Flag : uint8_t {
    kCancelled = 1,  // every wait fails
    kExternal = 2,   // counted in strand->external while it waits
    kHasTimer = 4,   // the present wait armed a timer, on the P timer_p
    kStarted = 8,    // has run
    kKindBit0 = 16,  // the kind's own
    kKindBit1 = 32,
    kKindBit2 = 64,
    kLocalWait = 128,  // only its own strand can end the present wait
  };
  // Set and Clear are the owner's. relaxed: a waker of a native G may look for
  // kLocalWait, which a solo strand's G never has, while a new owner clears
  // others.
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

  // Wins the present wait for waking, as GWord::TryWakeCurrent. A wait that no
  // timer and no other thread can end needs no atomic read-modify-write: its
  // wakers all run in the strand, one after the other.
  [[nodiscard]] bool TryWin() {
    if (!Has(kLocalWait)) return word.TryWakeCurrent();
    if (word.state() != GState::kWaiting) return false;
    word.Become(GState::kWaiting, GState::kRunnable);
    return true;
  }

  GWord<> word;
  G* next = nullptr;  // the one queue node; owned by who owns the G
  Strand* strand = nullptr;
  const GKind* kind = nullptr;
  uint64_t id = 0;
  Fiber* fiber = nullptr;      // the stack it left, when parked with one
  uint32_t wait_since_ms = 0;  // of the scheduler's clock, modulo 2^32
  int32_t wake_index = 0;      // which select case the waker chose
  WaitReason reason = WaitReason::kNone;
  WakeResult wake = WakeResult::kReady;
  std::atomic<uint8_t> flags{0};
  // While it waits with a timer: the P's number (kMaxProcs is 256). While it
  // runs: the kind's own, 0 at the start.
  uint8_t timer_p = 0;
  uint32_t tag = 0;  // the kind's own
};
static_assert(sizeof(G) <= 64, "a Lua G must fit in 128 bytes");

// A first-in first-out list of Gs, linked by G::next.
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
  // Links `g` behind `place`, which is in the list.
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

#endif  // TRI_SCHED_G_H_
