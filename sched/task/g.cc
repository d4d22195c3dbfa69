#include "sched/task/g.h"

namespace trilune {

const char* GStateName(GState state) {
  switch (state) {
    case GState::kIdle:
      return "idle";
    case GState::kRunnable:
      return "runnable";
    case GState::kRunning:
      return "running";
    case GState::kSyscall:
      return "syscall";
    case GState::kWaiting:
      return "waiting";
    case GState::kPreempted:
      return "preempted";
    case GState::kDead:
      return "dead";
  }
  return "?";
}

const char* WaitReasonName(WaitReason reason) {
  switch (reason) {
    case WaitReason::kNone:
      return "nothing";
    case WaitReason::kSleep:
      return "sleep";
    case WaitReason::kChanSend:
      return "chan send";
    case WaitReason::kChanRecv:
      return "chan recv";
    case WaitReason::kSelect:
      return "select";
    case WaitReason::kJoin:
      return "join";
    case WaitReason::kGroup:
      return "group wait";
    case WaitReason::kMutexLock:
      return "mutex lock";
    case WaitReason::kRWMutexLock:
      return "rwmutex lock";
    case WaitReason::kRWMutexRLock:
      return "rwmutex rlock";
    case WaitReason::kSemaphore:
      return "semaphore acquire";
    case WaitReason::kWaitGroup:
      return "waitgroup wait";
    case WaitReason::kCond:
      return "cond wait";
    case WaitReason::kOnce:
      return "once";
    case WaitReason::kHostCall:
      return "host call";
    case WaitReason::kSyscall:
      return "system call";
    case WaitReason::kFile:
      return "file";
    case WaitReason::kDict:
      return "dict";
    case WaitReason::kEvent:
      return "event wait";
  }
  return "?";
}

}  // namespace trilune
