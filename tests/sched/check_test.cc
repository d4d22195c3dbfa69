// Unit tests for sched/sync/check.h.

#include "sched/sync/check.h"

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune {
namespace {

TEST_CASE("check: what holds costs nothing and says nothing") {
  const Death death = RunInChild([] { TRI_CHECK(1 + 1 == 2); });
  CHECK(death.signal == 0);
  CHECK(death.code == 0);
  CHECK(death.text.empty());
}

TEST_CASE("check: what does not hold aborts and names itself") {
  const Death death = RunInChild([] { TRI_CHECK(1 + 1 == 3); });
  CHECK((death.signal == SIGABRT || death.code != 0));
  CHECK(death.text.find("fatal: ") == 0);
  CHECK(death.text.find("check_test.cc:") != std::string::npos);
  CHECK(death.text.find("broken: 1 + 1 == 3") != std::string::npos);
}

#if defined(NDEBUG)
TEST_CASE("check: an optimised build does not evaluate a debug check") {
  int evaluated = 0;
  TRI_DCHECK(++evaluated > 0);
  CHECK(evaluated == 0);
}
#else
TEST_CASE("check: a debug build aborts at a debug check, too") {
  CHECK(BreaksCheck([] { TRI_DCHECK(1 > 2); }));
}
#endif

}  // namespace
}  // namespace trilune
