// Sanitizers: what AddressSanitizer and ThreadSanitizer must be told about
// fibers.
//
// Role       In ordinary builds these functions are empty. They announce the
//            start of a switch, its landing, and the making and ending of a
//            fiber.
// Threads    as fiber.h
// Locks      none
// Tests      the asan and tsan runs of all tests

#ifndef TRI_SCHED_SYNC_SANITIZERS_H_
#define TRI_SCHED_SYNC_SANITIZERS_H_

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TRI_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TRI_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TRI_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define TRI_TSAN 1
#endif

#if defined(TRI_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(TRI_TSAN)
#include <sanitizer/tsan_interface.h>

#include <csignal>
#define TRI_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define TRI_NO_TSAN
#endif

namespace trilune {

inline void StartSwitchFiber([[maybe_unused]] void** fake_stack,
                             [[maybe_unused]] const void* bottom,
                             [[maybe_unused]] size_t bytes) {
#if defined(TRI_ASAN)
  __sanitizer_start_switch_fiber(fake_stack, bottom, bytes);
#endif
}

inline void FinishSwitchFiber([[maybe_unused]] void* fake_stack,
                              [[maybe_unused]] const void** left_bottom,
                              [[maybe_unused]] size_t* left_bytes) {
#if defined(TRI_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack, left_bottom, left_bytes);
#endif
}

inline void UnpoisonStack([[maybe_unused]] const void* bottom,
                          [[maybe_unused]] size_t bytes) {
#if defined(TRI_ASAN)
  __asan_unpoison_memory_region(bottom, bytes);
#endif
}

inline void* TsanCurrentFiber() {
#if defined(TRI_TSAN)
  return __tsan_get_current_fiber();
#else
  return nullptr;
#endif
}

inline void* TsanCreateFiber() {
#if defined(TRI_TSAN)
  // While ThreadSanitizer makes a fiber, it takes the thread for the new one,
  // which has nothing yet. A signal handler would not survive that, so block
  // all signals.
  sigset_t all = {};
  sigset_t before = {};
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  void* fiber = __tsan_create_fiber(0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return fiber;
#else
  return nullptr;
#endif
}

inline void TsanDestroyFiber([[maybe_unused]] void* fiber) {
#if defined(TRI_TSAN)
  __tsan_destroy_fiber(fiber);
#endif
}

// Call it only from a function that is marked TRI_NO_TSAN and noinline.
inline __attribute__((always_inline)) void TsanSwitchTo(
    [[maybe_unused]] void* fiber) {
#if defined(TRI_TSAN)
  __tsan_switch_to_fiber(fiber, 0);
#endif
}

}  // namespace trilune

#endif  // TRI_SCHED_SYNC_SANITIZERS_H_
