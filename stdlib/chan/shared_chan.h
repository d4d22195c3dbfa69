// SharedChan: the channel between Gs of any isolates.
//
// Role       ChanCore with messages. A value is copied out of the sender's heap
//            before the lock is taken, and into the receiver's heap after its
//            release. channel.cc describes how a G waits here.
// Threads    any
// Locks      kChan, one each; select takes several in address order. A waiting
//            Lua G keeps it until it is public as waiting.
// Invariants I1. Every user of it has a handle.
//            I2. Each message belongs to the buffer, to a waiter or to the
//                caller of TrySend or TryRecv. The message of a waiter belongs
//                to the sender until it is taken, and to the receiver once it
//                is there.
//            I3. A waiter's G wins or loses its wait, and the waiter's message
//                moves, in one critical section. So when a G that was won runs,
//                no other G touches its waiter any more.
// Tests      tests/vm/channel_test.cc; tests/lua/channel, chan, select

#ifndef TRI_STDLIB_CHAN_SHARED_CHAN_H_
#define TRI_STDLIB_CHAN_SHARED_CHAN_H_

#include <cstdint>

#include "sched/sync/handover_lock.h"
#include "sched/task/chan_core.h"
#include "stdlib/binding.h"
#include "vm/message/message.h"
#include "vm/message/shared.h"

namespace trilune::stdlib {

class SharedChan;

struct SharedWaiter : WaiterBase {
  vm::Message* message = nullptr;
  int32_t index = 0;  // of the select case

  [[nodiscard]] vm::Message** item() { return &message; }
};

struct SharedChanTraits {
  using Item = vm::Message**;
  using Waiter = SharedWaiter;
  using Channel = SharedChan*;
  static void Move(SharedChan*, vm::Message** from, vm::Message** to) {
    *to = *from;
    *from = nullptr;
  }
  // Append to the buffer, and take from its front. So do the slots of core_.
  static void Put(SharedChan* chan, uint32_t slot, vm::Message** from);
  static void Take(SharedChan* chan, uint32_t slot, vm::Message** to);
};

class SharedChan final : public vm::Shared {
 public:
  using Core = ChanCore<SharedChanTraits>;

  SharedChan(uint32_t capacity, vm::SharedCycles* cycles)
      : Shared(&kType, cycles), core_(capacity) {
    if (capacity > 0) core_.AdoptSlots(capacity);
  }

  // On kDone it has taken the message.
  ChanResult TrySend(vm::Message** message) TRI_NO_ANALYSIS {
    mu_.Lock();
    return Send(message);
  }
  // On kDone it gives a message.
  ChanResult TryRecv(vm::Message** message) TRI_NO_ANALYSIS {
    mu_.Lock();
    return Recv(message);
  }
  // As those, but with kWouldWait they leave `waiter` queued and the lock held.
  // The caller then parks `g`, and its commit calls Unlock.
  ChanResult SendOrQueue(SharedWaiter* waiter, G* g) TRI_NO_ANALYSIS;
  ChanResult RecvOrQueue(SharedWaiter* waiter, G* g) TRI_NO_ANALYSIS;
  // Takes out a waiter whose G something else has won.
  void Remove(SharedWaiter* waiter) TRI_NO_ANALYSIS;

  // False: it was closed already.
  bool Close() TRI_NO_ANALYSIS;

  [[nodiscard]] uint32_t size() TRI_NO_ANALYSIS;
  [[nodiscard]] uint32_t capacity() const { return core_.capacity(); }

  // For select, which holds the lock around the use of core().
  [[nodiscard]] HandoverLock* lock() { return &mu_; }
  void Unlock() TRI_NO_ANALYSIS { mu_.Unlock(); }
  [[nodiscard]] Core& core() { return core_; }

  static const Type kType;

 private:
  friend struct SharedChanTraits;
  ~SharedChan() override;

  ChanResult Send(vm::Message** message) TRI_NO_ANALYSIS;
  ChanResult Recv(vm::Message** message) TRI_NO_ANALYSIS;

  void VisitHeld(void (*visit)(Shared* held, void* argument),
                 void* argument) override;
  void DropHeld() override;
  [[nodiscard]] size_t HeldBytes() const override { return held_bytes_; }
  void NoteHeld();
  bool DropToOnlyHandle(uint64_t word, uint64_t part) override TRI_NO_ANALYSIS;

  HandoverLock mu_;
  Core core_;
  // The buffer is a list linked by Message::next, so it costs only what is in
  // it. core_ counts its messages.
  vm::Message* first_ = nullptr;
  vm::Message* last_ = nullptr;  // valid while first_ is not null
  size_t held_bytes_ = 0;        // of the messages in it
  size_t noted_bytes_ = 0;       // the most of these that heaps were told of
};

// Returns the channel whose handle is at `index`, or null. Raises if the handle
// has been finalized.
SharedChan* TestChannel(lua_State* L, int index);

}  // namespace trilune::stdlib

#endif  // TRI_STDLIB_CHAN_SHARED_CHAN_H_
