#include "vm/internal.h"

namespace trilune::vm {

constinit const InternalKind* InternalKind::first_ = nullptr;

InternalKind::InternalKind(IsOf is_of, What what)
    : is_of_(is_of), what_(what), next_(first_) {
  first_ = this;
}

const InternalKind* InternalKind::Of(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA) return nullptr;
  const InternalKind* kind = first_;
  while (kind != nullptr && !kind->is_of_(L, index))
    kind = kind->next_;
  return kind;
}

}  // namespace trilune::vm
