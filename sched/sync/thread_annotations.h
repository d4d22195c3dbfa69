// TRI_GUARDED_BY and others: Clang's thread-safety analysis; empty elsewhere.
//
// Role       `./dev lint` builds with Clang and -Wthread-safety. So a field
//            that is touched without its lock is a build error.
// Threads    none
// Locks      none
// Tests      the Clang build itself

#ifndef TRI_SCHED_SYNC_THREAD_ANNOTATIONS_H_
#define TRI_SCHED_SYNC_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define TRI_ANNOTATE(x) __attribute__((x))
#else
#define TRI_ANNOTATE(x)
#endif

#define TRI_CAPABILITY(name) TRI_ANNOTATE(capability(name))
#define TRI_SCOPED_CAPABILITY TRI_ANNOTATE(scoped_lockable)
#define TRI_GUARDED_BY(mutex) TRI_ANNOTATE(guarded_by(mutex))
#define TRI_ACQUIRE(...) TRI_ANNOTATE(acquire_capability(__VA_ARGS__))
#define TRI_RELEASE(...) TRI_ANNOTATE(release_capability(__VA_ARGS__))
#define TRI_TRY_ACQUIRE(...) TRI_ANNOTATE(try_acquire_capability(__VA_ARGS__))
#define TRI_REQUIRES(...) TRI_ANNOTATE(requires_capability(__VA_ARGS__))
#define TRI_EXCLUDES(...) TRI_ANNOTATE(locks_excluded(__VA_ARGS__))
#define TRI_NO_ANALYSIS TRI_ANNOTATE(no_thread_safety_analysis)

#endif  // TRI_SCHED_SYNC_THREAD_ANNOTATIONS_H_
