// Debian's liblua raises errors with __longjmp_chk, the fortified longjmp.
// ThreadSanitizer does not intercept that. Its record of calls would keep the
// frames that were left, and overflow after some ten thousand errors or waits.
// It follows the plain longjmp. In other builds this file is empty.

#include "sched/sync/sanitizers.h"

#if defined(TRI_TSAN)

extern "C" {

// longjmp under another name: <setjmp.h> may turn that into the fortified one.
[[noreturn]] void tri_plain_longjmp(void* environment,
                                    int value) __asm__("longjmp");

// NOLINTNEXTLINE(bugprone-reserved-identifier): glibc's name
[[noreturn]] void __longjmp_chk(void* environment, int value) {
  tri_plain_longjmp(environment, value);
}

}  // extern "C"

#endif
