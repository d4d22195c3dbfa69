// Making an isolate, and serving its host. run.cc has the life of a G, close.cc
// the end of the isolate, dump.cc dumps and tracebacks.
//
// A thread of the host must not touch a running heap. So each request is a
// HostCall, and one G of the strand, host_g_, serves them all (RunHost). It is
// a G so that Post can wake the strand as any waker does. host_call.cc tells
// how a request is not lost while host_g_ is just parking [NC1].

#include "vm/isolate/isolate.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "sched/core/thread_lock.h"
#include "sched/stack/fiber.h"
#include "sched/sync/asymmetric_fence.h"
#include "sched/sync/check.h"
#include "vm/goroutine/park.h"
#include "vm/lua/allow_hook.h"
#include "vm/lua/coroutine.h"
#include "vm/message/message.h"
#include "vm/message/message_space.h"
#include "vm/runtime/isolate_pool.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {
namespace {

int Panic(lua_State* L) {
  const char* message = lua_tostring(L, -1);
  std::fprintf(
      stderr,
      "fatal: unprotected error in Lua: %s\n",  // allow: printf, the last words
      message == nullptr ? "(no message)" : message);
  return 0;  // liblua aborts
}

bool AsksBySignal(const IsolateConfig& config) {
  return config.preempt == PreemptMode::kSignal ||
         config.preempt == PreemptMode::kStrand ||
         (config.budget != nullptr && config.budget->is_timed());
}

}  // namespace

// host_g_ gets signals for the sake of finalizers in lua_close, which run on
// it.
const GKind Isolate::kHostKind = {&Isolate::RunHost, &Isolate::OnPreemptSignal,
                                  true};

// An exit request on its way to the root. If the root refuses it, it comes
// back.
struct Isolate::ExitCall : HostCall {
  ExitCall() : HostCall(Kind::kExit, nullptr, &request) {}
  ExitRequest request;
  std::shared_ptr<Isolate> exiting;
};

Isolate::Isolate(Scheduler* scheduler, IsolateConfig config)
    : Strand(scheduler),
      config_(std::move(config)),
      preempter_(this, config_.preempt, config_.preempt_count),
      goroutine_kind_(AsksBySignal(config_) ? &kGoroutineKind
                                            : &kQuietGoroutineKind),
      host_g_(Allocate(/*own=*/true)),
      exit_call_(std::make_unique<ExitCall>()) {
  preempted_turn.CountPicks(config_.preempt == PreemptMode::kCount);
  ApplyBudget();
}

Result<std::shared_ptr<Isolate>> Isolate::Make(Scheduler* sched,
                                               IsolateConfig config,
                                               lua_CFunction open) {
  std::shared_ptr<Isolate> iso(new Isolate(sched, std::move(config)));
  if (iso->host_g_ == nullptr) return Status::NoMemory();
  const Status status = iso->Open(open);
  if (!status.ok()) return status;
  // The registry lists the isolate under the id that its first G will get.
  iso->next_id_ = sched->NextGIds(kIdBatch);
  iso->ids_end_ = iso->next_id_ + kIdBatch;
  if (iso->runtime() != nullptr) {
    iso->runtime()->registry().Add(iso.get(), iso->next_id_, iso->config_.name);
  }
  iso->Start();
  return iso;
}

std::shared_ptr<Isolate> Isolate::Create(Scheduler* sched, IsolateConfig config,
                                         lua_CFunction open) {
  std::shared_ptr<Isolate> iso(new Isolate(sched, std::move(config)));
  if (iso->host_g_ == nullptr) throw std::bad_alloc();
  iso->opener_ = open;
  iso->Start();
  return iso;
}

Status Isolate::Open(lua_CFunction open) {
  Status no_memory = Status::NoMemory();
  main_ = lua_newstate(&Heap::Allocate, &heap_);
  if (main_ == nullptr) return no_memory;
  lua_State* L = main_;
  lua_atpanic(L, &Panic);
  TagOf(L) = reinterpret_cast<uintptr_t>(this);
  FindAllowHook();
  preempter_.Reset(L);
  lua_gc(L, LUA_GCSTOP);  // nothing that is opened becomes garbage
  if (!OpenStates()) return no_memory;
  lua_pushcfunction(L, open);
  const int status = lua_pcall(L, 0, 0, 0);
  if (status == LUA_ERRMEM) return no_memory;
  if (status != LUA_OK) {
    const char* message = lua_tostring(L, -1);
    return Status(StatusCode::kLuaError,
                  message == nullptr ? "cannot open the libraries" : message);
  }
  // The first collection begins when as much again is in use, as after any
  // other: a negative step pays for that in advance.
  lua_gc(L, LUA_GCRESTART);
  lua_gc(L, LUA_GCSTEP, -static_cast<int>(heap_.used_bytes() >> 10));
  SetWorth();
  return Status();
}

