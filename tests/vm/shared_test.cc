// What vm/message/shared.h says of references and cycles; handles in
// tests/lua/channel.

#include "vm/message/shared.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace trilune::vm {
namespace {

constexpr Shared::Type kType = {"box", nullptr, nullptr};

// Holds references as if in messages.
class Box final : public Shared {
 public:
  Box(SharedCycles* cycles, int* alive)
      : Shared(&kType, cycles), alive_(alive) {
    ++*alive_;
  }
  void Hold(Box* other) {
    other->Retain();
    held_.push_back(other);
  }
  void DropOne() {
    Box* last = held_.back();
    held_.pop_back();
    last->Release();
  }
  [[nodiscard]] const std::vector<Box*>& held() const { return held_; }

  std::atomic<int> only_handles{0};  // how often that was all that was left

 private:
  ~Box() override {
    DropHeld();
    --*alive_;
  }
  void VisitHeld(void (*visit)(Shared* held, void* argument),
                 void* argument) override {
    for (Box* box : held_)
      visit(box, argument);
  }
  void DropHeld() override {
    while (!held_.empty())
      DropOne();
  }
  bool DropToOnlyHandle(uint64_t word, uint64_t part) override {
    if (!TryDrop(&word, part)) return false;
    only_handles.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  int* const alive_;
  std::vector<Box*> held_;
};

// A box with one handle and no other reference.
Box* NewBox(SharedCycles* cycles, int* alive) {
  Box* box = new Box(cycles, alive);
  box->RetainHandle();
  box->Release();
  return box;
}

TEST_CASE("shared: the last reference destroys, a handle's or another") {
  SharedCycles cycles;
  int alive = 0;
  NewBox(&cycles, &alive)->ReleaseHandle();
  CHECK(alive == 0);
  Box* box = NewBox(&cycles, &alive);
  CHECK(box->IsOnlyHandle());
  box->Retain();
  CHECK(!box->IsOnlyHandle());
  box->ReleaseHandle();
  CHECK(alive == 1);
  CHECK(cycles.size() == 1);
  box->RetainHandle();
  CHECK(cycles.size() == 0);
  box->ReleaseHandle();
  box->Release();
  CHECK(alive == 0);
  CHECK(cycles.size() == 0);
  // Without cycles.
  box = NewBox(nullptr, &alive);
  box->RetainHandle();
  box->ReleaseHandle();
  CHECK(alive == 1);
  box->ReleaseHandle();
  CHECK(alive == 0);
}

// Lets a search, which holds the lock, wait for two threads that need it.
class Gate final : public Shared {
 public:
  explicit Gate(SharedCycles* cycles) : Shared(&kType, cycles) {
    RetainHandle();
    Retain();
    ReleaseHandle();
    Release();
  }
  std::atomic<int> arrived{0};

