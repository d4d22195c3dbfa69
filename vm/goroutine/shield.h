// Shields: which waits and code of Gs cancellation leaves alone.
//
// Role       tri.shield, as far as vm/ is concerned;
//            stdlib/goroutine/critical.cc has the function for scripts.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. A shield is in force for the G that runs shield->L, its own
//                state or a coroutine that it is resuming, and for nobody while
//                that coroutine is suspended, or has failed.
//            I2. shield->L never dangles: the shield lies in a userdata that
//                refers to the state, and whose finalizer calls Forget. The
//                collector frees neither before the finalizer has run.
// Tests      tests/lua/preempt/shield_*.lua

#ifndef TRI_VM_GOROUTINE_SHIELD_H_
#define TRI_VM_GOROUTINE_SHIELD_H_

#include <cstdint>

#include <lua.hpp>

namespace trilune::vm {

class Isolate;
struct LuaG;

// At the head of the userdata of tri.shield.
struct Shield {
  lua_State* L = nullptr;  // in which its function runs; null: over
  // The G that called tri.shield, which mostly runs the function as well. Its
  // record may serve another G by now, so the id counts.
  LuaG* owner = nullptr;
  uint64_t owner_id = 0;
  int raises = 0;         // of the owner as it began
  LuaG* timer = nullptr;  // ends it
  Shield* next = nullptr;
  Shield* prev = nullptr;
};

class Shields {
 public:
  explicit Shields(Isolate* iso) : iso_(iso) {}

  // The running G calls the function in `L`. Holds nothing off if a limit has
  // ended the isolate's work.
  void Begin(Shield* shield, lua_State* L);
  // The running G has left the function.
  void End(Shield* shield);
  // The function's frame was collected: it never goes on. For a finalizer.
  void Forget(Shield* shield);
  // Its time is over. For its timer, which has ended.
  void Expire(Shield* shield);
  // Control has left the coroutine `co`, which was suspended or has failed.
  void OnLeft(const lua_State* co);
  // None holds anything off any more.
  void EndAll();

  [[nodiscard]] bool any() const { return first_ != nullptr; }
  // Whether `g` is inside one.
  [[nodiscard]] bool Covers(const LuaG* g) const;

 private:
  void Remove(Shield* shield);
  void CountEnd(int least_raises);

  Isolate* const iso_;
  Shield* first_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_SHIELD_H_
