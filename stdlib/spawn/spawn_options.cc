// The options of tri.spawn, and inheritance.
//
// Why a program inherits anything: it must find the modules that its spawner
// finds. So package.path, package.cpath and the script's own loaders are sent
// along. What is as every isolate has it is left out, so that most messages
// carry nil.

#include "stdlib/spawn/spawn_options.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "sched/base/clock.h"
#include "stdlib/binding.h"
#include "stdlib/modules.h"
#include "stdlib/sizes.h"

namespace trilune::stdlib {
namespace {

using vm::PreemptMode;

// The most bytes of a program's name, which is kept outside the heap.
constexpr size_t kMaxName = 200;

// Registry key: a table of package's path and cpath as they were at first.
constexpr char kDefaultsKey = 0;
constexpr const char* kPaths[] = {"path", "cpath"};

[[noreturn]] void Refuse(lua_State* L, const char* name, const char* expected) {
  luaL_error(L, "bad option '%s' (%s expected, got %s)", name, expected,
             lua_type(L, -1) == LUA_TSTRING
                 ? lua_pushfstring(L, "'%s'", lua_tostring(L, -1))
                 : luaL_typename(L, -1));
  __builtin_unreachable();
}

// These read the value on top.
size_t ReadBytes(lua_State* L, const char* name) {
  size_t bytes = 0;
  if (!ToSize(L, -1, &bytes)) {
    Refuse(L, name, "a size such as 67108864 or \"64M\"");
  }
  return bytes;
}

double ReadCount(lua_State* L, const char* name, double most) {
  const double n = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
  if (!(n >= 1 && n <= most)) Refuse(L, name, "a number above 0");
  return n;
}

int64_t ReadNs(lua_State* L, const char* name) {
  const double n = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
  if (!(n > 0)) Refuse(L, name, "seconds above 0");
  return std::max<int64_t>(1, DeadlineAfter(0, n));
}

void ReadPreempt(lua_State* L, SpawnOptions* options) {
  const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  options->has_preempt = true;
  if (std::strcmp(text, "signal") == 0) {
    options->preempt = PreemptMode::kSignal;
  } else if (std::strcmp(text, "strand") == 0) {
    options->preempt = PreemptMode::kStrand;
  } else if (std::strcmp(text, "off") == 0) {
    options->preempt = PreemptMode::kOff;
  } else {
    constexpr const char* kExpected =
        "'signal', 'strand', 'off' or 'count:N', with N from 1 to 1000000000,";
    if (std::strncmp(text, "count:", 6) != 0) Refuse(L, "preempt", kExpected);
    char* end = nullptr;
    const long n = std::strtol(text + 6, &end, 10);
    if (*end != '\0' || n < 1 || n > 1'000'000'000) {
      Refuse(L, "preempt", kExpected);
    }
    options->preempt = PreemptMode::kCount;
    options->preempt_count = static_cast<int>(n);
  }
}

void ReadOption(lua_State* L, const char* key, SpawnOptions* options) {
  if (std::strcmp(key, "name") == 0) {
    if (lua_type(L, -1) != LUA_TSTRING) Refuse(L, key, "string");
    options->name = lua_tostring(L, -1);
  } else if (std::strcmp(key, "memory") == 0) {
    options->limits.memory_bytes = ReadBytes(L, key);
  } else if (std::strcmp(key, "message") == 0) {
    options->limits.message_bytes = ReadBytes(L, key);
  } else if (std::strcmp(key, "instructions") == 0) {
    options->limits.instructions =
        static_cast<uint64_t>(ReadCount(L, key, 1e18));
  } else if (std::strcmp(key, "goroutines") == 0) {
    options->limits.goroutines = static_cast<uint32_t>(ReadCount(L, key, 1e9));
  } else if (std::strcmp(key, "time") == 0) {
    options->limits.time_ns = ReadNs(L, key);
  } else if (std::strcmp(key, "cpu") == 0) {
    options->limits.cpu_ns = ReadNs(L, key);
  } else if (std::strcmp(key, "preempt") == 0) {
    ReadPreempt(L, options);
  } else {
    luaL_error(L, "unknown option '%s'", key);
  }
}

// Whether every isolate has the loader called `name`.
bool IsStandard(const char* name) {
  return std::strncmp(name, "trilune", 7) == 0 &&
         (name[7] == '\0' || name[7] == '.');
}

}  // namespace

void ReadSpawnOptions(lua_State* L, int index, SpawnOptions* options) {
  luaL_checkstack(L, 5, nullptr);
  lua_pushnil(L);
  while (lua_next(L, index) != 0) {
    ReadOption(L, CheckOptionName(L), options);
    lua_pop(L, 1);
  }
}

// Instructions are counted by the mode "count". A program that computes is
// ended by a signal, or by that mode. So "off" does not do.
void CountIfLimited(vm::IsolateConfig* config) {
  if (config->budget == nullptr) return;
  if (config->preempt == PreemptMode::kOff && config->budget->is_timed()) {
    config->preempt = PreemptMode::kStrand;
  }
  if (!config->budget->counts_instructions()) return;
  constexpr uint64_t kTurn = 1000;
  const uint64_t limit = config->budget->limits().instructions;
  if (config->preempt == PreemptMode::kCount) {
    // What is not counted yet must not exceed the limit by much.
    constexpr auto kMost = static_cast<uint64_t>(INT_MAX);
    config->preempt_count =
        std::min(config->preempt_count,
                 static_cast<int>(std::min(limit == 0 ? kTurn : limit, kMost)));
    return;
  }
  config->preempt = PreemptMode::kCount;
  config->preempt_count = static_cast<int>(
      limit == 0 ? kTurn : std::clamp(limit / 100, uint64_t{1}, kTurn));
}

vm::IsolateConfig MakeConfig(const vm::Isolate* parent,
                             const SpawnOptions& options, const char* name) {
  vm::IsolateConfig config;
  config.name.assign(name, strnlen(name, kMaxName));
  config.runtime = parent->runtime();
  config.preempt = parent->config().preempt;
  config.preempt_count = parent->config().preempt_count;
  if (options.has_preempt) {
    config.preempt = options.preempt;
    config.preempt_count = options.preempt_count;
  }
  config.budget = parent->config().budget;
  if (options.limits.any()) {
    config.budget = std::make_shared<vm::Budget>(std::move(config.budget),
                                                 options.limits, NowNs());
  }
  CountIfLimited(&config);
  config.stop_deadline_ns = parent->config().stop_deadline_ns;
  config.report = parent->config().report;
  config.root = parent->config().root;
  return config;
}

void KeepPackageDefaults(lua_State* L) {
  lua_createtable(L, 0, 2);
  lua_getglobal(L, "package");
  for (const char* path : kPaths) {
    lua_getfield(L, -1, path);
    lua_setfield(L, -3, path);
  }
  lua_pop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kDefaultsKey);
}

