// A traceback, with the text of luaL_traceback.
//
// 1. TakeLevels asks the state for the levels that are shown.
// 2. TakeNames asks FunctionNames for the global name of each function. For
//    those that are unknown, one Search walks package.loaded, and FunctionNames
//    keeps what it finds.
// 3. AddLevels writes the text. Nothing raises here, so the C++ string is safe.
//
// liblua may jump out of steps 1 and 2, so Making is plain data. FunctionNames
// knows functions by a key that several may have in common. So a name it gives
// is looked up first (IsStill). And "has no name" is kept only if no function
// with the same key has one (is_twin).

#include "vm/lua/traceback.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <new>
#include <string_view>

#include "vm/memory/budget.h"

namespace trilune::vm {
namespace {

// As luaL_traceback does: of more than 22 levels the first 10 and the last 11.
constexpr int kFirstLevels = 10;
constexpr int kLastLevels = 11;
constexpr int kMaxLevels = kFirstLevels + kLastLevels + 1;

// Each level that is shown has three slots on the worker's stack: its function,
// and the two keys of its name, in package.loaded and in the module there; or
// nil.
constexpr int kSlots = 3;

struct Level {
  lua_Debug ar;
  uint64_t key;         // for FunctionNames
  const void* address;  // of its function
};

// A traceback in the making. It is plain data: liblua may jump out of here.
struct Making {
  lua_State* worker;
  lua_State* of;
  FunctionNames* names;
  int loaded;  // indices on the worker's stack: of package.loaded
  int slots;   // of the first level
  int count = 0;
  int skipped = 0;  // after kFirstLevels, as luaL_traceback counts them
  Level levels[kMaxLevels];
  // The levels of functions of which nothing is known.
  int unknown_count = 0;
  int unknown[kMaxLevels];
  bool is_found[kMaxLevels];
  bool is_twin[kMaxLevels];  // another function of the same key has a name

  [[nodiscard]] int SlotOf(int level) const { return slots + level * kSlots; }
};

// --- Names. ---

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 32);
}

// The keys of functions. Several functions may have the same key: closures of
// one function, and functions defined on the same lines of chunks with one
// name.
uint64_t KeyOf(lua_CFunction function) {
  return reinterpret_cast<uintptr_t>(function) << 1;
}
// `ar`: what 'S' gives of a Lua function.
uint64_t KeyOf(const lua_Debug& ar) {
  uint64_t key = Mix(static_cast<uint32_t>(ar.linedefined),
                     static_cast<uint32_t>(ar.lastlinedefined));
  const size_t size = strnlen(ar.short_src, sizeof ar.short_src);
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    uint64_t part = 0;
    std::memcpy(&part, ar.short_src + at, std::min(sizeof part, size - at));
    key = Mix(key, part);
  }
  return (key << 1) | 1;
}
bool IsOfLua(uint64_t key) {
  return (key & 1) != 0;
}

FunctionNames::Name NameAt(const Making& making, int level) {
  const int slot = making.SlotOf(level);
  FunctionNames::Name name = {};
  name.module = lua_tolstring(making.worker, slot + 1, &name.module_size);
  name.member = lua_tolstring(making.worker, slot + 2, &name.member_size);
  return name;
}

// Whether `name` is still the name of the level's function. Then notes it.
bool IsStill(const Making& making, int level, const FunctionNames::Name& name) {
  lua_State* worker = making.worker;
  const int slot = making.SlotOf(level);
  const int top = lua_gettop(worker);
  lua_pushlstring(worker, name.module, name.module_size);
  lua_pushvalue(worker, top + 1);
  lua_rawget(worker, making.loaded);
  if (name.member != nullptr) {
    lua_pushlstring(worker, name.member, name.member_size);
    if (lua_istable(worker, top + 2)) {
      lua_pushvalue(worker, top + 3);
      lua_rawget(worker, top + 2);
    }
  }
  const bool is_it = lua_rawequal(worker, -1, slot) != 0;
  if (is_it) {
    lua_copy(worker, top + 1, slot + 1);
    if (name.member != nullptr) lua_copy(worker, top + 3, slot + 2);
  }
  lua_settop(worker, top);
  return is_it;
}

