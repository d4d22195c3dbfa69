// vm/lua/traceback.h beside luaL_traceback.

#include "vm/lua/traceback.h"

#include <cstdlib>
#include <cstring>
#include <string>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "vm/memory/budget.h"

namespace trilune::vm {
namespace {

struct Request {
  lua_State* of;
  int level;
  FunctionNames* names;
  std::string text;
  size_t max_bytes;
};

int Make(lua_State* L) {
  auto* request = static_cast<Request*>(lua_touserdata(L, 1));
  AppendTraceback(L, request->of, request->level, request->names,
                  &request->text, request->max_bytes);
  return 0;
}

// A state with the stock libraries, whose memory may be made to run out.
class State {
 public:
  State() : L_(lua_newstate(&Allocate, this)) {
    luaL_openlibs(L_);
    worker_ = lua_newthread(L_);
  }
  ~State() { lua_close(L_); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Leaves a coroutine that `code` gives, suspended or failed.
  lua_State* Run(const char* code) {
    REQUIRE(luaL_dostring(L_, code) == LUA_OK);
    lua_State* co = lua_tothread(L_, -1);
    REQUIRE(co != nullptr);
    return co;
  }
  std::string Stock(lua_State* of, int level) {
    luaL_traceback(L_, of, nullptr, level);
    std::string text = lua_tostring(L_, -1);
    lua_pop(L_, 1);
    return text;
  }
  std::string Ours(lua_State* of, int level, size_t max_bytes = SIZE_MAX) {
    names_.Prepare(nullptr, generation);
    Request request = {of, level, &names_, "", max_bytes};
    lua_pushcfunction(worker_, &Make);
    lua_pushlightuserdata(worker_, &request);
    status = lua_pcall(worker_, 1, 0, 0);
    lua_settop(worker_, 0);
    return request.text;
  }

  uint32_t generation = 0;
  int status = LUA_OK;
  bool is_out_of_memory = false;

 private:
  static void* Allocate(void* self, void* block, size_t old_bytes,
                        size_t new_bytes) {
    if (new_bytes == 0) {
      std::free(block);
      return nullptr;
    }
    const bool grows = block == nullptr || new_bytes > old_bytes;
    if (grows && static_cast<State*>(self)->is_out_of_memory) return nullptr;
    return std::realloc(block, new_bytes);
  }

  lua_State* L_;
  lua_State* worker_ = nullptr;
  FunctionNames names_;
};

TEST_CASE("at every depth and level it is the traceback of luaL_traceback") {
  State state;
  for (int depth = 1; depth <= 40; depth++) {
    const std::string code =
        "local function down(n)\n"
        "  if n == 0 then coroutine.yield() end\n"
        "  down(n - 1)\n"
        "end\n"
        "local co = coroutine.create(down)\n"
        "coroutine.resume(co, " +
        std::to_string(depth) + ")\nreturn co";
    lua_State* co = state.Run(code.c_str());
    for (int level = 0; level <= depth + 3; level++) {
      CAPTURE(depth);
      CAPTURE(level);
      CHECK(state.Ours(co, level) == state.Stock(co, level));
    }
  }
  CHECK(state.status == LUA_OK);
}

TEST_CASE("every kind of function is described as luaL_traceback does") {
  // NOLINTBEGIN(bugprone-suspicious-missing-comma)
  const char* const bodies[] = {
      "function shown() coroutine.yield() end  shown()",
      "local t = { f = coroutine.yield }  t.f()",
      "local t = { f = function() coroutine.yield() end }  t.f()",
      "local t = {}  function t:f() coroutine.yield() end  t:f()",
      "local up = function() coroutine.yield() end"
      " (function() up() end)()",
      "return (function() return coroutine.yield() end)()",
      "local t = setmetatable({}, { __add = function() coroutine.yield() end })"
      " return t + 1",
      "for _ in function() coroutine.yield() end do end",
      "pcall(coroutine.yield)",
      "table.sort({ 1, 2 }, function() error('x') end)",
      "string.rep()",
      "local concat = table.concat  concat({ {} })",
      "string.own = function() coroutine.yield() end  string.own()",
      "load('coroutine.yield()', '=(load)')()",
      "load('coroutine.yield()', '@' .. ('long/'):rep(40))()",
      "local c <close> = setmetatable({}, { __close = function()"
      " coroutine.yield() end })",
  };
  // NOLINTEND(bugprone-suspicious-missing-comma)
  State state;
  for (const char* body : bodies) {
    CAPTURE(body);
    const std::string code = std::string("local co = coroutine.create(") +
                             "function() " + body +
                             "\nend) coroutine.resume(co) return co";
    lua_State* co = state.Run(code.c_str());
    const std::string stock = state.Stock(co, 0);
    CHECK(state.Ours(co, 0) == stock);
    CHECK(state.Ours(co, 0) == stock);  // from what is known by now
  }
}

TEST_CASE("a text is cut at its limit") {
  State state;
  lua_State* co = state.Run(
      "local co = coroutine.create(function() error 'x' end)"
      " coroutine.resume(co) return co");
  const std::string stock = state.Stock(co, 0);
  for (size_t bytes = 0; bytes <= stock.size() + 1; bytes++) {
    CHECK(state.Ours(co, 0, bytes) == stock.substr(0, bytes));
  }
}

TEST_CASE("without memory of Lua's it raises, and the text is as before") {
  State state;
  lua_State* co = state.Run(
      "function down(n) if n == 0 then error 'x' end down(n - 1) end"
      " local co = coroutine.create(down) coroutine.resume(co, 30) return co");
  state.is_out_of_memory = true;
  CHECK(state.Ours(co, 0).empty());
  CHECK(state.status == LUA_ERRMEM);
  state.is_out_of_memory = false;
  CHECK(state.Ours(co, 0) == state.Stock(co, 0));
}

TEST_CASE("names work without memory for what is known of them") {
  FunctionNames names;
  FunctionNames::Name name;
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNothing);
  names.KeepNone(2);
  names.KeepName(4, {"m", 1, "f", 1});
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNothing);
  CHECK(names.Find(4, &name) == FunctionNames::Known::kNothing);
}

TEST_CASE("that a function has no name is believed for a while") {
  FunctionNames names;
  FunctionNames::Name name;
  names.Prepare(nullptr, 1);
  names.KeepNone(2);
  for (int i = 0; i < FunctionNames::kTrust; i++) {
    REQUIRE(names.Find(2, &name) == FunctionNames::Known::kNone);
  }
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNothing);
  names.KeepNone(2);
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNone);
  names.Prepare(nullptr, 2);  // modules were loaded
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNothing);
}

TEST_CASE("names are kept if they are short, and make way for others") {
  FunctionNames names;
  FunctionNames::Name name;
  names.Prepare(nullptr, 0);
  const std::string long_name(200, 'x');
  names.KeepName(2, {"m", 1, long_name.c_str(), long_name.size()});
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNothing);
  names.KeepName(2, {"module", 6, nullptr, 0});
  REQUIRE(names.Find(2, &name) == FunctionNames::Known::kName);
  CHECK(std::string(name.module, name.module_size) == "module");
  CHECK(name.member == nullptr);
  for (uint64_t key = 1000; key < 3000; key++) {
    names.KeepName(key, {"some", 4, "name", 4});
    REQUIRE(names.Find(key, &name) == FunctionNames::Known::kName);
    REQUIRE(std::string(name.module, name.module_size) == "some");
    REQUIRE(std::string(name.member, name.member_size) == "name");
  }
  CHECK(names.Find(2, &name) == FunctionNames::Known::kNothing);
}

}  // namespace
}  // namespace trilune::vm
