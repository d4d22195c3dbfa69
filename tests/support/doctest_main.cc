// main() of every doctest executable. tri_cc_test links it.
//
// A test that hangs ends with a dump: see hang.h.
//
// Names each case as it starts, so that a crash or a timeout shows where it
// was. `bazel test --test_filter=TEXT` (or TRI_TEST_FILTER=TEXT) runs the cases
// whose name contains TEXT.

// doctest's own signal handlers would replace those of the code under test.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#define DOCTEST_CONFIG_IMPLEMENT

#include <cstdio>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/hang.h"

namespace {

class Announcer : public doctest::IReporter {
 public:
  explicit Announcer(const doctest::ContextOptions& /*options*/) {}

  void test_case_start(const doctest::TestCaseData& test) override {
    std::fprintf(stderr, "[case] %s\n", test.m_name);
    trilune::test::NoteCase(test.m_name);
  }
  void test_case_reenter(const doctest::TestCaseData& /*test*/) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}
  void test_case_exception(const doctest::TestCaseException& /*e*/) override {}
  void test_case_skipped(const doctest::TestCaseData& /*test*/) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& /*stats*/) override {}
  void subcase_start(const doctest::SubcaseSignature& /*subcase*/) override {}
  void subcase_end() override {}
  void report_query(const doctest::QueryData& /*query*/) override {}
  void log_assert(const doctest::AssertData& /*data*/) override {}
  void log_message(const doctest::MessageData& /*data*/) override {}
};

REGISTER_LISTENER("announcer", 1, Announcer);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context;
  context.setOption("no-version", true);
  for (const char* variable : {"TESTBRIDGE_TEST_ONLY", "TRI_TEST_FILTER"}) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread exists yet.
    if (const char* text = std::getenv(variable)) {
      const std::string pattern = "*" + std::string(text) + "*";
      context.addFilter("test-case", pattern.c_str());
    }
  }
  context.applyCommandLine(argc, argv);
  // A little before Bazel ends it.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread exists yet.
  const char* limit = std::getenv("TEST_TIMEOUT");
  const auto seconds =
      static_cast<unsigned>(limit == nullptr ? 300 : std::atoi(limit));
  trilune::test::AbortAfter(seconds - seconds / 8);
  return context.run();
}