// host_g_ waits for requests from now on.
void Isolate::Start() {
  host_g_->kind = &kHostKind;
  host_g_->id = 0;
  host_g_->ClearFlags();
  host_g_->word.Become(GState::kIdle, GState::kRunnable);
  TRI_CHECK(word.TryClaim());
  PushReady(host_g_);
  sched->Submit(this, /*soon=*/false);
}

Isolate::~Isolate() {
  if (runtime() != nullptr) runtime()->registry().Remove(this);
  DropSharedWaits();
  if (main_ != nullptr) {
    closing_ = true;
    CloseHeap();
  }
  delete messages;
  // host_g_ still waits, if another G was the last to leave the isolate.
  if (host_g_ != nullptr) static_cast<void>(host_g_->word.TryWakeCurrent());
  ForEachG([](LuaG* g) {
    g->word.Abandon();
    return false;
  });
  for (size_t i = 0; i < slabs_.size(); i++)
    sched->lua_slabs().Put(slabs_[i], SlabRecords(i));
  if (records_charge_ > 0) config_.budget->GiveMemory(records_charge_);
}

bool Isolate::OpenStates() {
  main_g_ = Allocate(/*own=*/true);
  if (main_g_ == nullptr) return false;
  main_g_->kind =
      goroutine_kind_ == &kGoroutineKind ? &kMainKind : &kQuietMainKind;
  main_g_->L = main_;
  lua_pushcfunction(main_, [](lua_State* L) {
    Isolate* iso = Of(L);
    lua_State* data = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &iso->data_);
    lua_State* worker = lua_newthread(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &iso->worker_);
    luaL_checkstack(data, kDataSlots, nullptr);
    lua_createtable(data, kFirstHandles, 0);  // kHandles
    lua_newtable(data);                       // kStates
    lua_pushnil(data);                        // kMeta
    lua_createtable(data, 0, 1);              // kReportMeta
    lua_pushcfunction(data, &Failures::OnCollected);
    lua_setfield(data, -2, "__gc");
    lua_newtable(data);  // kReasons
    lua_pushliteral(data, "cancelled");
    lua_pushliteral(data, "not enough memory");
    lua_pushliteral(data, "the isolate ends: its finalizers must, too");
    lua_newtable(data);           // kFailed
    lua_createtable(data, 2, 0);  // kNested
    lua_createtable(data, 0, 1);
    lua_pushliteral(data, "v");
    lua_setfield(data, -2, "__mode");
    lua_setmetatable(data, -2);
    // Marked as a G's own state: no script may resume or close them.
    TagOf(data) = reinterpret_cast<uintptr_t>(iso->main_g_) | 1;
    TagOf(worker) = TagOf(data);
    iso->data_ = data;
    iso->worker_ = worker;
    MakeSentinel(L);
    return 0;
  });
  return lua_pcall(main_, 0, 0, 0) == LUA_OK;
}

