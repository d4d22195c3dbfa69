// Tests of sched/native/chan.h and sched/task/chan_core.h: Go's channel, claim
//            by claim.
//
// Cases on one P rely on this: a G that announces itself and then waits has
// parked by the time another G runs.

#include "sched/native/chan.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/sched/fixture.h"

namespace trilune {
namespace {

constexpr int64_t kPast = 0;

// For the running G on one P: lets the others run until `count` have announced
// themselves.
void YieldUntil(const int& count, int expected) {
  while (count < expected)
    NativeGs::Yield();
  NativeGs::Yield();
}

TEST_CASE("chan: an unbuffered send waits for its receiver") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  std::string log;
  int sending = 0;
  fix.Run([&] {
    fix.gs->Go([&] {
      sending++;
      CHECK(chan.Send(5) == ChanStatus::kOk);
      log += "sent ";
    });
    YieldUntil(sending, 1);
    log += "receiving ";
    int value = 0;
    CHECK(chan.Recv(&value) == ChanStatus::kOk);
    CHECK(value == 5);
    log += "received ";
    NativeGs::Yield();
  });
  CHECK(log == "receiving received sent ");
}

TEST_CASE("chan: an unbuffered receive waits for its sender") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  int receiving = 0;
  int got = 0;
  fix.Run([&] {
    Chan<int> done(0);
    fix.gs->Go([&] {
      receiving++;
      int value = 0;
      CHECK(chan.Recv(&value) == ChanStatus::kOk);
      got = value;
      done.Send(1);
    });
    YieldUntil(receiving, 1);
    CHECK(got == 0);
    CHECK(chan.Send(6) == ChanStatus::kOk);
    int one = 0;
    CHECK(done.Recv(&one) == ChanStatus::kOk);
    CHECK(got == 6);
  });
}

TEST_CASE("chan: the receiver that waits longest gets the value") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  int receiving = 0;
  std::vector<int> got(5);
  fix.Run([&] {
    for (int i = 0; i < 5; i++) {
      fix.gs->Go([&, i] {
        receiving++;
        CHECK(chan.Recv(&got[static_cast<size_t>(i)]) == ChanStatus::kOk);
      });
      YieldUntil(receiving, i + 1);
    }
    for (int i = 0; i < 5; i++)
      CHECK(chan.Send(100 + i) == ChanStatus::kOk);
  });
  Await([&] { return fix.gs->live() == 0; });
  CHECK(got == std::vector<int>{100, 101, 102, 103, 104});
}

TEST_CASE("chan: the sender that waits longest is received from first") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  int sending = 0;
  fix.Run([&] {
    for (int i = 0; i < 5; i++) {
      fix.gs->Go([&, i] {
        sending++;
        CHECK(chan.Send(100 + i) == ChanStatus::kOk);
      });
      YieldUntil(sending, i + 1);
    }
    for (int i = 0; i < 5; i++) {
      int value = 0;
      CHECK(chan.Recv(&value) == ChanStatus::kOk);
      CHECK(value == 100 + i);
    }
  });
}

TEST_CASE("chan: a buffered send waits only when the buffer is full") {
  NativeFixture fix(1);
  Chan<int> chan(3);
  fix.Run([&] {
    for (int i = 0; i < 3; i++)
      CHECK(chan.Send(int{i}) == ChanStatus::kOk);
    int more = 9;
    CHECK(chan.TrySend(more) == ChanStatus::kTimeout);
    CHECK(more == 9);
    int value = 0;
    for (int i = 0; i < 3; i++) {
      CHECK(chan.Recv(&value) == ChanStatus::kOk);
      CHECK(value == i);
    }
    CHECK(chan.TryRecv(&value) == ChanStatus::kTimeout);
  });
}

// Invariants I1 and I2 of chan_core.h.
TEST_CASE("chan: values of waiting senders follow those buffered, in order") {
  for (const uint32_t capacity : {1U, 2U, 5U}) {
    CAPTURE(capacity);
    NativeFixture fix(1);
    Chan<int> chan(capacity);
    const int buffered = static_cast<int>(capacity);
    int sending = 0;
    fix.Run([&] {
      for (int i = 0; i < buffered; i++)
        chan.Send(int{i});
      for (int i = 0; i < 4; i++) {
        fix.gs->Go([&, i] {
          sending++;
          CHECK(chan.Send(buffered + i) == ChanStatus::kOk);
        });
        YieldUntil(sending, i + 1);
      }
      for (int i = 0; i < buffered + 4; i++) {
        // While senders wait, each place that gets free is taken at once.
        int more = -1;
        if (i <= 4) CHECK(chan.TrySend(more) == ChanStatus::kTimeout);
        int value = -1;
        CHECK(chan.Recv(&value) == ChanStatus::kOk);
        CHECK(value == i);
      }
    });
  }
}

