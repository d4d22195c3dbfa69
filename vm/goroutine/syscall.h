// Syscall: a call of the running G that may block in the kernel.
//
// Role       Between the constructor and End the scheduler may give the P and
//            the strand to another M. So other Gs go on, also those of this
//            isolate. If that was not needed, it costs a few nanoseconds.
// Threads    the running G, in a C function that Lua called
// Locks      none
// Rules      Between constructor and End nothing of Lua may be touched: no
//            lua_State, no value, no userdata memory. What the call reads or
//            fills is C++ memory. Read errno before End. Nothing in between may
//            raise.
//            Where a G cannot leave its strand (in a finalizer, in tri.atomic,
//            when no stack is left) the call blocks the isolate, as in stock
//            Lua.
// Tests      tests/vm/syscall_test.cc; tests/lua/io
//
//     vm::Syscall call(L);
//     const ssize_t n = read(fd, buffer, size);
//     const int error = errno;
//     if (!call.End()) {
//       free what this frame holds in C++ memory;
//       vm::Syscall::LeaveForGood();
//     }

#ifndef TRI_VM_GOROUTINE_SYSCALL_H_
#define TRI_VM_GOROUTINE_SYSCALL_H_

#include <optional>

#include <lua.hpp>

#include "vm/goroutine/leave.h"
#include "vm/isolate/isolate.h"

namespace trilune::vm {

class Syscall {
 public:
  // `wake_fd`: an eventfd that becomes readable when the G is cancelled, for a
  // call that polls it. It must stay open until End. -1: a cancellation takes
  // effect after the call.
  explicit Syscall(lua_State* L, int wake_fd = -1);
  Syscall(const Syscall&) = delete;
  Syscall& operator=(const Syscall&) = delete;

  // The call has returned, perhaps on another thread. False: the isolate was
  // closed meanwhile, and its Lua state is gone. Then the caller frees what it
  // holds outside of Lua, and calls LeaveForGood.
  [[nodiscard]] bool End();

  // Leaves the running G's stack. Nothing will come back to it.
  [[noreturn]] static void LeaveForGood();

 private:
  Isolate* const iso_;
  LuaG* const g_;  // null: the strand is not given up
  const bool was_cancelled_;
  std::optional<Leaving> leaving_;  // while the strand is given up
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_SYSCALL_H_
