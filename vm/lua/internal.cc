#include "vm/lua/internal.h"

namespace trilune::vm {

namespace {

// The list of all kinds, made when the program starts.
constinit const InternalKind* first_kind = nullptr;

}  // namespace

InternalKind::InternalKind(IsOf is_of, What what)
    : is_of_(is_of), what_(what), next_(first_kind) {
  first_kind = this;
}

const InternalKind* InternalKind::Of(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA) return nullptr;
  const InternalKind* kind = first_kind;
  while (kind != nullptr && !kind->is_of_(L, index))
    kind = kind->next_;
  return kind;
}

}  // namespace trilune::vm
