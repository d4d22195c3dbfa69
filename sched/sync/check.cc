#include "sched/sync/check.h"

#include <cstdio>
#include <cstdlib>

namespace trilune {

void Fatal(const char* file, int line, const char* what) {
  std::fprintf(stderr, "fatal: %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace trilune
