// Status, Result<T>: how an operation of the library went.
//
// Role       Every public C++ function that can fail returns one of these;
//            nothing throws. std::expected arrives only with C++23.
// Threads    Plain values.
// Locks      none
// Tests      tests/sched/status_test.cc

#ifndef TRI_SCHED_STATUS_H_
#define TRI_SCHED_STATUS_H_

#include <string>
#include <utility>
#include <variant>

namespace trilune {

enum class StatusCode {
  kOk,
  kInvalidArgument,  // the caller's mistake; nothing happened
  kLuaError,         // a Lua error; message and traceback
  kSyntaxError,      // the chunk does not compile
  kNotFound,         // no such file, no such function
  kNoMemory,         // a limit or the machine's memory is used up
  kLimit,            // another limit ended the isolate's work
  kDeadlock,         // every G waits for another; message holds the dump
  kExit,             // the script called os.exit
  kTimeout,          // a deadline passed
  kStopped,          // the runtime or isolate is stopping
  kSystem,           // an OS call failed; message says which
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// A value, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Status status) : state_(std::move(status)) {}  // NOLINT: as above

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }

  // Requires: ok().
  [[nodiscard]] T& value() { return std::get<T>(state_); }
  [[nodiscard]] const T& value() const { return std::get<T>(state_); }

  // The failure, or an ok Status.
  [[nodiscard]] Status status() const {
    return ok() ? Status() : std::get<Status>(state_);
  }

 private:
  std::variant<T, Status> state_;
};

}  // namespace trilune

#endif  // TRI_SCHED_STATUS_H_
