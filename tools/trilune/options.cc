#include "tools/trilune/options.h"

#include <charconv>

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
    "  --version show Trilune's version and stop\n"
    "  --help    explain the command and stop\n";

constexpr std::string_view kEndOptions =
    "  --        stop handling options\n"
    "  -         stop handling options and execute stdin\n";

// Walks argv; each Take... handles one kind of option.
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

  // The text follows at once ("-lmod") or as the next argument, which then must
  // not look like an option.
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
    constexpr std::string_view kProcsIs = "--procs=";
    if (argument == "--help") {
      options_.action = Options::Action::kHelp;
      done_ = true;
    } else if (argument == "--version") {
      options_.action = Options::Action::kVersion;
      done_ = true;
    } else if (argument == "--procs") {
      if (index_ + 1 >= options_.argc) {
        RejectMissing(argument);
        return;
      }
      ++index_;
      TakeProcs(options_.argv[index_]);
    } else if (argument.substr(0, kProcsIs.size()) == kProcsIs) {
      TakeProcs(argument.substr(kProcsIs.size()));
    } else {
      RejectUnknown(argument);
    }
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
  text +=
      "\n"
      "Environment:\n"
      "  TRILUNE_PROCS      what --procs sets; by default the number of CPUs\n"
      "  LUA_INIT           a statement, or @file, to run before all else;\n"
      "                     LUA_INIT_5_4 wins over it\n"
      "  LUA_PATH           where 'require' looks for Lua modules\n"
      "  LUA_CPATH          where 'require' looks for C modules; both also\n"
      "                     with _5_4 at the end\n"
      "\n"
      "Exit status: 0; 1 after an error in the script or a bad option; 2 when\n"
      "all goroutines wait for each other; else what os.exit was given.\n";
  return text;
}

}  // namespace trilune::command
