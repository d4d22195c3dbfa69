// The life of a spawned program, from Start to the end of its isolate.
//
// Three HostCalls drive it. They lie in the Program, so that its end needs no
// memory:
// 1. spawn_, posted by Start. Its G is the body. When the body has ended,
//    OnProgramEnd publishes the outcome and begins the end.
// 2. drain_ cancels the Gs that the body has left behind (BeginEnd). It is
//    posted once, at the end of the body or by Abort.
// 3. close_ closes the heap. It is posted when drain_ is completed (OnDrained).
//    When it is completed, OnClosed drops the isolate, as the last use of it on
//    its own strand.
//
// A fourth one, cancel_, is posted by the first Cancel.
//
// Until OnClosed the Program holds a reference to itself. To drop its handle
// changes nothing: the program goes on.
//
// Publication is one store [SP1]. The body writes outcome_ under lock_ until
// ended_ is true. Afterwards it is constant, so joiners read it without a lock.
// A joiner is noted with the ticket of its wait, and lock_ is held until that
// wait is public. So either Publish finds the joiner waiting, or the joiner
// finds ended_. A joiner that was woken in another way, or whose isolate is
// gone, loses TryWake.
//
// An error that no joiner has seen is reported by the destructor of the
// Program. Only the spawner's heap knows whether the handle is garbage, so
// LookForJoiner asks it to collect.

#include "vm/runtime/program.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "sched/base/clock.h"
#include "sched/core/loop.h"
#include "vm/runtime/runtime_state.h"