void PushInheritance(lua_State* L) {
  luaL_checkstack(L, 8, nullptr);
  const int top = lua_gettop(L);
  lua_pushnil(L);
  const auto put = [top](lua_State* state, const char* name) {
    if (lua_isnil(state, top + 1)) {
      lua_createtable(state, 0, 3);
      lua_replace(state, top + 1);
    }
    lua_setfield(state, top + 1, name);
  };
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kDefaultsKey);
  // As require finds the table: the script may have changed the global.
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "package") == LUA_TTABLE) {
    for (const char* path : kPaths) {
      lua_getfield(L, -1, path);
      lua_getfield(L, top + 2, path);
      const bool same = lua_rawequal(L, -1, -2) != 0;
      lua_pop(L, 1);
      if (same || lua_type(L, -1) != LUA_TSTRING) {
        lua_pop(L, 1);
      } else {
        put(L, path);
      }
    }
  }
  lua_settop(L, top + 1);
  // The script's own loaders.
  bool has_loaders = false;
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushnil(L);
  while (lua_next(L, top + 2) != 0) {
    if (lua_type(L, -2) == LUA_TSTRING && !IsStandard(lua_tostring(L, -2))) {
      if (!has_loaders) {
        has_loaders = true;
        lua_newtable(L);
        lua_insert(L, top + 3);
      }
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, top + 3);
    } else {
      lua_pop(L, 1);
    }
  }
  if (has_loaders) put(L, "preload");
  lua_settop(L, top + 1);
}

void Inherit(lua_State* L, int index) {
  if (!lua_istable(L, index)) return;
  lua_getglobal(L, "package");
  for (const char* path : kPaths) {
    if (lua_getfield(L, index, path) == LUA_TSTRING) {
      lua_setfield(L, -2, path);
    } else {
      lua_pop(L, 1);
    }
  }
  if (lua_getfield(L, index, "preload") == LUA_TTABLE) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
      lua_pushvalue(L, -2);
      lua_insert(L, -2);
      lua_rawset(L, -4);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

void Disinherit(lua_State* L, int index) {
  luaL_checkstack(L, 6, nullptr);
  const int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kDefaultsKey);
  if (lua_getfield(L, top + 1, "package") == LUA_TTABLE) {
    for (const char* path : kPaths) {
      lua_getfield(L, top + 2, path);
      lua_setfield(L, top + 3, path);
    }
  }
  lua_settop(L, top);
  if (!lua_istable(L, index)) return;
  if (lua_getfield(L, index, "preload") == LUA_TTABLE) {
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushnil(L);
    while (lua_next(L, top + 1) != 0) {
      lua_pop(L, 1);
      lua_pushvalue(L, -1);
      lua_pushnil(L);
      lua_rawset(L, top + 2);
    }
  }
  lua_settop(L, top);
}

}  // namespace trilune::stdlib
