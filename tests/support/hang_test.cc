// What a test that hangs shows before it is ended.

#include "tests/support/hang.h"

#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune::test {
namespace {

TEST_CASE("hang: says which case, what the threads do, and every dump") {
  const DumpOnHang outer([] { return std::string("the outer one"); });
  {
    const DumpOnHang gone([] { return std::string("one that has gone"); });
  }
  const Death death = RunInChild([] {
    const DumpOnHang inner([] { return std::string("the inner one"); });
    AbortAfter(1);
    for (;;)
      pause();
  });
  CHECK(death.signal == SIGABRT);
  const std::string& text = death.text;
  CHECK_MESSAGE(text.find("case: hang: says which case") != std::string::npos,
                text);
  CHECK_MESSAGE(text.find("  thread ") != std::string::npos, text);
  const size_t inner = text.find("the inner one");
  const size_t outer_at = text.find("the outer one");
  CHECK_MESSAGE(inner != std::string::npos, text);
  CHECK_MESSAGE(outer_at != std::string::npos, text);
  CHECK(inner < outer_at);
  CHECK(text.find("one that has gone") == std::string::npos);
}

TEST_CASE("hang: what ends in time is left alone") {
  const Death death = RunInChild([] {
    AbortAfter(1);
    AbortAfter(0);
    sleep(2);  // allow: sleep, an alarm that was called off must not come
  });
  CHECK(death.signal == 0);
  CHECK(death.code == 0);
}

}  // namespace
}  // namespace trilune::test