namespace trilune::vm {

Program::Program(const Type* its_type, Isolate* spawner,
                 const IsolateConfig& config, lua_CFunction body)
    : Shared(its_type, config.runtime->cycles()),
      runtime_(config.runtime),
      spawner_(spawner == nullptr ? std::weak_ptr<Isolate>()
                                  : spawner->weak_from_this()),
      name_(config.name),
      report_(config.report),
      budget_(config.budget),
      spawn_(HostCall::Kind::kSpawn, body, this),
      drain_(HostCall::Kind::kDrain, nullptr, nullptr),
      close_(HostCall::Kind::kClose, nullptr, nullptr),
      cancel_(HostCall::Kind::kCancel, nullptr, nullptr) {
  spawn_.on_complete = &OnProgramEnd;
  drain_.on_complete = &OnDrained;
  close_.on_complete = &OnClosed;
  cancel_.on_complete = &OnCancelled;
  for (Call* one : {&spawn_, &drain_, &close_, &cancel_})
    one->program = this;
}

Program::~Program() {
  // relaxed: nobody else is left.
  if (!outcome_.ok && ended() && !seen_.load(std::memory_order_relaxed) &&
      !cancelled_.load(std::memory_order_relaxed)) {
    ReportUnseen();
  }
  // No isolate took the configuration, and with it the G that Start has taken
  // from the budget.
  if (config_.budget != nullptr) config_.budget->GiveG();
  if (call_ != nullptr) FreeMessage(call_);
  auto* reason = static_cast<Message*>(spawn_.unread_reason);
  if (reason != nullptr) FreeMessage(reason);
  MemoryCharge::Give(charge_);
  DropHeld();
  while (joiners_ != nullptr)
    delete std::exchange(joiners_, joiners_->next);
}

// Before the end of a program without a handle, its isolate's strand writes
// these fields. So nothing is visited before ended().
void Program::VisitHeld(void (*visit)(Shared* held, void* argument),
                        void* argument) {
  if (ended() && outcome_.values != nullptr) {
    VisitMessage(outcome_.values, visit, argument);
  }
  if (ended() && has_early_ && early_.error != nullptr) {
    VisitMessage(early_.error, visit, argument);
  }
}

// Called for a program that nobody can reach, so its isolate is closed.
void Program::DropHeld() {
  Message* values = std::exchange(outcome_.values, nullptr);
  if (values != nullptr) FreeMessage(values);
  if (std::exchange(has_early_, false)) Free(early_);
}

bool Program::TakeRoom(const Isolate* spawner, MemoryCharge** room) {
  // A program whose spawner has limits has limits itself, so its texts are
  // bounded.
  constexpr size_t kRoom = sizeof(Program) + kMaxName + kMaxText + kMaxTrace;
  return MemoryCharge::Grow(spawner->config().budget, kRoom, room);
}

// Null without memory.
Program* Program::New(const Type* type, Isolate* spawner,
                      const IsolateConfig& config, const Work& work) {
  try {
    auto* program = new Program(type, spawner, config, work.body);
    program->call_ = work.call;
    program->charge_ = work.room;
    if (work.watched) program->SetWatched();
    return program;
  } catch (const std::bad_alloc&) {
    if (work.call != nullptr) FreeMessage(work.call);
    MemoryCharge::Give(work.room);
    return nullptr;
  }
}

Program* Program::Start(const Type* type, Isolate* spawner,
                        IsolateConfig config, const Work& work, Refusal* why) {
  RuntimeState* runtime = config.runtime;
  Program* program = New(type, spawner, config, work);
  if (program == nullptr) {
    *why = Refusal::kNoMemory;
    return nullptr;
  }
  // Taken here, so that a loop that spawns fails in tri.spawn at its limit.
  // Configure counts it in the new isolate.
  if (config.budget != nullptr && !config.budget->TakeG()) {
    *why = Refusal::kGoroutines;
    program->Release();
    return nullptr;
  }
  // From Add on the program is listed, and the end of the runtime may Abort it
  // at any moment. Abort finds no isolate to post drain_ to before isolate_ is
  // set. Then ending_ says here that drain_ must follow.
  program->Retain();  // for itself, until the isolate is closed
  program->id_ = runtime->sched()->NextGIds(1);
  program->spawn_.g_id = program->id_;
  program->config_ = std::move(config);
  if (!runtime->Add(program)) {
    *why = Refusal::kStopping;
    program->Release();
    program->Release();
    return nullptr;
  }
  program->spawn_.configure = &program->config_;
  std::shared_ptr<Isolate> iso;
  try {
    iso = runtime->pool().Take(program->config_.preempt);
  } catch (const std::bad_alloc&) {
    *why = Refusal::kNoMemory;
  }
  if (iso == nullptr) {
    runtime->Remove(program, nullptr);
    program->Release();
    return nullptr;
  }
  program->lock_.Lock();
  program->isolate_ = iso;
  const bool aborted = program->ending_;  // before there was an isolate to end
  program->lock_.Unlock();
  iso->Post(&program->spawn_);
  if (aborted) iso->Post(&program->drain_);
  return program;
}

// Does nothing once the outcome is public. A body may go on after a deadlock,
// after the isolate's end, or after a limit that it did not notice; it says
// nothing new.
void Program::SetValues(bool ok, Message* values) {
  lock_.Lock();
  if (!ended()) {
    outcome_.ok = ok;
    std::swap(outcome_.values, values);
  }
  lock_.Unlock();
  if (values != nullptr) FreeMessage(values);
}

void Program::SetErrorText(const char* text) {
  SetValues(false, nullptr);  // no results, if an error came after them
  std::string kept = Limited(text, kMaxText);
  lock_.Lock();
  if (!ended()) outcome_.text.swap(kept);
  lock_.Unlock();
}

void Program::SetTrace(char* trace) {
  if (trace == nullptr) return;
  std::string kept = Limited(trace, kMaxTrace);
  std::free(trace);
  lock_.Lock();
  if (!ended()) outcome_.trace.swap(kept);
  lock_.Unlock();
}

void Program::Free(const EarlyError& early) {
  if (early.error != nullptr) FreeMessage(early.error);
  std::free(early.text);
  std::free(early.trace);
  MemoryCharge::Give(early.charge);
}

void Program::SetEarly(Message* error, const char* text) {
  told_early_ = true;
  EarlyError early;
  early.error = error;
  const std::string words = Limited(text, kMaxText);
  // Only the isolate of the body writes the trace, and the caller runs there.
  if (!MemoryCharge::Grow(budget_, words.size() + outcome_.trace.size() + 2,
                          &early.charge)) {
    Free(early);  // the end of the program will tell
    return;
  }
  // The error is noted and the joiners are taken in one critical section, so
  // that each of them either finds has_early_ in Join, or is woken here.
  early.text = strdup(words.c_str());
  early.trace = strdup(outcome_.trace.c_str());
  Joiner* woken = nullptr;
  lock_.Lock();
  Joiner** link = &joiners_;
  while (*link != nullptr) {
    Joiner* joiner = *link;
    if (joiner->early) {
      *link = joiner->next;
      joiner->next = woken;
      woken = joiner;
    } else {
      link = &joiner->next;
    }
  }
  const bool is_told = !has_early_ && !ended() && early.text != nullptr &&
                       early.trace != nullptr;
  if (is_told) {
    has_early_ = true;
    early_ = early;
  }
  lock_.Unlock();
  if (!is_told) Free(early);
  Wake(woken);
}

void Program::SetEarlyStands() {
  lock_.Lock();
  if (!ended()) outcome_.is_early = true;
  lock_.Unlock();
}

bool Program::TakeEarly(EarlyError* early) {
  lock_.Lock();
  const bool has_one = std::exchange(has_early_, false);
  if (has_one) *early = std::exchange(early_, EarlyError());
  lock_.Unlock();
  return has_one;
}

std::string Program::Limited(const char* text, size_t most) const try {
  return {text, budget_ != nullptr ? strnlen(text, most) : std::strlen(text)};
} catch (const std::bad_alloc&) {
  return "no memory";  // short enough to need no memory
}

bool Program::Cancel(Message* reason) {
  std::shared_ptr<Isolate> iso = isolate();
  if (iso == nullptr || ended() ||
      cancelled_.exchange(true, std::memory_order_relaxed)) {
    if (reason != nullptr) FreeMessage(reason);
    return false;
  }
  Retain();  // until it is completed
  cancel_.argument = reason;
  cancel_.target = &spawn_;
  iso->Post(&cancel_);
  return true;
}

void Program::OnCancelled(HostCall* call, const Status&) {
  auto* reason = static_cast<Message*>(std::exchange(call->argument, nullptr));
  if (reason != nullptr) FreeMessage(reason);
  static_cast<Call*>(call)->program->Release();
}

void Program::Abort() {
  cancelled_.store(true, std::memory_order_relaxed);
  BeginEnd();
}

// Posts drain_ exactly once. If the isolate is not there yet, Start does it.
void Program::BeginEnd() {
  lock_.Lock();
  const std::shared_ptr<Isolate> iso = ending_ ? nullptr : isolate_;
  ending_ = true;
  lock_.Unlock();
  if (iso != nullptr) iso->Post(&drain_);
}

// --- What the isolate's strand completes. ---

void Program::OnProgramEnd(HostCall* call, const Status& status) {
  Program* self = static_cast<Call*>(call)->program;
  self->Publish(status, static_cast<Message*>(
                            std::exchange(call->unread_reason, nullptr)));
  self->BeginEnd();
}

namespace {

// Posts a call that its completion frees. False: no memory.
bool PostOwned(Isolate* iso, HostCall::Kind kind) {
  auto* call = new (std::nothrow) HostCall(kind, nullptr, nullptr);
  if (call == nullptr) return false;
  call->on_complete = [](HostCall* done, const Status&) { delete done; };
  iso->Post(call);
  return true;
}

}  // namespace

void Program::PublishIfOverdue(int64_t now_ns) {
  if (ended() || !budget_->IsUsedUp(now_ns, 0)) return;
  if (overdue_since_ns_ == 0) {
    // All its Gs may wait, while another program has used up the common limit.
    // So tell the isolate to look.
    const std::shared_ptr<Isolate> iso = isolate();
    if (iso != nullptr && !PostOwned(iso.get(), HostCall::Kind::kLimits)) {
      return;  // no memory: try again the next time
    }
    overdue_since_ns_ = now_ns;
    return;
  }
  if (now_ns - overdue_since_ns_ < kOverdueNs) return;
  Publish(Status(StatusCode::kLimit, budget_->Reason(now_ns)), nullptr);
}

// Makes the outcome public and wakes the joiners. `reason`, owned: the reason
// if it was cancelled before it ran, or null.
void Program::Publish(const Status& status, Message* reason) {
  std::string text = Limited(status.message().c_str(), kMaxText);
  lock_.Lock();
  if (ended()) {  // PublishIfOverdue was first
    lock_.Unlock();
    if (reason != nullptr) FreeMessage(reason);
    return;
  }
  if (!status.ok()) {
    // The program ended before its body could say how.
    std::swap(outcome_.values, reason);
    outcome_.ok = false;
    outcome_.text.swap(text);
  }
  MemoryCharge::Shrink(charge_, sizeof(Program) + name_.size() +
                                    outcome_.text.size() +
                                    outcome_.trace.size());
  ended_.store(true, std::memory_order_release);  // [SP1]
  Joiner* joiners = std::exchange(joiners_, nullptr);
  lock_.Unlock();
  if (reason != nullptr) FreeMessage(reason);
  if (joiners == nullptr) LookForJoiner();
  Wake(joiners);
}

// The joiners are out of the list, so they belong to the caller. Called without
// the lock.
void Program::Wake(Joiner* joiners) {
  while (joiners != nullptr) {
    Joiner* joiner = std::exchange(joiners, joiners->next);
    if (joiner->g->word.TryWake(joiner->ticket)) {
      joiner->g->wake_index = joiner->index;
      Ready(joiner->g);
    }
    delete joiner;
  }
}

void Program::OnDrained(HostCall* call, const Status&) {
  Program* self = static_cast<Call*>(call)->program;
  const std::shared_ptr<Isolate> iso = self->isolate();
  iso->Post(&self->close_);
}

// If nobody can join any more, the error is to be reported soon. Only the
// spawner's heap knows whether the handle is garbage.
void Program::LookForJoiner() {
  if (outcome_.ok || cancelled_.load(std::memory_order_relaxed) ||
      seen_.load(std::memory_order_relaxed)) {
    return;
  }
  const std::shared_ptr<Isolate> spawner = spawner_.lock();
  if (spawner == nullptr) return;
  // Without memory the error is reported when the handle is collected.
  static_cast<void>(PostOwned(spawner.get(), HostCall::Kind::kLook));
}

// The last use of the isolate on its strand. It is destroyed here, unless
// another thread is just looking at it.
void Program::OnClosed(HostCall* call, const Status&) {
  Program* self = static_cast<Call*>(call)->program;
  // If the body never ran, its message is still there, and may refer to this
  // program's handle.
  Message* unread = self->TakeCall();
  if (unread != nullptr) FreeMessage(unread);
  self->lock_.Lock();
  std::shared_ptr<Isolate> iso = std::move(self->isolate_);
  self->lock_.Unlock();
  self->runtime_->Remove(self, std::move(iso));
}

// --- Joining. ---

// The lock stays held for kWaits, until Unlock is called as the wait is public.
Program::Joining Program::Join(G* g, bool early) {
  Joiner* joiner = NewJoiner(g, 0, early);
  if (joiner == nullptr) return Joining::kNoMemory;
  lock_.Lock();
  if (ended() || (early && has_early_)) {
    lock_.Unlock();
    delete joiner;
    return Joining::kEnded;
  }
  AddJoiner(joiner);
  return Joining::kWaits;
}

void Program::Unlock(void* program) {
  static_cast<Program*>(program)->lock_.Unlock();
}

void Program::ForgetJoiner(const G* g) {
  lock_.Lock();
  Joiner** link = &joiners_;
  while (*link != nullptr && (*link)->g != g)
    link = &(*link)->next;
  Joiner* joiner = *link;
  if (joiner != nullptr) *link = joiner->next;
  lock_.Unlock();
  delete joiner;
}

std::shared_ptr<Isolate> Program::isolate() {
  lock_.Lock();
  std::shared_ptr<Isolate> iso = isolate_;
  lock_.Unlock();
  return iso;
}

const char* Program::status() const {
  if (ended()) return "dead";
  const G* g = spawn_.made.load(std::memory_order_acquire);  // [SP2]
  if (g == nullptr) return "runnable";
  switch (g->word.state()) {
    case GState::kRunning:
    case GState::kSyscall:
      return "running";
    case GState::kWaiting:
      return "waiting";
    default:
      return ended() ? "dead" : "runnable";
  }
}

void Program::ReportUnseen() try {
  std::string text = "trilune: error in goroutine " + std::to_string(id_) +
                     " (isolate '" + name_ + "'): " + outcome_.text + "\n";
  if (!outcome_.trace.empty()) text += outcome_.trace + "\n";
  Isolate::ReportTo(report_, text);
} catch (const std::bad_alloc&) {
  Isolate::ReportTo(report_, "trilune: error in an isolate that nobody saw\n");
}

}  // namespace trilune::vm
