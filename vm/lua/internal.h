// InternalKind: userdata of ours whose insides belong to C++.
//
// Role       Their user values keep alive what plain pointers point to, and
//            their metatables say what they are. The debug library's equals
//            (debug_guard.h) ask here before they let a script change or read
//            either.
// Threads    Kinds are made by initialisers of the program. Then any.
// Locks      none
// Tests      tests/lua/bad/debug_*.lua

#ifndef TRI_VM_LUA_INTERNAL_H_
#define TRI_VM_LUA_INTERNAL_H_

#include <lua.hpp>

namespace trilune::vm {

class InternalKind {
 public:
  // Whether the value at `index`, of any type, is of the kind. Must not raise.
  using IsOf = bool (*)(lua_State* L, int index);
  enum class What : unsigned char {
    kObject,  // scripts hold it and call its methods
    kHidden,  // only C frames hold it; its finalizer is called once
    kStock,   // stock Lua has it too, but without user values
  };

  InternalKind(IsOf is_of, What what);
  InternalKind(const InternalKind&) = delete;
  InternalKind& operator=(const InternalKind&) = delete;

  // The kind of the value at `index`, or null.
  [[nodiscard]] static const InternalKind* Of(lua_State* L, int index);
  [[nodiscard]] What what() const { return what_; }

 private:
  const IsOf is_of_;
  const What what_;
  const InternalKind* const next_;
  // Constant once main has begun.
};

// Whether there is a userdata at `index` with at least the size of `T`. A light
// one has no size.
template <class T>
bool HasSizeOf(lua_State* L, int index) {
  return lua_type(L, index) == LUA_TUSERDATA &&
         lua_rawlen(L, index) >= sizeof(T);
}

}  // namespace trilune::vm

#endif  // TRI_VM_LUA_INTERNAL_H_
