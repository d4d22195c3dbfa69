// What happens to an error that leaves a G's function.
//
//   the function raises          Note: makes the record, fails the group
//    |                           (of a group's function: NoteOfFunction)
//   the __close handlers run     lua_resetthread; another error may come
//    |
//   the G ends                   Keep: the handle takes the record
//    |
//    +- tri.join, group:errors   PushSeen: the report is marked as seen
//    +- never                    a collection finds the report: OnCollected
//    +- deadlock, os.exit        ReportAll
//
// A record is a Lua table, shared by the handle and by the list of the group.
// Its report is a userdata with a finalizer. So the collector decides when an
// error is written: once no script can see it any more. As long as a report
// waits, Isolate::OnIdle runs collections when the strand has nothing to do.
//
// Which error is a failure? Not the reason for which the G was cancelled, nor
// the error that has failed its group already: those only travel through it
// (IsOwn). `error` and coroutine.wrap add a position before a message, so a
// string counts as the same error if it ends with it (IsSame).
//
// A traceback must show every coroutine that the error came through. Each
// coroutine is unwound before the error reaches the next one. So coroutine.wrap
// and tri.group tell NoteNested and NoteRaised, which collect the text.
// TakeTrace puts it before the trace of the last state, if the error is still
// the same.
//
// Memory may be out in the midst of all this. Then an error that nobody would
// see is reported at once, or with fewer words.

#include "vm/goroutine/failures.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "vm/isolate/isolate.h"
#include "vm/lua/internal.h"

