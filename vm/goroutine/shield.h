// Shields: which waits and which code of a G cancellation leaves alone.
//
// Role       The part of tri.shield that vm/ needs.
//            stdlib/goroutine/critical.cc has the function for scripts.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. A shield is in force for the G that runs shield->L: its own
//                state, or a coroutine that it is resuming. While that
//                coroutine is suspended, or has failed, the shield is in force
//                for nobody.
//            I2. shield->L never dangles: the shield lies in a userdata that
//                refers to the state, and whose finalizer calls Forget. The
//                collector frees neither before the finalizer has run.
// Docs       shield.cc
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
  lua_State* L = nullptr;  // where its function runs; null: over
  // The G that called tri.shield, and mostly runs the function as well. Its
  // record may serve another G by now, so the id is compared too.
  LuaG* owner = nullptr;
  uint64_t owner_id = 0;
  int raises = 0;         // of the owner, when it began
  LuaG* timer = nullptr;  // ends the shield
  Shield* next = nullptr;
  Shield* prev = nullptr;
};

class Shields {
 public:
  explicit Shields(Isolate* iso) : iso_(iso) {}

  // The running G calls the function in `L`. If a limit has ended the isolate's
  // work, the shield holds nothing off.
  void Begin(Shield* shield, lua_State* L);
  // The running G has left the function.
  void End(Shield* shield);
  // The function's frame was collected, so it never goes on. Called by a
  // finalizer.
  void Forget(Shield* shield);
  // The shield's time is over. Called by its timer, which has ended.
  void Expire(Shield* shield);
  // Control has left the coroutine `co`, because it was suspended or has
  // failed.
  void OnLeft(const lua_State* co);
  // Ends all shields.
  void EndAll();

  [[nodiscard]] bool any() const { return first_ != nullptr; }
  // Whether `g` is inside a shield.
  [[nodiscard]] bool Covers(const LuaG* g) const;

 private:
  void Remove(Shield* shield);
  void CountEnd(int least_raises);

  Isolate* const iso_;
  Shield* first_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_SHIELD_H_