void Isolate::ReportTo(const std::function<void(std::string_view)>& report,
                       std::string_view text) {
  if (report) {
    report(text);
    return;
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

// --- The host's requests. ---

void Isolate::Post(HostCall* call) {
  bool refused = false;
  {
    MutexLock lock(host_mu_);
    refused = closed_.load(std::memory_order_relaxed);
    if (!refused) {
      call->next = nullptr;
      *requests_tail_ = call;
      requests_tail_ = &call->next;
    }
  }
  if (refused) {
    const std::shared_ptr<void> keep = std::move(call->keep);
    call->Complete(Status(StatusCode::kStopped, "the isolate is closed"));
    return;
  }
  has_requests_.store(true, std::memory_order_seq_cst);
  // Inside the strand no other thread is just making the wait of host_g_
  // public.
  const M* m = CurrentM();
  if (m == nullptr || m->strand != this) HeavyFence();  // [NC1]
  if (host_g_->word.TryWakeCurrent()) Ready(host_g_);
}

HostCall* Isolate::TakeRequests() {
  MutexLock lock(host_mu_);
  has_requests_.store(false, std::memory_order_relaxed);  // under host_mu_
  HostCall* calls = requests_;
  requests_ = nullptr;
  requests_tail_ = &requests_;
  return calls;
}

Outcome Isolate::RunHost(G* g) {
  auto* iso = static_cast<Isolate*>(g->strand);
  iso->frames = nullptr;
  if (iso->opener_ != nullptr) {
    iso->opened_ = iso->Open(iso->opener_);
    iso->opener_ = nullptr;
  }
  for (HostCall* call = iso->TakeRequests(); call != nullptr;) {
    HostCall* following = call->next;  // before Serve, which may end the call
    iso->Serve(call);
    call = following;
  }
  if (!iso->halted_ && std::exchange(iso->wants_look_, false)) {
    iso->LookForUnseen();
  }
  if (std::exchange(iso->seems_stuck_, false) && !iso->halted_ &&
      iso->live > 0 && !iso->HasRunnable() && !iso->word.HasMail() &&
      iso->IsStuck()) {
    iso->EndDeadlock();
  }
  if (iso->wants_trim()) iso->ServeTrim();
  if (iso->FinishClose()) return Outcome::kStrandEnded;
  // A request posted from here on either finds the wait, or is found by it.
  g->word.BeginWait();
  iso->commit = ParkCommit();
  iso->commit.cancelled = &iso->has_requests_;
  return Outcome::kParked;
}

void Isolate::Serve(HostCall* call) {
  const bool starts = call->IsMain() || call->kind == HostCall::Kind::kSpawn;
  if (starts && killed_) {
    Complete(call, Status(StatusCode::kLimit, kill_reason_));
    return;
  }
  if (starts && stopping_) {
    Complete(call, Status(StatusCode::kStopped, "the isolate is stopping"));
    return;
  }
  if (starts && !opened_.ok()) {
    Complete(call, opened_);
    return;
  }
  switch (call->kind) {
    case HostCall::Kind::kMain:
    case HostCall::Kind::kProgram:
      StartMain(call);
      break;
    case HostCall::Kind::kSpawn:
      ServeSpawn(call);
      break;
    case HostCall::Kind::kOpen:
      Complete(call, opened_);
      break;
    case HostCall::Kind::kLook:
      failures_.set_waits_for_collection(true);
      Complete(call, Status());
      break;
    case HostCall::Kind::kLimits:
      CheckLimits();
      Complete(call, Status());
      break;
    case HostCall::Kind::kCancel:
      ServeCancel(call);
      break;
    case HostCall::Kind::kInterrupt:
      if (main_runs_ && !halted_) {
        InterruptMain(static_cast<const char*>(call->argument));
      }
      Complete(call, Status());
      break;
    case HostCall::Kind::kDrain:
      stopping_ = true;
      call->next = drains_;
      drains_ = call;
      CancelAll();
      CheckDrained();
      if (drains_ != nullptr && call->on_complete != nullptr) {
        drain_timer_ = StartTimer(&kDrainDeadlineKind,
                                  {this, NowNs() + config_.stop_deadline_ns, 0},
                                  /*own=*/true);
      }
      break;
    case HostCall::Kind::kClose:
      CloseState(call);
      break;
    case HostCall::Kind::kDump:
      ServeDump(static_cast<std::string*>(call->argument));
      Complete(call, Status());
      break;
    case HostCall::Kind::kExit:
      Complete(call, ServeExit(*static_cast<ExitRequest*>(call->argument))
                         ? Status()
                         : Status(StatusCode::kStopped, "it is ending"));
      break;
  }
}

void Isolate::ServeDump(std::string* text) try {
  *text = main_ == nullptr ? "closed\n\n" : Dump();
} catch (const std::bad_alloc&) {
  *text = "no memory\n\n";  // short enough to need no memory
}

void Isolate::InterruptMain(const char* reason) {
  if (interrupts_once_) return;  // the last one has not been raised yet
  lua_pushcfunction(worker_, [](lua_State* L) {
    Isolate* iso = Of(L);
    lua_pushstring(L, static_cast<const char*>(lua_touserdata(L, 1)));
    iso->interrupts_once_ = iso->Cancel(L, iso->main_g_);
    return 0;
  });
  lua_pushlightuserdata(worker_, const_cast<char*>(reason));
  if (CallOutside(worker_, 1, 0) != LUA_OK) {
    interrupts_once_ = CancelQuietly(main_g_);
  }
  lua_settop(worker_, 0);
}

void Isolate::Complete(HostCall* call, Status status) {
  const std::shared_ptr<void> keep = std::move(call->keep);
  call->Complete(std::move(status));
}

void Isolate::AddWaiting(HostCall* call) {
  call->next = waiting_;
  waiting_ = call;
}

// Completes calls although their Gs may go on.
void Isolate::CompleteWaiting(const Status& status) {
  for (HostCall* call = waiting_; call != nullptr; call = call->next) {
    if (call->handle != nullptr) call->handle->host_call = nullptr;
  }
  CompleteAll(&waiting_, status);
}

void Isolate::CompleteAll(HostCall** list, const Status& status) {
  HostCall* call = *list;
  *list = nullptr;
  while (call != nullptr) {
    HostCall* following = call->next;  // once completed, the call may be gone
    const std::shared_ptr<void> keep = std::move(call->keep);
    call->Complete(status);
    call = following;
  }
}

void Isolate::StartMain(HostCall* call) {
  if (main_runs_) {
    Complete(call, Status(StatusCode::kInvalidArgument,
                          "the main script is running already"));
    return;
  }
  main_runs_ = true;
  WatchTime();
  main_g_->id = NextId();
  main_g_->ClearFlags();
  interrupts_once_ = false;
  if (main_g_->word.state() == GState::kDead) {
    main_g_->word.Become(GState::kDead, GState::kIdle);
  }
  main_g_->word.Become(GState::kIdle, GState::kRunnable);
  live++;
  // RunMain finds it as the only call in the list that IsMain.
  AddWaiting(call);
  PushReady(main_g_);
}

// A spare isolate becomes that of a program.
void Isolate::Configure(IsolateConfig&& config) {
  if (warm_timer_ != nullptr) StopTimer(std::exchange(warm_timer_, nullptr));
  config_ = std::move(config);
  ApplyBudget();
  if (config_.budget != nullptr) {  // its first G was taken in advance
    has_g_to_make_ = true;
    gs_taken_++;
  }
  goroutine_kind_ =
      AsksBySignal(config_) ? &kGoroutineKind : &kQuietGoroutineKind;
  if (config_.preempt == preempter_.mode() &&
      config_.preempt_count == preempter_.count()) {
    return;
  }
  preempter_.SetMode(config_.preempt, config_.preempt_count);
  preempted_turn.CountPicks(config_.preempt == PreemptMode::kCount);
  for (lua_State* state : states_) {
    if (state != nullptr) preempter_.Reset(state);
  }
  for (lua_State* state : {main_, worker_})
    preempter_.Reset(state);
}

void Isolate::ServeSpawn(HostCall* call) {
  if (call->configure != nullptr) {
    Configure(std::move(*call->configure));
    runtime()->registry().Add(this, call->g_id, config_.name);
  }
  CheckLimits();  // its spawner's limits may be used up by now
  // Runs in protected mode, then takes the same path as tri.go. Isolate::Go
  // wants the table of handles as an upvalue, so a closure stands between.
  lua_pushcfunction(worker_, [](lua_State* L) {
    Isolate* iso = Of(L);
    iso->PushHandles(L);
    lua_pushcclosure(
        L,
        [](lua_State* state) {
          auto* held = static_cast<HostCall*>(lua_touserdata(state, 1));
          lua_pushcfunction(state, held->body);
          lua_pushlightuserdata(state, held->argument);
          held->handle = Of(state)->Go(state, 2, /*in_group=*/false);
          held->handle->host_call = held;
          Of(state)->WatchTime();
          if (held->g_id != 0) {
            held->handle->id = held->handle->g->id = held->g_id;
          }
          held->made.store(held->handle->g,
                           std::memory_order_release);  // [SP2]
          return 0;
        },
        1);
    lua_insert(L, 1);
    lua_call(L, 1, 0);
    return 0;
  });
  lua_pushlightuserdata(worker_, call);
  const int status = CallOutside(worker_, 1, 0);
  if (status == LUA_OK) {
    AddWaiting(call);
  } else {
    const char* message = lua_tostring(worker_, -1);
    Complete(call, Status(StatusCode::kNoMemory,
                          message == nullptr ? "not enough memory" : message));
  }
  lua_settop(worker_, 0);
}

void Isolate::ServeCancel(HostCall* call) {
  HostCall* target = waiting_;
  while (target != nullptr && target != call->target)
    target = target->next;
  LuaG* g = target == nullptr || target->handle == nullptr ? nullptr
                                                           : target->handle->g;
  if (g != nullptr && !g->Has(G::kStarted)) {
    target->unread_reason = std::exchange(call->argument, nullptr);
    CancelQuietly(g);
  } else if (g != nullptr) {
    lua_pushcfunction(worker_, [](lua_State* L) {
      auto* reason = static_cast<Message*>(lua_touserdata(L, 2));
      if (reason == nullptr) {
        lua_pushnil(L);
      } else {
        ReadMessage(L, reason);
      }
      Of(L)->Cancel(L, static_cast<LuaG*>(lua_touserdata(L, 1)));
      return 0;
    });
    lua_pushlightuserdata(worker_, g);
    lua_pushlightuserdata(worker_, std::exchange(call->argument, nullptr));
    if (CallOutside(worker_, 2, 0) != LUA_OK) CancelQuietly(g);
    lua_settop(worker_, 0);
  }
  Complete(call, Status());
}

ExitRequest Isolate::exit_request() const {
  MutexLock lock(host_mu_);
  return exit_;
}

// False: there is no other root that could take the request.
bool Isolate::PassExitToRoot(const ExitRequest& request) {
  const std::shared_ptr<Isolate> root = config_.root.lock();
  if (root == nullptr || root.get() == this || root->closed()) return false;
  std::unique_ptr<ExitCall> call;
  {
    MutexLock lock(host_mu_);
    call = std::move(exit_call_);
  }
  if (call == nullptr) return true;  // another G was first
  call->request = request;
  call->exiting = shared_from_this();
  call->on_complete = [](HostCall* done, const Status& status) {
    auto* self = static_cast<ExitCall*>(done);
    const std::shared_ptr<Isolate> iso = std::move(self->exiting);
    if (status.ok() || iso == nullptr) {
      delete self;
      return;
    }
    // The root was ending already, so it will not end this program. Let this
    // isolate serve the request itself.
    iso->Post(self);
  };
  root->Post(call.release());
  return true;
}

// Ends this isolate for an os.exit: of a spawned isolate, or of its own after
// its root has refused. False: this isolate is ending already.
bool Isolate::ServeExit(const ExitRequest& request) {
  const bool was_halted = halted_;
  // A caller that waits for an isolate that is being closed learns of the
  // close.
  if (was_halted && !exit_request().requested) return false;
  if (!was_halted) {
    {
      MutexLock lock(host_mu_);
      exit_ = request;
    }
    failures_.ReportAll();
    Halt();
  }
  CompleteWaiting(Status(StatusCode::kExit, "the script called os.exit"));
  CheckDrained();
  return !was_halted;
}

int Isolate::Exit(lua_State* L, int code, bool close) {
  {
    MutexLock lock(host_mu_);
    exit_ = {code, close, true};
  }
  failures_.ReportAll();
  // If the root takes the request, joiners of this isolate learn nothing: the
  // root ends, and with it all of them.
  const bool passed = PassExitToRoot({code, close, true});
  // No Status lives in this frame: it is left by an error, or for good.
  const auto complete_waiting = [this, passed] {
    if (passed) return;
    CompleteWaiting(Status(StatusCode::kExit, "the script called os.exit"));
  };
  LuaG* g = current;
  if (g == nullptr || closing_ || !CanLeaveStack(CurrentM())) {
    complete_waiting();
    lua_pushliteral(L, "os.exit: the program ends");
    return lua_error(L);
  }
  // No G runs from here on, not even this one. lua_close takes the heap as it
  // is, as the stock os.exit would.
  Halt();
  complete_waiting();
  CheckDrained();
  Leave();
  g->reason = WaitReason::kHostCall;
  g->word.BeginWait();
  ParkWithStack(CurrentM(), g, ParkCommit());
  Fatal(__FILE__, __LINE__, "a goroutine went on after os.exit");
}

}  // namespace trilune::vm
