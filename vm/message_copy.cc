#include "vm/message_copy.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "vm/shared.h"

namespace trilune::vm {

Message* CopyMessage(const Message* message) {
  void* memory = std::malloc(sizeof(Message) + message->bytes);
  if (memory == nullptr) return nullptr;
  auto* copy = new (memory) Message(*message);
  copy->next = nullptr;
  std::memcpy(copy->data(), message->data(), message->bytes);
  const char* at = copy->data() + copy->bytes - copy->shared * sizeof(Shared*);
  for (uint32_t i = 0; i < copy->shared; i++) {
    Shared* object = nullptr;
    std::memcpy(&object, at + i * sizeof(object), sizeof(object));
    object->Retain();
  }
  return copy;
}

}  // namespace trilune::vm
