// TRI_CHECK: states what must hold. A violation is a bug of ours, and aborts.
//
// Role       It stays in every build: each use costs one predictable branch.
//            TRI_DCHECK is for checks that are too expensive for optimised
//            builds.
// Threads    any
// Locks      none
// Tests      tests/sched/check_test.cc

#ifndef TRI_SCHED_SYNC_CHECK_H_
#define TRI_SCHED_SYNC_CHECK_H_

namespace trilune {

// Writes "fatal: FILE:LINE: WHAT" to stderr and aborts.
[[noreturn]] void Fatal(const char* file, int line, const char* what);

}  // namespace trilune

#define TRI_CHECK(condition)                         \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::trilune::Fatal(__FILE__, __LINE__, "broken: " #condition))

#if defined(NDEBUG)
#define TRI_DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define TRI_DCHECK(condition) TRI_CHECK(condition)
#endif

#endif  // TRI_SCHED_SYNC_CHECK_H_
