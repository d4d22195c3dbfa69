#include "vm/lua/debug_hook.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "vm/goroutine/preempt.h"
#include "vm/isolate/isolate.h"
#include "vm/lua/allow_hook.h"
#include "vm/lua/hook_count.h"
#include "vm/lua/internal.h"

namespace trilune::vm {
namespace {

constexpr int kMaxStep = 1000;

// What a script has set for one state. A userdata in the registry's table of
// hooks, with the state as its key. Its user value is the script's function.
struct Record {
  const void* tag;
  int mask;
  int count;   // as the script gave it; 0: no count events
  int left;    // instructions from the step's begin to the next count event
  int step;    // to the step's end; liblua counts these
  int polled;  // from the last preemption point to the step's begin
};

constexpr char kHooksKey = 0;  // and the tag of records

void UserHook(lua_State* L, lua_Debug* ar);

bool IsRecord(lua_State* L, int index) {
  return HasSizeOf<Record>(L, index) &&
         static_cast<Record*>(lua_touserdata(L, index))->tag == &kHooksKey;
}

const InternalKind kRecordKind(&IsRecord, InternalKind::What::kObject);

// Pushes the record of `of`, or nil; returns it, or null.
Record* PushRecord(lua_State* L, lua_State* of) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHooksKey) != LUA_TTABLE) {
    return nullptr;
  }
  // Both stacks have room: that of a hook has LUA_MINSTACK slots.
  lua_pushthread(of);
  if (L != of) lua_xmove(of, L, 1);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  // Checked, because a script can reach the registry.
  return IsRecord(L, -1) ? static_cast<Record*>(lua_touserdata(L, -1))
                         : nullptr;
}

// --- Steps. ---
//
// A state has one hook. So a script's count hook of N and the preemption points
// of the scheduler must share it. UserHook is called in steps of at most
// kMaxStep instructions. Each step's end is a preemption point, and each N-th
// instruction an event of the script's.
//
// The script's function runs instructions as well, and stock Lua counts them.
// An event that comes up in the function is lost, but the count begins anew. To
// lose the same events as stock Lua, the state counts as stock Lua's while the
// function runs (BeginFunction): N from event to event, and what is left now to
// the first. What is left afterwards is read from the state, and the next step
// begins there (EndFunction).
//
// An error in the function skips EndFunction. Then the counting goes on as
// stock Lua's until a protected call ends (SettleHook), or until the next
// event.
//
// Rejected: steps that go on in the function. A step that ends there is lost,
// and with it the place of all later events: in mode count, 28518 events of
// 26011.

// The longest step that ends neither behind the script's next count event nor
// behind the isolate's next preemption point. With line events no steps are
// needed: each of them is a preemption point, too.
int NextStep(const Preempter& preempter, const Record& record) {
  int step = (record.mask & LUA_MASKLINE) != 0 ? INT_MAX : kMaxStep;
  if (preempter.mode() == PreemptMode::kCount) {
    step = std::min(step, preempter.count() - record.polled);
  }
  if (record.count > 0) step = std::min(step, record.left);
  return std::max(step, 1);
}

// What to set in liblua for `record`. A state needs count events if the script
// wants them, or in the mode count.
HookSetting SettingFor(const Preempter& preempter, Record* record) {
  int mask = record->mask;
  int step = 0;
  if (record->count > 0 || preempter.mode() == PreemptMode::kCount) {
    mask |= LUA_MASKCOUNT;
    step = NextStep(preempter, *record);
  }
  record->step = step;
  return {&UserHook, mask, step};
}

bool CountsExactly(lua_State* L, const Record* record) {
  return record->count > 0 && lua_gethook(L) == &UserHook && FindHookCount();
}

// From here on liblua counts as for stock Lua. `L` is in a step; or at its end,
// and liblua has just begun the next one of the same length.
void BeginFunction(lua_State* L, Record* record) {
  if (!CountsExactly(L, record)) return;
  const int ran = record->step - HookCountLeft(L);
  record->left -= ran;
  record->polled += ran;
  SetHookCount(L, record->count, record->left);
  record->step = record->left = record->count;
}

