#include "tools/trilune/interrupt.h"

#include <semaphore.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>

namespace trilune::command {
namespace {

// One for the process, as the signal is. Never destroyed: the thread that waits
// on it goes on until the process ends.
struct State {
  State() {
    sem_init(&requests, 0, 0);
    sigaction(SIGINT, nullptr, &original);
  }

  sem_t requests;             // one for each SIGINT that was caught
  struct sigaction original;  // Constant after construction.
  std::mutex mutex;
  Isolate* isolate = nullptr;  // guarded by mutex
};

State* state = nullptr;  // set before a handler or thread can look at it

void OnSignal(int number) {
  const int saved_errno = errno;
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
  sem_post(&state->requests);
  errno = saved_errno;
}

void InterruptOnRequest() {
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
    state = new State;
    std::thread(InterruptOnRequest).detach();
  }
  SetIsolate(isolate);
  if (state->original.sa_handler == SIG_IGN) return;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
}

void DisarmInterrupt() {
  sigaction(SIGINT, &state->original, nullptr);
  SetIsolate(nullptr);
  while (sem_trywait(&state->requests) == 0) {  // too late to interrupt
  }
}

}  // namespace trilune::command