TEST_CASE("chan: a closed one drains, then says that it is closed") {
  NativeFixture fix(1);
  Chan<int> chan(3);
  fix.Run([&] {
    chan.Send(1);
    chan.Send(2);
    CHECK(chan.Close());
    int value = 0;
    CHECK(chan.Recv(&value) == ChanStatus::kOk);
    CHECK(value == 1);
    CHECK(chan.TryRecv(&value) == ChanStatus::kOk);
    CHECK(value == 2);
    CHECK(chan.Recv(&value) == ChanStatus::kClosed);
    CHECK(chan.TryRecv(&value) == ChanStatus::kClosed);
    CHECK(value == 2);
  });
}

TEST_CASE("chan: a closed one takes nothing, and closes once only") {
  NativeFixture fix(1);
  Chan<int> chan(3);
  fix.Run([&] {
    CHECK(chan.Close());
    CHECK_FALSE(chan.Close());
    int value = 7;
    CHECK(chan.Send(value) == ChanStatus::kClosed);
    CHECK(chan.TrySend(value) == ChanStatus::kClosed);
    CHECK(value == 7);
  });
}

TEST_CASE("chan: closing wakes every waiting receiver") {
  for (const int procs : {1, 4}) {
    NativeFixture fix(procs);
    Chan<int> chan(0);
    Chan<int> done(0);
    std::atomic<int> receiving{0};
    std::atomic<int> closed{0};
    fix.Run([&] {
      for (int i = 0; i < 20; i++) {
        fix.gs->Go([&] {
          receiving++;
          int value = 0;
          if (chan.Recv(&value) == ChanStatus::kClosed) closed++;
          done.Send(1);
        });
      }
      while (receiving < 20)
        NativeGs::Yield();
      CHECK(chan.Close());
      int one = 0;
      for (int i = 0; i < 20; i++)
        done.Recv(&one);
    });
    CHECK(closed == 20);
  }
}

TEST_CASE("chan: closing wakes every waiting sender; each keeps its value") {
  NativeFixture fix(1);
  Chan<std::string> chan(1);
  int sending = 0;
  int kept = 0;
  fix.Run([&] {
    CHECK(chan.Send("buffered") == ChanStatus::kOk);
    for (int i = 0; i < 5; i++) {
      fix.gs->Go([&, i] {
        sending++;
        std::string value = std::to_string(i);
        CHECK(chan.Send(value) == ChanStatus::kClosed);
        if (value == std::to_string(i)) kept++;
      });
    }
    YieldUntil(sending, 5);
    CHECK(chan.Close());
    while (kept < 5)
      NativeGs::Yield();
    std::string value;
    CHECK(chan.Recv(&value) == ChanStatus::kOk);
    CHECK(value == "buffered");
    CHECK(chan.Recv(&value) == ChanStatus::kClosed);
  });
}

TEST_CASE("chan: with a deadline in the past nothing waits") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  fix.Run([&] {
    int value = 3;
    CHECK(chan.Recv(&value, kPast) == ChanStatus::kTimeout);
    CHECK(chan.Send(value, kPast) == ChanStatus::kTimeout);
    CHECK(chan.TryRecv(&value) == ChanStatus::kTimeout);
    CHECK(chan.TrySend(value) == ChanStatus::kTimeout);
    CHECK(value == 3);
  });
}

TEST_CASE("chan: a wait is never shorter than its deadline") {
  NativeFixture fix(2);
  Chan<int> chan(0);
  fix.Run([&] {
    for (int i = 0; i < 20; i++) {
      int value = 0;
      const int64_t until = NowNs() + 300'000;
      CHECK(chan.Recv(&value, until) == ChanStatus::kTimeout);
      CHECK(NowNs() >= until);
    }
  });
}

TEST_CASE("chan: who gave up waiting gets nothing and blocks nobody") {
  NativeFixture fix(1);
  Chan<int> chan(1);
  fix.Run([&] {
    int value = 0;
    // A receiver that gave up does not get the next value.
    CHECK(chan.Recv(&value, NowNs() + 1000) == ChanStatus::kTimeout);
    CHECK(chan.Send(1) == ChanStatus::kOk);
    CHECK(value == 0);
    // A sender that gave up does not send.
    int late = 2;
    CHECK(chan.Send(late, NowNs() + 1000) == ChanStatus::kTimeout);
    CHECK(late == 2);
    CHECK(chan.Recv(&value) == ChanStatus::kOk);
    CHECK(value == 1);
    CHECK(chan.TryRecv(&value) == ChanStatus::kTimeout);
  });
}

