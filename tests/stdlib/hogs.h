// Hogs: Gs that keep a thread each, in several ways, and Gs that tick beside
// them. For tests and benchmarks of starvation.
//
// Role       Functions for scripts. `hold()` blocks in the kernel until
//            Release, as a C module does that does not know Trilune. `call()`
//            does the same, but says so (see vm/goroutine/syscall.h). `over()`
//            tells whether Release was called. `tick(i, late)` notes a tick.
// Threads    any
// Locks      none

#ifndef TRI_TESTS_STDLIB_HOGS_H_
#define TRI_TESTS_STDLIB_HOGS_H_

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <vector>

#include "embed/trilune.h"
#include "vm/goroutine/syscall.h"

namespace trilune::test {

class Hogs {
 public:
  static constexpr int kTickers = 8;
  static constexpr size_t kMaxTicks = 100'000;

  Hogs() {
    if (pipe(ends_) != 0) ends_[0] = ends_[1] = -1;
    for (Ticker& ticker : tickers_)
      ticker.late_ms.resize(kMaxTicks);
  }
  ~Hogs() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Hogs(const Hogs&) = delete;
  Hogs& operator=(const Hogs&) = delete;

  // Makes these functions global in `isolate`.
  Status Register(Isolate* isolate) {
    return isolate->Main(
        [](lua_State* L) {
          static constexpr luaL_Reg kFunctions[] = {
              {"hold", &Hold}, {"call", &Call},   {"over", &Over},
              {"tick", &Tick}, {"began", &Began}, {nullptr, nullptr}};
          lua_pushglobaltable(L);
          lua_pushvalue(L, 1);
          luaL_setfuncs(L, kFunctions, 1);
          return 0;
        },
        this);
  }
  // Ends hold and call, and whatever looks at over.
  bool Release() {
    over_ = true;
    char bytes[64] = {};
    return write(ends_[1], bytes, sizeof(bytes)) == sizeof(bytes);
  }
  [[nodiscard]] int began() const { return began_; }
  [[nodiscard]] size_t ticks(int i) const { return tickers_[i].n; }
  // By how much each tick was late. Requires: no G ticks any more.
  [[nodiscard]] std::vector<double> LateMs(int i) const {
    const auto& all = tickers_[i].late_ms;
    return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(ticks(i))};
  }

  // A chunk: its G ticks every 5 ms, as number `...`.
  static constexpr const char* kTicker = R"(
    local i = ...
    local tri = require "trilune"
    tri.go(function()
      while not over() do
        local due = tri.now() + 0.005
        tri.sleep(0.005)
        tick(i, (tri.now() - due) * 1000)
      end
    end))";
  static constexpr const char* kLoop =
      "require'trilune'.go(function() began() while true do end end)";
  // Each find takes about half a second in C code.
  static constexpr const char* kFind =
      "require'trilune'.go(function() began() "
      "local s = ('a'):rep(250) "
      "repeat s:find('^a-a-a-a-b') until over() end)";
  static constexpr const char* kHold =
      "require'trilune'.go(function() began() hold() end)";
  static constexpr const char* kCall =
      "require'trilune'.go(function() began() call() end)";

 private:
  struct Ticker {
    std::atomic<size_t> n{0};
    std::vector<double> late_ms;
  };

  static Hogs* Of(lua_State* L) {
    return static_cast<Hogs*>(lua_touserdata(L, lua_upvalueindex(1)));
  }
  static int Hold(lua_State* L) {
    char byte = 0;
    lua_pushboolean(L, read(Of(L)->ends_[0], &byte, 1) == 1);
    return 1;
  }
  static int Call(lua_State* L) {
    Hogs* hogs = Of(L);
    vm::Syscall call(L);
    char byte = 0;
    const bool ok = read(hogs->ends_[0], &byte, 1) == 1;
    if (!call.End()) vm::Syscall::LeaveForGood();
    lua_pushboolean(L, ok);
    return 1;
  }
  static int Over(lua_State* L) {
    lua_pushboolean(L, Of(L)->over_);
    return 1;
  }
  static int Began(lua_State* L) {
    Of(L)->began_++;
    return 0;
  }
  static int Tick(lua_State* L) {
    Ticker& ticker = Of(L)->tickers_[luaL_checkinteger(L, 1) % kTickers];
    const size_t n = ticker.n;
    if (n < kMaxTicks) {
      ticker.late_ms[n] = luaL_checknumber(L, 2);
      ticker.n = n + 1;
    }
    return 0;
  }

  int ends_[2] = {-1, -1};
  std::atomic<bool> over_{false};
  std::atomic<int> began_{0};
  Ticker tickers_[kTickers];
};

}  // namespace trilune::test

#endif  // TRI_TESTS_STDLIB_HOGS_H_
