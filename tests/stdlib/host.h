// Host: a runtime with one isolate, for tests of the embedding API.
//
// Role       Starts both. At the end of a test it stops them and checks that
//            this went well. Text... turn results into something to compare
//            with.
// Threads    as embed/trilune.h
// Locks      none

#ifndef TRI_TESTS_STDLIB_HOST_H_
#define TRI_TESTS_STDLIB_HOST_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/support/hang.h"

namespace trilune::test {

inline std::string Text(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "nil";
  if (const auto* boolean = std::get_if<bool>(&value)) {
    return *boolean ? "true" : "false";
  }
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    return std::to_string(*integer);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return "float " + std::to_string(*number);
  }
  if (const auto* string = std::get_if<std::string>(&value)) {
    return "'" + *string + "'";
  }
  return "<" + std::get<OtherValue>(value).text + ">";
}

inline const char* Name(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kInvalidArgument:
      return "invalid argument";
    case StatusCode::kLuaError:
      return "lua error";
    case StatusCode::kSyntaxError:
      return "syntax error";
    case StatusCode::kNotFound:
      return "not found";
    case StatusCode::kNoMemory:
      return "no memory";
    case StatusCode::kLimit:
      return "limit";
    case StatusCode::kDeadlock:
      return "deadlock";
    case StatusCode::kExit:
      return "exit";
    case StatusCode::kTimeout:
      return "timeout";
    case StatusCode::kStopped:
      return "stopped";
    case StatusCode::kSystem:
      return "system";
  }
  return "?";
}

// "ok", or what went wrong, such as "not found".
inline std::string Text(const Status& status) {
  return Name(status.code());
}

// The values, such as "1 'a' nil"; or what went wrong.
inline std::string Text(Result<Values> result) {
  if (!result.ok()) return Text(result.status());
  std::string text;
  for (const Value& value : result.value()) {
    if (!text.empty()) text += " ";
    text += Text(value);
  }
  return text;
}

inline bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline std::unique_ptr<Runtime> StartRuntime(Config config = {}) {
  if (config.procs == 0) config.procs = 2;
  auto runtime = Runtime::Start(config);
  REQUIRE(runtime.ok());
  return std::move(runtime.value());
}

inline Isolate* NewIsolate(Runtime& runtime, IsolateOptions options = {}) {
  auto isolate = runtime.NewIsolate(std::move(options));
  REQUIRE(isolate.ok());
  return isolate.value();
}

class Host {
 public:
  explicit Host(IsolateOptions options = {}, const Config& config = {})
      : runtime_(StartRuntime(config)),
        isolate_(NewIsolate(*runtime_, std::move(options))) {}
  ~Host() { CHECK(Text(runtime_->Stop()) == "ok"); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Isolate* operator->() { return isolate_; }
  Isolate* isolate() { return isolate_; }
  Runtime& runtime() { return *runtime_; }

  // What the chunk returns, or what went wrong.
  std::string Run(std::string_view chunk, const Values& args = {}) {
    return Text(isolate_->RunString(chunk, "=test", args));
  }
  std::string Call(std::string_view name, const Values& args = {}) {
    return Text(isolate_->Call(name, args));
  }

  // Makes `function` the global `name`. Its upvalue 1 is `data`.
  void Register(const char* name, lua_CFunction function,
                void* data = nullptr) {
    struct Entry {
      const char* name;
      lua_CFunction function;
      void* data;
    } entry = {name, function, data};
    const Status status = isolate_->Main(
        [](lua_State* L) {
          const auto* it = static_cast<Entry*>(lua_touserdata(L, 1));
          lua_pushlightuserdata(L, it->data);
          lua_pushcclosure(L, it->function, 1);
          lua_setglobal(L, it->name);
          return 0;
        },
        &entry);
    REQUIRE(Text(status) == "ok");
  }

 private:
  std::unique_ptr<Runtime> runtime_;
  Isolate* isolate_;
  const DumpOnHang on_hang_{[this] { return runtime_->Dump(); }};
};

}  // namespace trilune::test

#endif  // TRI_TESTS_STDLIB_HOST_H_
