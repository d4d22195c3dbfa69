// Options: what the command line asks for.
//
// Role       Reads argv as stock lua 5.4 does, and the options that only the
//            trilune command has. Runs nothing and prints nothing.
// Threads    Plain values. They point into argv, which must outlive them.
// Locks      none
// Tests      tools/trilune/options_test.cc

#ifndef TRI_TOOLS_TRILUNE_OPTIONS_H_
#define TRI_TOOLS_TRILUNE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "embed/trilune.h"

namespace trilune::command {

inline constexpr int kMaxProcs = 256;

// -e, -l and -W act in the order in which they are given.
struct Step {
  enum class Kind {
    kRunString,
    kRequire,
    kWarningsOn,
  };
  Kind kind;
  const char* text;  // the statement or module; empty for kWarningsOn
};

struct Options {
  enum class Action {
    kRun,
    kHelp,
    kVersion,
    kReject,  // `error` says why
  };

  Action action = Action::kRun;
  std::string error;
  bool error_is_usage = false;  // print the list of options, too

  std::vector<Step> steps;
  bool interactive = false;                       // -i
  bool lua_version = false;                       // -v, and -i
  bool ignore_environment = false;                // -E
  int procs = 0;                                  // --procs; 0: not given
  PreemptMode preempt = PreemptMode::kSignal;     // --preempt
  int preempt_count = 0;                          // for count:N
  std::optional<std::chrono::nanoseconds> slice;  // --slice
  // --memory, --message, --instructions, --goroutines, --cpu and --time. 0: no
  // limit.
  size_t memory_bytes = 0;
  size_t message_bytes = 0;
  uint64_t instructions = 0;
  uint32_t goroutines = 0;
  std::chrono::nanoseconds cpu{0};
  std::chrono::nanoseconds time{0};

  int argc = 0;
  char** argv = nullptr;
  // Index in argv of the script's name. argc: there is no script.
  int script = 0;

  [[nodiscard]] bool has_script() const { return script < argc; }

  // "-" as the script's name means standard input, except after "--".
  [[nodiscard]] bool script_is_stdin() const;

  // Neither script nor -i, -v, -e: runs a session, or a script from a pipe.
  [[nodiscard]] bool asks_for_nothing() const;
};

[[nodiscard]] Options ParseOptions(int argc, char** argv);

// Reads a number of Ps in decimal. Nothing if it is not one from 1 to
// kMaxProcs.
[[nodiscard]] std::optional<int> ParseProcs(std::string_view text);

// The error text for --procs and TRILUNE_PROCS: "'text' is not a number ...".
[[nodiscard]] std::string ProcsError(std::string_view origin,
                                     std::string_view text);

// Reads "signal", "strand", "off" or "count:N" with an N from 1 to 2^31 - 1.
// Nothing for anything else.
struct Preemption {
  PreemptMode mode = PreemptMode::kSignal;
  int count = 0;
};
[[nodiscard]] std::optional<Preemption> ParsePreempt(std::string_view text);

// Reads a whole number of us, ms or s, such as "50us". Nothing if it is not
// from 10us to 10s.
[[nodiscard]] std::optional<std::chrono::nanoseconds> ParseSlice(
    std::string_view text);

// Reads bytes: a whole number, perhaps with K, M or G behind it. Nothing if it
// is not from 1 to 2^60.
[[nodiscard]] std::optional<size_t> ParseSize(std::string_view text);

// Reads a whole number from 1 to `most`.
[[nodiscard]] std::optional<uint64_t> ParseCount(std::string_view text,
                                                 uint64_t most);

// Reads seconds, such as "5" or "0.5". Nothing if it is not a number above 0
// and at most 10^9.
[[nodiscard]] std::optional<std::chrono::nanoseconds> ParseSeconds(
    std::string_view text);

// The short list, for stderr after a bad option; and the page for --help.
[[nodiscard]] std::string UsageText(std::string_view program);
[[nodiscard]] std::string HelpText(std::string_view program);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_OPTIONS_H_
