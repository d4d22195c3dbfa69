// Runtime, Isolate: the embedding API. A host includes this header and nothing
// below it. The trilune command is such a host.
//
// Role       Starts a scheduler of Gs over OS threads, makes Lua heaps
//            (isolates) on it, runs scripts in them, stops everything.
// Threads    Every method may be called from any thread unless it says not to.
//            Methods that wait block the calling OS thread. Called inside a G,
//            they park that G instead.
// Locks      In a method that waits, hold no lock of yours that a C function of
//            a G may want.
// Ownership  You own the Runtime. It owns its isolates and OS threads. An
//            Isolate* is valid until the Runtime's end. Once it is closed, its
//            methods return kStopped.
// Errors     Come back as Status. Nothing here throws, prints or exits.
// Tests      tests/stdlib/embed_test.cc; example: examples/embed.cc

#ifndef TRI_EMBED_TRILUNE_H_
#define TRI_EMBED_TRILUNE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <lua.hpp>

#include "sched/base/status.h"

namespace trilune {

struct Config {
  // Ps: how many Gs run at the same time. 0: one for each CPU that this process
  // may use. At most 256.
  int procs = 0;
  // How long Stop() lets cancelled Gs run before it gives up on them.
  std::chrono::milliseconds stop_deadline{100};
  // How long a G runs while others wait for their turn; 10 us to 10 s. Then a
  // thread of the runtime asks it to stop, by the signal SIGURG; see
  // PreemptMode.
  std::chrono::nanoseconds slice = std::chrono::milliseconds(10);
  // As the command's TRILUNE_DEBUG, separated by commas. "schedtrace=MS" writes
  // a line about the scheduler to stderr every MS milliseconds. "scheddetail=1"
  // adds each P and M. "stuck=1" reports when C code keeps a thread for more
  // than a slice.
  std::string debug;
  // An isolate that has been idle for so long is collected, if it has allocated
  // since its last full collection. A P with nothing better to do does that
  // work. 0: never. When the memory of the process's cgroup, or of the machine,
  // gets short, idle isolates are collected in any case.
  std::chrono::nanoseconds idle_gc = std::chrono::minutes(2);
};

// How an isolate's Gs make way for others.
enum class PreemptMode : uint8_t {
  kSignal,  // at the end of a slice, between any two Lua instructions
  kCount,   // after IsolateOptions::preempt_count instructions, in the same
            // place in every run; slows Lua down by a factor of two or three
  kStrand,  // at the end of a slice to other isolates, but to no other G of
            // this one: for scripts written for cooperative coroutines
  kOff,     // only where they wait; no signals
};

struct IsolateOptions {
  std::string name = "main";
  // Limits of this isolate and all that it spawns, together. 0: no limit.
  // Bytes of Lua heap. Beyond it Lua raises "not enough memory".
  size_t memory_limit_bytes = 0;
  // Bytes of one message to another isolate. Beyond it sending raises.
  size_t message_limit_bytes = 0;
  // Gs alive at one time. Beyond it tri.go raises.
  uint32_t goroutine_limit = 0;
  // When one of these is used up, the isolate's work ends: each G raises until
  // it has ended, and a caller that waits for one gets kLimit. A limit of
  // instructions sets the mode kCount, which counts them. CPU time is that of
  // threads while they run Gs. Time begins with NewIsolate.
  uint64_t instruction_limit = 0;
  std::chrono::nanoseconds cpu_limit{0};
  std::chrono::nanoseconds time_limit{0};
  // Declares that the host may still Call while Main waits. Then it is no
  // deadlock if all Gs wait, because a call may wake them.
  bool host_calls_in = false;
  PreemptMode preempt = PreemptMode::kSignal;
  int preempt_count = 0;  // for kCount: at least 1
  // Receives reports that no caller can get: errors of Gs that nobody joined.
  // It is called on a scheduler thread, and must not call back into the
  // isolate. Default: writes to stderr.
  std::function<void(std::string_view)> report;
};

// A Lua value that left its heap. A value without a C++ equal (table, function,
// ...) becomes an OtherValue with the text that tostring returns.
struct OtherValue {
  std::string text;
};
using Value = std::variant<std::monostate, bool, int64_t, double, std::string,
                           OtherValue>;
using Values = std::vector<Value>;

// What os.exit asked for; see Isolate::exit_request.
struct ExitRequest {
  int code = 0;
  bool close = false;
  bool requested = false;  // it was called at all, perhaps while closing
};

// What an isolate uses; see Isolate::usage.
struct IsolateUsage {
  uint64_t id = 0;  // of its first G
  std::string name;
  bool idle = false;            // nothing in it can run now
  bool limit_exceeded = false;  // one that ends the isolate's work
  size_t memory_bytes = 0;      // of Lua objects
  size_t reserved_bytes = 0;    // taken from the system for them
  size_t peak_bytes = 0;        // the most that memory_bytes ever was
  size_t limit_bytes = 0;       // 0: none
  uint32_t goroutines = 0;      // alive
  uint64_t collections = 0;     // cycles of its collector
  // The longest full collection that the runtime made while the isolate was
  // idle.
  std::chrono::nanoseconds longest_gc{0};
  uint64_t instructions = 0;        // counted only under a limit of them
  std::chrono::nanoseconds cpu{0};  // likewise
  std::chrono::nanoseconds age{0};
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;
};

struct RuntimeStats {
  int procs = 0;
  int threads = 0;
  int idle_procs = 0;
  int spinning = 0;
  std::vector<uint64_t> schedticks;  // strand dispatches, per P
  uint64_t steals = 0;
  uint64_t handoffs = 0;
  uint64_t preemptions = 0;    // Gs stopped between two instructions
  uint64_t retakes = 0;        // system calls during which others went on
  int64_t last_retake_ns = 0;  // when the last one was, on CLOCK_MONOTONIC
  uint64_t taken = 0;       // times a P was taken from a thread stuck in C code
  int stuck = 0;            // such threads now
  size_t isolates = 0;      // those of the host, and spawned ones
  size_t spares = 0;        // isolates that tri.spawn will find ready
  uint64_t spare_hits = 0;  // times it found one
  uint64_t spare_misses = 0;  // times it had to make one
};

class Isolate {
 public:
  // Runs `body` as the isolate's main G, on the main lua_State and in protected
  // mode, and waits until it ends. Afterwards other Gs of the isolate go on.
  // With kStopOthers they are cancelled in the same moment, as at a program's
  // end. `body` finds `argument` as a light userdata at index 1. It must obey
  // liblua's rule: no C++ object with a destructor lives across a call that can
  // raise. One Main at a time: a second call is refused.
  // Errors: kLuaError (the message), kDeadlock (with the dump of all Gs),
  // kLimit (which one), kExit (os.exit was called; see exit_request), kStopped.
  // With kRaise a deadlock is raised in the main G, as Interrupt would, each
  // time. Then kDeadlock comes only if the main G waits where it cannot be
  // interrupted.
  enum class AtEnd { kOthersGoOn, kStopOthers };
  enum class AtDeadlock { kEndCall, kRaise };
  [[nodiscard]] Status Main(lua_CFunction body, void* argument,
                            AtEnd at_end = AtEnd::kOthersGoOn,
                            AtDeadlock at_deadlock = AtDeadlock::kEndCall);

