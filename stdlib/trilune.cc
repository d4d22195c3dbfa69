#include "stdlib/trilune.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "sched/clock.h"
#include "sched/scheduler.h"
#include "stdlib/modules.h"
#include "vm/isolate.h"

namespace trilune {
namespace {

using vm::HostCall;

int DefaultProcs() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::clamp(CPU_COUNT(&set), 1, kMaxProcs);
}

// --- Values in and out. ---

void PushValue(lua_State* L, const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    lua_pushnil(L);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    lua_pushboolean(L, *boolean);
  } else if (const auto* integer = std::get_if<int64_t>(&value)) {
    lua_pushinteger(L, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    lua_pushnumber(L, *number);
  } else if (const auto* string = std::get_if<std::string>(&value)) {
    lua_pushlstring(L, string->data(), string->size());
  } else {
    const std::string& text = std::get<OtherValue>(value).text;
    lua_pushlstring(L, text.data(), text.size());
  }
}

// Appends the value at `index`. May raise before it touches `values`.
void AppendValue(lua_State* L, int index, Values* values) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
      values->emplace_back(std::monostate());
      return;
    case LUA_TBOOLEAN:
      values->emplace_back(lua_toboolean(L, index) != 0);
      return;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index) != 0) {
        values->emplace_back(static_cast<int64_t>(lua_tointeger(L, index)));
      } else {
        values->emplace_back(lua_tonumber(L, index));
      }
      return;
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      values->emplace_back(std::string(text, size));
      return;
    }
    default:
      break;
  }
  size_t size = 0;
  const char* text = luaL_tolstring(L, index, &size);
  values->emplace_back(OtherValue{std::string(text, size)});
  lua_pop(L, 1);
}

// --- Running a chunk or a function. ---

// Lives in the host's frame while the G runs.
struct Run {
  enum class What { kFile, kString, kFunction } what;
  std::string_view text;  // the path, the chunk, or the function's name
  const char* chunk_name;
  const Values* args;
  Values results;
  StatusCode code = StatusCode::kOk;
  std::string message;
};

int MessageHandler(lua_State* L) {
  const char* message = luaL_tolstring(L, 1, nullptr);
  luaL_traceback(L, L, message, 1);
  return 1;
}

void Fail(lua_State* L, Run* run, StatusCode code) {
  const char* message = lua_tostring(L, -1);
  run->code = code;
  run->message = message == nullptr ? "(no message)" : message;
}

// Pushes the function to run; false, with the reason in `run`.
bool PushFunction(lua_State* L, Run* run) {
  if (run->what == Run::What::kFunction) {
    // The globals, then one table after the other.
    lua_pushglobaltable(L);
    std::string_view rest = run->text;
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find('.'));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      if (!lua_istable(L, -1)) break;
      lua_pushlstring(L, name.data(), name.size());
      lua_gettable(L, -2);
      lua_remove(L, -2);
    }
    if (lua_isfunction(L, -1)) return true;
    run->code = StatusCode::kNotFound;
    run->message = "no function '" + std::string(run->text) + "'";
    return false;
  }
  int status = LUA_OK;
  if (run->what == Run::What::kFile) {
    // run->text ends with a zero: it is a std::string's.
    const char* path = run->text == "-" ? nullptr : run->text.data();
    status = luaL_loadfile(L, path);
  } else {
    status =
        luaL_loadbuffer(L, run->text.data(), run->text.size(), run->chunk_name);
  }
  if (status == LUA_OK) return true;
  Fail(L, run,
       status == LUA_ERRSYNTAX ? StatusCode::kSyntaxError
       : status == LUA_ERRFILE ? StatusCode::kNotFound
                               : StatusCode::kNoMemory);
  return false;
}

