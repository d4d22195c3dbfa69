// Models of sched/task/strand_word.h, the production code: who owns a strand.

#include <array>

#include <doctest/doctest.h>

#include "sched/task/strand_word.h"
#include "tests/model/relacy_sync.h"

namespace trilune::model {
namespace {

// A node of the inbox, with its link checked for races.
template <class Sync>
struct Node {
  rl::var<Node*> link;
  rl::var<int> payload;

  // What StrandWord uses as `next`.
  struct Next {
    explicit Next(Node* of) : node(of) {}
    Next& operator=(Node* to) {
      node->link($) = to;
      return *this;
    }
    operator Node*() const { return node->link($); }  // NOLINT: as the field
    Node* node;
  };
  Next next{this};
};

// Three threads push. Who finds the strand idle owns it: it drains the inbox
// and releases, again until the release succeeds. Everything arrives, and the
// owner's data, plain, shows that there is one owner at a time. [SW1] [SW2]
//
// `kCheckRelease` false: the owner forgets to look whether it could release.
template <class Sync, bool kCheckRelease>
struct Pushing : rl::test_suite<Pushing<Sync, kCheckRelease>, 3> {
  static constexpr int kEach = 2;
  StrandWord<Node<Sync>, Sync> word;
  std::array<Node<Sync>, size_t{3} * kEach> nodes;
  rl::var<int> arrived;  // the owner's

  void before() { arrived($) = 0; }

  void Own() {
    for (;;) {
      Node<Sync>* node = word.Drain();
      while (node != nullptr) {
        Node<Sync>* following = node->next;
        RL_ASSERT(node->payload($) == 3);
        arrived($) = arrived($) + 1;
        node = following;
      }
      if (word.TryRelease() || !kCheckRelease) return;
    }
  }

  void thread(unsigned index) {
    for (unsigned i = 0; i < kEach; i++) {
      Node<Sync>& node = nodes[index * kEach + i];
      node.payload($) = 3;
      if (word.Push(&node)) Own();
    }
  }

  void after() {
    RL_ASSERT(arrived($) == 3 * kEach);
    RL_ASSERT(word.TryClaim());
  }
};

TEST_CASE("model: strand word: every push arrives, at one owner at a time") {
  CHECK(Holds<Pushing<RelacySync<>, true>>());
}

TEST_CASE("model: strand word: breaks without orders [SW1] [SW2]") {
  CHECK(Breaks<Pushing<RelacySync<Weak::kRmws>, true>>());
}

TEST_CASE("model: strand word: breaks if a release is not checked") {
  CHECK(Breaks<Pushing<RelacySync<>, false>>());
}

TEST_CASE("model: strand word: breaks if taking the word takes two steps") {
  CHECK(Breaks<Pushing<RelacySync<Weak::kTorn>, true>>());
}

// One claims the strand without a node, as to dump it, beside two that push.
template <class Sync>
struct Claiming : rl::test_suite<Claiming<Sync>, 3> {
  StrandWord<Node<Sync>, Sync> word;
  std::array<Node<Sync>, 2> nodes;
  rl::var<int> arrived;
  rl::var<int> dumps;  // the owner's, too

  void before() {
    arrived($) = 0;
    dumps($) = 0;
  }

  void Own() {
    do {
      for (Node<Sync>* node = word.Drain(); node != nullptr;
           node = node->next) {
        arrived($) = arrived($) + 1;
      }
    } while (!word.TryRelease());
  }

  void thread(unsigned index) {
    if (index == 2) {
      if (!word.TryClaim()) return;
      dumps($) = dumps($) + arrived($) + 1;
      Own();
      return;
    }
    if (word.Push(&nodes[index])) Own();
  }

  void after() { RL_ASSERT(arrived($) == 2); }
};

TEST_CASE("model: strand word: who claims it owns it as a pusher does") {
  CHECK(Holds<Claiming<RelacySync<>>>());
}

TEST_CASE("model: strand word: breaks if claiming does not acquire [SW2]") {
  CHECK(Breaks<Claiming<RelacySync<Weak::kRmws>>>());
}

}  // namespace
}  // namespace trilune::model
