// Ctrl-C in three steps, because each may do only so much:
//
// 1. The handler restores the default, so that a second Ctrl-C ends the
//    process. It posts a semaphore, which is all that a handler may do safely.
// 2. A thread of its own waits for the semaphore and calls Isolate::Interrupt.
// 3. The isolate raises the error in its main G.
//
// DisarmInterrupt waits for the mutex, so the thread does not use the isolate
// after that. A request that the thread has not taken by then is dropped, or it
// would interrupt the next chunk.

#include "tools/trilune/interrupt.h"

#include <pthread.h>
#include <semaphore.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <new>

namespace trilune::command {
namespace {

// The process has one, as it has one such signal. It is never destroyed: the
// thread that waits on it goes on until the process ends.
struct State {
  State() { sem_init(&requests, 0, 0); }

  sem_t requests;  // one for each SIGINT that was caught
  std::mutex mutex;
  Isolate* isolate = nullptr;  // guarded by mutex
};

State* state = nullptr;  // set before a handler or thread can read it

void Handle(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

void OnSignal(int number) {
  const int saved_errno = errno;
  Handle(number, SIG_DFL);
  sem_post(&state->requests);
  errno = saved_errno;
}

void* InterruptOnRequest(void*) {
  for (;;) {
    if (sem_wait(&state->requests) != 0) continue;  // EINTR
    const std::lock_guard<std::mutex> lock(state->mutex);
    if (state->isolate != nullptr) state->isolate->Interrupt("interrupted!");
  }
}

void SetIsolate(Isolate* isolate) {
  const std::lock_guard<std::mutex> lock(state->mutex);
  state->isolate = isolate;
}

}  // namespace

void ArmInterrupt(Isolate* isolate) {
  if (state == nullptr) {
    alignas(State) static char memory[sizeof(State)];
    auto* made = new (memory) State;
    pthread_t thread = {};
    // If there is no thread, the signal keeps ending the process.
    state = made;
    if (pthread_create(&thread, nullptr, InterruptOnRequest, nullptr) != 0) {
      state = nullptr;
      return;
    }
    pthread_detach(thread);
  }
  SetIsolate(isolate);
  Handle(SIGINT, OnSignal);
}

void DisarmInterrupt() {
  if (state == nullptr) return;
  Handle(SIGINT, SIG_DFL);
  SetIsolate(nullptr);
  while (sem_trywait(&state->requests) == 0) {  // they come too late
  }
}

}  // namespace trilune::command
