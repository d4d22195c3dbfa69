// The store behind trilune.dict under threads.

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "stdlib/dict/dict_store.h"
#include "tests/stdlib/dict_values.h"

namespace trilune::test {
namespace {

using stdlib::DictNode;
using stdlib::DictNumber;
using stdlib::DictReading;
using stdlib::DictStats;
using stdlib::DictStatus;
using Kind = DictValue::Kind;

template <class F>
void InThreads(int n, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; i++)
    threads.emplace_back(f, i);
  for (std::thread& thread : threads)
    thread.join();
}

TEST_CASE("increments of several threads add up") {
  auto store = DictStore::Make(1 << 20, 4, &FreeObject);
  InThreads(4, [&](int) {
    DictNumber one;
    one.integer = 1;
    const DictNumber init;
    for (int i = 0; i < 20000; i++) {
      const std::string name = "n" + std::to_string(i % 7);
      DictNumber result;
      bool forcible = false;
      store->Increment(Key(*store, name), one, &init, kNever, &result,
                       &forcible);
    }
  });
  int64_t sum = 0;
  for (int i = 0; i < 7; i++) {
    const std::string name = "n" + std::to_string(i);
    DictReading reading;
    store->Get(Key(*store, name), false, &reading);
    sum += reading.value.integer;
  }
  CHECK(sum == 80000);
}

TEST_CASE("threads push and pop: nothing is lost or doubled") {
  auto store = DictStore::Make(size_t{4} << 20, 1, &FreeObject);
  constexpr int kEach = 10000;
  std::atomic<int64_t> sum{0};
  std::atomic<int> taken{0};
  InThreads(4, [&](int thread) {
    const std::string name = "queue";
    const DictKey key = Key(*store, name);
    for (int i = 1; i <= kEach; i++) {
      if (thread % 2 == 0) {
        DictNode* node = DictStore::NewNode(Integer(i));
        uint64_t length = 0;
        while (store->Push(key, node, i % 2 == 0, &length) != DictStatus::kOk)
          std::this_thread::yield();
        continue;
      }
      DictNode* node = nullptr;
      while (store->Pop(key, i % 3 == 0, &node) != DictStatus::kOk)
        std::this_thread::yield();
      sum += node->value.integer;
      taken++;
      store->FreeNode(node, true);
    }
  });
  CHECK(taken.load() == 2 * kEach);
  CHECK(sum.load() == int64_t{kEach} * (kEach + 1));
  CHECK(store->Stats().entries == 0);
}

TEST_CASE("the limit holds while threads write, read and evict") {
  auto store = DictStore::Make(size_t{256} << 10, 4, &FreeObject);
  InThreads(4, [&](int thread) {
    std::mt19937 random(static_cast<uint32_t>(thread) + 1);
    std::string text;
    bool within = true;
    for (int i = 0; i < 15000; i++) {
      const std::string name = "key" + std::to_string(random() % 1000);
      const DictKey key = Key(*store, name);
      bool forcible = false;
      if (i % 3 == 0) {
        DictReading reading;
        if (store->Get(key, false, &reading) == DictStatus::kOk &&
            reading.value.kind == Kind::kString && reading.value.size > 0) {
          // Of one write, whole.
          within = within && reading.value.bytes[0] ==
                                 reading.value.bytes[reading.value.size - 1];
        }
        if (reading.held != nullptr) store->Release(reading.held);
      } else if (i % 7 == 0) {
        const DictValue value = Object(random() % 3000);
        if (store->Put(key, value, {}, &forcible) != DictStatus::kOk) {
          FreeObject(value.object);
        }
      } else {
        text.assign(random() % 3000, static_cast<char>('a' + random() % 26));
        store->Put(key, String(text), {}, &forcible);
      }
      if (i % 100 == 0) {
        const DictStats stats = store->Stats();
        within = within && stats.used <= stats.capacity;
      }
    }
    CHECK(within);
  });
  CHECK(store->Stats().evicted > 0);
  store.reset();
  CHECK(objects_alive.load() == 0);
}

}  // namespace
}  // namespace trilune::test
