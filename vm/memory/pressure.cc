#include "vm/memory/pressure.h"

#include <algorithm>
#include <climits>

namespace trilune::vm {

void StepForOutside(lua_State* L) {
  Isolate* iso = Isolate::Of(L);
  const size_t bytes = iso->heap().TakeOutside();
  // A script may have stopped the collector, and inside a finalizer it does not
  // answer.
  if (lua_gc(L, LUA_GCISRUNNING) != 1) return;
  // The collection that Lua makes when memory runs out calls no finalizers. So
  // it would free nothing of all this, and near the limit it comes too late.
  if (iso->heap().IsShort()) {
    iso->CollectForLimit(L);
    return;
  }
  constexpr size_t kMost = INT_MAX;
  lua_gc(L, LUA_GCSTEP, static_cast<int>(std::min(bytes >> 10, kMost)));
}

}  // namespace trilune::vm
