// Children: the processes that the Gs of an isolate have started and not waited
// for yet.
//
// Role       When a cancelled G ends, the processes that it has left behind are
//            told to end too. If one has not ended a second later, it is
//            killed: by a timer, or by a G that waits for one of them
//            (stdlib/io/child.h).
// Threads    the isolate's strand. A Child that is in no list: its owner.
// Locks      none
// Invariants I1. A listed Child has not been waited for, so the kernel cannot
//                have given its pid to another process.
// Tests      tests/lua/io/children_of_cancelled.lua

#ifndef TRI_VM_ISOLATE_CHILDREN_H_
#define TRI_VM_ISOLATE_CHILDREN_H_

#include <sys/types.h>

#include <cstdint>

#include "sched/task/g.h"

namespace trilune::vm {

struct LuaG;

struct Child {
  pid_t pid = -1;
  int pidfd = -1;       // readable once it has ended; -1: the kernel has none
  int64_t told_ns = 0;  // when it was sent SIGTERM, or 0
  bool killed = false;  // it was sent SIGKILL
  // While it is in a list: the G that started it. The record may serve another
  // G by now, so the id is compared too.
  const LuaG* g = nullptr;
  uint64_t g_id = 0;
  Child* next = nullptr;
  Child* prev = nullptr;

  void Send(int signal) const;
  // Sends SIGTERM, once.
  void TellToEnd();
  // Sends SIGKILL, once, if the child was told to end kPatienceNs ago. Returns
  // when to look at it again; 0: it was not told, or is killed.
  static constexpr int64_t kPatienceNs = 1'000'000'000;
  int64_t KillIfLate(int64_t now_ns);
};

class Children {
 public:
  Children() = default;
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  void Add(Child* child, const LuaG* g);
  // Does nothing if it is in no list.
  void Remove(Child* child);
  // `g` was cancelled and has ended.
  void TellThoseOf(const LuaG* g);

 private:
  static Outcome RunTimer(G* base);
  // When to look again; 0: nothing is left to do.
  int64_t KillLate(int64_t now_ns);

  static const GKind kTimerKind;
  bool has_timer_ = false;
  Child* head_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_ISOLATE_CHILDREN_H_
