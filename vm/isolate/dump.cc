// Dumps of all Gs, and tracebacks.
//
// A traceback of any state is made in worker_, in protected mode, because it
// allocates. The stack of a G is a chain of states: its own, and the coroutines
// that it is resuming. While the G waits, its chain is found by the stack it
// left (Leaving notes it in Fiber::user).

#include <string>
#include <string_view>
#include <utility>

#include "sched/base/clock.h"
#include "sched/stack/fiber.h"
#include "vm/isolate/isolate.h"
#include "vm/lua/traceback.h"

namespace trilune::vm {
namespace {

// A dump of more Gs says nothing more, and takes minutes to write.
constexpr int kMaxDumped = 10'000;

}  // namespace

// The traceback of one state from `level` on, as "stack traceback:\n\t...".
// Empty without memory.
std::string Isolate::TraceOf(lua_State* L, int level) {
  struct Making {
    lua_State* of;
    int level;
    FunctionNames* names;
    std::string text;
    size_t max_bytes;
  };
  Making making = {L, level, &failures_.names(), {}, max_text()};
  failures_.names().Prepare(config_.budget, module_generation);
  lua_pushcfunction(worker_, [](lua_State* worker) {
    auto* its = static_cast<Making*>(lua_touserdata(worker, 1));
    AppendTraceback(worker, its->of, its->level, its->names, &its->text,
                    its->max_bytes);
    return 0;
  });
  lua_pushlightuserdata(worker_, &making);
  if (CallOutside(worker_, 1, 0) != LUA_OK) lua_pop(worker_, 1);
  return std::move(making.text);
}

// The stack of a G, from the innermost coroutine that it resumes to its own
// state.
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

// Written in the strand, between two Gs, so no G runs meanwhile.
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

}  // namespace trilune::vm