// The function on top has a name, by the keys at `module` and `member` (0:
// none). Notes it for each level with that function. Allocates nothing:
// lua_next goes on afterwards.
void Match(Making* making, int module, int member) {
  lua_State* worker = making->worker;
  const void* address = lua_topointer(worker, -1);
  const lua_CFunction function = lua_tocfunction(worker, -1);
  uint64_t key = function == nullptr ? 0 : KeyOf(function);
  for (int i = 0; i < making->unknown_count; i++) {
    const Level& level = making->levels[making->unknown[i]];
    if (making->is_found[i]) continue;  // stock Lua takes the first name, too
    if (level.address == address) {
      const int slot = making->SlotOf(making->unknown[i]);
      lua_copy(worker, module, slot + 1);
      if (member != 0) lua_copy(worker, member, slot + 2);
      making->is_found[i] = true;
      continue;
    }
    if (key == 0 && IsOfLua(level.key)) {
      lua_Debug ar;
      lua_pushvalue(worker, -1);
      lua_getinfo(worker, ">S", &ar);
      key = KeyOf(ar);
    }
    if (level.key == key) making->is_twin[i] = true;
  }
}

// One walk through package.loaded and its modules, for all unknown levels
// together, in the order of luaL_traceback.
void Search(Making* making) {
  lua_State* worker = making->worker;
  const int top = lua_gettop(worker);
  lua_pushnil(worker);
  while (lua_next(worker, making->loaded) != 0) {
    if (lua_type(worker, top + 1) == LUA_TSTRING) {
      const int type = lua_type(worker, top + 2);
      if (type == LUA_TFUNCTION) Match(making, top + 1, 0);
      if (type == LUA_TTABLE) {
        lua_pushnil(worker);
        while (lua_next(worker, top + 2) != 0) {
          if (lua_type(worker, top + 4) == LUA_TFUNCTION &&
              lua_type(worker, top + 3) == LUA_TSTRING) {
            Match(making, top + 1, top + 3);
          }
          lua_settop(worker, top + 3);
        }
      }
    }
    lua_settop(worker, top + 1);
  }
  for (int i = 0; i < making->unknown_count; i++) {
    const int level = making->unknown[i];
    if (making->is_found[i]) {
      making->names->KeepName(making->levels[level].key,
                              NameAt(*making, level));
    } else if (!making->is_twin[i]) {
      making->names->KeepNone(making->levels[level].key);
    }
  }
}

// --- Levels. ---

// The highest level that exists, by doubling and then halving, as in lauxlib.
int LastLevel(lua_State* L) {
  lua_Debug ar;
  int found = 1;
  int end = 1;
  while (lua_getstack(L, end, &ar) != 0) {
    found = end;
    end *= 2;
  }
  while (found < end) {
    const int middle = (found + end) / 2;
    if (lua_getstack(L, middle, &ar) != 0) {
      found = middle + 1;
    } else {
      end = middle;
    }
  }
  return end - 1;
}

// Takes what the state says about the levels that are shown, from `level` on.
void TakeLevels(Making* making, int level) {
  lua_State* of = making->of;
  Level* const levels = making->levels;
  int n = 0;
  lua_Debug ar;
  if (lua_getstack(of, level + kMaxLevels, &ar) != 0) {
    const int last = LastLevel(of);
    making->skipped = last - level - kFirstLevels - kLastLevels;
    while (n < kFirstLevels)
      lua_getstack(of, level++, &levels[n++].ar);
    level = last - kLastLevels + 1;
  }
  while (n < kMaxLevels && lua_getstack(of, level++, &levels[n].ar) != 0)
    n++;
  making->count = n;
  for (int i = 0; i < n; i++)
    lua_getinfo(of, "Slt", &levels[i].ar);
}

