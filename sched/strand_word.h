// StrandWord: the one atomic word by which a strand is woken and owned.
//
// Role       Head of the strand's inbox, a push-only list of Gs that were made
//            runnable from outside; or the sentinel IDLE, when nobody owns the
//            strand. One word, so that no wake-up can fall between two.
// Threads    Push: any thread. Drain, TryRelease: the owner.
// Locks      none
// Invariants I1. The word is IDLE exactly while nobody owns the strand.
//            I2. Who replaces IDLE owns the strand and must enqueue it.
//            I3. A strand is in at most one run queue or being run by one M.
// Tests      tests/sched/strand_test.cc; tests/model/strand_word_model.cc

#ifndef TRI_SCHED_STRAND_WORD_H_
#define TRI_SCHED_STRAND_WORD_H_

#include "sched/sync/sanitizers.h"
#include "sched/sync/std_sync.h"

namespace trilune {

// Node has a member `Node* next`, free for use while the Node is in the inbox.
template <class Node, class Sync = StdSync>
class StrandWord {
 public:
  StrandWord() : word_(Idle()) {}

  // Adds `node`. True: the strand was idle, the caller owns it now and must
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

  // True while Gs wait in the inbox: a hint that costs the owner a plain load.
  [[nodiscard]] TRI_NO_TSAN bool HasMail() const {
    return word_.load(std::memory_order_relaxed) != nullptr;
  }

  // Whether nobody owns the strand: a hint, for any thread.
  [[nodiscard]] bool LooksIdle() const {
    return word_.load(std::memory_order_relaxed) == Idle();
  }

  // Takes the whole inbox, oldest first; nullptr when it is empty.
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

  // Takes an idle strand without a node (to close or to dump it).
  [[nodiscard]] bool TryClaim() {
    Node* idle = Idle();
    return word_.compare_exchange_strong(idle, nullptr,
                                         std::memory_order_acquire);  // [SW2]
  }

 private:
  // An address no node has.
  static Node* Idle() {
    static char sentinel;
    return reinterpret_cast<Node*>(&sentinel);
  }

  typename Sync::template Atomic<Node*> word_;
};

}  // namespace trilune

#endif  // TRI_SCHED_STRAND_WORD_H_
