// Who may use a file: busy files, turns, and the guard that ends a use.
//
// A file of the script's own is used by one function at a time. If it is not
// busy, WithFile just runs the operation. Most operations end without leaving
// the strand, and then nothing else is needed. An operation that may wait or
// take long first calls Own: the file is busy from then on. Others of the
// isolate wait in the file's queue. At the end the file is handed to the first
// of them, still busy, with the reference that the busy function held.
//
// A standard file belongs to every isolate, so a function has its turn instead
// (file_turn.h). WithFile tries to take it; if another function has it, the G
// waits, parked. A short operation keeps the turn without a guard (`has_turn`)
// and gives it back with EndTurn. Between the two nothing may raise. An
// operation that may raise or wait calls Own first.
//
// The guard. Own leaves a to-be-closed value on the function's stack. However
// the function ends (return, error, cancellation, a closed coroutine), Lua
// calls the guard's __close, and that ends the use: Release. Each file has one
// guard, made at its first use and kept in the registry. So later uses allocate
// nothing.
//
// Three things may happen during a use, and Release has to deal with them:
// - The file is closed, by another G or a finalizer. Then it is only marked,
//   and Release closes the FILE.
// - The isolate halts while the function has a turn. A turn is listed with the
//   isolate's shared waits, so that DropHold gives it up.
// - The isolate is closed while the function's call is in the kernel. Then
//   Release does nothing (`in_kernel`). The thread that comes back from the
//   kernel calls the job's `abandon`, which ends the use by AbandonUse.

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdlib>
#include <new>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "stdlib/io/file.h"
#include "vm/goroutine/leave.h"
#include "vm/goroutine/park.h"
#include "vm/goroutine/syscall.h"

namespace trilune::stdlib {
namespace {

const char kGuardKey = 0;   // the guards' metatable
const char kGuardsKey = 0;  // file -> guard

// The value on the stack of a function that owns a file. When the function
// ends, by an error or otherwise, so does its use of the file. The handle is on
// that stack, or an upvalue, so the File outlives the guard's use of it.
struct Guard {
  static constexpr TypeTag kTag = {"use of a file"};
  const TypeTag* tag;
  File* file;
};

const vm::InternalKind kGuardKind(
    [](lua_State* L, int index) { return Test<Guard>(L, index) != nullptr; },
    vm::InternalKind::What::kHidden);

void MakeReady(WaiterBase* waiter, WakeResult result) {
  waiter->g->wake = result;
  ReadyInStrand(waiter->g, /*woken=*/false);
}

// Ends the turn of a function of this isolate.
void EndHold(File* file) {
  file->holds_turn = false;
  file->turn->Give();
  Unref(file);
}

// The isolate halted while a function had the turn. If that function's call is
// in the kernel, the job's `abandon` gives the turn up.
void DropHold(vm::SharedWait* base) {
  auto* file = static_cast<File*>(base);
  if (!file->in_kernel) EndHold(file);
}

constexpr vm::SharedWait::Kind kHold = {
    &DropHold, [](const vm::SharedWait*) { return true; }};

void BeginHold(lua_State* L, File* file) {
  file->vm::SharedWait::kind = &kHold;
  vm::Isolate::Of(L)->AddSharedWait(file);
  file->holds_turn = true;
  // relaxed: the handle holds a reference.
  file->references.fetch_add(1, std::memory_order_relaxed);
}

// Ends the use of a busy file.
void Release(lua_State* L, File* file) {
  if (file->in_kernel) return;  // lua_close, while the call goes on
  vm::Isolate::Of(L)->loans.End(file);
  if (file->turn != nullptr) {
    if (!file->holds_turn) return;  // abandoned, or dropped
    vm::Isolate::Of(L)->RemoveSharedWait(file);
    EndHold(file);
    return;
  }
  WaiterBase* waiter = file->waiters.PopAndWin();
  if (waiter != nullptr) {
    MakeReady(waiter, WakeResult::kReady);  // with the file and its reference
    return;
  }
  file->busy = false;
  CloseJob job;
  const bool closes = file->closed && file->f != nullptr;
  if (closes) MoveTo(file, &job);
  Unref(file);
  if (closes) CloseMoved(L, &job);
}

// A function in `L` owns the file from here on.
void BeginLoan(lua_State* L, File* file) {
  file->end = [](lua_State* state, vm::Loan* loan) {
    Release(state, static_cast<File*>(loan));
  };
  vm::Isolate::Of(L)->loans.Begin(file, L);
}

int l_guard_close(lua_State* L) {
  const auto* guard = Test<Guard>(L, 1);
  File* file = guard == nullptr ? nullptr : guard->file;
  // If the coroutine had failed before, the file may be gone, or in use by
  // another function.
  if (file != nullptr && file->vm::Loan::L == L) Release(L, file);
  return 0;
}

// Pushes the file's guard.
void PushGuard(lua_State* L, File* file) {
  luaL_checkstack(L, 8, nullptr);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuardsKey);
  if (lua_rawgetp(L, -1, file) == LUA_TNIL) {
    lua_pop(L, 1);
    auto* guard = static_cast<Guard*>(lua_newuserdatauv(L, sizeof(Guard), 0));
    *guard = {&Guard::kTag, file};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuardKey);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, -3, file);
  }
  lua_remove(L, -2);
}

