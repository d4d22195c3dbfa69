// Reads argv by stock lua's rules. An option with one dash may have its text at
// once ("-lmod"). Options with two dashes are Trilune's own. The first argument
// that is no option is the script, and all behind it are the script's.

#include "tools/trilune/options.h"

#include <charconv>
#include <cstdint>

namespace trilune::command {
namespace {

constexpr std::string_view kStockOptions =
    "  -e stat   execute string 'stat'\n"
    "  -i        enter interactive mode after executing 'script'\n"
    "  -l mod    require library 'mod' into global 'mod'\n"
    "  -l g=mod  require library 'mod' into global 'g'\n"
    "  -v        show version information\n"
    "  -E        ignore environment variables\n"
    "  -W        turn warnings on\n";

constexpr std::string_view kOwnOptions =
    "  --procs n run at most n goroutines at the same time\n"
    "  --preempt mode\n"
    "            how goroutines make way: signal, count:N, strand or off\n"
    "  --slice t how long one runs while others wait; 50us, 10ms, 1s\n"
    "  --memory n, --message n, --goroutines n, --instructions n, --cpu s,\n"
    "  --time s  limits of the script and all that it spawns: bytes (64M),\n"
    "            bytes of one message, goroutines alive, instructions,\n"
    "            seconds of CPU, seconds\n"
    "  --version show Trilune's version and stop\n"
    "  --help    explain the command and stop\n";

constexpr std::string_view kPreemptModes =
    "\n"
    "Modes of --preempt:\n"
    "  signal    at the end of a slice (--slice, by default 10ms) a goroutine\n"
    "            stops between two Lua instructions and the others go first\n"
    "  count:N   it stops after N instructions instead, in the same place in\n"
    "            every run; Lua is two to three times slower\n"
    "  strand    goroutines of one script make way only where they wait or\n"
    "            yield; cancelling one and Ctrl-C still stop code that "
    "computes\n"
    "  off       all that happens only where a goroutine waits or yields\n";

constexpr std::string_view kEndOptions =
    "  --        stop handling options\n"
    "  -         stop handling options and execute stdin\n";

// Walks argv. Each Take... handles one kind of option.
class Parser {
 public:
  Parser(int argc, char** argv) {
    options_.argc = argc;
    options_.argv = argv;
  }

  Options Parse() {
    while (index_ < options_.argc && !done_) {
      TakeArgument(options_.argv[index_]);
    }
    options_.script = index_;
    return std::move(options_);
  }

 private:
  void TakeArgument(std::string_view argument) {
    if (argument.empty() || argument[0] != '-' || argument == "-") {
      done_ = true;  // the script
    } else if (argument == "--") {
      ++index_;
      done_ = true;
    } else if (argument[1] == '-') {
      TakeLong(argument);
    } else {
      TakeShort(argument);
    }
  }

  void TakeShort(std::string_view argument) {
    switch (argument[1]) {
      case 'e':
        TakeStep(Step::Kind::kRunString);
        return;
      case 'l':
        TakeStep(Step::Kind::kRequire);
        return;
      default:
        break;
    }
    if (argument.size() != 2) {
      RejectUnknown(argument);
      return;
    }
    switch (argument[1]) {
      case 'i':
        options_.interactive = true;
        options_.lua_version = true;
        break;
      case 'v':
        options_.lua_version = true;
        break;
      case 'E':
        options_.ignore_environment = true;
        break;
      case 'W':
        options_.steps.push_back({Step::Kind::kWarningsOn, ""});
        break;
      default:
        RejectUnknown(argument);
        return;
    }
    ++index_;
  }

  // Takes the option's text, which follows at once ("-lmod") or is the next
  // argument. In the second case it must not look like an option.
  void TakeStep(Step::Kind kind) {
    const char* option = options_.argv[index_];
    const char* text = option + 2;
    if (*text == '\0') {
      text = index_ + 1 < options_.argc ? options_.argv[index_ + 1] : nullptr;
      if (text == nullptr || text[0] == '-') {
        RejectMissing(option);
        return;
      }
      ++index_;
    }
    ++index_;
    options_.steps.push_back({kind, text});
  }

  void TakeLong(std::string_view argument) {
    if (argument == "--help") {
      options_.action = Options::Action::kHelp;
      done_ = true;
    } else if (argument == "--version") {
      options_.action = Options::Action::kVersion;
      done_ = true;
    } else if (!TakeValued(argument, "--procs", &Parser::TakeProcs) &&
               !TakeValued(argument, "--preempt", &Parser::TakePreempt) &&
               !TakeValued(argument, "--slice", &Parser::TakeSlice) &&
               !TakeLimit(argument)) {
      RejectUnknown(argument);
    }
  }

