// Unit tests for tools/trilune/options.h. Other tests run the whole command:
// that a bad option gives exit status 1, and what each option does.

#include "tools/trilune/options.h"

#include <initializer_list>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace trilune::command {
namespace {

// An argv of its own, with a null at the end as main()'s has.
class CommandLine {
 public:
  CommandLine(std::initializer_list<const char*> arguments) {
    strings_.emplace_back("trilune");
    for (const char* argument : arguments)
      strings_.emplace_back(argument);
    for (std::string& text : strings_)
      argv_.push_back(text.data());
    argv_.push_back(nullptr);
    options = ParseOptions(static_cast<int>(strings_.size()), argv_.data());
  }
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Options options;

 private:
  std::vector<std::string> strings_;
  std::vector<char*> argv_;
};

using Action = Options::Action;

TEST_CASE("options: a script's name ends the options") {
  const CommandLine line{"-W", "s.lua", "-v", "--help"};
  CHECK(line.options.action == Action::kRun);
  CHECK(line.options.script == 2);
  CHECK(line.options.has_script());
  CHECK_FALSE(line.options.lua_version);
  CHECK_FALSE(line.options.asks_for_nothing());
}

TEST_CASE("options: without arguments nothing is asked for") {
  CHECK(CommandLine({}).options.asks_for_nothing());
  CHECK(CommandLine({"-l", "m"}).options.asks_for_nothing());
  CHECK(CommandLine({"--procs", "2"}).options.asks_for_nothing());
  CHECK(CommandLine({"--"}).options.asks_for_nothing());
  CHECK_FALSE(CommandLine({"-v"}).options.asks_for_nothing());
  CHECK_FALSE(CommandLine({"-e", "x=1"}).options.asks_for_nothing());
  CHECK_FALSE(CommandLine({"-"}).options.asks_for_nothing());
}

TEST_CASE("options: -e, -l and -W keep their order and texts") {
  const CommandLine line{"-e", "a=1", "-lm", "-W", "-l", "g=x.y", "-eb=2"};
  const std::vector<Step>& steps = line.options.steps;
  REQUIRE(steps.size() == 5);
  CHECK(steps[0].kind == Step::Kind::kRunString);
  CHECK(std::string(steps[0].text) == "a=1");
  CHECK(steps[1].kind == Step::Kind::kRequire);
  CHECK(std::string(steps[1].text) == "m");
  CHECK(steps[2].kind == Step::Kind::kWarningsOn);
  CHECK(std::string(steps[3].text) == "g=x.y");
  CHECK(std::string(steps[4].text) == "b=2");
  CHECK_FALSE(line.options.has_script());
}

TEST_CASE("options: -i implies -v") {
  const CommandLine line{"-i"};
  CHECK(line.options.interactive);
  CHECK(line.options.lua_version);
}

TEST_CASE("options: '-' is standard input, but not after '--'") {
  CHECK(CommandLine({"-"}).options.script_is_stdin());
  const CommandLine after{"--", "-"};
  CHECK(after.options.script == 2);
  CHECK_FALSE(after.options.script_is_stdin());
}

TEST_CASE("options: an empty argument is a script's name") {
  const CommandLine line{""};
  CHECK(line.options.action == Action::kRun);
  CHECK(line.options.script == 1);
}

TEST_CASE("options: unknown options are named and get the list") {
  for (const char* bad :
       {"-x", "-vi", "-Wx", "-E1", "--proc", "--procs2", "--helper"}) {
    const CommandLine line{bad, "s.lua"};
    CAPTURE(bad);
    CHECK(line.options.action == Action::kReject);
    CHECK(line.options.error ==
          "unrecognized option '" + std::string(bad) + "'");
    CHECK(line.options.error_is_usage);
  }
}

TEST_CASE("options: those with an argument want one") {
  for (const char* option : {"-e", "-l", "--procs", "--preempt", "--slice"}) {
    const CommandLine line{option};
    CAPTURE(option);
    CHECK(line.options.action == Action::kReject);
    CHECK(line.options.error == "'" + std::string(option) + "' needs argument");
  }
  CHECK(CommandLine({"-e", "-v"}).options.error == "'-e' needs argument");
}

TEST_CASE("options: --procs takes its number in two ways") {
  const CommandLine apart{"--procs", "3", "s.lua"};
  CHECK(apart.options.procs == 3);
  CHECK(apart.options.script == 3);
  const CommandLine joined{"--procs=256", "s.lua"};
  CHECK(joined.options.procs == 256);
  CHECK(joined.options.script == 2);
}

TEST_CASE("options: --procs refuses what is not a number from 1 to 256") {
  for (const char* bad : {"0", "257", "-1", "", "2x", " 2", "1e1", "many"}) {
    const CommandLine line{"--procs", bad};
    CAPTURE(bad);
    CHECK(line.options.action == Action::kReject);
    CHECK(line.options.error ==
          "--procs: '" + std::string(bad) + "' is not a number from 1 to 256");
    CHECK_FALSE(line.options.error_is_usage);
  }
}

TEST_CASE("options: --preempt takes its mode in two ways") {
  CHECK(CommandLine({}).options.preempt == PreemptMode::kSignal);
  const CommandLine apart{"--preempt", "strand", "s.lua"};
  CHECK(apart.options.preempt == PreemptMode::kStrand);
  CHECK(apart.options.script == 3);
  CHECK(CommandLine({"--preempt=off"}).options.preempt == PreemptMode::kOff);
  const CommandLine count{"--preempt=off", "--preempt=count:1000", "s.lua"};
  CHECK(count.options.preempt == PreemptMode::kCount);
  CHECK(count.options.preempt_count == 1000);
  CHECK(count.options.script == 3);
  const CommandLine last{"--preempt=count:7", "--preempt=signal"};
  CHECK(last.options.preempt == PreemptMode::kSignal);
  CHECK(last.options.preempt_count == 0);
}

TEST_CASE("options: --preempt refuses what is no mode") {
  for (const char* bad :
       {"", "on", "Signal", "signal ", "count", "count:", "count:0", "count:-1",
        "count:1x", "count:1e3", "count:2147483648"}) {
    const CommandLine line{"--preempt", bad};
    CAPTURE(bad);
    CHECK(line.options.action == Action::kReject);
    CHECK(line.options.error ==
          "--preempt: '" + std::string(bad) +
              "' is not signal, count:N with an N from 1, strand or off");
    CHECK_FALSE(line.options.error_is_usage);
  }
}

TEST_CASE("options: --slice takes us, ms and s, in two ways") {
  using std::chrono::microseconds;
  CHECK_FALSE(CommandLine({}).options.slice.has_value());
  CHECK(CommandLine({"--slice", "50us"}).options.slice == microseconds(50));
  CHECK(CommandLine({"--slice=10ms"}).options.slice == microseconds(10'000));
  CHECK(CommandLine({"--slice=1s"}).options.slice == microseconds(1'000'000));
  CHECK(CommandLine({"--slice=10us"}).options.slice == microseconds(10));
  CHECK(CommandLine({"--slice=10s"}).options.slice == microseconds(10'000'000));
}

TEST_CASE("options: --slice refuses what is no time from 10us to 10s") {
  for (const char* bad :
       {"", "5", "us", "9us", "11s", "0ms", "10001ms", "-1ms", "1.5ms", "10 ms",
        "10ns", "10msx", "9223372036854775807s", "99999999999999999999us"}) {
    const CommandLine line{"--slice", bad};
    CAPTURE(bad);
    CHECK(line.options.action == Action::kReject);
    CHECK(line.options.error ==
          "--slice: '" + std::string(bad) +
              "' is not a time from 10us to 10s, such as 50us, 10ms or 1s");
    CHECK_FALSE(line.options.error_is_usage);
  }
}

TEST_CASE("options: limits") {
  const CommandLine none{};
  CHECK(none.options.memory_bytes == 0);
  CHECK(none.options.time.count() == 0);
  const CommandLine line{"--memory",       "64M",  "--goroutines=7",
                         "--instructions", "1000", "--cpu=0.5",
                         "--time",         "2",    "--message=1M"};
  CHECK(line.options.action == Action::kRun);
  CHECK(line.options.memory_bytes == size_t{64} << 20);
  CHECK(line.options.message_bytes == size_t{1} << 20);
  CHECK(line.options.goroutines == 7);
  CHECK(line.options.instructions == 1000);
  CHECK(line.options.cpu == std::chrono::milliseconds(500));
  CHECK(line.options.time == std::chrono::seconds(2));
  CHECK(CommandLine({"--memory=3"}).options.memory_bytes == 3);
  CHECK(CommandLine({"--memory=2K"}).options.memory_bytes == 2048);
  CHECK(CommandLine({"--memory=1G"}).options.memory_bytes == size_t{1} << 30);
}

TEST_CASE("options: limits that make no sense") {
  struct Bad {
    const char* option;
    const char* text;
    const char* why;
  };
  constexpr const char* kSize = "is not a size such as 64M, 500K or 1G";
  constexpr const char* kCount = "is not a number above 0";
  constexpr const char* kSeconds = "is not a number of seconds above 0";
  for (const Bad& bad : {Bad{"--memory", "", kSize},
                         {"--memory", "M", kSize},
                         {"--memory", "0", kSize},
                         {"--memory", "1.5M", kSize},
                         {"--memory", "5Q", kSize},
                         {"--memory", "9999999999G", kSize},
                         {"--memory", "-1", kSize},
                         {"--message", "0", kSize},
                         {"--goroutines", "0", kCount},
                         {"--goroutines", "1000000001", kCount},
                         {"--instructions", "1e9", kCount},
                         {"--cpu", "0", kSeconds},
                         {"--cpu", "-1", kSeconds},
                         {"--time", "5s", kSeconds},
                         {"--time", "nan", kSeconds},
                         {"--time", "inf", kSeconds}}) {
    const CommandLine line{bad.option, bad.text};
    CAPTURE(bad.text);
    CHECK(line.options.action == Action::kReject);
    CHECK(line.options.error ==
          std::string(bad.option) + ": '" + bad.text + "' " + bad.why);
  }
}

TEST_CASE("options: --help and --version end the parsing, errors too") {
  CHECK(CommandLine({"--help", "-x"}).options.action == Action::kHelp);
  CHECK(CommandLine({"-v", "--version"}).options.action == Action::kVersion);
  CHECK(CommandLine({"-x", "--help"}).options.action == Action::kReject);
}

TEST_CASE("options: the help names every option and variable") {
  const std::string help = HelpText("trilune");
  for (const char* name :
       {"-e stat",       "-i ",       "-l mod",  "-l g=mod",      "-v ",
        "-E ",           "-W ",       "-- ",     "--procs",       "--preempt",
        "signal ",       "count:N ",  "strand ", "off ",          "--slice",
        "TRILUNE_DEBUG", "--version", "--help",  "TRILUNE_PROCS", "LUA_INIT",
        "LUA_PATH",      "LUA_CPATH"}) {
    CAPTURE(name);
    CHECK(help.find(name) != std::string::npos);
  }
}

}  // namespace
}  // namespace trilune::command
