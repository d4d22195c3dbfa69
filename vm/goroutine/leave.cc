#include "vm/goroutine/leave.h"

namespace trilune::vm {

const char* WhyNotLeave(lua_State* L, const Isolate* iso) {
  // lua_gc returns -1 while the collector runs a finalizer.
  if (lua_gc(L, LUA_GCCOUNT) == -1) return "cannot block in a finalizer";
  const LuaG* g = iso->current;
  if (g == nullptr || iso->IsOwn(L)) return "cannot block outside a goroutine";
  const LuaG* owner = Isolate::OwnerOf(L);
  if ((owner != nullptr && owner != g) ||
      (L == iso->main() && g->L != iso->main())) {
    return "cannot block in a callback on another goroutine's state";
  }
  return nullptr;
}

}  // namespace trilune::vm
