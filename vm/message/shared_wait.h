// SharedWait: a wait of a Lua G in queues that several isolates share.
//
// Role       Queues of one isolate die with its heap; those of shared objects
//            outlive it. So each isolate lists what its Gs have in such queues,
//            and takes that out when it drops them (Isolate::Halt). The list
//            also tells a deadlock from a wait that others can end.
// Threads    the isolate's strand
// Locks      none of its own
// Invariants I1. A wait is listed before its G is public as waiting. It stays
//                listed until its continuation has unlinked it, or the isolate
//                is halted.
// Tests      tests/vm/channel_test.cc

#ifndef TRI_VM_MESSAGE_SHARED_WAIT_H_
#define TRI_VM_MESSAGE_SHARED_WAIT_H_

#include <cstdint>

namespace trilune::vm {

struct SharedWait {
  struct Kind {
    // The G was dropped, and never runs again. Takes the wait out of its queues
    // and frees what it owns, perhaps itself, too.
    void (*drop)(SharedWait* wait);
    // Whether something outside the isolate may end the wait. Called while no G
    // of the isolate runs.
    bool (*may_end)(const SharedWait* wait);
  };

  const Kind* kind = nullptr;
  SharedWait* next = nullptr;
  SharedWait* prev = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_SHARED_WAIT_H_
