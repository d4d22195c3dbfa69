// Status, Result<T>: whether an operation of the library succeeded, or why not.
//
// Role       Every public C++ function that can fail returns one of these, and
//            throws nothing. std::expected exists only from C++23 on.
// Threads    Plain values.
// Locks      none
// Tests      tests/sched/status_test.cc

#ifndef TRI_SCHED_BASE_STATUS_H_
#define TRI_SCHED_BASE_STATUS_H_

#include <memory>
#include <new>
#include <string>
#include <string_view>
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
  kDeadlock,         // every G waits for another; message has the dump
  kExit,             // the script called os.exit
  kTimeout,          // a deadline passed
  kStopped,          // the runtime or isolate is stopping
  kSystem,           // a call of the system failed; message says which
};

// Making and copying a Status throws nothing: it reports missing memory, among
// other things, and goes where nothing may throw. Without memory for the
// message, another one takes its place.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string_view message) noexcept
      : code_(code), message_(Keep(message)) {}
  // For missing memory.
  [[nodiscard]] static Status NoMemory() noexcept {
    Status status;
    status.code_ = StatusCode::kNoMemory;
    return status;
  }

  [[nodiscard]] bool ok() const { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const {
    // Never destroyed: threads may still report errors as the process ends.
    static const auto& none = *new std::string();
    static const auto& no_memory = *new std::string("not enough memory");
    if (message_ != nullptr) return *message_;
    return ok() ? none : no_memory;
  }

 private:
  using Message = std::shared_ptr<const std::string>;
  static Message Keep(std::string_view message) noexcept {
    try {
      return std::make_shared<const std::string>(message);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }

  StatusCode code_ = StatusCode::kOk;
  Message message_;
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

  // The failure; an ok Status if there is a value.
  [[nodiscard]] Status status() const {
    return ok() ? Status() : std::get<Status>(state_);
  }

 private:
  std::variant<T, Status> state_;
};

}  // namespace trilune

#endif  // TRI_SCHED_BASE_STATUS_H_
