// HostCall: a request of the host to an isolate, and the wait for its end.
//
// Role       Lives in the caller's frame. A thread of the host blocks; a G, of
//            any isolate, parks.
// Threads    The caller, until Post; then the isolate's strand, until Complete.
// Locks      mu_ (kHost)
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
    kOpen,     // nothing: the isolate is open then, or could not be
    kCancel,   // cancel the G of `target`; `argument` is a Message, the reason
    kLook,     // see whether errors of Gs will be seen by nobody
    kLimits,   // see whether a limit is used up
    kInterrupt,  // cancel the main G; `argument` is a C string
    kDrain,  // cancel every G, refuse new ones, complete when all have ended
    kClose,  // lua_close, whatever is left
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
  // `deadline_ns`; false: it has not, and still holds the call. A G parks, if
  // MayWait; else its thread waits.
  bool Wait(int64_t deadline_ns) TRI_EXCLUDES(mu_);
  // The strand: `result` is set; the caller may go on, and this be gone. Once
  // is enough: later ones are ignored.
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
  uint64_t g_id = 0;              // of kSpawn: the id its G shall have, or 0
  std::atomic<G*> made{nullptr};  // of kSpawn: its G [SP2]
  // Of kSpawn: what the isolate is from then on; moved from. Or null.
  IsolateConfig* configure = nullptr;
  HostCall* target = nullptr;  // of kCancel
  // Of kMain: a deadlock while it runs is raised in the main G, if that waits
  // where a cancellation would end the wait.
  bool raises_deadlock = false;
  // Of kSpawn: the reason, a Message for who completes it, if its G was
  // cancelled before it ran.
  void* unread_reason = nullptr;
  // Called instead of waking a waiter, by the strand; it may destroy the call.
  void (*on_complete)(HostCall* call, const Status& status) = nullptr;
  // What holds this call and its argument, if the caller may leave before its
  // end. Dropped after Complete.
  std::shared_ptr<void> keep;

 private:
  void WaitAsG(G* g, int64_t deadline_ns) TRI_EXCLUDES(mu_);

  Mutex mu_{LockRank::kHost};
  CondVar completed_;
  bool done_ TRI_GUARDED_BY(mu_) = false;
  // The G that waits, and its ticket; the flag ends a wait that comes too late.
  G* waiter_ TRI_GUARDED_BY(mu_) = nullptr;
  uint64_t ticket_ TRI_GUARDED_BY(mu_) = 0;
  bool waiter_is_solo_ TRI_GUARDED_BY(mu_) = false;
  std::atomic<bool> done_flag_{false};  // [NC1]
};

}  // namespace trilune::vm

#endif  // TRI_VM_ISOLATE_HOST_CALL_H_
