// SharedChan: what happens under the lock of a channel between isolates.
//
// Under the lock messages only change their owner: they are linked, unlinked,
// or moved to a waiter. Values are copied before and after, outside the lock,
// so it is held for some ten instructions.
//
// A G that was won under the lock is readied after its release. Ready may
// submit a strand and wake an M, which takes other locks. The winner owns the G
// until Ready, so nothing can happen to it in between.
//
// channel.cc has the whole protocol of a wait.

#include "stdlib/chan/shared_chan.h"

#include "sched/core/loop.h"
#include "stdlib/modules.h"
#include "vm/isolate/isolate.h"

namespace trilune::stdlib {

using vm::Message;

void SharedChanTraits::Put(SharedChan* chan, uint32_t, Message** from) {
  Message* message = *from;
  *from = nullptr;
  message->next = nullptr;
  (chan->first_ == nullptr ? chan->first_ : chan->last_->next) = message;
  chan->last_ = message;
  chan->held_bytes_ += sizeof(Message) + message->bytes;
  if (chan->held_bytes_ > chan->noted_bytes_) chan->NoteHeld();
}

void SharedChanTraits::Take(SharedChan* chan, uint32_t, Message** to) {
  *to = chan->first_;
  chan->first_ = chan->first_->next;
  chan->held_bytes_ -= sizeof(Message) + (*to)->bytes;
}

// The channel holds more bytes than ever before. The isolate that makes it so
// may well be the one that will drop it. So its heap's collector is told.
void SharedChan::NoteHeld() {
  const size_t more = held_bytes_ - noted_bytes_;
  noted_bytes_ = held_bytes_;
  const M* m = CurrentM();
  if (m == nullptr || m->strand == nullptr || m->strand->solo) return;
  static_cast<vm::Isolate*>(m->strand)->heap().NoteOutside(more);
}

ChanResult SharedChan::Send(Message** message) {
  G* woken = nullptr;
  const ChanResult result = core_.TrySend(this, message, &woken);
  mu_.Unlock();
  if (woken != nullptr) Ready(woken);
  return result;
}

ChanResult SharedChan::Recv(Message** message) {
  G* woken = nullptr;
  const ChanResult result = core_.TryRecv(this, message, &woken);
  mu_.Unlock();
  if (woken != nullptr) Ready(woken);
  return result;
}

ChanResult SharedChan::SendOrQueue(SharedWaiter* waiter, G* g) {
  mu_.Lock();
  G* woken = nullptr;
  const ChanResult result = core_.TrySend(this, waiter->item(), &woken);
  if (result == ChanResult::kWouldWait) {
    core_.QueueSender(waiter, g);
    return result;
  }
  mu_.Unlock();
  if (woken != nullptr) Ready(woken);
  return result;
}

ChanResult SharedChan::RecvOrQueue(SharedWaiter* waiter, G* g) {
  mu_.Lock();
  G* woken = nullptr;
  const ChanResult result = core_.TryRecv(this, waiter->item(), &woken);
  if (result == ChanResult::kWouldWait) {
    core_.QueueReceiver(waiter, g);
    return result;
  }
  mu_.Unlock();
  if (woken != nullptr) Ready(woken);
  return result;
}

void SharedChan::Remove(SharedWaiter* waiter) {
  mu_.Lock();
  WaitQueue::Remove(waiter);
  mu_.Unlock();
}

bool SharedChan::Close() {
  GList woken;
  mu_.Lock();
  const bool closed = core_.Close();
  if (closed) {
    while (G* g = core_.PopWaiter())
      woken.PushTail(g);
  }
  mu_.Unlock();
  while (G* g = woken.PopHead())
    Ready(g);
  return closed;
}

uint32_t SharedChan::size() {
  mu_.Lock();
  const uint32_t size = core_.size();
  mu_.Unlock();
  return size;
}

SharedChan::~SharedChan() {
  // The holder that gave up the last reference but one may just be leaving the
  // lock: see DropToOnlyHandle. So wait until it has.
  mu_.Lock();
  mu_.Unlock();
  DropHeld();
}

void SharedChan::VisitHeld(void (*visit)(Shared* held, void* argument),
                           void* argument) {
  for (const Message* at = first_; at != nullptr; at = at->next)
    vm::VisitMessage(at, visit, argument);
}

// Nobody has a handle any more, so nothing reads core_ again.
void SharedChan::DropHeld() {
  Message* message = first_;
  first_ = nullptr;
  held_bytes_ = 0;
  while (message != nullptr) {
    Message* following = message->next;
    vm::FreeMessage(message);
    message = following;
  }
}

// One handle will be left. Then the Gs of that isolate may be waiting here for
// each other alone. Their isolate must look whether that is a deadlock, so it
// is woken to look.
//
// A linked waiter keeps its isolate alive while the lock is held. After the
// release the G that WakeToLook won keeps it alive until Ready.
bool SharedChan::DropToOnlyHandle(uint64_t word, uint64_t part) {
  G* woken_to_look = nullptr;
  mu_.Lock();
  const bool dropped = TryDrop(&word, part);
  if (dropped) {
    const WaiterBase* waiter = core_.AnyWaiter();
    if (waiter != nullptr) {
      woken_to_look =
          static_cast<vm::Isolate*>(waiter->g->strand)->WakeToLook();
    }
  }
  mu_.Unlock();
  if (woken_to_look != nullptr) Ready(woken_to_look);
  return dropped;
}

}  // namespace trilune::stdlib
