// dict:keys: a scan of the store. It holds references to some entries at a time
// while it pushes their keys. Pushing may raise, so the scan lies in a
// userdata, whose finalizer releases them.

#include <cstdlib>
#include <new>

#include "stdlib/dict/dict.h"
#include "stdlib/modules.h"

namespace trilune::stdlib {
namespace {

// The scan, and the store whose entries it holds. Lies in a userdata.
struct KeyScan {
  static constexpr TypeTag kTag = {"dictionary's scan"};
  const TypeTag* tag;
  DictStore* store;
  DictScan scan;
  size_t next;  // the first of the entries that it still holds

  void Drop() {
    for (; next < scan.count; next++)
      store->Release(scan.entries[next]);
    scan.count = 0;
    next = 0;
  }
  void End() {
    Drop();
    std::free(scan.entries);
    scan.entries = nullptr;
  }
};

const vm::InternalKind kScanKind(
    [](lua_State* L, int index) { return Test<KeyScan>(L, index) != nullptr; },
    vm::InternalKind::What::kHidden);

int l_scan_gc(lua_State* L) {
  auto* scan = Test<KeyScan>(L, 1);
  if (scan != nullptr) scan->End();  // else a script has called it
  return 0;
}

}  // namespace

int l_dict_keys(lua_State* L) {
  Dict* dict = CheckDict(L);
  lua_Integer max = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, max >= 0, 2, "number is negative");
  if (max == 0) max = LUA_MAXINTEGER;
  lua_settop(L, 2);
  lua_newtable(L);
  auto* scan = static_cast<KeyScan*>(lua_newuserdatauv(L, sizeof(KeyScan), 0));
  new (scan) KeyScan{&KeyScan::kTag, dict->store.get(), {}, 0};
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &l_scan_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  bool no_memory = false;
  lua_Integer n = 0;
  // Each entry is released as soon as its key has been pushed. `next` moves
  // first, so that a raise releases no entry twice.
  while (n < max && dict->store->Scan(&scan->scan, &no_memory)) {
    for (; scan->next < scan->scan.count && n < max;) {
      DictEntry* entry = scan->scan.entries[scan->next];
      const DictKey key = DictStore::KeyOf(entry);
      lua_pushlstring(L, key.bytes, key.size);
      lua_rawseti(L, 3, ++n);
      scan->next++;
      dict->store->Release(entry);
    }
    scan->Drop();
  }
  scan->End();
  if (no_memory) return luaL_error(L, "not enough memory");
  lua_settop(L, 3);
  return 1;
}

}  // namespace trilune::stdlib
