// Groups: what the ends and errors of Gs mean for the groups they are in.
//
// Role       The part of tri.group that vm/ needs. stdlib/goroutine/group.cc
//            has the functions for scripts.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. group->L is the state in which the group's function runs, and
//                null once its frame is left or gone. It never dangles: the
//                frame holds a guard, a userdata that refers to the state and
//                whose finalizer calls Drop. The collector frees neither before
//                the finalizer has run.
//            I2. An interrupted group is counted in the G whose own state the
//                function runs in, or else it is listed. That G cannot end
//                before the frame is left.
//            I3. The first error of all fails the group, and tri.group raises
//                it. The other errors are only listed.
// Docs       group.cc
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
  uint32_t raised = 0;  // the place in the list of the raised error, or 0
  bool failed = false;
  bool cancelled = false;  // new members are cancelled at once
  bool over = false;       // refuses new members
  lua_State* L = nullptr;
  // The G that called tri.group, and mostly runs the function as well. Its
  // record may serve another G by now, so the id is compared too.
  LuaG* owner = nullptr;
  uint64_t owner_id = 0;
  // Each wait of the function must raise.
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
  // Makes each wait of the function raise until it has ended. Also for a group
  // without members, as tri.timeout uses.
  void Interrupt(GroupCore* group);
  // The running G has left the function.
  void EndFunction(GroupCore* group);
  // The function's frame was collected, so it never goes on. Called by a
  // finalizer.
  void Forget(GroupCore* group);
  // As Forget, and cancels the members. `group`: its index on the stack.
  void Drop(lua_State* L, int group);

  // Cancels the members of the group at index `group`.
  void Cancel(lua_State* L, int group);
  // An error fails a group. On top of data() is the error, which is popped;
  // below it the group, which stays. `place`: the error's place in the group's
  // list, or 0. `source`: the member that raised it; null: the function did.
  // Cancels all other members, and interrupts the function unless it is the one
  // that failed.
  void Fail(const LuaG* source, uint32_t place);
  // The G of the handle on top of data() has ended, and leaves its group. The
  // last one wakes the G that waits for the group's end.
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
