// M: an OS thread of the scheduler.
//
// Role       Holds a P while it runs strands. Its scheduling loop runs on a
//            pooled fiber, so that a G which parks with its stack can keep that
//            stack; the thread's own stack is `home`, where an M starts and
//            ends.
// Threads    The thread itself, unless a field says otherwise.
// Locks      none of its own
// Tests      tests/sched/scheduler_test.cc

#ifndef TRI_SCHED_M_H_
#define TRI_SCHED_M_H_

#include <pthread.h>

#include <cstdint>

#include "sched/fiber.h"
#include "sched/g.h"
#include "sched/parker.h"

namespace trilune {

class Scheduler;
class Strand;
struct P;

// What the landing side of a switch does for the side that left.
struct AfterSwitch {
  enum class Kind : uint8_t {
    kRecycle,  // the left fiber goes to the pool, suspended in the loop
    kPark,     // `g` left it waiting: publish it
    kYield,    // `g` left it runnable: queue it
  };
  Kind kind = Kind::kRecycle;
  G* g = nullptr;
  const ParkCommit* commit = nullptr;  // in the frame that was left
};

struct M {
  explicit M(Scheduler* scheduler) : sched(scheduler) {}

  // Constant after construction.
  Scheduler* const sched;
  pthread_t thread = {};

  // The P it holds, or null.
  P* p = nullptr;
  // The strand it runs, or null while it looks for one.
  Strand* strand = nullptr;
  // The G it runs. Valid while one runs.
  G* current = nullptr;
  // A G picked already, to be run first by the loop.
  G* next_g = nullptr;
  // The running strand shall go behind the others: its only G yielded.
  bool rotate = false;
  bool spinning = false;
  // Switches until the next look at clock, timers and queues.
  int32_t check_countdown = 0;
  int32_t check_interval = 1;
  int64_t last_check_ns = 0;
  // When the running strand, or the one it inherited from, began its slice.
  int64_t slice_start_ns = 0;
  // Strand dispatches; every 61st looks at the global queue first.
  uint32_t dispatches = 0;

  Fiber home;              // the pthread's own stack
  Fiber* fiber = nullptr;  // the one it runs on
  AfterSwitch after;       // from before a switch to after it
  static constexpr int kCacheSize = 8;
  Fiber* cache[kCacheSize] = {};  // loop fibers at hand
  int cached = 0;

  Parker<> parker;  // Wake: any thread

  // Under the scheduler's lock.
  P* handed_p = nullptr;  // given by who wakes this M
  bool handed_spinning = false;
  bool is_idle = false;
  M* next_idle = nullptr;
  M* prev_idle = nullptr;
  M* next_all = nullptr;
};

// The M of the calling thread, or null. Never inlined: a G may come back from a
// switch on another thread, and compilers keep thread-local addresses.
M* CurrentM();

}  // namespace trilune

#endif  // TRI_SCHED_M_H_
