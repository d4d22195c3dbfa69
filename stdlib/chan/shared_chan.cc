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

// The channel holds more than ever. Who makes it do so may well be who drops
// it, so that heap's collector hears of it.
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
  // Who gave up the last reference but one may just be leaving the lock; see
  // DropToOnlyHandle.
  mu_.Lock();
  mu_.Unlock();
  DropHeld();
}

void SharedChan::VisitHeld(void (*visit)(Shared* held, void* argument),
                           void* argument) {
  for (const Message* at = first_; at != nullptr; at = at->next)
    vm::VisitMessage(at, visit, argument);
}

// Nobody has a handle: the state of core_ is of no use any more.
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

// The Gs of one isolate may be left waiting here for themselves alone: it has
// to look if that is a deadlock. While one is linked, its isolate is alive; and
// while its host's G is won, too.
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