int l_with_file_k(lua_State* L, int, lua_KContext context) {
  const WakeResult result = EndWait(L);
  if (result == WakeResult::kCancelled) vm::RaiseCancelled(L);
  // The file itself may be gone with its handle.
  if (result == WakeResult::kClosed) {
    return luaL_error(L, "attempt to use a closed file");
  }
  auto* guard = static_cast<Guard*>(lua_touserdata(L, -1));
  const int top = lua_gettop(L) - 1;
  lua_toclose(L, top + 1);
  BeginLoan(L, guard->file);
  Use use = {L, guard->file, top};
  use.owned = true;
  return reinterpret_cast<const Operation*>(context)->run(&use);
}

// --- Turns. ---

void FreeTurnWait(void* wait) {
  std::free(wait);
}

constexpr vm::SharedWait::Kind kTurnWait = {
    [](vm::SharedWait* base) {
      auto* wait = static_cast<TurnWait*>(base);
      wait->turn->Drop(&wait->waiter);
      std::free(wait);
    },
    [](const vm::SharedWait*) { return true; }};

// Runs the operation in the turn that this G now has. The guard is on top.
int RunInTurn(lua_State* L, const Operation* operation) {
  File* file = static_cast<Guard*>(lua_touserdata(L, -1))->file;
  const int top = lua_gettop(L) - 1;
  lua_toclose(L, top + 1);
  BeginLoan(L, file);
  BeginHold(L, file);
  Use use = {L, file, top};
  use.owned = true;
  return operation->run(&use);
}

int l_turn_k(lua_State* L, int, lua_KContext context);

int AwaitTurn(lua_State* L, TurnWait* wait) {
  const vm::Parking parking = vm::BeginPark(
      L, WaitReason::kFile, wait->shielded, {&FreeTurnWait, wait});
  if (!wait->turn->Queue(&wait->waiter, parking.g)) {
    const auto* operation = static_cast<const Operation*>(wait->operation);
    std::free(wait);
    return RunInTurn(L, operation);
  }
  vm::Isolate::Of(L)->AddSharedWait(wait);
  ParkCommit commit;
  commit.external = true;
  commit.unlock = &FileTurn::Unlock;
  commit.unlock_argument = wait->turn;
  return vm::Park(L, parking, commit, &l_turn_k,
                  reinterpret_cast<lua_KContext>(wait));
}

int l_turn_k(lua_State* L, int, lua_KContext context) {
  auto* wait = reinterpret_cast<TurnWait*>(context);  // NOLINT: Lua's context
  vm::Isolate* iso = vm::Isolate::Of(L);
  iso->RemoveSharedWait(wait);
  const bool cancelled = iso->current->wake == WakeResult::kCancelled;
  const bool is_ours = wait->turn->EndWait(&wait->waiter);
  if (!is_ours && !cancelled) return AwaitTurn(L, wait);
  const auto* operation = static_cast<const Operation*>(wait->operation);
  std::free(wait);
  if (cancelled) vm::RaiseCancelled(L);
  return RunInTurn(L, operation);
}

// Whether a function called from `L` could wait here. If it cannot, it writes
// all the same.
bool MayWait(lua_State* L) {
  const vm::Isolate* iso = vm::Isolate::Of(L);
  return !iso->in_atomic() && vm::WhyNotLeave(L, iso) == nullptr;
}

// Another function has the turn.
int WaitForTurn(lua_State* L, Use* use, const Operation* operation) {
  if (operation->writes && !MayWait(L)) {
    use->alone = true;
    return operation->run(use);
  }
  PushGuard(L, use->file);
  void* memory = std::malloc(sizeof(TurnWait));
  if (memory == nullptr) RaiseNoMemory(L);
  auto* wait = new (memory) TurnWait();
  wait->kind = &kTurnWait;
  wait->turn = use->file->turn;
  wait->operation = operation;
  // A cancelled G may still wait to write its last words. One that a limit
  // ended may not.
  wait->shielded = operation->writes && vm::Isolate::Of(L)->MustRaise() &&
                   !vm::Isolate::Of(L)->killed();
  return AwaitTurn(L, wait);
}

}  // namespace

// Ends calls on the file that wait in the kernel.
void Wake(const File* file) {
  // It cannot fail: nothing else writes to the eventfd.
  if (file->wake_fd >= 0) static_cast<void>(eventfd_write(file->wake_fd, 1));
}

// Sets `closed` and wakes the waiting Gs with that result.
void MarkClosed(File* file) {
  file->closed = true;
  Wake(file);
  while (WaiterBase* waiter = file->waiters.PopAndWin()) {
    MakeReady(waiter, WakeResult::kClosed);
  }
}

