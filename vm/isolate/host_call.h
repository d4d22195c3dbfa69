// HostCall: a request of the host to an isolate, and the wait for its end.
//
// Role       It lives in the caller's frame. A thread of the host blocks until
//            the call is completed; a G, of any isolate, parks.
// Threads    The caller, until Post. Then the isolate's strand, until Complete.
// Locks      mu_ (kHost)
// Docs       host_call.cc; docs/architecture.md, "Host calls"
// Tests      tests/stdlib/embed_test.cc

#ifndef TRI_VM_ISOLATE_HOST_CALL_H_
#define TRI_VM_ISOLATE_HOST_CALL_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include <lua.hpp>

#include "sched/base/status.h"
#include "sched/sync/mutex.h"
#include "sched/task/g.h"

namespace trilune::vm {

struct GHandle;
struct IsolateConfig;

// What os.exit asked for.
struct ExitRequest {
  int code = 0;
  bool close = false;
  bool requested = false;
};

struct HostCall {
  enum class Kind : uint8_t {
    kMain,     // run `body` as the main G
    kProgram,  // the same; its end is the end of the others
    kSpawn,    // run `body` as a new G
    kOpen,     // nothing: says whether the isolate could be opened
    kCancel,   // cancel the G of `target`; `argument` is a Message, the reason
    kLook,     // look for errors of Gs that nobody can see any more
    kLimits,   // look whether a limit is used up
    kInterrupt,  // cancel the main G; `argument` is a C string
    kDrain,  // cancel every G, refuse new ones, complete when all have ended
    kClose,  // lua_close, whatever is left in the heap
    kDump,   // write the dump to `argument`, a std::string
    kExit,   // end as by os.exit; `argument` is an ExitRequest
  };

  HostCall(Kind what, lua_CFunction function, void* light)
      : kind(what), body(function), argument(light) {}

  // Whether the caller may wait for a call: a thread of the host may. A G may
  // not in a finalizer and in tri.atomic, where all its waits raise, and without
  // a stack for others to go on. It must not in a callback on another's state,
  // which nobody can see from here.
  [[nodiscard]] static Status MayWait();
  // Waits until the isolate has completed this call, at most until
  // `deadline_ns`. False: it has not, and still holds the call. A G parks if
  // MayWait allows it; otherwise its thread waits.
  bool Wait(int64_t deadline_ns) TRI_EXCLUDES(mu_);
  // Called by the strand: sets `result`. The caller may go on at once, and this
  // object may be gone. Later calls are ignored.
  void Complete(Status status) TRI_EXCLUDES(mu_);

  [[nodiscard]] bool IsMain() const {
    return kind == Kind::kMain || kind == Kind::kProgram;
  }

  const Kind kind;
  const lua_CFunction body;
  void* argument;
  Status result;                  // after Wait
  HostCall* next = nullptr;       // in the isolate's lists
  GHandle* handle = nullptr;      // of kSpawn's G, while that may refer to this
  uint64_t g_id = 0;              // of kSpawn: the id that its G gets, or 0
  std::atomic<G*> made{nullptr};  // of kSpawn: its G [SP2]
  // Of kSpawn: what the isolate becomes with it, or null. Moved from.
  IsolateConfig* configure = nullptr;
  HostCall* target = nullptr;  // of kCancel
  // Of kMain: a deadlock during the call is raised in the main G, if that waits
  // where a cancellation would end the wait.
  bool raises_deadlock = false;
  // Of kSpawn, if its G was cancelled before it ran: the reason, a Message. The
  // code that completes the call takes it.
  void* unread_reason = nullptr;
  // The strand calls this instead of waking a waiter. It may destroy the call.
  void (*on_complete)(HostCall* call, const Status& status) = nullptr;
  // Keeps this call and its argument alive, if the caller may leave before the
  // end. Dropped after Complete.
  std::shared_ptr<void> keep;

 private:
  void WaitAsG(G* g, int64_t deadline_ns) TRI_EXCLUDES(mu_);

  Mutex mu_{LockRank::kHost};
  CondVar completed_;
  bool done_ TRI_GUARDED_BY(mu_) = false;
  // The G that waits, and the ticket of its wait. done_flag_ ends a wait that
  // becomes public only after Complete.
  G* waiter_ TRI_GUARDED_BY(mu_) = nullptr;
  uint64_t ticket_ TRI_GUARDED_BY(mu_) = 0;
  bool waiter_is_solo_ TRI_GUARDED_BY(mu_) = false;
  std::atomic<bool> done_flag_{false};  // [NC1]
};

}  // namespace trilune::vm

#endif  // TRI_VM_ISOLATE_HOST_CALL_H_
