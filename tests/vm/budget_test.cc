#include "vm/memory/budget.h"

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

namespace trilune::vm {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::shared_ptr<Budget> Make(const Limits& limits,
                             std::shared_ptr<Budget> parent = nullptr,
                             int64_t now_ns = 0) {
  return std::make_shared<Budget>(std::move(parent), limits, now_ns);
}

TEST_CASE("budget: without limits nothing is ever used up") {
  const auto budget = Make({});
  CHECK(!Limits{}.any());
  CHECK(!budget->is_timed());
  CHECK(!budget->limits_memory());
  CHECK(budget->TakeMemory(SIZE_MAX / 2));
  CHECK(budget->TakeG());
  CHECK(budget->max_goroutines() == UINT32_MAX);
  CHECK(budget->max_message_bytes() == Budget::kNoLimit);
  budget->ChargeInstructions(UINT64_MAX / 2);
  budget->ChargeCpu(INT64_MAX / 2);
  CHECK(!budget->IsUsedUp(INT64_MAX - 1, 0));
}

TEST_CASE("budget: memory is taken up to the limit, and no byte more") {
  const auto budget = Make({.memory_bytes = 100});
  CHECK(budget->limits_memory());
  CHECK(budget->max_memory_bytes() == 100);
  CHECK(!budget->TakeMemory(101));
  CHECK(budget->TakeMemory(60));
  CHECK(!budget->TakeMemory(41));
  CHECK(budget->TakeMemory(40));
  CHECK(!budget->TakeMemory(1));
  CHECK(!budget->TakeMemory(SIZE_MAX));
  budget->GiveMemory(100);
  CHECK(budget->TakeMemory(100));
}

TEST_CASE("budget: who is refused above has taken nothing below") {
  const auto parent = Make({.memory_bytes = 100, .goroutines = 2});
  const auto child = Make({.memory_bytes = 80, .goroutines = 2}, parent);
  const auto other = Make({.memory_bytes = 1000, .goroutines = 9}, parent);
  CHECK(other->max_memory_bytes() == 100);
  CHECK(other->max_goroutines() == 2);
  CHECK(parent->TakeMemory(50));
  CHECK(!child->TakeMemory(60));  // the parent's limit
  CHECK(child->TakeMemory(50));
  CHECK(!other->TakeMemory(1));
  child->GiveMemory(50);
  parent->GiveMemory(50);
  CHECK(!child->TakeMemory(81));  // its own
  CHECK(child->TakeMemory(80));
  CHECK(other->TakeMemory(20));
  CHECK(parent->TakeG());
  CHECK(child->TakeG());
  CHECK(!child->TakeG());
  CHECK(!other->TakeG());
  parent->GiveG();
  CHECK(child->TakeG());
  CHECK(!child->TakeG());
}

TEST_CASE("budget: instructions of a child are the parent's, too") {
  const auto parent = Make({.instructions = 1000});
  const auto child = Make({.instructions = 100}, parent);
  const auto other = Make({}, parent);
  CHECK(other->counts_instructions());
  CHECK(other->is_timed());
  child->ChargeInstructions(100);
  CHECK(!child->IsUsedUp(0, 0));
  child->ChargeInstructions(1);
  CHECK(child->IsUsedUp(0, 0));
  CHECK(child->Reason(0) == "instruction limit (100) exceeded");
  CHECK(!parent->IsUsedUp(0, 0));
  other->ChargeInstructions(900);
  CHECK(parent->IsUsedUp(0, 0));
  CHECK(other->IsUsedUp(0, 0));
  CHECK(other->Reason(0) == "instruction limit (1000) exceeded");
  CHECK(parent->instructions() == 1001);
  CHECK(other->instructions() == 900);
}

TEST_CASE("budget: CPU time, with what is not charged yet") {
  const auto parent = Make({.cpu_ns = 10 * kSecond});
  const auto child = Make({.cpu_ns = kSecond / 2}, parent);
  CHECK(child->meters_cpu());
  CHECK(Make({}, parent)->meters_cpu());
  child->ChargeCpu(kSecond / 2);
  CHECK(!child->IsUsedUp(0, 0));
  CHECK(child->IsUsedUp(0, 1));
  child->ChargeCpu(1);
  CHECK(child->IsUsedUp(0, 0));
  CHECK(child->Reason(0) == "CPU time limit (0.5 s) exceeded");
  CHECK(!parent->IsUsedUp(0, 9 * kSecond));
  CHECK(parent->IsUsedUp(0, 10 * kSecond));
}

TEST_CASE("budget: the nearest deadline of the chain counts, and is named") {
  const auto parent = Make({.time_ns = 10 * kSecond}, nullptr, 0);
  const auto shorter = Make({.time_ns = kSecond}, parent, kSecond);
  const auto longer = Make({.time_ns = 100 * kSecond}, parent, kSecond);
  CHECK(shorter->deadline_ns() == 2 * kSecond);
  CHECK(longer->deadline_ns() == 10 * kSecond);
  CHECK(!shorter->IsUsedUp(2 * kSecond - 1, 0));
  CHECK(shorter->IsUsedUp(2 * kSecond, 0));
  CHECK(shorter->Reason(2 * kSecond) == "time limit (1 s) exceeded");
  CHECK(longer->IsUsedUp(10 * kSecond, 0));
  CHECK(longer->Reason(10 * kSecond) == "time limit (10 s) exceeded");
  // So far away that it is never.
  CHECK(!Make({.time_ns = INT64_MAX}, nullptr, kSecond)
             ->IsUsedUp(INT64_MAX - 1, 0));
}

TEST_CASE("budget: messages, at most as large as the memory") {
  CHECK(Make({.message_bytes = 10})->max_message_bytes() == 10);
  CHECK(Make({.memory_bytes = 5, .message_bytes = 10})->max_message_bytes() ==
        5);
  const auto parent = Make({.message_bytes = 10});
  CHECK(Make({.message_bytes = 20}, parent)->max_message_bytes() == 10);
  CHECK(Make({}, parent)->max_message_bytes() == 10);
}

TEST_CASE("budget: threads that take and give leave nothing behind") {
  const auto parent = Make({.memory_bytes = 100, .goroutines = 3});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&parent] {
      const auto child = Make({.memory_bytes = 70}, parent);
      for (int round = 0; round < 20000; round++) {
        if (child->TakeMemory(40)) child->GiveMemory(40);
        if (child->TakeG()) child->GiveG();
        child->ChargeInstructions(3);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  CHECK(parent->TakeMemory(100));
  CHECK(!parent->TakeMemory(1));
  for (int i = 0; i < 3; i++)
    CHECK(parent->TakeG());
  CHECK(!parent->TakeG());
  CHECK(parent->instructions() == 4 * 20000 * 3);
}

}  // namespace
}  // namespace trilune::vm
