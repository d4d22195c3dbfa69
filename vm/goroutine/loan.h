// Loans: what functions that run in a state have borrowed until they end.
//
// Role       A C function gives back what it has borrowed, such as a file, in
//            the __close handler of a value on its stack. liblua does not call
//            those handlers when a coroutine fails, only when somebody closes
//            the coroutine, which nobody may ever do. So coroutine.resume ends
//            the loans of a coroutine that has failed.
// Threads    the isolate's strand
// Locks      none
// Invariants I1. A listed loan's function has begun in loan->L and has not
//                ended. The __close handler ends the loan only if it runs in
//                loan->L: a loan that a failed coroutine had may be another
//                function's by the time in which that coroutine is closed.
// Tests      tests/lua/io/coroutine_that_fails_gives_the_file_back.lua

#ifndef TRI_VM_GOROUTINE_LOAN_H_
#define TRI_VM_GOROUTINE_LOAN_H_

#include <lua.hpp>

namespace trilune::vm {

// In the borrowed object.
struct Loan {
  lua_State* L = nullptr;  // whose function has it; null: nobody's
  // Gives it back, in the running state `L`: what the handler does. It may wait
  // with its stack, and must not raise.
  void (*end)(lua_State* L, Loan* loan) = nullptr;
  Loan* next = nullptr;
  Loan* prev = nullptr;
};

class Loans {
 public:
  void Begin(Loan* loan, lua_State* L) {
    End(loan);  // of a function that halted with its isolate
    loan->L = L;
    loan->prev = nullptr;
    loan->next = first_;
    if (first_ != nullptr) first_->prev = loan;
    first_ = loan;
  }
  // Has no effect if it is nobody's.
  void End(Loan* loan) {
    if (loan->L == nullptr) return;
    loan->L = nullptr;
    (loan->prev != nullptr ? loan->prev->next : first_) = loan->next;
    if (loan->next != nullptr) loan->next->prev = loan->prev;
  }
  // The coroutine `co`, which `L` has resumed, has failed.
  void OnFailed(lua_State* L, const lua_State* co) {
    for (Loan* loan = first_; loan != nullptr;) {
      if (loan->L != co) {
        loan = loan->next;
        continue;
      }
      End(loan);
      loan->end(L, loan);
      loan = first_;  // others may have run meanwhile
    }
  }
  // No G runs any more, and lua_close calls the handlers of `main` only. The
  // objects of the other loans may be freed before the list is.
  void Halt(const lua_State* main) {
    for (Loan* loan = first_; loan != nullptr;) {
      Loan* const following = loan->next;
      if (loan->L != main) End(loan);
      loan = following;
    }
  }
  [[nodiscard]] bool any() const { return first_ != nullptr; }

 private:
  Loan* first_ = nullptr;
};

}  // namespace trilune::vm

#endif  // TRI_VM_GOROUTINE_LOAN_H_
