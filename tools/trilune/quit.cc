// The handler only posts a semaphore. A thread of its own makes and writes the
// dump, because that allocates and takes locks, and may wait for isolates.

#include "tools/trilune/quit.h"

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <string_view>

namespace trilune::command {
namespace {

// The process has one, as it has one such signal. It is never destroyed: the
// thread that waits on it goes on until the process ends.
struct State {
  explicit State(Runtime* its_runtime) : runtime(its_runtime) {
    sem_init(&requests, 0, 0);
  }

  Runtime* const runtime;
  sem_t requests;  // one for each SIGQUIT
};

State* state = nullptr;  // set before a handler or thread can read it

void OnSignal(int /*number*/) {
  const int saved_errno = errno;
  sem_post(&state->requests);
  errno = saved_errno;
}

// Does not use stderr's buffer, which the end of the process may be closing.
void Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void* DumpOnRequest(void*) {
  for (;;) {
    if (sem_wait(&state->requests) != 0) continue;  // EINTR
    while (sem_trywait(&state->requests) == 0) {    // one dump answers them all
    }
    Write("SIGQUIT: " + state->runtime->Dump());
  }
}

}  // namespace

void DumpOnQuit(Runtime* runtime) {
  alignas(State) static char memory[sizeof(State)];
  state = new (memory) State(runtime);
  pthread_t thread = {};
  // If there is no thread, the signal keeps its default.
  if (pthread_create(&thread, nullptr, DumpOnRequest, nullptr) != 0) return;
  pthread_detach(thread);
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGQUIT, &action, nullptr);
}

}  // namespace trilune::command
