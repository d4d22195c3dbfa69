#include "sched/sync/mutex.h"

#include "sched/sync/check.h"

namespace trilune {
namespace {

// For each rank, how many such locks this thread holds. Ranks are few and
// small, so an array will do. A fiber never switches away with a lock held,
// except with a channel's: the landing side releases that, on the same thread.
constexpr int kMaxRank = 90;
constinit thread_local int held[kMaxRank] = {};

}  // namespace

void CheckLockOrder(LockRank rank) {
  const int mine = static_cast<int>(rank);
  // Two channels at once are legal: select locks them in address order. So are
  // two heaps of timers: moves come one after the other.
  const bool may_repeat = rank == LockRank::kChan || rank == LockRank::kTimers;
  const int first = may_repeat ? mine + 1 : mine;
  for (int i = first; i < kMaxRank; i++)
    TRI_CHECK(held[i] == 0);
  held[mine]++;
}

void ForgetLock(LockRank rank) {
  held[static_cast<int>(rank)]--;
}

}  // namespace trilune
