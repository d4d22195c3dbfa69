// Failures: the errors that Gs end with, until somebody has seen them.
//
// Role       Keeps each error's object, goroutine and traceback in a record,
//            which the G's handle and the list of its group share; tells the
//            group at once; reports on stderr what nobody can see any more.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. An error counts from the moment in which it leaves the G's
//                function, before any __close handler of it has run: so Note
//                comes before lua_resetthread.
//            I2. What a G raises because it was cancelled is no failure:
//                neither recorded nor reported.
//            I3. A report is written by its finalizer, unless somebody has seen
//                the error before. It is made with the record: a finalizer that
//                came late to an old userdata would cost a search through the
//                whole heap.
// Tests      tests/lua/go, tests/lua/group

#ifndef TRI_VM_GOROUTINE_FAILURES_H_
#define TRI_VM_GOROUTINE_FAILURES_H_

#include <cstdint>
#include <string>
#include <string_view>

#include <lua.hpp>

#include "vm/lua/traceback.h"

namespace trilune::vm {

class Isolate;
class MemoryCharge;
struct GHandle;
struct GroupCore;
struct LuaG;

// A userdata with a finalizer: what is written if nobody has seen the error.
struct FailureReport {
  char* text;            // malloc'ed
  size_t trace_at;       // where in it the traceback begins; the end: no trace
  MemoryCharge* charge;  // for it; or null
  bool is_unseen;        // then it is in the list
  bool is_awaited;       // when it was made somebody joined the G
  FailureReport* next;
  FailureReport* prev;
};

class Failures {
 public:
  explicit Failures(Isolate* iso) : iso_(iso) {}

  // The items of a record, a table. kReport: a FailureReport, or false without
  // memory.
  enum : int { kObject = 1, kReport, kGoroutine };

  // The function of the running G `g` has raised the error on top of `L`, its
  // own state, which stays; null: there was no memory. `trace`: where, if that
  // was in another isolate. Fails its group, if it is in one.
  void Note(LuaG* g, lua_State* L, const char* trace = nullptr);
  // The function of the group at index `group` has raised what is on top of
  // `L`, and stays. Fails the group. For its message handler.
  void NoteOfFunction(lua_State* L, int group);
  // It has ended with that and `status`. Not every error has come to a message
  // handler; and what is no failure is raised all the same.
  void NoteEndOfFunction(lua_State* L, int group, int status);
  // The G `g` ends with the error on top of data(), popped; the handle below
  // stays, and keeps it.
  void Keep(LuaG* g, GHandle* handle);

  // Pushes the error and, if there is one, its traceback from the record on top
  // of `L`, which is popped, and counts it as seen. Returns their number. May
  // raise before that.
  int PushSeen(lua_State* L);
  // tri.group raises the error on top of `L`, from the record at `record`.
  void NoteRaised(lua_State* L, int record);

  // Keeps the traceback of `co`, whose error goes up to `L`, for the report.
  void NoteNested(lua_State* L, lua_State* co);
  // For a message handler: the traceback of who calls it in `L`, malloc'ed, or
  // null without memory.
  [[nodiscard]] char* MakeTrace(lua_State* L);

  // For tracebacks, of whatever.
  [[nodiscard]] FunctionNames& names() { return names_; }

  // Before a deadlock or os.exit ends what could still join the failed Gs.
  void ReportAll();
  // Whether errors wait for a collection, to be reported. Take: it is due now.
  [[nodiscard]] bool waits_for_collection() const { return has_unseen_; }
  void set_waits_for_collection(bool waits) { has_unseen_ = waits; }

  // The finalizer of a FailureReport.
  static int OnCollected(lua_State* L);

 private:
  struct Making;

  [[nodiscard]] static bool IsSame(lua_State* data);
  [[nodiscard]] bool IsOwn(LuaG* g, const GroupCore* group, bool may_be_reason);
  void NoteIfOwn(lua_State* L, int group, bool has_trace);
  void MakeRecord(Making* making, std::string_view trace);
  void MakeUnseen(LuaG* g);
  static int MakeRecordIn(lua_State* worker);
  [[nodiscard]] std::string WordsOf();
  [[nodiscard]] std::string TakeTrace(lua_State* L, int level);
  [[nodiscard]] bool IsNested(lua_State* L);
  void SetNested(lua_State* L, lua_State* raiser);
  void SetSeen(FailureReport* report);
  void Link(FailureReport* report);

  Isolate* const iso_;
  FailureReport* unseen_ = nullptr;
  bool has_unseen_ = false;
  FunctionNames names_;
  // The tracebacks of coroutines whose error went up. Which state resumed the
  // last one, and the error unless it is a string, are in a weak table in
  // data(): compared by address they could be others by now.
  std::string nested_text_;
  std::string nested_error_;
  bool nested_is_string_ = false;
  const char* nested_link_ = "";  // what stands between it and the rest
  uint64_t nested_g_id_ = 0;      // 0: none
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_FAILURES_H_