// The function is over. The next step begins at the place to which liblua has
// counted, as for stock Lua.
void EndFunction(lua_State* L, Record* record) {
  if (!CountsExactly(L, record)) return;
  record->left = HookCountLeft(L);
  record->step = NextStep(Isolate::Of(L)->preempter(), *record);
  SetHookCount(L, record->step, record->step);
}

void CallFunction(lua_State* L, lua_Debug* ar) {
  static constexpr const char* kNames[] = {"call", "return", "line", "count",
                                           "tail call"};
  lua_pushstring(L, kNames[ar->event]);
  if (ar->currentline >= 0) {
    lua_pushinteger(L, ar->currentline);
  } else {
    lua_pushnil(L);
  }
  Isolate* iso = Isolate::Of(L);
  iso->meter().BeginHook();
  lua_call(L, 2, 0);
  iso->meter().EndHook();
}

// A step is over. Says whether that is an event of the script's, and whether it
// is a preemption point. At a preemption point `*instructions` have run since
// the last one.
void EndStep(lua_State* L, Record* record, bool* is_event, bool* is_point,
             int* instructions) {
  Preempter& preempter = Isolate::Of(L)->preempter();
  *is_event = false;
  *is_point = true;
  record->polled += record->step;
  if (record->count > 0) {
    record->left -= record->step;
    *is_event = record->left <= 0;
    if (*is_event) record->left = record->count;
  }
  if (preempter.mode() == PreemptMode::kCount) {
    *is_point = record->polled >= preempter.count();
  }
  if (*is_point) *instructions = std::exchange(record->polled, 0);
  // Set the next step, unless liblua has begun one of that length by itself.
  const int old_step = record->step;
  const HookSetting setting = SettingFor(preempter, record);
  if (setting.count == old_step) return;
  if (CountsExactly(L, record)) {
    SetHookCount(L, setting.count, setting.count);
  } else {
    preempter.Set(L, setting);
  }
}

// The hook that liblua calls. The order matters: the script's function first,
// then the preemption point, where the G may leave its stack.
void UserHook(lua_State* L, lua_Debug* ar) {
  Record* record = PushRecord(L, L);
  if (record == nullptr) {  // a coroutine inherits the hook, but no record
    lua_pop(L, 1);
    if (ar->event == LUA_HOOKCOUNT) {
      Isolate::Of(L)->preempter().Poll(L, lua_gethookcount(L));
    }
    return;
  }
  bool is_event = true;
  bool is_point = false;
  int instructions = 0;
  if (ar->event == LUA_HOOKCOUNT) {
    EndStep(L, record, &is_event, &is_point, &instructions);
  }
  if (ar->event == LUA_HOOKLINE && record->count > 0) {
    is_point = Isolate::Of(L)->preempter().mode() != PreemptMode::kCount;
  }
  if (is_event) {
    BeginFunction(L, record);
    lua_getiuservalue(L, -1, 1);
    CallFunction(L, ar);
    // The function may have set another hook.
    record = PushRecord(L, L);
    if (record != nullptr) EndFunction(L, record);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  if (is_point) Isolate::Of(L)->preempter().Poll(L, instructions);
}

// As in ldblib: an optional thread comes first.
lua_State* GetThread(lua_State* L, int* first) {
  lua_State* thread = lua_tothread(L, 1);
  *first = thread != nullptr ? 1 : 0;
  return thread != nullptr ? thread : L;
}

int MaskOf(const char* text, int count) {
  int mask = 0;
  if (std::strchr(text, 'c') != nullptr) mask |= LUA_MASKCALL;
  if (std::strchr(text, 'r') != nullptr) mask |= LUA_MASKRET;
  if (std::strchr(text, 'l') != nullptr) mask |= LUA_MASKLINE;
  if (count > 0) mask |= LUA_MASKCOUNT;
  return mask;
}

// Pushes the table of hooks, which has weak keys.
void PushHooks(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kHooksKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_pushliteral(L, "k");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "_HOOKKEY");  // for scripts, as ldblib's
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kHooksKey);
}