// A deadline against a partner: each value is either handed over, and both
// sides know, or kept by its sender, and both sides know.
struct TimeoutRace {
  TimeoutRace(int procs, uint32_t capacity) : fix(procs), chan(capacity) {}

  void Send(int sender) {
    for (int64_t i = 1; i <= 20'000; i++) {
      int64_t value = 2 * i + sender;
      const auto status = chan.Send(value, NowNs() + (i * 37) % 3000);
      if (status == ChanStatus::kOk) sent += 2 * i + sender;
    }
    if (--senders == 0) chan.Close();
    done.Send(1);
  }
  void Receive() {
    auto status = ChanStatus::kOk;
    for (int64_t i = 1; status != ChanStatus::kClosed; i++) {
      int64_t value = 0;
      status = chan.Recv(&value, NowNs() + (i * 53) % 3000);
      if (status == ChanStatus::kOk) received += value;
    }
    done.Send(1);
  }
  void Run() {
    for (int i = 0; i < 2; i++) {
      fix.gs->Go([this, i] { Send(i); });
      fix.gs->Go([this] { Receive(); });
    }
    int one = 0;
    for (int i = 0; i < 4; i++)
      CHECK(done.Recv(&one) == ChanStatus::kOk);
  }

  NativeFixture fix;
  Chan<int64_t> chan;
  Chan<int> done{0};
  std::atomic<int64_t> sent{0};
  std::atomic<int64_t> received{0};
  std::atomic<int> senders{2};
};

TEST_CASE("chan: a timeout that races readiness loses or wins, never both") {
  for (const int procs : {1, 2, 4}) {
    for (const uint32_t capacity : {0U, 2U}) {
      CAPTURE(procs);
      CAPTURE(capacity);
      TimeoutRace race(procs, capacity);
      race.fix.Run([&] { race.Run(); });
      CHECK(race.sent == race.received);
      CHECK(race.sent > 0);
    }
  }
}