[[gnu::noinline]] void InKernel(lua_State* L, Job* job) {
  // In lua_close no G runs, so the job blocks.
  if (vm::Isolate::Of(L)->current == nullptr) {
    job->work(job);
    return;
  }
  vm::Syscall call(L, job->wake_fd);
  job->work(job);
  if (!call.End()) {
    if (job->abandon != nullptr) job->abandon(job);
    vm::Syscall::LeaveForGood();
  }
}

void InKernel(const Use* use, Job* job) {
  use->file->in_kernel = true;
  InKernel(use->L, job);
  use->file->in_kernel = false;
}

void RaiseIfCancelled(lua_State* L) {
  const vm::Isolate* iso = vm::Isolate::Of(L);
  if (iso->current != nullptr && iso->MustRaise()) vm::RaiseCancelled(L);
}

void RaiseIfAtomic(lua_State* L) {
  const vm::Isolate* iso = vm::Isolate::Of(L);
  if (iso->current != nullptr && iso->in_atomic()) {
    luaL_error(L, vm::kNoWaitInAtomic);
  }
}

void RaiseNoMemory(lua_State* L) {
  lua_pushliteral(L, "not enough memory");
  lua_error(L);
  __builtin_unreachable();
}

int WithFile(lua_State* L, File* file, const Operation* operation) {
  Use use = {L, file, lua_gettop(L)};
  if (file->turn != nullptr) {
    luaL_checkstack(L, LUA_MINSTACK, nullptr);  // nothing raises below
    if (!file->turn->TryTake()) return WaitForTurn(L, &use, operation);
    use.has_turn = true;
    const int n = operation->run(&use);
    EndTurn(&use);
    return n;
  }
  if (!file->busy) return operation->run(&use);
  PushGuard(L, file);
  return WaitIn(L, file->waiters, {.reason = WaitReason::kFile}, &l_with_file_k,
                reinterpret_cast<lua_KContext>(operation));
}

void Own(Use* use) {
  if (use->owned || use->alone) return;
  PushGuard(use->L, use->file);
  lua_toclose(use->L, -1);
  BeginLoan(use->L, use->file);
  if (use->has_turn) {
    BeginHold(use->L, use->file);
    use->has_turn = false;
  } else {
    use->file->busy = true;
    // relaxed: the caller holds a reference already.
    use->file->references.fetch_add(1, std::memory_order_relaxed);
  }
  use->owned = true;
}

void BetweenChunks(Use* use, size_t n) {
  File* file = use->file;
  file->moved += n;
  if (file->moved < kBulk) return;
  file->moved = 0;
  vm::Isolate* iso = vm::Isolate::Of(use->L);
  if (!use->owned || (iso->current == nullptr && !iso->closing())) return;
  if (iso->is_watched()) iso->CheckLimits();
  const bool must_raise = iso->current != nullptr && iso->MustRaise();
  // By bytes only, so that it is the same in every run.
  const bool counts = iso->preempter().mode() == vm::PreemptMode::kCount;
  if (!must_raise && !counts) {
    const int64_t now = NowNs();
    const bool is_new = file->gtick != iso->gtick || file->since_ns == 0;
    if (is_new) {
      file->gtick = iso->gtick;
      file->since_ns = now;
    }
    if (now - file->since_ns < iso->sched->config().slice_ns) return;
    file->since_ns = 0;
  }
  iso->AtPreemptionPoint(use->L, vm::Isolate::Point::kCall);
}

int WakeFdOf(File* file) {
  if (file->wake_fd < 0) file->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return file->wake_fd;
}

void DrainWakeFd(const File* file) {
  eventfd_t count = 0;
  static_cast<void>(eventfd_read(file->wake_fd, &count));
}

void AbandonUse(File* file) {
  file->in_kernel = false;
  // Nobody is left who could want the child's output or status.
  if (file->child != nullptr) file->child->TellToEnd();
  if (file->holds_turn) {
    EndHold(file);
  } else {
    Unref(file);
  }
}

bool WasClosed(Use* use) {
  if (!use->file->closed && use->file->f != nullptr) return false;
  use->error = EBADF;
  return true;
}

void PrepareTurn(lua_State* L, File* file) {
  PushGuard(L, file);
  lua_pop(L, 1);
}

void ForgetGuard(lua_State* L, const File* file) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kGuardsKey);
  if (lua_rawgetp(L, -1, file) != LUA_TNIL) {
    // It may still be on the stack of a coroutine that has failed.
    static_cast<Guard*>(lua_touserdata(L, -1))->file = nullptr;
    lua_pushnil(L);
    lua_rawsetp(L, -3, file);  // cannot raise: the key is there
  }
  lua_pop(L, 2);
}

void OpenFile(lua_State* L) {
  static constexpr luaL_Reg kGuardMeta[] = {{"__close", &l_guard_close},
                                            {nullptr, nullptr}};
  lua_newtable(L);
  luaL_setfuncs(L, kGuardMeta, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kGuardKey);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kGuardsKey);
}

}  // namespace trilune::stdlib
