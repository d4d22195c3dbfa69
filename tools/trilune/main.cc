// The trilune command: a host that uses the embedding API and nothing below it.

#include <cxxabi.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <typeinfo>

#include <lua.hpp>

#include "embed/trilune.h"
#include "tools/trilune/chunk.h"
#include "tools/trilune/history.h"
#include "tools/trilune/interrupt.h"
#include "tools/trilune/options.h"
#include "tools/trilune/quit.h"
#include "tools/trilune/repl.h"
#include "tools/trilune/script.h"

namespace trilune::command {
namespace {

constexpr int kDeadlockStatus = 2;

// Ends the process as exit() does, but runs no static destructor, because OS
// threads of the runtime may still be at work. fcloseall flushes every stream.
// Unlike fflush, it does not wait for a stream that such a thread is just
// reading.
[[noreturn]] void Finish(int exit_status) {
  fcloseall();  // NOLINT(concurrency-mt-unsafe): as exit() does
  _exit(exit_status);
}

// For an exception that nothing caught. Reports only missing memory.
[[noreturn]] void OnTerminate() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type != nullptr && *type == typeid(std::bad_alloc)) {
    constexpr char kText[] = "trilune: not enough memory\n";
    static_cast<void>(!write(STDERR_FILENO, kText, sizeof(kText) - 1));
    _exit(EXIT_FAILURE);
  }
  std::abort();
}

constexpr size_t kLeastStack = size_t{1} << 20;

// Gives threads that are made without a size a large enough stack, even if
// `ulimit -s` allows little. False: this thread itself may not have so much.
bool MakeStacksLargeEnough() {
  pthread_attr_t attributes;
  size_t bytes = 0;
  if (pthread_getattr_default_np(&attributes) == 0) {
    pthread_attr_getstacksize(&attributes, &bytes);
    if (bytes < kLeastStack) {
      pthread_attr_setstacksize(&attributes, kLeastStack);
      pthread_setattr_default_np(&attributes);
    }
    pthread_attr_destroy(&attributes);
  }
  rlimit limit = {};
  return getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= kLeastStack;
}

// The number of Ps that the options or the environment ask for; 0: neither
// does. Nothing if it makes no sense; then `error` says why.
std::optional<int> ChooseProcs(const Options& options, std::string& error) {
  if (options.procs != 0 || options.ignore_environment) return options.procs;
  const char* text = std::getenv("TRILUNE_PROCS");  // NOLINT(concurrency-*)
  if (text == nullptr || *text == '\0') return 0;
  const std::optional<int> procs = ParseProcs(text);
  if (!procs.has_value()) error = ProcsError("TRILUNE_PROCS", text);
  return procs;
}

// TRILUNE_DEBUG, unless -E says to ignore it.
std::string ChooseDebug(const Options& options) {
  if (options.ignore_environment) return "";
  const char* text = std::getenv("TRILUNE_DEBUG");  // NOLINT(concurrency-*)
  return text == nullptr ? "" : text;
}

// The whole life of the process from when the options have been read.
class Command {
 public:
  explicit Command(const Options& options)
      : options_(options), program_("trilune") {
    if (options.argc > 0 && options.argv[0][0] != '\0') {
      program_ = options.argv[0];
    }
  }

  int Run() {
    switch (options_.action) {
      case Options::Action::kHelp:
        std::fputs(HelpText(program_).c_str(), stdout);
        return EXIT_SUCCESS;
      case Options::Action::kVersion:
        std::printf("Trilune %s, %s\n", Version(), LUA_RELEASE);
        return EXIT_SUCCESS;
      case Options::Action::kReject:
        WriteError(program_, options_.error.c_str());
        if (options_.error_is_usage) {
          std::fputs(UsageText(program_).c_str(), stderr);
        }
        return EXIT_FAILURE;
      case Options::Action::kRun:
        return Start() ? RunIsolate() : EXIT_FAILURE;
    }
    return EXIT_FAILURE;
  }