  bool TakeLimit(std::string_view argument) {
    return TakeValued(argument, "--memory", &Parser::TakeMemory) ||
           TakeValued(argument, "--message", &Parser::TakeMessage) ||
           TakeValued(argument, "--goroutines", &Parser::TakeGoroutines) ||
           TakeValued(argument, "--instructions", &Parser::TakeInstructions) ||
           TakeValued(argument, "--cpu", &Parser::TakeCpu) ||
           TakeValued(argument, "--time", &Parser::TakeTime);
  }

  // Takes "--name value" or "--name=value". False: it is neither.
  bool TakeValued(std::string_view argument, std::string_view name,
                  void (Parser::*take)(std::string_view)) {
    if (argument.substr(0, name.size()) != name) return false;
    if (argument.size() == name.size()) {
      if (index_ + 1 >= options_.argc) {
        RejectMissing(argument);
        return true;
      }
      ++index_;
      (this->*take)(options_.argv[index_]);
      return true;
    }
    if (argument[name.size()] != '=') return false;
    (this->*take)(argument.substr(name.size() + 1));
    return true;
  }

  void TakeProcs(std::string_view text) {
    const std::optional<int> procs = ParseProcs(text);
    if (!procs.has_value()) {
      Reject(ProcsError("--procs", text), false);
      return;
    }
    options_.procs = *procs;
    ++index_;
  }

  void TakePreempt(std::string_view text) {
    const std::optional<Preemption> preemption = ParsePreempt(text);
    if (!preemption.has_value()) {
      Reject("--preempt: '" + std::string(text) +
                 "' is not signal, count:N with an N from 1, strand or off",
             false);
      return;
    }
    options_.preempt = preemption->mode;
    options_.preempt_count = preemption->count;
    ++index_;
  }

  void TakeSlice(std::string_view text) {
    options_.slice = ParseSlice(text);
    if (!options_.slice.has_value()) {
      Reject("--slice: '" + std::string(text) +
                 "' is not a time from 10us to 10s, such as 50us, 10ms or 1s",
             false);
      return;
    }
    ++index_;
  }

  void TakeMemory(std::string_view text) {
    SetLimit("--memory", text, ParseSize(text), kNoSize,
             &options_.memory_bytes);
  }
  void TakeMessage(std::string_view text) {
    SetLimit("--message", text, ParseSize(text), kNoSize,
             &options_.message_bytes);
  }
  void TakeGoroutines(std::string_view text) {
    constexpr uint64_t kMost = 1'000'000'000;
    SetLimit("--goroutines", text, ParseCount(text, kMost), kNoCount,
             &options_.goroutines);
  }
  void TakeInstructions(std::string_view text) {
    constexpr uint64_t kMost = 1'000'000'000'000'000'000;
    SetLimit("--instructions", text, ParseCount(text, kMost), kNoCount,
             &options_.instructions);
  }
  void TakeCpu(std::string_view text) {
    SetLimit("--cpu", text, ParseSeconds(text), kNoSeconds, &options_.cpu);
  }
  void TakeTime(std::string_view text) {
    SetLimit("--time", text, ParseSeconds(text), kNoSeconds, &options_.time);
  }

  template <class From, class To>
  void SetLimit(std::string_view option, std::string_view text,
                const std::optional<From>& value, std::string_view complaint,
                To* to) {
    if (!value.has_value()) {
      Reject(std::string(option) + ": '" + std::string(text) + "' " +
                 std::string(complaint),
             false);
      return;
    }
    *to = static_cast<To>(*value);
    ++index_;
  }

  void RejectMissing(std::string_view option) {
    Reject("'" + std::string(option) + "' needs argument", true);
  }

  void RejectUnknown(std::string_view option) {
    Reject("unrecognized option '" + std::string(option) + "'", true);
  }

  void Reject(std::string error, bool is_usage) {
    options_.action = Options::Action::kReject;
    options_.error = std::move(error);
    options_.error_is_usage = is_usage;
    done_ = true;
  }

  static constexpr std::string_view kNoCount = "is not a number above 0";
  static constexpr std::string_view kNoSize =
      "is not a size such as 64M, 500K or 1G";
  static constexpr std::string_view kNoSeconds =
      "is not a number of seconds above 0";

  Options options_;
  int index_ = 1;
  bool done_ = false;
};

}  // namespace

bool Options::script_is_stdin() const {
  return has_script() && std::string_view(argv[script]) == "-" &&
         std::string_view(argv[script - 1]) != "--";
}

bool Options::asks_for_nothing() const {
  if (has_script() || lua_version) return false;
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::kRunString) return false;
  }
  return true;
}

Options ParseOptions(int argc, char** argv) {
  return Parser(argc, argv).Parse();
}

std::optional<int> ParseProcs(std::string_view text) {
  int procs = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, procs);
  if (error != std::errc() || rest != end) return std::nullopt;
  if (procs < 1 || procs > kMaxProcs) return std::nullopt;
  return procs;
}

