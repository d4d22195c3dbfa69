// The lists of a DictStore.
//
// A list is an entry whose payload is a DictList; its nodes are blocks of their
// own. A push finds its node ready, so under the lock it only links it. If a G
// waits to pop from that key, the push gives the node to it instead: it never
// enters the list.
//
// A key has an entry only while its list has elements. So a push may need a new
// entry. Then it lets go of the lock, makes one, and looks again.

#include <cstdlib>
#include <cstring>
#include <new>

#include "stdlib/dict/dict_shard.h"
#include "stdlib/dict/dict_store.h"

namespace trilune::stdlib {
namespace {

using Kind = DictValue::Kind;

// Links a node at one end of the list.
void Link(DictList* list, DictNode* node, bool front) {
  if (front) {
    node->prev = nullptr;
    node->next = list->head;
    (list->head != nullptr ? list->head->prev : list->tail) = node;
    list->head = node;
  } else {
    node->next = nullptr;
    node->prev = list->tail;
    (list->tail != nullptr ? list->tail->next : list->head) = node;
    list->tail = node;
  }
  list->length++;
}

// Takes the node at one end out. Requires: the list is not empty.
DictNode* Unlink(DictList* list, bool front) {
  DictNode* node = front ? list->head : list->tail;
  (node->prev != nullptr ? node->prev->next : list->head) = node->next;
  (node->next != nullptr ? node->next->prev : list->tail) = node->prev;
  list->length--;
  return node;
}

}  // namespace

DictNode* DictStore::NewNode(const DictValue& value) {
  const size_t room = value.kind == Kind::kString ? value.size : 0;
  const size_t bytes = sizeof(DictNode) + room;
  void* memory = bytes < room ? nullptr : std::malloc(bytes);
  if (memory == nullptr) return nullptr;
  auto* node = new (memory) DictNode();
  node->value = value;
  if (value.kind == Kind::kString) {
    char* to = reinterpret_cast<char*>(node + 1);
    std::memcpy(to, value.bytes, value.size);
    node->value.bytes = to;
  }
  return node;
}

void DictStore::FreeNode(DictNode* node, bool with_object) {
  if (with_object && node->value.kind == Kind::kObject) {
    free_object_(node->value.object);
  }
  std::free(node);
}

DictStatus DictStore::Push(const DictKey& key, DictNode* node, bool front,
                           uint64_t* length) {
  return PushNode(key, node, front, /*safe=*/true, length);
}

DictStatus DictStore::PushNode(const DictKey& key, DictNode* node, bool front,
                               bool safe, uint64_t* length) {
  DictShard& shard = ShardOf(key);
  DictEntry* garbage = nullptr;
  DictEntry* fresh = nullptr;
  GList woken;
  DictStatus status = DictStatus::kOk;
  const size_t block = node->block_bytes();
  bool forcible = false;
  shard.mu.Lock();
  while (true) {
    DictEntry* entry = shard.FindOrRemove(key, &garbage);
    if (entry != nullptr && entry->value.kind != Kind::kList) {
      status = DictStatus::kNotList;
      break;
    }
    if (entry == nullptr && block <= shard.capacity &&
        shard.GiveNode(key, node, &woken)) {
      *length = 1;
      break;
    }
    if (entry == nullptr && fresh == nullptr) {
      shard.mu.Unlock();
      DictValue empty;
      empty.kind = Kind::kList;
      fresh = DictEntry::New(key, empty);
      if (fresh == nullptr) {
        Destroy(garbage);
        return DictStatus::kNoMemory;
      }
      shard.mu.Lock();
      continue;
    }
    const size_t bytes = block + (entry == nullptr ? fresh->block : 0);
    if (!shard.MakeRoom(bytes, entry, safe, &forcible, &garbage)) {
      status = DictStatus::kNoMemory;
      break;
    }
    if (entry == nullptr) {
      entry = fresh;
      fresh = nullptr;
      shard.Insert(entry);
    } else {
      shard.Touch(entry);
    }
    DictList* list = entry->list();
    Link(list, node, front);
    list->blocks += block;
    shard.used += block;
    *length = list->length;
    shard.NoteChange(entry, &woken);
    break;
  }
  shard.mu.Unlock();
  std::free(fresh);
  Destroy(garbage);
  MakeReady(&woken);
  return status;
}

DictStatus DictStore::Pop(const DictKey& key, bool front, DictNode** node) {
  DictShard& shard = ShardOf(key);
  DictEntry* garbage = nullptr;
  GList woken;
  DictStatus status = DictStatus::kOk;
  shard.mu.Lock();
  DictEntry* entry = shard.FindLive(key);
  if (entry == nullptr) {
    status = DictStatus::kNotFound;
  } else if (entry->value.kind != Kind::kList) {
    status = DictStatus::kNotList;
  } else {
    DictList* list = entry->list();
    *node = Unlink(list, front);
    const size_t block = (*node)->block_bytes();
    list->blocks -= block;
    shard.used -= block;
    if (list->length == 0) {
      shard.Remove(entry, &garbage);
    } else {
      shard.Touch(entry);
      shard.NoteChange(entry, &woken);
    }
  }
  shard.mu.Unlock();
  Destroy(garbage);
  MakeReady(&woken);
  return status;
}

DictStatus DictStore::Length(const DictKey& key, uint64_t* length) {
  DictShard& shard = ShardOf(key);
  DictStatus status = DictStatus::kOk;
  *length = 0;
  shard.mu.Lock();
  DictEntry* entry = shard.FindLive(key);
  if (entry != nullptr) {
    if (entry->value.kind == Kind::kList) {
      *length = entry->list()->length;
      shard.Touch(entry);
    } else {
      status = DictStatus::kNotList;
    }
  }
  shard.mu.Unlock();
  return status;
}

}  // namespace trilune::stdlib
