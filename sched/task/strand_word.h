// StrandWord: the one atomic word by which a strand is woken and owned.
//
// Role       The head of the strand's inbox, a list of Gs that were made
//            runnable from outside, to which any thread may push; or the
//            sentinel IDLE, while nobody owns the strand. With two words, inbox
//            and "is idle", a wake-up could fall between the two: the owner
//            sees an empty inbox, a waker pushes and sees an owner, the owner
//            goes idle. One word cannot be half read.
// Threads    Push, TryClaim, LooksIdle: any thread. Drain, TryRelease, HasMail:
//            the owner.
// Locks      none
// Invariants I1. The word is IDLE exactly while nobody owns the strand.
//            I2. The thread that replaces IDLE owns the strand, and must
//                enqueue it.
//            I3. A strand is in at most one run queue, or run by at most one M.
// Docs       docs/state-machines.md, "Strand"
// Tests      tests/sched/strand_test.cc; tests/model/strand_word_model.cc

#ifndef TRI_SCHED_TASK_STRAND_WORD_H_
#define TRI_SCHED_TASK_STRAND_WORD_H_

#include "sched/sync/sanitizers.h"
#include "sched/sync/std_sync.h"

namespace trilune {

// A Node has a member `Node* next`, which the inbox uses.
template <class Node, class Sync = StdSync>
class StrandWord {
 public:
  StrandWord() : word_(Idle()) {}

  // Adds `node`. True: the strand was idle. Then the caller owns it, and must
  // enqueue it (I2).
  [[nodiscard]] bool Push(Node* node) {
    Node* head = word_.load(std::memory_order_relaxed);
    for (;;) {
      node->next = head == Idle() ? nullptr : head;
      // release: publishes the node. acquire: a new owner sees what the last
      // one did inside the strand.
      if (word_.compare_exchange_strong(
              head, node, std::memory_order_acq_rel)) {  // [SW1] [SW2]
        return head == Idle();
      }
    }
  }

  // Whether Gs lie in the inbox. A hint, which costs the owner a plain load.
  [[nodiscard]] TRI_NO_TSAN bool HasMail() const {
    return word_.load(std::memory_order_relaxed) != nullptr;
  }

  // Whether nobody owns the strand. A hint, for any thread.
  [[nodiscard]] bool LooksIdle() const {
    return word_.load(std::memory_order_relaxed) == Idle();
  }

  // Takes the whole inbox, oldest first; nullptr if it is empty.
  [[nodiscard]] Node* Drain() {
    Node* node = word_.exchange(nullptr, std::memory_order_acquire);  // [SW1]
    Node* oldest_first = nullptr;
    while (node != nullptr) {
      Node* older = node->next;
      node->next = oldest_first;
      oldest_first = node;
      node = older;
    }
    return oldest_first;
  }

  // Gives up ownership if the inbox is empty. False: drain it and go on.
  [[nodiscard]] bool TryRelease() {
    Node* empty = nullptr;
    // release: the next owner sees what this one did.
    return word_.compare_exchange_strong(empty, Idle(),
                                         std::memory_order_release);  // [SW2]
  }

  // Takes an idle strand without a node. A solo strand is taken like this for
  // ever.
  [[nodiscard]] bool TryClaim() {
    Node* idle = Idle();
    return word_.compare_exchange_strong(idle, nullptr,
                                         std::memory_order_acquire);  // [SW2]
  }

 private:
  // An address that no node has.
  static Node* Idle() {
    static char sentinel;
    return reinterpret_cast<Node*>(&sentinel);
  }

  typename Sync::template Atomic<Node*> word_;
};

}  // namespace trilune

#endif  // TRI_SCHED_TASK_STRAND_WORD_H_