 private:
  bool Start() {
    std::string error;
    const std::optional<int> procs = ChooseProcs(options_, error);
    if (!procs.has_value()) {
      WriteError(program_, error.c_str());
      return false;
    }
    Config config;
    config.procs = *procs;
    config.debug = ChooseDebug(options_);
    if (options_.slice.has_value()) config.slice = *options_.slice;
    Result<std::unique_ptr<Runtime>> runtime = Runtime::Start(config);
    if (runtime.status().code() == StatusCode::kInvalidArgument) {
      // The options were checked before, so it can only be TRILUNE_DEBUG.
      WriteError(program_,
                 ("TRILUNE_DEBUG: " + runtime.status().message()).c_str());
      return false;
    }
    if (!runtime.ok()) return CannotStart(runtime.status());
    runtime_ = std::move(runtime.value());
    IsolateOptions isolate_options;
    isolate_options.preempt = options_.preempt;
    isolate_options.preempt_count = options_.preempt_count;
    isolate_options.memory_limit_bytes = options_.memory_bytes;
    isolate_options.message_limit_bytes = options_.message_bytes;
    isolate_options.goroutine_limit = options_.goroutines;
    isolate_options.instruction_limit = options_.instructions;
    isolate_options.cpu_limit = options_.cpu;
    isolate_options.time_limit = options_.time;
    Result<Isolate*> isolate = runtime_->NewIsolate(isolate_options);
    if (!isolate.ok()) return CannotStart(isolate.status());
    isolate_ = isolate.value();
    DumpOnQuit(runtime_.get());
    if (options_.lua_version) PrintLuaVersion();
    return true;
  }

  bool CannotStart(const Status& status) const {
    WriteError(program_, ("cannot start: " + status.message()).c_str());
    return false;
  }

  int RunIsolate() {
    const bool at_terminal = isatty(STDIN_FILENO) != 0;
    Session session;
    session.options = &options_;
    session.program = program_;
    session.run_stdin = options_.asks_for_nothing() && !at_terminal;
    ArmInterrupt(isolate_);
    const bool starts_session = options_.asks_for_nothing() && at_terminal;
    const bool has_session = starts_session || options_.interactive;
    Status status = isolate_->Main(RunSession, &session,
                                   has_session ? Isolate::AtEnd::kOthersGoOn
                                               : Isolate::AtEnd::kStopOthers);
    DisarmInterrupt();
    if (status.ok() && session.succeeded && has_session) {
      if (starts_session) PrintLuaVersion();
      status = RunRepl(isolate_, options_.ignore_environment
                                     ? ""
                                     : HistoryFile::DefaultPath());
    }
    if (!status.ok()) return EndAfter(status);
    return Stop(session.succeeded ? EXIT_SUCCESS : EXIT_FAILURE);
  }

  // Ends a run that did not come to its normal end.
  int EndAfter(const Status& status) {
    switch (status.code()) {
      case StatusCode::kExit: {
        const ExitRequest request = isolate_->exit_request();
        return request.close ? Stop(request.code) : request.code;
      }
      case StatusCode::kDeadlock:
        WriteError(nullptr, status.message().c_str());
        return kDeadlockStatus;
      case StatusCode::kLuaError:  // outside what reports its own errors
      case StatusCode::kLimit:
        WriteError(program_, status.message().c_str());
        return Stop(EXIT_FAILURE);
      default:
        WriteError(program_, status.message().c_str());
        return EXIT_FAILURE;
    }
  }

  // Cancels what still runs and closes the Lua state, so that finalizers run.
  int Stop(int exit_status) {
    // A G that does not end within the deadline ends with the process.
    static_cast<void>(runtime_->Stop());
    // A finalizer that has just run may have asked for another status.
    const ExitRequest request = isolate_->exit_request();
    return request.requested ? request.code : exit_status;
  }

  const Options& options_;
  const char* program_;
  std::unique_ptr<Runtime> runtime_;
  Isolate* isolate_ = nullptr;
};

}  // namespace
}  // namespace trilune::command

namespace {

struct Arguments {
  int count;
  char** values;
};

void* Main(void* argument) {
  const auto* arguments = static_cast<Arguments*>(argument);
  const trilune::command::Options options =
      trilune::command::ParseOptions(arguments->count, arguments->values);
  trilune::command::Command command(options);
  trilune::command::Finish(command.Run());
}

}  // namespace

int main(int argc, char** argv) {
  std::set_terminate(&trilune::command::OnTerminate);
  Arguments arguments = {argc, argv};
  if (!trilune::command::MakeStacksLargeEnough()) {
    pthread_t thread = {};
    if (pthread_create(&thread, nullptr, &Main, &arguments) == 0) {
      pthread_join(thread, nullptr);  // never returns: Main ends the process
    }
  }
  Main(&arguments);
}