// Finds the names of these levels.
void TakeNames(Making* making) {
  lua_State* worker = making->worker;
  luaL_checkstack(worker, making->count * kSlots + LUA_MINSTACK, nullptr);
  lua_pushliteral(worker, LUA_LOADED_TABLE);
  lua_rawget(worker, LUA_REGISTRYINDEX);
  making->loaded = lua_gettop(worker);
  making->slots = making->loaded + 1;
  for (int i = 0; i < making->count; i++) {
    Level& level = making->levels[i];
    lua_getinfo(worker, "f", &level.ar);
    const lua_CFunction function = lua_tocfunction(worker, -1);
    level.key = function == nullptr ? KeyOf(level.ar) : KeyOf(function);
    level.address = lua_topointer(worker, -1);
    lua_pushnil(worker);
    lua_pushnil(worker);
  }
  if (!lua_istable(worker, making->loaded)) return;
  for (int i = 0; i < making->count; i++) {
    FunctionNames::Name name;
    const auto known = making->names->Find(making->levels[i].key, &name);
    if (known == FunctionNames::Known::kNone) continue;
    if (known == FunctionNames::Known::kName && IsStill(*making, i, name)) {
      continue;
    }
    making->is_found[making->unknown_count] = false;
    making->is_twin[making->unknown_count] = false;
    making->unknown[making->unknown_count++] = i;
  }
  if (making->unknown_count > 0) Search(making);
}

// --- Text. ---

// Appends to a string. Does not throw, and does not go beyond a limit.
class Text {
 public:
  Text(std::string* to, size_t max_bytes)
      : to_(to), left_(std::min(max_bytes, to->max_size() - to->size())) {}

  // Takes memory for so many bytes at once.
  void Expect(size_t bytes) {
    try {
      to_->reserve(to_->size() + std::min(bytes, left_));
    } catch (const std::bad_alloc&) {
      left_ = 0;
    }
  }
  void Add(std::string_view part) {
    part = part.substr(0, left_);
    try {
      to_->append(part);
      left_ -= part.size();
    } catch (const std::bad_alloc&) {
      left_ = 0;  // else what follows would stand behind a gap
    }
  }
  void Add(int number) {
    char digits[std::numeric_limits<int>::digits10 + 2];
    const char* end =
        std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    Add(std::string_view(digits, static_cast<size_t>(end - digits)));
  }

 private:
  std::string* const to_;
  size_t left_;
};

void AddFunction(const Making& making, int at, Text* text) {
  const FunctionNames::Name global = NameAt(making, at);
  if (global.module != nullptr) {
    constexpr std::string_view kGlobals = LUA_GNAME ".";
    const bool is_member = global.member != nullptr;
    text->Add("function '");
    if (!is_member) {
      std::string_view name(global.module);
      if (name.starts_with(kGlobals)) name.remove_prefix(kGlobals.size());
      text->Add(name);
    } else if (std::string_view(global.module) != LUA_GNAME) {
      text->Add(global.module);
      text->Add(".");
    }
    if (is_member) text->Add(global.member);
    text->Add("'");
    return;
  }
  lua_Debug ar = making.levels[at].ar;
  lua_getinfo(making.of, "n", &ar);
  if (*ar.namewhat != '\0') {
    text->Add(ar.namewhat);
    text->Add(" '");
    text->Add(ar.name);
    text->Add("'");
  } else if (*ar.what == 'm') {
    text->Add("main chunk");
  } else if (*ar.what != 'C') {
    text->Add("function <");
    text->Add(ar.short_src);
    text->Add(":");
    text->Add(ar.linedefined);
    text->Add(">");
  } else {
    text->Add("?");
  }
}

