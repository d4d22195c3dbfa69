// DumpOnHang: what a test shows when it does not end. Await: a wait in a test.
//
// Role       Bazel ends a test program that takes too long, without a word.
//            Shortly before that this writes which case runs, what its threads
//            do and what the fixtures know, and aborts. So no wait of a test
//            needs a limit of its own.
// Threads    the test's own thread; for Await, any
// Locks      none
// Tests      tests/support/hang_test.cc

#ifndef TRI_TESTS_SUPPORT_HANG_H_
#define TRI_TESTS_SUPPORT_HANG_H_

#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace trilune::test {

// While it lives, a hang shows what `dump` returns.
class DumpOnHang {
 public:
  explicit DumpOnHang(std::function<std::string()> dump);
  ~DumpOnHang();
  DumpOnHang(const DumpOnHang&) = delete;
  DumpOnHang& operator=(const DumpOnHang&) = delete;

  // Writes the dumps of all living objects to stderr, the newest first.
  static void WriteAll();

 private:
  const std::function<std::string()> dump_;
  DumpOnHang* next_;
};

// Unless the program ends within `seconds` from now, writes all that is known
// to stderr and aborts. 0: calls that off.
void AbortAfter(unsigned seconds);
// Notes the name of the case that runs, for that message. The text must stay.
void NoteCase(const char* name);

// Waits until `condition` holds.
template <class Condition>
void Await(Condition condition) {
  while (!condition())
    std::this_thread::yield();
}

}  // namespace trilune::test

#endif  // TRI_TESTS_SUPPORT_HANG_H_
