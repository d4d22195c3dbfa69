// Runs a Lua script on one allocator: `heap_bench ours|glibc|mimalloc SCRIPT`.
// Run by tests/bench/run. mimalloc is loaded if the machine has it.

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <lua.hpp>

#include "vm/memory/heap.h"

namespace trilune {
namespace {

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "heap_bench: %s\n", what);
  std::exit(1);
}

// As luaL_newstate's.
void* Glibc(void*, void* block, size_t, size_t bytes) {
  if (bytes != 0) return std::realloc(block, bytes);
  std::free(block);
  return nullptr;
}

struct Mimalloc {
  void* (*realloc)(void* block, size_t bytes);
  void (*free)(void* block);
};

void* UseMimalloc(void* functions, void* block, size_t, size_t bytes) {
  const auto* mi = static_cast<const Mimalloc*>(functions);
  if (bytes != 0) return mi->realloc(block, bytes);
  mi->free(block);
  return nullptr;
}

void Run(lua_State* L, int argc, char** argv) {
  if (L == nullptr) Fail("no memory");
  luaL_openlibs(L);
  lua_gc(L, LUA_GCGEN, 0, 0);  // as lua.c and the command
  lua_newtable(L);
  for (int i = 3; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - 2);
  }
  lua_setglobal(L, "arg");
  if (luaL_dofile(L, argv[2]) != LUA_OK) Fail(lua_tostring(L, -1));
  lua_close(L);
}

int Main(int argc, char** argv) {
  if (argc < 3) Fail("usage: heap_bench ours|glibc|mimalloc SCRIPT [ARG...]");
  if (std::strcmp(argv[1], "ours") == 0) {
    vm::Heap heap(0);
    Run(lua_newstate(&vm::Heap::Allocate, &heap), argc, argv);
  } else if (std::strcmp(argv[1], "glibc") == 0) {
    Run(lua_newstate(&Glibc, nullptr), argc, argv);
  } else {
    void* library = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) Fail("mimalloc is not installed");
    Mimalloc mi;
    mi.realloc = reinterpret_cast<void* (*)(void*, size_t)>(
        dlsym(library, "mi_realloc"));
    mi.free = reinterpret_cast<void (*)(void*)>(dlsym(library, "mi_free"));
    if (mi.realloc == nullptr || mi.free == nullptr) Fail("another mimalloc");
    Run(lua_newstate(&UseMimalloc, &mi), argc, argv);
  }
  return 0;
}

}  // namespace
}  // namespace trilune

int main(int argc, char** argv) {
  return trilune::Main(argc, argv);
}
