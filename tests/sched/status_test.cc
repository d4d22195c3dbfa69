// Unit tests for sched/base/status.h.

#include "sched/base/status.h"

#include <memory>
#include <utility>

#include <doctest/doctest.h>

namespace trilune {
namespace {

TEST_CASE("status: one made without arguments is ok") {
  const Status status;
  CHECK(status.ok());
  CHECK(status.code() == StatusCode::kOk);
  CHECK(status.message().empty());
}

TEST_CASE("status: keeps its code and message") {
  const Status status(StatusCode::kTimeout, "too late");
  CHECK_FALSE(status.ok());
  CHECK(status.code() == StatusCode::kTimeout);
  CHECK(status.message() == "too late");
}

TEST_CASE("result: holds a value and is ok then") {
  Result<int> result(7);
  REQUIRE(result.ok());
  CHECK(result.value() == 7);
  CHECK(result.status().ok());
  result.value() = 8;
  CHECK(result.value() == 8);
}

TEST_CASE("result: holds the failure otherwise") {
  const Result<int> result(Status(StatusCode::kNotFound, "no such thing"));
  REQUIRE_FALSE(result.ok());
  CHECK(result.status().code() == StatusCode::kNotFound);
  CHECK(result.status().message() == "no such thing");
}

TEST_CASE("result: carries what can only be moved") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  REQUIRE(result.ok());
  const std::unique_ptr<int> out = std::move(result.value());
  CHECK(*out == 3);
}

}  // namespace
}  // namespace trilune
