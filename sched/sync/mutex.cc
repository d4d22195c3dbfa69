#include "sched/sync/mutex.h"

#include "sched/sync/check.h"

namespace trilune {
namespace {

// The ranks this thread holds, as a count each: ranks are few and small. A
// fiber never switches away with a lock held but for a channel's, which the
// landing side releases on the same thread.
constexpr int kMaxRank = 90;
constinit thread_local int held[kMaxRank] = {};

}  // namespace

void CheckLockOrder(LockRank rank) {
  const int mine = static_cast<int>(rank);
  // Two channels at once: select locks them in address order.
  const int first = rank == LockRank::kChan ? mine + 1 : mine;
  for (int i = first; i < kMaxRank; i++)
    TRI_CHECK(held[i] == 0);
  held[mine]++;
}

void ForgetLock(LockRank rank) {
  held[static_cast<int>(rank)]--;
}

}  // namespace trilune