// Stack: the Run, the message handler, then the results or the message.
int RunEnded(lua_State* L, int status, lua_KContext) {
  auto* run = static_cast<Run*>(lua_touserdata(L, 1));
  if (status != LUA_OK && status != LUA_YIELD) {
    Fail(L, run,
         status == LUA_ERRMEM ? StatusCode::kNoMemory : StatusCode::kLuaError);
    return 0;
  }
  luaL_checkstack(L, 8, nullptr);
  const int top = lua_gettop(L);
  for (int i = 3; i <= top; i++)
    AppendValue(L, i, &run->results);
  return 0;
}

int RunBody(lua_State* L) {
  auto* run = static_cast<Run*>(lua_touserdata(L, 1));
  lua_pushcfunction(L, &MessageHandler);
  if (!PushFunction(L, run)) return 0;
  const auto n = static_cast<int>(run->args->size());
  luaL_checkstack(L, n, "too many arguments");
  for (const Value& value : *run->args)
    PushValue(L, value);
  const int status = lua_pcallk(L, n, LUA_MULTRET, 2, 0, &RunEnded);
  return RunEnded(L, status, 0);
}

}  // namespace

// --- Isolate ---

class Isolate::Impl {
 public:
  Impl(std::unique_ptr<vm::Isolate> isolate, std::chrono::nanoseconds deadline)
      : iso(std::move(isolate)), stop_deadline(deadline) {}

  [[nodiscard]] Status Do(HostCall::Kind kind, lua_CFunction body,
                          void* argument) {
    if (iso == nullptr) return Status(StatusCode::kStopped, "isolate closed");
    HostCall call(kind, body, argument);
    iso->Post(&call);
    call.Wait(kNever);
    return call.result;
  }

  Result<Values> RunIn(HostCall::Kind kind, Run run) {
    const Status status = Do(kind, &RunBody, &run);
    if (!status.ok()) return status;
    if (run.code != StatusCode::kOk) return Status(run.code, run.message);
    return std::move(run.results);
  }

  std::unique_ptr<vm::Isolate> iso;
  const std::chrono::nanoseconds stop_deadline;
};

Isolate::Isolate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Isolate::~Isolate() = default;

Status Isolate::Main(lua_CFunction body, void* argument, AtEnd at_end) {
  return impl_->Do(at_end == AtEnd::kStopOthers ? HostCall::Kind::kProgram
                                                : HostCall::Kind::kMain,
                   body, argument);
}

Result<Values> Isolate::RunFile(const std::string& path, const Values& args) {
  return impl_->RunIn(
      HostCall::Kind::kMain,
      {Run::What::kFile, path, nullptr, &args, {}, StatusCode::kOk, {}});
}

Result<Values> Isolate::RunString(std::string_view chunk,
                                  const std::string& chunk_name,
                                  const Values& args) {
  return impl_->RunIn(HostCall::Kind::kMain, {Run::What::kString,
                                              chunk,
                                              chunk_name.c_str(),
                                              &args,
                                              {},
                                              StatusCode::kOk,
                                              {}});
}

Result<Values> Isolate::Call(std::string_view name, const Values& args) {
  return impl_->RunIn(
      HostCall::Kind::kSpawn,
      {Run::What::kFunction, name, nullptr, &args, {}, StatusCode::kOk, {}});
}

ExitRequest Isolate::exit_request() const {
  if (impl_->iso == nullptr) return {};
  const vm::ExitRequest request = impl_->iso->exit_request();
  return {request.code, request.close};
}

void Isolate::Interrupt(std::string_view reason) {
  std::string text(reason);
  static_cast<void>(
      impl_->Do(HostCall::Kind::kInterrupt, nullptr, text.data()));
}

