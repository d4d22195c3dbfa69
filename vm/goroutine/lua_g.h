// LuaG: a G whose body is Lua. GHandle: the value by which scripts hold one.
//
// Role       A Lua G gets its lua_State at its first run and gives it back at
//            its end. Body, arguments and results rest in the handle, a
//            userdata. So a G that has not run yet, or has ended, has no state.
// Threads    the isolate's strand
// Locks      none
// Lifetime   LuaG records are type-stable, and owned by their Isolate. The
//            handle is owned by the heap. The handle of a live G is anchored,
//            so the collector leaves it alone.
// Invariants I1. g->slot never changes: it indexes the table of anchored
//                handles.
//            I2. handle->g is the live G, or null once it has ended.
// Docs       run.cc
// Tests      tests/vm/isolate_test.cc; tests/lua/go

#ifndef TRI_VM_GOROUTINE_LUA_G_H_
#define TRI_VM_GOROUTINE_LUA_G_H_

#include <cstdint>

#include <lua.hpp>

#include "sched/sync/sanitizers.h"
#include "sched/task/g.h"
#include "sched/task/wait_queue.h"

namespace trilune::vm {

class Isolate;
struct HostCall;

// Where the value that a waiting G sends lies, or where a received one goes:
// see stdlib/chan/chan.cc.
struct LuaItem {
  lua_State* L = nullptr;
  int32_t index = 0;
};

// A Lua G's place in a queue. Its members are packed tightly, because each LuaG
// holds one.
struct LuaWaiter : WaiterBase {
  lua_State* L = nullptr;
  int32_t stack_index = 0;
  int32_t index = 0;  // of the select case

  [[nodiscard]] LuaItem item() const { return {L, stack_index}; }
};

// What the G of a timer does: see stdlib/goroutine/timer.cc.
struct TimerBody {
  void* target;  // null: stopped
  int64_t next_ns;
  int64_t period_ns;
};

struct LuaG : G {
  enum KindFlag : uint8_t {
    kEscaped = G::kKindBit0,   // scripts hold its thread object: never pool it
    kShielded = G::kKindBit1,  // its present wait ignores cancellation
    kGrouped = G::kKindBit2,   // a group waits for its end
  };

  // The G's own state, from its first run to its end. If the body is a
  // coroutine that has begun before, from the making of the G on.
  lua_State* L = nullptr;
  WaitQueue joiners;
  union {
    LuaWaiter waiter = {};  // for waits in one queue
    TimerBody timer;        // of a G that runs no Lua
    int wake_fd;            // in a system call: ends it, or -1
  };

  // `tag` of the base holds two numbers. The low kSlotBits are the record's
  // number in the isolate, constant while it lives. The bits above count the
  // failed groups whose function runs in the G's own state, as far as they can
  // count (Groups::Interrupt).
  static constexpr uint32_t kSlotBits = 24;
  static constexpr uint32_t kMaxInterrupts = UINT32_MAX >> kSlotBits;
  [[nodiscard]] uint32_t slot() const {
    return tag & ((uint32_t{1} << kSlotBits) - 1);
  }
  [[nodiscard]] TRI_NO_TSAN uint32_t interrupts() const {
    return tag >> kSlotBits;
  }
  void AddInterrupt() { tag += uint32_t{1} << kSlotBits; }
  void DropInterrupt() { tag -= uint32_t{1} << kSlotBits; }

  // How much preemption points and waits have raised since the G was cancelled,
  // or the function of its group interrupted. Kept in timer_p of the base,
  // which the scheduler uses only while the G waits.
  [[nodiscard]] TRI_NO_TSAN int raises() const { return timer_p; }
  void set_raises(int n) { timer_p = static_cast<uint8_t>(n); }
  // A cancelled G may catch what is raised until the sum passes
  // kRaisesBeforeKill. From then on every instruction raises.
  static constexpr int kRaiseOfPoint = 16, kRaiseOfWait = 2;
  static constexpr int kRaisesBeforeKill = 8 * kRaiseOfPoint;
  [[nodiscard]] TRI_NO_TSAN bool is_killed() const {
    return raises() > kRaisesBeforeKill;
  }
};
static_assert(sizeof(LuaG) <= 128, "a million Gs: every byte is a megabyte");

// A coroutine that the running G resumes, and the one that resumed it. It lives
// on the C stack of coroutine.resume and its like.
struct CoFrame {
  lua_State* L;
  CoFrame* below;
};

struct GHandle {
  enum class Result : uint8_t {
    kNone,     // alive
    kOk,       // count values: user value 1 is it, or a table of several
    kError,    // user value 1 is the error object
    kFailure,  // user value 1 is the error's record: see failures.h
  };
  static constexpr int16_t kUnpooled = -1;
  static constexpr int16_t kCoroutine = -2;

  LuaG* g;
  uint64_t id;
  HostCall* host_call;  // a host waits for the end
  int32_t count;  // of results; before the first run, of body and arguments
  // The number of the pooled state that it runs on, or kUnpooled. kCoroutine,
  // from the making on: its state is a coroutine that a script has made.
  int16_t state;
  Result result : 4;
  bool is_packed : 1;    // body and arguments rest in one table, user value 1
  uint8_t group_at : 3;  // which user value its group is; 0: none
};
static_assert(sizeof(GHandle) == 32);

// User values of a handle. At first they are body and arguments. Once the G
// runs, the first is its thread, unless that is pooled. At the end, the first
// is the result. The second one of a coroutine is the channel for what it
// yields, or nil.
constexpr int kMaxDirect = 6;  // body and arguments beyond this are packed

// A suspended coroutine that becomes a G: see Isolate::Go.
struct CoroutineBody {
  lua_State* co = nullptr;  // null: the body is a function
  int values_index = 0;     // where on the stack the channel lies; 0: none
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_LUA_G_H_
