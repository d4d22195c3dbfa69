// Waiting for the keys of a DictStore.

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

// Takes the waiter out, and its wait, if that is the last one's: the caller
// frees it. Requires: the lock.
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
  // Its key is still needed, if there is a node.
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