namespace trilune::vm {
namespace {

constexpr std::string_view kTitle = "stack traceback:";
// Items of the table kNested.
constexpr int kNestedParent = 1;
constexpr int kNestedObject = 2;

std::string_view StringAt(lua_State* L, int index) {
  size_t size = 0;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

}  // namespace

// What MakeRecordIn needs and gives.
struct Failures::Making {
  LuaG* g = nullptr;         // that raised the error; null: a finalizer
  bool of_function = false;  // of a group's function: the G goes on after it
  bool is_unseen = false;
  bool is_awaited = false;
  char* text = nullptr;  // owned by the record, once there is one
  size_t trace_at = 0;
  MemoryCharge* charge = nullptr;
  uint32_t place = 0;  // in the list of the group; 0: it is not there
};

// --- What is a failure. ---

// Whether the value below the top of `data` is the one on top, perhaps with a
// position before it: `error` and coroutine.wrap add one.
bool Failures::IsSame(lua_State* data) {
  if (lua_rawequal(data, -1, -2) != 0) return true;
  if (lua_type(data, -1) != LUA_TSTRING || lua_type(data, -2) != LUA_TSTRING) {
    return false;
  }
  const std::string_view known = StringAt(data, -1);
  return !known.empty() && StringAt(data, -2).ends_with(known);
}

// Whether the error on top of data() is one of its own; below it is the group,
// or nil. It is not if it is the reason why `g` must end, or the error that has
// failed the group already.
bool Failures::IsOwn(LuaG* g, const GroupCore* group, bool may_be_reason) {
  lua_State* data = iso_->data_;
  bool is_other = true;
  if (may_be_reason) {
    iso_->PushReason(data, g);
    is_other = !IsSame(data);
    lua_pop(data, 1);
  }
  if (is_other && group != nullptr && group->failed) {
    lua_getiuservalue(data, -2, GroupCore::kError);
    is_other = !IsSame(data);
    lua_pop(data, 1);
  }
  return is_other;
}

void Failures::Note(LuaG* g, lua_State* L, const char* trace) {
  lua_State* data = iso_->data_;
  const int at = lua_gettop(data) + 1;
  lua_rawgeti(data, Isolate::kHandles, g->slot());
  const auto* handle = static_cast<GHandle*>(lua_touserdata(data, at));
  GroupCore* group = nullptr;
  if (g->Has(LuaG::kGrouped)) {
    lua_getiuservalue(data, at, handle->group_at);
    group = static_cast<GroupCore*>(lua_touserdata(data, -1));
  } else {
    lua_pushnil(data);
  }
  if (L != nullptr && lua_checkstack(L, 1) != 0) {
    lua_pushvalue(L, -1);
    lua_xmove(L, data, 1);
  } else {
    lua_pushvalue(data, Isolate::kNoMemory);
  }
  const bool cancelled = g->Has(G::kCancelled);
  bool is_new = handle->host_call == nullptr && IsOwn(g, group, cancelled);
  if (is_new && lua_rawgeti(data, Isolate::kFailed, g->slot()) == LUA_TTABLE) {
    // The error may have been noted before, when a program failed that this G
    // waits for.
    lua_rawgeti(data, -1, kObject);
    lua_remove(data, -2);
    is_new = !IsSame(data);
  }
  lua_settop(data, at + 2);
  if (is_new) {
    Making making;
    making.g = g;
    making.is_awaited =
        group == nullptr && !cancelled && g->joiners.First() != nullptr;
    making.is_unseen = group != nullptr || (!cancelled && !making.is_awaited);
    const std::string own =
        trace == nullptr && L != nullptr ? TakeTrace(L, 0) : std::string();
    MakeRecord(&making, trace != nullptr ? trace : own);
    if (group != nullptr && !cancelled && !group->failed) {
      iso_->groups_.Fail(g, making.place);
    }
  }
  lua_settop(data, at - 1);
}

void Failures::NoteOfFunction(lua_State* L, int group) {
  NoteIfOwn(L, group, /*has_trace=*/true);
}

void Failures::NoteEndOfFunction(lua_State* L, int group, int status) {
  const auto* core = static_cast<GroupCore*>(lua_touserdata(L, group));
  if (status != LUA_ERRRUN) NoteIfOwn(L, group, /*has_trace=*/false);
  if (core->failed) return;
  lua_pushvalue(L, group);
  lua_pushvalue(L, -2);
  lua_xmove(L, iso_->data_, 2);
  iso_->groups_.Fail(nullptr, 0);
  lua_pop(iso_->data_, 1);
}

// For the function of a group. Its G goes on after it, so the record belongs to
// the group's list alone, and not to the end of the G.
void Failures::NoteIfOwn(lua_State* L, int group, bool has_trace) {
  lua_State* data = iso_->data_;
  const int at = lua_gettop(data) + 1;
  const auto* core = static_cast<GroupCore*>(lua_touserdata(L, group));
  lua_pushvalue(L, group);
  lua_pushvalue(L, -2);
  lua_xmove(L, data, 2);
  LuaG* g = iso_->current;
  if (IsOwn(g, core, g != nullptr && iso_->MustRaise())) {
    Making making;
    making.g = g;
    making.of_function = true;
    making.is_unseen = true;
    MakeRecord(&making, has_trace ? TakeTrace(L, 1) : std::string());
    if (!core->failed) iso_->groups_.Fail(nullptr, making.place);
  }
  lua_settop(data, at - 1);
}

// --- Records. ---

// Makes the record of the error on top of data(); below it is the group, or
// nil. Without memory the error is reported at once.
void Failures::MakeRecord(Making* making, std::string_view trace) try {
  const uint64_t id = making->g == nullptr ? 0 : making->g->id;
  std::string text;
  text.reserve(trace.size() + 128);  // it grows once, unless the words are long
  text += "trilune: error in goroutine ";
  text += std::to_string(id);
  text += ": ";
  // The words may come from a __tostring of the script. So they are asked for
  // only if they may be read.
  if (making->is_unseen) text += WordsOf();
  text += "\n";
  making->trace_at = text.size();
  text += trace;
  if (!trace.empty()) text += "\n";
  bool is_kept = MemoryCharge::Grow(iso_->config_.budget, text.size() + 1,
                                    &making->charge);
  if (is_kept) {
    making->text = strdup(text.c_str());
    if (making->text == nullptr) {
      MemoryCharge::Give(std::exchange(making->charge, nullptr));
      if (making->is_unseen) iso_->Report(text);
      making->is_unseen = false;
    }
    lua_State* data = iso_->data_;
    lua_State* worker = iso_->worker_;
    lua_pushcfunction(worker, &MakeRecordIn);
    lua_pushlightuserdata(worker, making);
    lua_pushvalue(data, -1);
    lua_pushvalue(data, -3);
    lua_xmove(data, worker, 2);
    is_kept = iso_->CallOutside(worker, 3, 0) == LUA_OK;
    if (!is_kept) {
      lua_pop(worker, 1);
      std::free(making->text);
      MemoryCharge::Give(making->charge);
    }
  }
  if (!is_kept && making->is_unseen) iso_->Report(text);
} catch (const std::bad_alloc&) {
  if (making->is_unseen) {
    iso_->Report(
        "trilune: error in a goroutine; not enough memory to tell it\n");
  }
}

// In protected mode. Its arguments: a Making, the error, the group or nil.
int Failures::MakeRecordIn(lua_State* worker) {
  auto* making = static_cast<Making*>(lua_touserdata(worker, 1));
  Isolate* iso = Isolate::Of(worker);
  Failures& self = iso->failures_;
  lua_State* data = iso->data_;
  lua_createtable(worker, kGoroutine, 0);
  lua_pushvalue(worker, 2);
  lua_rawseti(worker, 4, kObject);
  lua_pushboolean(worker, 0);
  lua_rawseti(worker, 4, kReport);
  FailureReport* report = nullptr;
  if (making->text != nullptr) {
    report = static_cast<FailureReport*>(
        lua_newuserdatauv(worker, sizeof(FailureReport), 0));
    *report = {};
    lua_pushvalue(data, Isolate::kReportMeta);
    lua_xmove(data, worker, 1);
    lua_setmetatable(worker, -2);
    lua_rawseti(worker, 4, kReport);
  }
  if (making->g != nullptr) {
    iso->PushHandle(worker, making->g);
    if (lua_isnil(worker, -1)) {
      lua_pop(worker, 1);
      iso->MakeMainHandle(worker);
    }
    lua_rawseti(worker, 4, kGoroutine);
  }
  if (!lua_isnil(worker, 3)) {
    if (lua_getiuservalue(worker, 3, GroupCore::kErrors) != LUA_TTABLE) {
      lua_pop(worker, 1);
      lua_newtable(worker);
      lua_pushvalue(worker, -1);
      lua_setiuservalue(worker, 3, GroupCore::kErrors);
    }
    const auto place = static_cast<uint32_t>(lua_rawlen(worker, -1)) + 1;
    lua_pushvalue(worker, 4);
    lua_rawseti(worker, -2, place);
    making->place = place;
    lua_pop(worker, 1);
  }
  if (making->g != nullptr && !making->of_function) {
    lua_pushvalue(data, Isolate::kFailed);
    lua_xmove(data, worker, 1);
    lua_pushvalue(worker, 4);
    lua_rawseti(worker, -2, making->g->slot());
  }
  // Nothing raises from here on.
  if (report != nullptr) {
    report->text = making->text;
    report->trace_at = making->trace_at;
    report->charge = making->charge;
    report->is_awaited = making->is_awaited;
    if (making->is_unseen) self.Link(report);
  }
  return 0;
}

void Failures::Keep(LuaG* g, GHandle* handle) {
  lua_State* data = iso_->data_;
  const int at = lua_gettop(data);  // the error; below it the handle
  handle->result = GHandle::Result::kError;
  if (lua_rawgeti(data, Isolate::kFailed, g->slot()) == LUA_TTABLE) {
    handle->result = GHandle::Result::kFailure;
    lua_rawgeti(data, -1, kObject);
    const bool is_same = lua_rawequal(data, -1, at) != 0;
    lua_pop(data, 1);
    if (!is_same && g->Has(LuaG::kGrouped)) {
      // A __close handler has raised another error, which comes after the
      // first.
      lua_pop(data, 1);
      lua_getiuservalue(data, at - 1, handle->group_at);
      lua_pushvalue(data, at);
      const auto* group = static_cast<GroupCore*>(lua_touserdata(data, at + 1));
      if (IsOwn(g, group, g->Has(G::kCancelled))) {
        Making making;
        making.g = g;
        making.is_unseen = true;
        MakeRecord(&making, std::string());
        // Without memory the record of the first error is still there.
        lua_rawgeti(data, Isolate::kFailed, g->slot());
      } else {
        handle->result = GHandle::Result::kError;
        lua_pushvalue(data, at);
      }
    } else if (!is_same) {
      lua_pushvalue(data, at);
      lua_rawseti(data, -2, kObject);
    }
    if (g->joiners.First() == nullptr) MakeUnseen(g);
    lua_replace(data, at);
    lua_pushnil(data);
    lua_rawseti(data, Isolate::kFailed, g->slot());
  }
  lua_settop(data, at);
  lua_setiuservalue(data, -2, 1);
}

// The record of the ending G `g` is on top of data(). It may have been made
// while another G joined `g`, so it is not to be reported. If that joiner has
// given up since, a record that will be reported takes its place.
void Failures::MakeUnseen(LuaG* g) {
  lua_State* data = iso_->data_;
  if (lua_istable(data, -1) == 0 || g->Has(LuaG::kGrouped)) return;
  lua_rawgeti(data, -1, kReport);
  const auto* report = static_cast<FailureReport*>(lua_touserdata(data, -1));
  lua_pop(data, 1);
  if (report == nullptr || !report->is_awaited) return;
  std::string_view trace(report->text + report->trace_at);
  if (!trace.empty()) trace.remove_suffix(1);  // the newline
  lua_pushnil(data);                           // no group
  lua_rawgeti(data, -2, kObject);
  Making making;
  making.g = g;
  making.is_unseen = true;
  MakeRecord(&making, trace);
  lua_pop(data, 3);
  lua_rawgeti(data, Isolate::kFailed, g->slot());
}

int Failures::PushSeen(lua_State* L) {
  const int record = lua_gettop(L);
  lua_rawgeti(L, record, kReport);
  auto* report = static_cast<FailureReport*>(lua_touserdata(L, -1));
  lua_rawgeti(L, record, kObject);
  // A finalizer may ask for a record that has been finalized already.
  if (report != nullptr && report->text == nullptr) report = nullptr;
  const bool has_trace =
      report != nullptr && report->text[report->trace_at] != '\0';
  if (has_trace) {
    const std::string_view trace(report->text + report->trace_at);
    lua_pushlstring(L, trace.data(), trace.size() - 1);  // not the newline
    lua_remove(L, -3);
  } else {
    lua_remove(L, -2);
  }
  lua_remove(L, record);
  if (report != nullptr) SetSeen(report);
  return has_trace ? 2 : 1;
}

void Failures::NoteRaised(lua_State* L, int record) {
  lua_rawgeti(L, record, kReport);
  auto* report = static_cast<FailureReport*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  if (report == nullptr || report->text == nullptr) return;
  SetSeen(report);
  if (iso_->current == nullptr) return;
  try {
    nested_text_ = report->text + report->trace_at;
    nested_link_ = "raised again by:";
    SetNested(L, L);
  } catch (const std::bad_alloc&) {
    nested_g_id_ = 0;
  }
}

// --- Tracebacks. ---

// The words for the error on top of data(), as the stock command shows error
// objects.
std::string Failures::WordsOf() {
  lua_State* data = iso_->data_;
  lua_State* worker = iso_->worker_;
  lua_pushcfunction(worker, [](lua_State* L) {
    if (lua_isstring(L, 1) == 0 && luaL_callmeta(L, 1, "__tostring") == 0) {
      lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_tolstring(L, -1, nullptr);
    return 1;
  });
  lua_pushvalue(data, -1);
  lua_xmove(data, worker, 1);
  std::string words;
  const bool has_words = iso_->CallOutside(worker, 1, 1) == LUA_OK;
  try {
    if (has_words) {
      const char* text = lua_tostring(worker, -1);
      words.assign(text, strnlen(text, iso_->max_text()));
    } else {
      words = std::string("(error object is a ") + luaL_typename(data, -1) +
              " value)";
    }
  } catch (const std::bad_alloc&) {
    // The report has no words, then.
  }
  lua_pop(worker, 1);
  iso_->preempter_.Reset(worker);
  return words;
}

// Whether the error on top of `L` is the one whose nested traceback is kept.
bool Failures::IsNested(lua_State* L) {
  const LuaG* g = iso_->current;
  if (g == nullptr || nested_g_id_ != g->id) return false;
  lua_State* data = iso_->data_;
  lua_rawgeti(data, Isolate::kNested, kNestedParent);
  lua_rawgeti(data, Isolate::kNested, kNestedObject);
  const bool is_parent = lua_tothread(data, -2) == L;
  const void* object = lua_topointer(data, -1);
  lua_pop(data, 2);
  if (!is_parent) return false;
  if (!nested_is_string_) {
    return object != nullptr && object == lua_topointer(L, -1);
  }
  // coroutine.wrap adds a position before the message that goes up.
  return lua_type(L, -1) == LUA_TSTRING &&
         StringAt(L, -1).ends_with(nested_error_);
}

// Notes that the error on top of `raiser` goes up to `L`.
void Failures::SetNested(lua_State* L, lua_State* raiser) {
  lua_State* data = iso_->data_;
  nested_is_string_ = lua_type(raiser, -1) == LUA_TSTRING;
  nested_error_.clear();
  if (nested_is_string_) {
    nested_error_ = StringAt(raiser, -1).substr(0, iso_->max_text());
  }
  // The table has both places already, so nothing here raises. Both stacks have
  // room: a C function's has LUA_MINSTACK slots, and that of a coroutine that
  // failed has room for an error.
  lua_pushthread(L);
  lua_xmove(L, data, 1);
  lua_rawseti(data, Isolate::kNested, kNestedParent);
  lua_pushvalue(raiser, -1);
  lua_xmove(raiser, data, 1);
  if (nested_is_string_) {
    lua_pop(data, 1);
    lua_pushboolean(data, 0);
  }
  lua_rawseti(data, Isolate::kNested, kNestedObject);
  nested_g_id_ = iso_->current->id;
}

void Failures::NoteNested(lua_State* L, lua_State* co) try {
  if (iso_->current == nullptr || iso_->current == iso_->main_g_) return;
  std::string trace = iso_->TraceOf(co);
  if (IsNested(co)) {
    if (trace.size() >= kTitle.size()) {
      trace.replace(0, kTitle.size(), nested_link_);
    }
    if (nested_text_.size() < iso_->max_text()) nested_text_ += trace + "\n";
  } else {
    nested_text_ = trace + "\n";
  }
  nested_link_ = "resumed by:";
  SetNested(L, co);
} catch (const std::bad_alloc&) {
  nested_g_id_ = 0;
}

// The traceback of `L` from `level` on. Before it stand the tracebacks of the
// coroutines that the error on top of `L` came through.
std::string Failures::TakeTrace(lua_State* L, int level) try {
  std::string trace = iso_->TraceOf(L, level);
  if (IsNested(L)) {
    if (trace.size() > kTitle.size()) {
      trace.replace(0, kTitle.size(), nested_link_);
    }
    trace.insert(0, nested_text_);
  }
  nested_text_ = std::string();
  nested_g_id_ = 0;
  return trace;
} catch (const std::bad_alloc&) {
  nested_g_id_ = 0;
  return {};
}

char* Failures::MakeTrace(lua_State* L) {
  return strdup(TakeTrace(L, 1).c_str());
}

// --- Reports. ---

// The finalizer of a report: nobody can see the error any more.
int Failures::OnCollected(lua_State* L) {
  // A script may have called it, with anything.
  if (!HasSizeOf<FailureReport>(L, 1) || lua_getmetatable(L, 1) == 0) return 0;
  Isolate* iso = Isolate::Of(L);
  lua_pushvalue(iso->data_, Isolate::kReportMeta);
  lua_xmove(iso->data_, L, 1);
  if (lua_rawequal(L, -1, -2) == 0) return 0;
  auto* report = static_cast<FailureReport*>(lua_touserdata(L, 1));
  if (report->text == nullptr) return 0;
  if (report->is_unseen) {
    iso->Report(report->text);
    iso->failures_.SetSeen(report);
  }
  std::free(std::exchange(report->text, nullptr));
  MemoryCharge::Give(std::exchange(report->charge, nullptr));
  return 0;
}

void Failures::ReportAll() {
  while (unseen_ != nullptr) {
    iso_->Report(unseen_->text);
    SetSeen(unseen_);
  }
}

void Failures::Link(FailureReport* report) {
  report->is_unseen = true;
  report->prev = nullptr;
  report->next = unseen_;
  if (unseen_ != nullptr) unseen_->prev = report;
  unseen_ = report;
  has_unseen_ = true;
}

void Failures::SetSeen(FailureReport* report) {
  if (!report->is_unseen) return;
  report->is_unseen = false;
  FailureReport* next = report->next;
  FailureReport* prev = report->prev;
  (prev != nullptr ? prev->next : unseen_) = next;
  if (next != nullptr) next->prev = prev;
}

}  // namespace trilune::vm