void AddLevels(const Making& making, Text* text) {
  constexpr size_t kUsualLine = 80;
  text->Expect(static_cast<size_t>(making.count + 1) * kUsualLine);
  text->Add("stack traceback:");
  for (int i = 0; i < making.count; i++) {
    if (making.skipped > 0 && i == kFirstLevels) {
      text->Add("\n\t...\t(skipping ");
      text->Add(making.skipped);
      text->Add(" levels)");
    }
    const lua_Debug& ar = making.levels[i].ar;
    text->Add("\n\t");
    text->Add(ar.short_src);
    if (ar.currentline > 0) {
      text->Add(":");
      text->Add(ar.currentline);
    }
    text->Add(": in ");
    AddFunction(making, i, text);
    if (ar.istailcall != 0) text->Add("\n\t(...tail calls...)");
  }
}

}  // namespace

void AppendTraceback(lua_State* worker, lua_State* of, int level,
                     FunctionNames* names, std::string* text,
                     size_t max_bytes) {
  Making making;
  making.worker = worker;
  making.of = of;
  making.names = names;
  TakeLevels(&making, level);
  TakeNames(&making);
  // Nothing raises from here on.
  Text all(text, max_bytes);
  AddLevels(making, &all);
}

// --- What is known of names. ---

FunctionNames::~FunctionNames() {
  std::free(sets_);
  MemoryCharge::Give(charge_);
}

void FunctionNames::Prepare(const std::shared_ptr<Budget>& budget,
                            uint32_t generation) {
  constexpr size_t kBytes = kSets * sizeof(Set);
  if (sets_ == nullptr) {
    if (!MemoryCharge::Grow(budget, kBytes, &charge_)) return;
    sets_ = static_cast<Set*>(std::calloc(kSets, sizeof(Set)));
    if (sets_ == nullptr) {
      MemoryCharge::Give(charge_);
      charge_ = nullptr;
    }
  } else if (generation != generation_) {
    std::memset(sets_, 0, kBytes);
  }
  generation_ = generation;
}

FunctionNames::Set* FunctionNames::SetOf(uint64_t key) const {
  return sets_ + Mix(0, key) % kSets;
}

FunctionNames::Entry* FunctionNames::Lookup(uint64_t key) const {
  if (sets_ == nullptr) return nullptr;
  for (Entry& entry : SetOf(key)->entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

FunctionNames::Known FunctionNames::Find(uint64_t key, Name* name) {
  Entry* entry = Lookup(key);
  if (entry == nullptr) return Known::kNothing;
  if (entry->module_size == 0) {
    if (entry->trust == 0) return Known::kNothing;
    entry->trust--;
    return Known::kNone;
  }
  const bool has_member = entry->member_size != kNoMember;
  name->module = entry->text;
  name->module_size = entry->module_size;
  name->member = has_member ? entry->text + entry->module_size : nullptr;
  name->member_size = has_member ? entry->member_size : 0;
  return Known::kName;
}

// The entry of `key`, or one that makes way for it.
FunctionNames::Entry* FunctionNames::Place(uint64_t key) {
  Entry* entry = Lookup(key);
  if (entry == nullptr) {
    Set* set = SetOf(key);
    entry = &set->entries[set->oldest++ % kWays];
  }
  entry->key = key;
  return entry;
}

void FunctionNames::KeepName(uint64_t key, const Name& name) {
  if (sets_ == nullptr || name.module_size == 0 ||
      name.module_size + name.member_size > sizeof Entry::text) {
    return;
  }
  Entry* entry = Place(key);
  entry->trust = 0;
  entry->module_size = static_cast<uint8_t>(name.module_size);
  entry->member_size = name.member == nullptr
                           ? kNoMember
                           : static_cast<uint8_t>(name.member_size);
  std::memcpy(entry->text, name.module, name.module_size);
  if (name.member != nullptr) {
    std::memcpy(entry->text + name.module_size, name.member, name.member_size);
  }
}

void FunctionNames::KeepNone(uint64_t key) {
  if (sets_ == nullptr) return;
  Entry* entry = Place(key);
  entry->trust = kTrust;
  entry->module_size = 0;
}

}  // namespace trilune::vm