std::string ProcsError(std::string_view origin, std::string_view text) {
  return std::string(origin) + ": '" + std::string(text) +
         "' is not a number from 1 to " + std::to_string(kMaxProcs);
}

std::optional<Preemption> ParsePreempt(std::string_view text) {
  constexpr std::string_view kCountIs = "count:";
  if (text == "signal") return Preemption{PreemptMode::kSignal, 0};
  if (text == "strand") return Preemption{PreemptMode::kStrand, 0};
  if (text == "off") return Preemption{PreemptMode::kOff, 0};
  if (text.substr(0, kCountIs.size()) != kCountIs) return std::nullopt;
  text.remove_prefix(kCountIs.size());
  int count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || rest != end || count < 1) return std::nullopt;
  return Preemption{PreemptMode::kCount, count};
}

std::optional<std::chrono::nanoseconds> ParseSlice(std::string_view text) {
  constexpr int64_t kMaxUs = 10'000'000;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0 || number > kMaxUs) {
    return std::nullopt;
  }
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  int64_t unit_us = 0;
  if (unit == "us") unit_us = 1;
  if (unit == "ms") unit_us = 1'000;
  if (unit == "s") unit_us = 1'000'000;
  const int64_t us = number * unit_us;
  if (us < 10 || us > kMaxUs) return std::nullopt;
  return std::chrono::microseconds(us);
}

std::optional<uint64_t> ParseCount(std::string_view text, uint64_t most) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  if (number < 1 || number > most) return std::nullopt;
  return number;
}

std::optional<size_t> ParseSize(std::string_view text) {
  constexpr std::string_view kUnits = "KMG";
  constexpr uint64_t kMost = uint64_t{1} << 60;
  uint64_t unit = 1;
  const size_t at =
      text.empty() ? std::string_view::npos : kUnits.find(text.back());
  if (at != std::string_view::npos) {
    unit = uint64_t{1} << (10 * (at + 1));
    text.remove_suffix(1);
  }
  const std::optional<uint64_t> number = ParseCount(text, kMost / unit);
  if (!number.has_value()) return std::nullopt;
  return static_cast<size_t>(*number * unit);
}

std::optional<std::chrono::nanoseconds> ParseSeconds(std::string_view text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, seconds);
  if (error != std::errc() || rest != end) return std::nullopt;
  if (!(seconds >= 1e-9 && seconds <= 1e9)) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9));
}

std::string UsageText(std::string_view program) {
  std::string text = "usage: " + std::string(program);
  text += " [options] [script [args]]\nAvailable options are:\n";
  text += kStockOptions;
  text += kOwnOptions;
  text += kEndOptions;
  return text;
}

std::string HelpText(std::string_view program) {
  std::string text = "usage: " + std::string(program);
  text +=
      " [options] [script [args]]\n"
      "\n"
      "Runs Lua 5.4 scripts, with goroutines and channels:\n"
      "\n"
      "  local tri = require \"trilune\"\n"
      "  local ch = tri.chan()\n"
      "  tri.go(function() ch:send(\"hello\") end)\n"
      "  print(ch:recv())\n"
      "\n"
      "Without a script it reads lines from the terminal and runs them, or\n"
      "runs what a pipe brings. A script finds its arguments in 'arg' and in\n"
      "'...'. Gs that are left when the script ends are cancelled.\n"
      "\n"
      "Options, as in lua:\n";
  text += kStockOptions;
  text += kEndOptions;
  text += "\nOptions of its own:\n";
  text += kOwnOptions;
  text += kPreemptModes;
  text +=
      "\n"
      "Ctrl-C raises an error in the script; a second one ends the program.\n"
      "Ctrl-\\ writes what every goroutine does to stderr and goes on.\n"
      "\n"
      "Environment:\n"
      "  TRILUNE_PROCS      what --procs sets; by default the number of CPUs\n"
      "  TRILUNE_DEBUG      reports on stderr: schedtrace=MS for a line about\n"
      "                     the scheduler every MS milliseconds, "
      "scheddetail=1\n"
      "                     for more in it, stuck=1 when C code keeps a "
      "thread\n"
      "                     for over a slice; comma separated\n"
      "  TRILUNE_HISTORY    the file for what is typed at the prompt; empty:\n"
      "                     none. By default in $XDG_STATE_HOME, if that is "
      "set,\n"
      "                     or ~/.trilune_history\n"
      "  LUA_INIT           a statement, or @file, to run before all else;\n"
      "                     LUA_INIT_5_4 wins over it\n"
      "  LUA_PATH           where 'require' looks for Lua modules\n"
      "  LUA_CPATH          where 'require' looks for C modules; both also\n"
      "                     with _5_4 at the end\n"
      "\n"
      "Exit status: 0; 1 after an error in the script, a limit that it "
      "exceeds,\n"
      "or a bad option; 2 when all goroutines wait for each other; else what\n"
      "os.exit was given.\n";
  return text;
}

}  // namespace trilune::command
