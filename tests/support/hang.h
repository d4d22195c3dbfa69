// DumpOnHang: what a test shows when it does not end; Await: waits in a test.
//
// Role       Shortly before Bazel would end a test program without a word, it
//            writes which case runs, what its threads do and what the fixtures
//            know, and aborts. So no wait of a test needs a limit of its own.
// Threads    The test's own thread, but for Await: any.
// Locks      none
// Tests      tests/support/hang_test.cc

#ifndef TRI_TESTS_SUPPORT_HANG_H_
#define TRI_TESTS_SUPPORT_HANG_H_

#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace trilune::test {

// While it lives, a hang shows what `dump` gives.
class DumpOnHang {
 public:
  explicit DumpOnHang(std::function<std::string()> dump);
  ~DumpOnHang();
  DumpOnHang(const DumpOnHang&) = delete;
  DumpOnHang& operator=(const DumpOnHang&) = delete;

  // Writes the dumps of all that live, newest first, to stderr.
  static void WriteAll();

 private:
  const std::function<std::string()> dump_;
  DumpOnHang* next_;
};

// Writes all that is known to stderr and aborts, if the program still runs
// `seconds` from now. 0: no more.
void AbortAfter(unsigned seconds);
// `name`: of the case that runs, for that message; it must stay.
void NoteCase(const char* name);

// Waits until `condition` holds.
template <class Condition>
void Await(Condition condition) {
  while (!condition())
    std::this_thread::yield();
}

}  // namespace trilune::test

#endif  // TRI_TESTS_SUPPORT_HANG_H_
