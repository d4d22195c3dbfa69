// Options: what the command line asks for.
//
// Role       Reads argv as stock lua 5.4 does, and the options that only the
//            trilune command has. Runs nothing and prints nothing.
// Threads    Plain values; they point into argv, which must outlive them.
// Locks      none
// Tests      tools/trilune/options_test.cc

#ifndef TRI_TOOLS_TRILUNE_OPTIONS_H_
#define TRI_TOOLS_TRILUNE_OPTIONS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trilune::command {

inline constexpr int kMaxProcs = 256;

// -e, -l and -W act in the order in which they stand.
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
  bool error_is_usage = false;  // the list of options helps

  std::vector<Step> steps;
  bool interactive = false;         // -i
  bool lua_version = false;         // -v, and -i
  bool ignore_environment = false;  // -E
  int procs = 0;                    // --procs; 0: not given

  int argc = 0;
  char** argv = nullptr;
  // Index in argv of the script's name; argc: there is none.
  int script = 0;

  [[nodiscard]] bool has_script() const { return script < argc; }

  // "-" as the script's name means standard input, but not after "--".
  [[nodiscard]] bool script_is_stdin() const;

  // With neither script nor -i, -v, -e: a session, or a script from a pipe.
  [[nodiscard]] bool asks_for_nothing() const;
};

[[nodiscard]] Options ParseOptions(int argc, char** argv);

// A number of Ps in decimal; nothing if it is not one from 1 to kMaxProcs.
[[nodiscard]] std::optional<int> ParseProcs(std::string_view text);

// "'text' is not a number of Ps ..." for --procs and TRILUNE_PROCS.
[[nodiscard]] std::string ProcsError(std::string_view origin,
                                     std::string_view text);

// The short list for stderr after a bad option; the page for --help.
[[nodiscard]] std::string UsageText(std::string_view program);
[[nodiscard]] std::string HelpText(std::string_view program);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_OPTIONS_H_
