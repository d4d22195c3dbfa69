// LuaG: a G whose body is Lua; GHandle: the value by which scripts hold one.
//
// Role       A Lua G gets its lua_State at its first run and gives it back at
//            its end. Body, arguments and results rest in the handle, a
//            userdata.
// Threads    the isolate's strand
// Locks      none
// Lifetime   LuaG records are type-stable, owned by their Isolate; the handle
//            is the heap's. A live G's handle is anchored.
// Invariants I1. g->slot never changes: it indexes the table of anchored
//                handles.
//            I2. handle->g is the live G, or null once it has ended.
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

// Where a waiting G's value is, or shall be pushed: see stdlib/chan/chan.cc.
struct LuaItem {
  lua_State* L = nullptr;
  int32_t index = 0;
};

// A Lua G's place in a queue. Its members lie close: a LuaG holds one.
struct LuaWaiter : WaiterBase {
  lua_State* L = nullptr;
  int32_t stack_index = 0;
  int32_t index = 0;  // of the select case

  [[nodiscard]] LuaItem item() const { return {L, stack_index}; }
};

// What a timer's G does: see stdlib/goroutine/timer.cc.
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

  // From its first run to its end; of a coroutine that has begun already, from
  // its making on.
  lua_State* L = nullptr;
  WaitQueue joiners;
  union {
    LuaWaiter waiter = {};  // for waits in one queue
    TimerBody timer;        // of a G that runs no Lua
    int wake_fd;            // in a system call: ends it, or -1
  };

  // `tag`: its number in the isolate, constant while it lives; above it, how
  // many groups have failed whose function runs in its own state, as far as
  // that can be counted.
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

  // What preemption points and waits have raised since the G was cancelled, or
  // the function of its group interrupted.
  [[nodiscard]] TRI_NO_TSAN int raises() const { return timer_p; }
  void set_raises(int n) { timer_p = static_cast<uint8_t>(n); }
  // A cancelled G that catches that is let go on until it adds up to so much;
  // then it is raised at every instruction.
  static constexpr int kRaiseOfPoint = 16, kRaiseOfWait = 2;
  static constexpr int kRaisesBeforeKill = 8 * kRaiseOfPoint;
  [[nodiscard]] TRI_NO_TSAN bool is_killed() const {
    return raises() > kRaisesBeforeKill;
  }
};
static_assert(sizeof(LuaG) <= 128, "a million Gs: every byte is a megabyte");

// A coroutine that the running G resumes, and the one that resumed it. Lives on
// the C stack of coroutine.resume and its like.
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
  // The pooled state it runs on, or kUnpooled. kCoroutine: its state is a
  // coroutine that a script has made, from its making on.
  int16_t state;
  Result result : 4;
  bool is_packed : 1;    // body and arguments rest in one table, user value 1
  uint8_t group_at : 3;  // which user value its group is; 0: none
};
static_assert(sizeof(GHandle) == 32);

// User values of a handle: body and arguments; once it runs, the first one is
// its thread, unless that is from the pool; in the end, the result. The second
// one of a coroutine is the channel for what it yields, or nil.
constexpr int kMaxDirect = 6;  // body and arguments beyond this are packed

// A suspended coroutine that becomes a G: see Isolate::Go.
struct CoroutineBody {
  lua_State* co = nullptr;  // null: the body is a function
  int values_index = 0;     // where on the stack the channel lies; 0: none
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_LUA_G_H_
