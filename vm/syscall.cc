#include "vm/syscall.h"

#include "sched/sync/check.h"

namespace trilune::vm {

Syscall::Syscall(lua_State* L) : iso_(Isolate::Of(L)) {}

bool Syscall::End() {
  return true;
}

void Syscall::LeaveForGood() {
  Fatal(__FILE__, __LINE__, "left for good without a reason");
}

}  // namespace trilune::vm
