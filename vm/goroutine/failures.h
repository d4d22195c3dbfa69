// Failures: the errors that Gs end with, until a script has seen them.
//
// Role       Keeps each error's object, goroutine and traceback in a record,
//            which the G's handle and the list of its group share. Tells the
//            group at once. Reports the errors that nobody can see any more.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. An error counts from the moment in which it leaves the G's
//                function, before any __close handler of it has run. So Note
//                comes before lua_resetthread.
//            I2. What a G raises because it was cancelled is no failure: it is
//                neither recorded nor reported.
//            I3. A report is written by its finalizer, unless a script has seen
//                the error before. It is made with the record: to give an old
//                userdata a finalizer later costs a search through the whole
//                heap.
// Docs       failures.cc
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

// A userdata with a finalizer: the text that is written if nobody has seen the
// error.
struct FailureReport {
  char* text;            // malloc'ed
  size_t trace_at;       // where in it the traceback begins, or its end
  MemoryCharge* charge;  // for the text, or null
  bool is_unseen;        // it is in the list
  bool is_awaited;       // a joiner waited when it was made
  FailureReport* next;
  FailureReport* prev;
};

class Failures {
 public:
  explicit Failures(Isolate* iso) : iso_(iso) {}

  // The items of a record, which is a table. kReport: a FailureReport, or false
  // if there was no memory.
  enum : int { kObject = 1, kReport, kGoroutine };

  // The function of the running G `g` has raised an error. The error is on top
  // of `L`, the G's own state, and stays; null: there was no memory. `trace`:
  // the traceback, if it was in another isolate. Fails the group of `g`, if it
  // is in one.
  void Note(LuaG* g, lua_State* L, const char* trace = nullptr);
  // The function of the group at index `group` has raised what is on top of
  // `L`, and stays there. Fails the group. For the function's message handler.
  void NoteOfFunction(lua_State* L, int group);
  // The function has ended with that error and `status`. Not every error has
  // come to a message handler, and an error that is no failure must be raised
  // all the same.
  void NoteEndOfFunction(lua_State* L, int group, int status);
  // The G `g` ends with the error on top of data(), which is popped. The handle
  // below stays, and keeps the error.
  void Keep(LuaG* g, GHandle* handle);

  // Pops a record from `L`, pushes its error and, if there is one, its
  // traceback. Counts the error as seen. Returns how many values it pushed. May
  // raise before anything has changed.
  int PushSeen(lua_State* L);
  // tri.group raises the error on top of `L`, which is that of the record at
  // index `record`.
  void NoteRaised(lua_State* L, int record);

  // Keeps the traceback of `co` for the report: its error goes up to `L`.
  void NoteNested(lua_State* L, lua_State* co);
  // For a message handler: the traceback of its caller in `L`, malloc'ed; null
  // without memory.
  [[nodiscard]] char* MakeTrace(lua_State* L);

  // The names of functions, for any traceback.
  [[nodiscard]] FunctionNames& names() { return names_; }

  // Reports all errors that are unseen: a deadlock or os.exit is about to end
  // all that could still join the failed Gs.
  void ReportAll();
  // Whether errors wait for a collection, which would report them.
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
  // The tracebacks of the coroutines through which an error went up. A weak
  // table in data() (kNested) holds the state that resumed the last of them,
  // and the error unless it is a string. Their addresses would not do, as
  // another object may have the same address by now.
  std::string nested_text_;
  std::string nested_error_;
  bool nested_is_string_ = false;
  const char* nested_link_ = "";  // what stands between it and the rest
  uint64_t nested_g_id_ = 0;      // 0: none
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_FAILURES_H_
