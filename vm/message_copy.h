// CopyMessage: a second message with the same values.
//
// Role       For who keeps a message and reads it more than once.
// Threads    any; nobody may read or free `message` meanwhile
// Locks      none
// Tests      tests/lua/dict/values_of_every_kind.lua

#ifndef TRI_VM_MESSAGE_COPY_H_
#define TRI_VM_MESSAGE_COPY_H_

#include "vm/message.h"

namespace trilune::vm {

// Null without memory. The copy has references of its own to shared objects.
Message* CopyMessage(const Message* message);

}  // namespace trilune::vm

#endif  // TRI_VM_MESSAGE_COPY_H_
