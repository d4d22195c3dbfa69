// Malformed messages give an error: they never crash the reader, nor make it
// allocate more than the data could fill.
//
// A libFuzzer target (`./dev fuzz`). With message_replay.cc the inputs found so
// far, in corpus/message, run with every test. An input is the flags, the
// number of values, and the data. Nothing is trusted in it: Lua does not verify
// bytecode, and a pointer cannot be checked. With kTrusted among the
// flags it is, after trusted_input.h has seen to those.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <lua.hpp>

#include "tests/fuzz/trusted_input.h"
#include "vm/message/message_reader.h"

namespace {

// A byte of a message may announce one value, of 16 bytes, or half a pair, of
// 20 to 40: twice, if the next power of two is above it.
constexpr size_t kMostPerByte = 128;
constexpr size_t kMostBesides = size_t{64} << 10;

constexpr uint8_t kTrusted = 0x80;
// What a trusted one calls may loop until there is no more stack.
constexpr size_t kMostTrusted = size_t{16} << 20;

size_t used_bytes = 0;
size_t limit_bytes = 0;
bool is_trusted = false;
bool was_absurd = false;

void* Allocate(void* /*data*/, void* block, size_t old_bytes,
               size_t new_bytes) {
  if (block == nullptr) old_bytes = 0;
  if (new_bytes == 0) {
    std::free(block);
    used_bytes -= old_bytes;
    return nullptr;
  }
  if (limit_bytes != 0 && new_bytes > old_bytes &&
      used_bytes + (new_bytes - old_bytes) > limit_bytes) {
    was_absurd = !is_trusted;
    return nullptr;
  }
  void* result = std::realloc(block, new_bytes);
  if (result != nullptr) used_bytes += new_bytes - old_bytes;
  return result;
}

struct Input {
  const char* data;
  size_t bytes;
  trilune::vm::ReadOptions options;
};

int Read(lua_State* L) {
  const auto* input = static_cast<const Input*>(lua_touserdata(L, 1));
  return trilune::vm::ReadData(L, input->data, input->bytes, input->options);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static lua_State* L = nullptr;
  if (L == nullptr) {
    L = lua_newstate(&Allocate, nullptr);
    trilune::fuzz::OpenTrusted(L);
  }
  if (bytes < 2) return 0;
  Input input = {};
  input.options.flags = data[0];
  input.options.count = data[1];
  input.data = reinterpret_cast<const char*>(data) + 2;
  input.bytes = bytes - 2;
  is_trusted = (data[0] & kTrusted) != 0;
  std::string trusted;
  if (is_trusted) {
    trusted = trilune::fuzz::TrustedInput(input.data, input.bytes,
                                          input.options.count);
    input.data = trusted.data();
    input.bytes = trusted.size();
    input.options.trusted = true;
  }
  lua_gc(L, LUA_GCCOLLECT);
  limit_bytes = used_bytes + (is_trusted ? kMostTrusted
                                         : kMostBesides + kMostPerByte * bytes);
  lua_pushcfunction(L, &Read);
  lua_pushlightuserdata(L, &input);
  lua_pcall(L, 1, LUA_MULTRET, 0);
  lua_settop(L, 0);
  limit_bytes = 0;
  if (was_absurd) std::abort();
  return 0;
}