TEST_CASE("chan: cancelling ends every wait, now and later, but no ready one") {
  for (const int procs : {1, 3}) {
    NativeFixture fix(procs);
    Chan<int> empty(0);
    Chan<int> full(1);
    std::atomic<int> waiting{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> again{0};
    fix.Run([&] {
      int value = 1;
      CHECK(full.Send(value) == ChanStatus::kOk);
      for (int i = 0; i < 20; i++) {
        fix.gs->Go([&, i] {
          waiting++;
          int mine = 0;
          const auto status =
              i % 2 == 0 ? empty.Recv(&mine) : full.Send(mine, kNever);
          if (status == ChanStatus::kCancelled) cancelled++;
          if (empty.Recv(&mine) == ChanStatus::kCancelled) again++;
        });
      }
      while (waiting < 20)
        NativeGs::Yield();
      fix.gs->CancelAll();
      CHECK(empty.Recv(&value) == ChanStatus::kCancelled);
      CHECK_FALSE(NativeGs::Sleep(kSecond));
      // One that has not come to its send yet must not find room there.
      while (cancelled < 20)
        NativeGs::Yield();
      CHECK(full.Recv(&value) == ChanStatus::kOk);
      CHECK(value == 1);
      CHECK(full.Send(value) == ChanStatus::kOk);
    });
    CHECK_FALSE(fix.gs->Go([] {}));
    Await([&] { return fix.gs->live() == 0; });
    CHECK(cancelled == 20);
    CHECK(again == 20);
  }
}

TEST_CASE("chan: carries what can only be moved") {
  NativeFixture fix(2);
  Chan<std::unique_ptr<int>> chan(1);
  fix.Run([&] {
    fix.gs->Go([&] {
      for (int i = 0; i < 100; i++)
        chan.Send(std::make_unique<int>(i));
      chan.Close();
    });
    std::unique_ptr<int> value;
    for (int i = 0; i < 100; i++) {
      CHECK(chan.Recv(&value) == ChanStatus::kOk);
      CHECK(*value == i);
    }
    CHECK(chan.Recv(&value) == ChanStatus::kClosed);
  });
}

struct ManyParties {
  static constexpr int kEach = 3000;
  static constexpr int kParties = 4;

  ManyParties(int procs, uint32_t capacity) : fix(procs), chan(capacity) {}

  void Send(int sender) {
    for (int i = 0; i < kEach; i++)
      chan.Send(sender * kEach + i);
    if (--senders == 0) chan.Close();
  }
  // One receiver sees the values of one sender in order.
  void Receive() {
    std::array<int, kParties> last = {-1, -1, -1, -1};
    int value = 0;
    while (chan.Recv(&value) == ChanStatus::kOk) {
      seen[static_cast<size_t>(value)]++;
      int& before = last[static_cast<size_t>(value / kEach)];
      if (value <= before) disorder++;
      before = value;
    }
    done.Send(1);
  }
  void Run() {
    for (int i = 0; i < kParties; i++) {
      fix.gs->Go([this, i] { Send(i); });
      fix.gs->Go([this] { Receive(); });
    }
    int one = 0;
    for (int i = 0; i < kParties; i++)
      done.Recv(&one);
  }

  NativeFixture fix;
  Chan<int> chan;
  Chan<int> done{0};
  std::array<std::atomic<int>, size_t{kParties}* kEach> seen = {};
  std::atomic<int> disorder{0};
  std::atomic<int> senders{kParties};
};

TEST_CASE("chan: many senders and receivers lose and repeat nothing") {
  for (const int procs : {1, 2, 4}) {
    for (const uint32_t capacity : {0U, 1U, 7U}) {
      CAPTURE(procs);
      CAPTURE(capacity);
      const auto all = std::make_unique<ManyParties>(procs, capacity);
      all->fix.Run([&] { all->Run(); });
      CHECK(all->disorder == 0);
      const auto wrong = std::count_if(all->seen.begin(), all->seen.end(),
                                       [](const auto& n) { return n != 1; });
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("chan: a thread of the host can send, receive and close") {
  NativeFixture fix(2);
  Chan<int> in(4);
  Chan<int> out(4);
  for (int i = 0; i < 3; i++) {
    fix.gs->Go([&] {
      int value = 0;
      while (in.Recv(&value) == ChanStatus::kOk)
        out.Send(2 * value);
    });
  }
  int64_t sum = 0;
  int sent = 0;
  int received = 0;
  while (received < 1000) {
    int value = sent;
    if (sent < 1000 && in.TrySend(value) == ChanStatus::kOk) sent++;
    if (out.TryRecv(&value) == ChanStatus::kOk) {
      sum += value;
      received++;
    } else {
      std::this_thread::yield();
    }
  }
  CHECK(sum == 999 * 1000);
  CHECK(in.Close());
  Await([&] { return fix.gs->live() == 0; });
}

TEST_CASE("chan: without a stack left an operation that would wait says so") {
  SchedulerConfig config;
  config.max_fibers = 8;
  NativeFixture fix(1, config);
  Chan<int> gate(0);
  Chan<int> ready(1);
  std::atomic<int> refused{0};
  std::atomic<int> released{0};
  std::atomic<int> ended{0};
  fix.Run([&] {
    for (int i = 0; i < 20; i++) {
      fix.gs->Go([&] {
        int value = 0;
        const ChanStatus status = gate.Recv(&value);
        if (status == ChanStatus::kNoStack) {
          refused++;
          // What need not wait still works.
          if (ready.TrySend(value) == ChanStatus::kOk) {
            CHECK(ready.TryRecv(&value) == ChanStatus::kOk);
          }
          CHECK_FALSE(NativeGs::Sleep(1000));
        }
        if (status == ChanStatus::kClosed) released++;
        ended++;
      });
    }
    while (refused + 7 < 20)
      NativeGs::Yield();
    gate.Close();
  });
  Await([&] { return ended == 20; });
  CHECK(refused + released == 20);
  CHECK(released > 0);
}

// The receiver owns the channel and destroys it as soon as it has what it
// wants, while the sender is on its way out.
TEST_CASE("chan: may be destroyed when each party has what it wants") {
  for (const int procs : {2, 4}) {
    NativeFixture fix(procs);
    fix.Run([&] {
      for (int i = 0; i < 3000; i++) {
        auto done = std::make_unique<Chan<int>>(i % 2);
        Chan<int>* raw = done.get();
        fix.gs->Go([raw] { raw->Send(1); });
        int one = 0;
        CHECK(raw->Recv(&one) == ChanStatus::kOk);
        done.reset();
      }
    });
  }
}

}  // namespace
}  // namespace trilune