  // Load a file ("-": standard input) or a string, and run it as the main G.
  // Arguments arrive as `...`. Results: what the chunk returned.
  [[nodiscard]] Result<Values> RunFile(const std::string& path,
                                       const Values& args = {});
  [[nodiscard]] Result<Values> RunString(std::string_view chunk,
                                         const std::string& chunk_name,
                                         const Values& args = {});

  // Calls the function in the global `name` as a new G, and waits for its
  // results. "a.b.c" looks into tables. Several calls may run at once.
  [[nodiscard]] Result<Values> Call(std::string_view name,
                                    const Values& args = {});

  // What the isolate uses now; after Close, what it had used. Does not wait,
  // whatever the isolate does.
  [[nodiscard]] IsolateUsage usage() const;

  // Set once Main, RunFile, RunString or Call has returned kExit. Kept after
  // Close.
  [[nodiscard]] ExitRequest exit_request() const;

  // Raises `reason` once in the main G, if one runs: in its wait, or between
  // two instructions. If the G catches that, it goes on. Returns when the
  // request has been served, which is at once unless C code keeps the isolate
  // busy.
  void Interrupt(std::string_view reason);

  // What each G does: its state, what it waits for and for how long, its Lua
  // stack. Waits 100 ms at most. If C code keeps the isolate busy for longer,
  // the dump says so.
  [[nodiscard]] std::string Dump();

  // Cancels every G, waits for them to end until the stop deadline, and closes
  // the Lua state. kTimeout: a G did not end, and the heap is abandoned. Then
  // callers that wait in RunFile, RunString or Call get kStopped. A caller of
  // Main waits on, because `body` may use `argument`. kInvalidArgument: one of
  // the isolate's own Gs has called it.
  [[nodiscard]] Status Close();

  class Impl;
  explicit Isolate(std::unique_ptr<Impl> impl);
  ~Isolate();

 private:
  friend class Runtime;
  std::unique_ptr<Impl> impl_;
};

class Runtime {
 public:
  // Starts the Ps. OS threads are started when there is work.
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> Start(
      const Config& config);

  // Calls Stop(). Never destroy a Runtime from inside a G.
  ~Runtime();

  // Makes a Lua heap with the standard libraries and Trilune's modules.
  [[nodiscard]] Result<Isolate*> NewIsolate(IsolateOptions options = {});

  // Cancels every G, closes every isolate, stops the threads. kTimeout: a G did
  // not end within the deadline; its isolate is abandoned, and its thread left
  // behind. kInvalidArgument: one of the runtime's Gs has called it. Further
  // calls return the result of the first one.
  [[nodiscard]] Status Stop();

  // What every G of every isolate does.
  [[nodiscard]] std::string Dump();

  [[nodiscard]] RuntimeStats stats() const;
  // What every isolate uses that is not closed, including spawned ones.
  [[nodiscard]] std::vector<IsolateUsage> usage() const;

  class Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

// For a host that reads lines from a terminal, as a prompt does. If standard
// input is a terminal, Gs that want to read it wait while a TerminalInput
// lives. There may be one at a time, and never in a G.
class TerminalInput {
 public:
  TerminalInput();
  ~TerminalInput();
  TerminalInput(const TerminalInput&) = delete;
  TerminalInput& operator=(const TerminalInput&) = delete;
};

// The version of Trilune, such as "0.1.0".
[[nodiscard]] const char* Version();

}  // namespace trilune

#endif  // TRI_EMBED_TRILUNE_H_