 private:
  void VisitHeld(void (*)(Shared* held, void* argument), void*) override {
    while (arrived.load() < 2)
      std::this_thread::yield();
    for (int i = 0; i < 100; i++)
      std::this_thread::yield();
  }
};

TEST_CASE("shared: who leaves one handle as the last reference, hears of it") {
  for (int round = 0; round < 200; round++) {
    SharedCycles cycles;
    int alive = 0;
    Gate* gate = new Gate(&cycles);
    // As two messages hold it, with no handle left.
    Box* box = NewBox(&cycles, &alive);
    box->Retain();
    box->Retain();
    box->ReleaseHandle();
    box->only_handles.store(0);
    std::thread reads([&] {
      gate->arrived.fetch_add(1);
      box->RetainHandle();
      box->Release();
    });
    std::thread frees([&] {
      while (gate->arrived.load() == 0)
        std::this_thread::yield();
      gate->arrived.fetch_add(1);
      box->Release();
    });
    cycles.Collect();
    frees.join();
    reads.join();
    CHECK(box->IsOnlyHandle());
    CHECK(box->only_handles.load() == 1);
    box->ReleaseHandle();
    gate->Release();
    CHECK(alive == 0);
  }
}

TEST_CASE("shared: a long chain is destroyed without recursion") {
  SharedCycles cycles;
  int alive = 0;
  Box* first = NewBox(&cycles, &alive);
  for (int i = 0; i < 1'000'000; i++) {
    Box* box = NewBox(&cycles, &alive);
    box->Hold(first);
    first->ReleaseHandle();
    first = box;
  }
  CHECK(alive == 1'000'001);
  first->ReleaseHandle();
  CHECK(alive == 0);
}

TEST_CASE("shared: a box in itself is collected, one that is held is not") {
  SharedCycles cycles;
  int alive = 0;
  Box* own = NewBox(&cycles, &alive);
  own->Hold(own);
  own->ReleaseHandle();
  Box* kept = NewBox(&cycles, &alive);
  Box* inside = NewBox(&cycles, &alive);
  kept->Hold(inside);
  inside->Hold(inside);
  inside->ReleaseHandle();
  CHECK(alive == 3);
  cycles.Collect();
  CHECK(alive == 2);
  kept->ReleaseHandle();
  CHECK(alive == 1);
  cycles.Collect();
  CHECK(alive == 0);
}

TEST_CASE("shared: cycles are searched as their number doubles") {
  SharedCycles cycles;
  int alive = 0;
  for (int i = 0; i < 100'000; i++) {
    Box* box = NewBox(&cycles, &alive);
    box->Hold(box);
    box->ReleaseHandle();
    CHECK(alive <= 64);
  }
}

// What can be reached from `pending`.
std::set<Box*> Reach(std::vector<Box*> pending) {
  std::set<Box*> reached;
  while (!pending.empty()) {
    Box* box = pending.back();
    pending.pop_back();
    if (!reached.insert(box).second) continue;
    pending.insert(pending.end(), box->held().begin(), box->held().end());
  }
  return reached;
}

TEST_CASE("shared: what SharedCycles leaves is what can be reached") {
  std::mt19937 random(42);  // NOLINT(cert-msc32-c,cert-msc51-cpp): a fixed seed
  const auto upto = [&](size_t n) { return random() % n; };
  for (int round = 0; round < 300; round++) {
    SharedCycles cycles;
    int alive = 0;
    const size_t n = 2 + upto(30);
    std::vector<Box*> boxes;
    for (size_t i = 0; i < n; i++)
      boxes.push_back(NewBox(&cycles, &alive));
    for (size_t i = upto(3 * n); i > 0; i--)
      boxes[upto(n)]->Hold(boxes[upto(n)]);
    // Some keep their handle, some a reference from elsewhere.
    std::vector<Box*> handles;
    std::vector<Box*> references;
    for (Box* box : boxes) {
      if (upto(8) == 0) references.push_back(box);
    }
    for (Box* box : references)
      box->Retain();
    std::vector<Box*> dropped;
    for (Box* box : boxes)
      (upto(8) == 0 ? handles : dropped).push_back(box);
    std::vector<Box*> roots = handles;
    roots.insert(roots.end(), references.begin(), references.end());
    const std::set<Box*> reached = Reach(std::move(roots));
    for (Box* box : dropped)
      box->ReleaseHandle();
    cycles.Collect();
    REQUIRE(alive == static_cast<int>(reached.size()));
    for (Box* box : handles)
      box->ReleaseHandle();
    for (Box* box : references)
      box->Release();
    cycles.Collect();
    REQUIRE(alive == 0);
  }
}

TEST_CASE("shared: handles come and go while cycles are searched") {
  SharedCycles cycles;
  int alive = 0;
  Box* box = NewBox(&cycles, &alive);
  Box* root = NewBox(&cycles, &alive);
  root->Hold(box);
  box->Hold(box);
  const auto work = [&] {
    // As who reads a message: it has a reference while it makes a handle.
    for (int i = 0; i < 20'000; i++) {
      box->RetainHandle();
      box->Retain();
      box->ReleaseHandle();
      box->RetainHandle();
      box->Release();
      box->ReleaseHandle();
    }
  };
  box->ReleaseHandle();
  std::thread other(work);
  for (int i = 0; i < 2000; i++)
    cycles.Collect();
  work();
  other.join();
  CHECK(alive == 2);
  root->ReleaseHandle();
  cycles.Collect();
  CHECK(alive == 0);
}

}  // namespace
}  // namespace trilune::vm
