// IsolateConfig: what an isolate is told when it is made, or taken from the
// pool.
//
// Role       The host (embed/trilune.h) fills it in for its isolates, tri.spawn
//            (stdlib/spawn/spawn_options.h) for those of programs.
// Threads    plain values: the owner
// Locks      none
// Tests      tests/vm/isolate_test.cc; tests/lua/spawn

#ifndef TRI_VM_ISOLATE_ISOLATE_CONFIG_H_
#define TRI_VM_ISOLATE_ISOLATE_CONFIG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "vm/goroutine/preempt.h"
#include "vm/memory/budget.h"

namespace trilune::vm {

class Isolate;
class RuntimeState;

struct IsolateConfig {
  std::string name;
  RuntimeState* runtime = nullptr;  // all of the runtime; null in some tests
  std::shared_ptr<Budget> budget;   // its limits; null: none
  // The host may call in while its calls wait. Then a state in which all Gs
  // wait is no deadlock.
  bool host_wakes = false;
  PreemptMode preempt = PreemptMode::kSignal;
  int preempt_count = 0;  // instructions, for kCount
  // How long cancelled Gs may take at the end, where no caller waits for them.
  int64_t stop_deadline_ns = 100'000'000;
  std::function<void(std::string_view)> report;
  // Of a spawned isolate: the isolate of the host whose program it is part of.
  std::weak_ptr<Isolate> root;
};

}  // namespace trilune::vm

#endif  // TRI_VM_ISOLATE_ISOLATE_CONFIG_H_
