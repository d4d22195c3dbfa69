#include "sched/sync/asymmetric_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sched/sync/check.h"

namespace trilune {

constinit std::atomic<bool> has_membarrier{false};

void EnableLightFences() {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
              0) == 0) {
    has_membarrier.store(true, std::memory_order_relaxed);
  }
}

void HeavyFence() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!has_membarrier.load(std::memory_order_relaxed)) return;
  // Once registered, it cannot fail.
  TRI_CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) ==
            0);
}

}  // namespace trilune
