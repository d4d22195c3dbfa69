// How Gs of any isolates wait for keys of a DictStore.
//
// A G may wait for a key that has no entry. So waiters do not hang on entries,
// but on a DictWait, which a table of the shard finds by its key.
//
// 1. Queue takes the shard's lock and looks at the key again, as a write may
//    have come since the caller's look. If the G must wait, Queue links the
//    waiter and returns with the lock held. It is released after the G is
//    public as waiting (ParkCommit::unlock). So any writer that finds the
//    waiter can win its G.
// 2. A write of the key calls Give: each G that waits for a value is won and
//    gets a reference to the entry. A push calls GiveNode: the one G that has
//    waited longest gets the node. Both ready the Gs after the release of the
//    lock.
// 3. Leave, called by the woken G, unlinks the waiter. It reads the value under
//    the lock, because a short one may be overwritten in place.
//
// `users` counts waiters until they have left, not until they are won. So a
// DictWait, with its key, stays valid for a waiter that was won but has not
// run. Drop needs that key if the isolate is closed first. The node that its G
// got then goes to the next G that waits for the key, or back into the list.

#include <cstdlib>
#include <cstring>
#include <new>

#include "stdlib/dict/dict_shard.h"
#include "stdlib/dict/dict_store.h"

namespace trilune::stdlib {
namespace {

void UnlockShard(void* shard) TRI_NO_ANALYSIS {
  static_cast<DictShard*>(shard)->mu.Unlock();
}

}  // namespace

DictWait* DictStore::NewWait(const DictKey& key) {
  void* memory = std::malloc(sizeof(DictWait) + key.size);
  if (memory == nullptr) return nullptr;
  auto* wait = new (memory) DictWait();
  wait->hash = key.hash;
  wait->key_size = key.size;
  std::memcpy(wait->key(), key.bytes, key.size);
  return wait;
}

void DictStore::FreeWait(DictWait* wait) {
  std::free(wait);
}

bool DictStore::Queue(const DictKey& key, G* g, DictWaiter* waiter,
                      DictWait* wait, ParkCommit* commit) TRI_NO_ANALYSIS {
  const bool pops = waiter->what == DictWaiter::For::kPop;
  DictShard& shard = ShardOf(key);
  shard.mu.Lock();
  if (shard.NeedsWaitBuckets()) {
    shard.mu.Unlock();
    shard.AddWaitBuckets();
    shard.mu.Lock();
  }
  const DictEntry* entry = shard.FindLive(key);
  if (entry != nullptr && (pops || entry->version != waiter->version)) {
    shard.mu.Unlock();
    FreeWait(wait);
    return false;
  }
  DictWait* present = shard.FindWait(key);
  if (present != nullptr) {
    waiter->spare = wait;
  } else {
    present = wait;
    present->shard = &shard;
    DictWait*& bucket = shard.waits[key.hash & shard.wait_mask];
    present->next = bucket;
    bucket = present;
    shard.wait_count++;
  }
  present->users++;
  waiter->wait = present;
  WaitQueue& queue = pops ? present->pops : present->values;
  queue.PushTail(waiter, g);
  commit->unlock = &UnlockShard;
  commit->unlock_argument = &shard;
  commit->external = true;
  return true;
}

// Takes the waiter out. If it was the last of its DictWait, takes that out,
// too, and returns it for the caller to free. Requires: the lock.
DictWait* DictStore::UnlinkWaiter(DictWaiter* waiter) TRI_NO_ANALYSIS {
  DictWait* wait = waiter->wait;
  DictShard& shard = *wait->shard;
  WaitQueue::Remove(waiter);
  if (--wait->users > 0) return nullptr;
  DictWait** at = &shard.waits[wait->hash & shard.wait_mask];
  while (*at != wait)
    at = &(*at)->next;
  *at = wait->next;
  shard.wait_count--;
  return wait;
}

void DictStore::Leave(DictWaiter* waiter, DictReading* reading) {
  DictShard& shard = *waiter->wait->shard;
  shard.mu.Lock();
  DictWait* unused = UnlinkWaiter(waiter);
  if (waiter->held != nullptr) waiter->held->ReadInto(reading);
  shard.mu.Unlock();
  FreeWait(unused);
  FreeWait(waiter->spare);
  if (waiter->held != nullptr) Release(waiter->held);
}

void DictStore::Drop(DictWaiter* waiter) {
  DictShard& shard = *waiter->wait->shard;
  shard.mu.Lock();
  DictWait* unused = nullptr;
  // If there is a node, PushNode still needs the key.
  if (waiter->node == nullptr) unused = UnlinkWaiter(waiter);
  shard.mu.Unlock();
  if (waiter->held != nullptr) Release(waiter->held);
  if (waiter->node != nullptr) {
    DictWait* wait = waiter->wait;
    uint64_t length = 0;
    const DictStatus status =
        PushNode({wait->key(), wait->key_size, wait->hash}, waiter->node,
                 waiter->front, /*safe=*/false, &length);
    if (status != DictStatus::kOk) FreeNode(waiter->node, true);
    shard.mu.Lock();
    unused = UnlinkWaiter(waiter);
    shard.mu.Unlock();
  }
  FreeWait(unused);
  FreeWait(waiter->spare);
}

}  // namespace trilune::stdlib
