// Groups: what the ends and errors of Gs mean for the groups they are in.
//
// Role       tri.group, as far as vm/ is concerned; stdlib/goroutine/group.cc
//            has the functions for scripts.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. group->L is the state in which the group's function runs, and
//                null once its frame is left or gone. It never dangles: the
//                frame holds a guard, a userdata that refers to the state and
//                whose finalizer calls Drop. The collector frees neither before
//                the finalizer has run.
//            I2. An interrupted group is counted in the G whose own state the
//                function runs in, or else listed. That G cannot end before
//                the frame is left.
//            I3. The first error of all fails the group, and is what tri.group
//                raises; the others are listed only.
// Tests      tests/lua/group

#ifndef TRI_VM_GOROUTINE_GROUP_H_
#define TRI_VM_GOROUTINE_GROUP_H_

#include <cstdint>

#include <lua.hpp>

#include "sched/task/wait_queue.h"

namespace trilune::vm {

class Isolate;
struct GHandle;
struct LuaG;

// At the head of the userdata of tri.group.
struct GroupCore {
  // User values: what tri.group raises; the set of the members' handles; the
  // list of all errors, see vm/goroutine/failures.h, or nil.
  enum : int { kError = 1, kMembers, kErrors, kValues = kErrors };

  uint32_t live = 0;
  uint32_t raised = 0;  // the place in the list of what is raised, or 0
  bool failed = false;
  bool cancelled = false;  // new members are cancelled at once
  bool over = false;       // refuses new members
  lua_State* L = nullptr;
  // The G that called tri.group, which mostly runs the function as well. Its
  // record may serve another G by now, so the id counts.
  LuaG* owner = nullptr;
  uint64_t owner_id = 0;
  // The function's waits must raise.
  bool interrupted = false;
  LuaG* counted_in = nullptr;  // null: in the list
  GroupCore* next_interrupted = nullptr;
  GroupCore* prev_interrupted = nullptr;
  WaitQueue waiters;
};

class Groups {
 public:
  explicit Groups(Isolate* iso) : iso_(iso) {}

  // The running G calls the group's function in `L`.
  void Begin(GroupCore* group, lua_State* L);
  // Makes the function's waits raise until it has ended; also without members.
  void Interrupt(GroupCore* group);
  // The running G has left the function.
  void EndFunction(GroupCore* group);
  // The function's frame was collected: it never goes on. For a finalizer.
  void Forget(GroupCore* group);
  // Forget, and cancels the members of the group at index `group`.
  void Drop(lua_State* L, int group);

  // Cancels the members of the group at index `group`.
  void Cancel(lua_State* L, int group);
  // The value on top of data(), popped, is the error that fails the group
  // below it, which stays: the `place`-th in its list, or 0. Cancels the
  // members but `source`, and interrupts the function unless it is what failed.
  void Fail(const LuaG* source, uint32_t place);
  // The handle on top of data() leaves its group: wakes who waits for the last.
  void Leave(GHandle* handle);

  // Whether `g` runs the function of an interrupted group.
  [[nodiscard]] bool MustRaise(const LuaG* g) const;
  [[nodiscard]] bool has_listed() const { return interrupted_ != nullptr; }

 private:
  void EndInterrupt(GroupCore* group);
  void CancelMembers(int members, const LuaG* but);

  Isolate* const iso_;
  GroupCore* interrupted_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_GROUP_H_
