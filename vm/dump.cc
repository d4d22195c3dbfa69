// What people read: dumps of all Gs, and reports of errors that nobody saw.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "sched/clock.h"
#include "sched/fiber.h"
#include "vm/internal.h"
#include "vm/isolate.h"

namespace trilune::vm {
namespace {

// A dump of more says nothing more, and takes minutes to write.
constexpr int kMaxDumped = 10'000;

}  // namespace

// The traceback of one state from `level` on, "stack traceback:\n\t...". Empty
// without memory.
std::string Isolate::TraceOf(lua_State* L, int level) {
  lua_pushcfunction(worker_, [](lua_State* worker) {
    auto* of = static_cast<lua_State*>(lua_touserdata(worker, 1));
    luaL_traceback(worker, of, nullptr,
                   static_cast<int>(lua_tointeger(worker, 2)));
    return 1;
  });
  lua_pushlightuserdata(worker_, L);
  lua_pushinteger(worker_, level);
  std::string text;
  if (CallOutside(worker_, 2, 1) == LUA_OK) {
    const char* trace = lua_tostring(worker_, -1);
    try {
      text.assign(trace, strnlen(trace, max_text()));
    } catch (const std::bad_alloc&) {
      // Without it, then.
    }
  }
  lua_pop(worker_, 1);
  return text;
}

// The stack of a G that is not running, through the coroutines it resumes.
std::string Isolate::StackOf(const LuaG* g) {
  std::string text;
  const CoFrame* frame =
      g->fiber == nullptr ? nullptr : static_cast<CoFrame*>(g->fiber->user);
  if (g == current) frame = frames;
  for (; frame != nullptr; frame = frame->below) {
    AppendTrace(&text, frame->L);
  }
  if (g->L != nullptr) AppendTrace(&text, g->L);
  return text;
}

void Isolate::AppendTrace(std::string* text, lua_State* L) {
  std::string trace = TraceOf(L);
  if (trace.empty()) return;
  constexpr std::string_view kTitle = "stack traceback:";
  if (!text->empty()) trace.replace(0, kTitle.size(), "resumed by:");
  *text += trace + "\n";
}

std::string Isolate::Dump() {
  std::string text;
  const auto now_ms = static_cast<uint32_t>(NowNs() / 1'000'000);
  int dumped = 0;
  int left_out = 0;
  ForEachG([&](const LuaG* g) {
    const GState state = g->word.state();
    if (state == GState::kIdle || state == GState::kDead || g->id == 0) {
      return false;  // a timer's G has no id
    }
    const bool has_begun = g->Has(G::kStarted) || g->L != nullptr;
    if (!has_begun && g->Has(G::kCancelled)) return false;
    if (dumped == kMaxDumped) {
      left_out++;
      return false;
    }
    dumped++;
    const bool waits = state == GState::kWaiting;
    text += "goroutine " + std::to_string(g->id) + " [";
    text += waits ? WaitReasonName(g->reason) : GStateName(state);
    if (waits || state == GState::kSyscall) {
      text += ", " + std::to_string(now_ms - g->wait_since_ms) + " ms";
    }
    text += "]:\n";
    text += has_begun ? StackOf(g) : "not started yet\n";
    text += "\n";
    return false;
  });
  if (left_out > 0) {
    text += "... and " + std::to_string(left_out) + " more goroutines\n";
  }
  return text;
}

void Isolate::NoteNestedError(lua_State* L, lua_State* co) try {
  if (current == nullptr || current == main_g_) return;
  std::string trace = TraceOf(co);
  if (nested_trace_.parent == co) {
    constexpr std::string_view kTitle = "stack traceback:";
    if (trace.size() >= kTitle.size()) {
      trace.replace(0, kTitle.size(), "resumed by:");
    }
    if (nested_trace_.text.size() < max_text()) {
      nested_trace_.text += trace + "\n";
    }
  } else {
    nested_trace_.text = trace + "\n";
  }
  nested_trace_.parent = L;
  nested_trace_.g_id = current->id;
  const bool is_string = lua_type(co, -1) == LUA_TSTRING;
  nested_trace_.error.clear();
  if (is_string) {
    const char* error = lua_tostring(co, -1);
    nested_trace_.error.assign(error, strnlen(error, max_text()));
  }
  nested_trace_.object = is_string ? nullptr : lua_topointer(co, -1);
} catch (const std::bad_alloc&) {
  nested_trace_ = NestedTrace();
}

// "error in goroutine 7: ..." with every stack on the error's way, malloc'ed;
// the error object is on top of the G's state. Null without memory.
char* Isolate::MakeUnseenReport(LuaG* g) try {
  if (g->L == nullptr) {
    return strdup(("trilune: error in goroutine " + std::to_string(g->id) +
                   ": not enough memory\n")
                      .c_str());
  }
  std::string message =
      std::string("(error object is a ") + luaL_typename(g->L, -1) + " value)";
  if (lua_checkstack(g->L, 1) != 0) {
    lua_pushcfunction(worker_, [](lua_State* L) {
      // As the stock command shows error objects.
      if (lua_isstring(L, 1) == 0 && luaL_callmeta(L, 1, "__tostring") == 0) {
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
      }
      luaL_tolstring(L, -1, nullptr);
      return 1;
    });
    lua_pushvalue(g->L, -1);
    lua_xmove(g->L, worker_, 1);
    if (CallOutside(worker_, 1, 1) == LUA_OK) {
      const char* words = lua_tostring(worker_, -1);
      message.assign(words, strnlen(words, max_text()));
    }
    lua_pop(worker_, 1);
    preempter_.Reset(worker_);
  }
  std::string text = "trilune: error in goroutine " + std::to_string(g->id) +
                     ": " + message + "\n";
  std::string trace = TraceOf(g->L) + "\n";
  // A wrap adds its position before the message that went up.
  const bool is_same = nested_trace_.error.empty()
                           ? nested_trace_.object != nullptr &&
                                 nested_trace_.object == lua_topointer(g->L, -1)
                           : message.ends_with(nested_trace_.error);
  if (nested_trace_.parent == g->L && nested_trace_.g_id == g->id && is_same) {
    constexpr std::string_view kTitle = "stack traceback:";
    text += nested_trace_.text;
    if (trace.size() > kTitle.size()) {
      trace.replace(0, kTitle.size(), "resumed by:");
    }
  }
  text += trace;
  nested_trace_ = NestedTrace();
  return strdup(text.c_str());
} catch (const std::bad_alloc&) {
  return strdup(
      "trilune: error in a goroutine; not enough memory to tell it\n");
}

char* Isolate::MakeTrace(lua_State* L) try {
  std::string text;
  std::string trace = TraceOf(L, 1);
  constexpr std::string_view kTitle = "stack traceback:";
  if (nested_trace_.parent == L && current != nullptr &&
      nested_trace_.g_id == current->id && trace.size() > kTitle.size()) {
    text = nested_trace_.text;
    trace.replace(0, kTitle.size(), "resumed by:");
  }
  nested_trace_ = NestedTrace();
  return strdup((text + trace).c_str());
} catch (const std::bad_alloc&) {
  return nullptr;
}

// The finalizer of an UnseenError.
int Isolate::ReportUnseen(lua_State* L) {
  // A script may have called it, with anything.
  if (!HasSizeOf<UnseenError>(L, 1) || lua_getmetatable(L, 1) == 0) return 0;
  Isolate* iso = Of(L);
  lua_pushvalue(iso->data_, kUnseenMeta);
  lua_xmove(iso->data_, L, 1);
  if (lua_rawequal(L, -1, -2) == 0) return 0;
  auto* unseen = static_cast<UnseenError*>(lua_touserdata(L, 1));
  if (unseen->report != nullptr) iso->ReportOne(unseen);
  return 0;
}

void Isolate::ReportOne(UnseenError* unseen) {
  Report(unseen->report);
  DropReport(unseen);
}

void Isolate::DropReport(UnseenError* unseen) {
  std::free(unseen->report);
  unseen->report = nullptr;
  MemoryCharge::Give(std::exchange(unseen->charge, nullptr));
  UnlinkUnseen(unseen);
}

void Isolate::ReportAllUnseen() {
  while (unseen_ != nullptr)
    ReportOne(unseen_);
}

void Isolate::LinkUnseen(UnseenError* unseen) {
  unseen->prev = nullptr;
  unseen->next = unseen_;
  if (unseen_ != nullptr) unseen_->prev = unseen;
  unseen_ = unseen;
}

void Isolate::UnlinkUnseen(UnseenError* unseen) {
  (unseen->prev != nullptr ? unseen->prev->next : unseen_) = unseen->next;
  if (unseen->next != nullptr) unseen->next->prev = unseen->prev;
}

}  // namespace trilune::vm
