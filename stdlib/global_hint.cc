// The hint is only added if the message ends with Lua's own words for a nil
// global, and the global is nil now. The message is searched as text, because
// Lua tells the name nowhere else.

#include "stdlib/global_hint.h"

#include <cstring>

namespace trilune::stdlib {

void AddGlobalHint(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return;
  constexpr char kWords[] = " a nil value (global '";
  const char* name = std::strstr(lua_tostring(L, 1), kWords);
  if (name == nullptr) return;
  name += sizeof(kWords) - 1;
  const char* end = std::strstr(name, "')");
  if (end == nullptr || end[2] != '\0') return;
  lua_pushglobaltable(L);
  lua_pushlstring(L, name, static_cast<size_t>(end - name));
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) != LUA_TNIL) return;
  lua_pushfstring(L,
                  "%s (global '%s' is not defined in this isolate; pass it as "
                  "an argument)",
                  lua_tostring(L, 1), lua_tostring(L, -2));
  lua_replace(L, 1);
}

}  // namespace trilune::stdlib