int l_sethook(lua_State* L) {
  int first = 0;
  lua_State* of = GetThread(L, &first);
  int mask = 0;
  int count = 0;
  if (lua_isnoneornil(L, first + 1)) {
    lua_settop(L, first + 1);
  } else {
    const char* text = luaL_checkstring(L, first + 2);
    luaL_checktype(L, first + 1, LUA_TFUNCTION);
    count = static_cast<int>(luaL_optinteger(L, first + 3, 0));
    mask = MaskOf(text, count);
  }
  // Everything that can raise comes first.
  luaL_checkstack(L, 6, nullptr);
  if (of != L && lua_checkstack(of, 1) == 0) luaL_error(L, "stack overflow");
  PushHooks(L);
  lua_pushthread(of);
  if (L != of) lua_xmove(of, L, 1);
  Preempter& preempter = Isolate::Of(L)->preempter();
  HookSetting setting;
  if (mask == 0) {
    lua_pushnil(L);
  } else {
    auto* record =
        static_cast<Record*>(lua_newuserdatauv(L, sizeof(Record), 1));
    *record = {&kHooksKey, mask, count > 0 ? count : 0, count, 0, 0};
    lua_pushvalue(L, first + 1);
    lua_setiuservalue(L, -2, 1);
    setting = SettingFor(preempter, record);
    // Set inside a hook: the count is stock Lua's now, see BeginFunction.
    if (count > 0 && !HooksAllowed(of)) setting.count = record->step = count;
  }
  lua_rawset(L, -3);
  preempter.Set(of, setting);
  return 0;
}

int l_gethook(lua_State* L) {
  int first = 0;
  lua_State* of = GetThread(L, &first);
  const HookSetting setting = Isolate::Of(L)->preempter().Get(of);
  if (setting.hook == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  int mask = setting.mask;
  int count = setting.count;
  luaL_checkstack(L, 6, nullptr);
  if (setting.hook != &UserHook) {
    lua_pushliteral(L, "external hook");
  } else {
    if (of != L && lua_checkstack(of, 1) == 0) luaL_error(L, "stack overflow");
    const Record* record = PushRecord(L, of);
    if (record != nullptr) {
      mask = record->mask;
      count = record->count;
      lua_getiuservalue(L, -1, 1);
      lua_remove(L, -2);
    }
  }
  char text[4];
  int n = 0;
  if ((mask & LUA_MASKCALL) != 0) text[n++] = 'c';
  if ((mask & LUA_MASKRET) != 0) text[n++] = 'r';
  if ((mask & LUA_MASKLINE) != 0) text[n++] = 'l';
  lua_pushlstring(L, text, static_cast<size_t>(n));
  lua_pushinteger(L, count);
  return 3;
}

}  // namespace

// An error has jumped over EndFunction: the step is still as BeginFunction left
// it. Now the function is over, so steps begin again.
void SettleHook(lua_State* L) {
  if (lua_gethook(L) != &UserHook || !HooksAllowed(L)) return;
  Record* record = PushRecord(L, L);
  if (record != nullptr && record->step == record->count &&
      CountsExactly(L, record)) {
    record->polled += record->step - HookCountLeft(L);
    EndFunction(L, record);
  }
  lua_pop(L, 1);
}

int OpenDebugHooks(lua_State* L) {
  lua_getglobal(L, "debug");
  lua_pushcfunction(L, &l_sethook);
  lua_setfield(L, -2, "sethook");
  lua_pushcfunction(L, &l_gethook);
  lua_setfield(L, -2, "gethook");
  lua_pop(L, 1);
  return 0;
}

}  // namespace trilune::vm