Status Isolate::Close() {
  if (impl_->iso == nullptr) return Status();
  // Both calls may be left behind with the isolate: they are never freed then.
  auto drain =
      std::make_unique<HostCall>(HostCall::Kind::kDrain, nullptr, nullptr);
  auto close =
      std::make_unique<HostCall>(HostCall::Kind::kClose, nullptr, nullptr);
  const int64_t limit = impl_->stop_deadline.count();
  impl_->iso->Post(drain.get());
  drain->Wait(NowNs() + limit);
  impl_->iso->Post(close.get());
  // Finalizers may take as long again as the Gs.
  const bool closed = close->Wait(NowNs() + limit + 1'000'000'000);
  if (closed) {
    impl_->iso.reset();
    return Status();
  }
  static_cast<void>(drain.release());
  static_cast<void>(close.release());
  static_cast<void>(impl_->iso.release());
  return Status(StatusCode::kTimeout,
                "a goroutine did not stop; its isolate is abandoned");
}

// --- Runtime ---

class Runtime::Impl {
 public:
  explicit Impl(const Config& config) : config_(config) {}

  Status Start() {
    SchedulerConfig config;
    config.procs = config_.procs == 0 ? DefaultProcs() : config_.procs;
    sched_ = std::make_unique<Scheduler>(config);
    return sched_->Start();
  }

  Result<Isolate*> NewIsolate(IsolateOptions options) {
    vm::IsolateConfig config;
    config.name = std::move(options.name);
    config.memory_limit_bytes = options.memory_limit_bytes;
    config.host_wakes = options.host_calls_in;
    config.report = std::move(options.report);
    MutexLock lock(mu_);
    if (stopped_) return Status(StatusCode::kStopped, "the runtime stopped");
    auto made =
        vm::Isolate::Make(sched_.get(), std::move(config), &stdlib::OpenAll);
    if (!made.ok()) return made.status();
    isolates_.emplace_back(new Isolate(std::make_unique<Isolate::Impl>(
        std::move(made.value()), config_.stop_deadline)));
    return isolates_.back().get();
  }

  Status Stop() {
    MutexLock lock(mu_);
    if (stopped_) return result_;
    stopped_ = true;
    for (auto& isolate : isolates_) {
      const Status status = isolate->Close();
      if (!status.ok()) result_ = status;
    }
    if (!result_.ok() || !sched_->Stop(NowNs() + kThreadsDeadlineNs)) {
      // A thread is stuck in a G: it keeps what it uses.
      static_cast<void>(sched_.release());
      if (result_.ok()) {
        result_ = Status(StatusCode::kTimeout, "a thread did not stop");
      }
    }
    return result_;
  }

  RuntimeStats stats() {
    MutexLock lock(mu_);
    if (sched_ == nullptr) return {};
    SchedulerStats from = sched_->stats();
    RuntimeStats to;
    to.procs = from.procs;
    to.threads = from.threads;
    to.idle_procs = from.idle_procs;
    to.spinning = from.spinning;
    to.schedticks = std::move(from.schedticks);
    to.steals = from.steals;
    to.handoffs = from.handoffs;
    return to;
  }

 private:
  // No G runs any more when the threads are told to end.
  static constexpr int64_t kThreadsDeadlineNs = 10'000'000'000;

  const Config config_;
  Mutex mu_{LockRank::kIsolates};
  std::unique_ptr<Scheduler> sched_;
  std::vector<std::unique_ptr<Isolate>> isolates_ TRI_GUARDED_BY(mu_);
  bool stopped_ TRI_GUARDED_BY(mu_) = false;
  Status result_ TRI_GUARDED_BY(mu_);
};

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Runtime>> Runtime::Start(Config config) {
  if (config.procs < 0 || config.procs > kMaxProcs) {
    return Status(StatusCode::kInvalidArgument,
                  "procs must be 1 to 256, or 0 for one per CPU");
  }
  auto impl = std::make_unique<Impl>(config);
  const Status status = impl->Start();
  if (!status.ok()) return status;
  return std::make_unique<Runtime>(std::move(impl));
}

Runtime::~Runtime() {
  static_cast<void>(Stop());
}

Result<Isolate*> Runtime::NewIsolate(IsolateOptions options) {
  return impl_->NewIsolate(std::move(options));
}

Status Runtime::Stop() {
  return impl_->Stop();
}

RuntimeStats Runtime::stats() const {
  return impl_->stats();
}

const char* Version() {
  return "0.1.0";
}

}  // namespace trilune
