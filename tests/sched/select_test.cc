// Tests of sched/native/select.h: Go's select, claim by claim.

#include "sched/native/select.h"

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

// The chi-square statistic of `counts` against equal shares.
template <size_t N>
double ChiSquare(const std::array<int, N>& counts) {
  double total = 0;
  for (const int count : counts)
    total += count;
  const double expected = total / N;
  double sum = 0;
  for (const int count : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  return sum;
}

TEST_CASE("select: takes the one case that is ready") {
  NativeFixture fix(1);
  Chan<int> empty(0);
  Chan<int> full(1);
  Chan<std::string> other(1);
  fix.Run([&] {
    full.Send(5);
    int value = 0;
    std::string text = "x";
    {
      Selector select;
      select.Recv(&empty, &value);
      select.Recv(&full, &value);
      const Selected selected = select.Select();
      CHECK(selected.index == 1);
      CHECK(selected.status == ChanStatus::kOk);
      CHECK(value == 5);
    }
    {
      Selector select;
      select.Recv(&empty, &value);
      select.Send(&other, &text);
      CHECK(select.Select().index == 1);
      std::string got;
      CHECK(other.Recv(&got) == ChanStatus::kOk);
      CHECK(got == "x");
    }
  });
}

TEST_CASE("select: with a deadline in the past it does not wait") {
  NativeFixture fix(1);
  Chan<int> empty(0);
  fix.Run([&] {
    int value = 4;
    Selector select;
    select.Recv(&empty, &value);
    select.Send(&empty, &value);
    const Selected selected = select.Select(kPast);
    CHECK(selected.index == -1);
    CHECK(selected.status == ChanStatus::kTimeout);
    CHECK(value == 4);
    // It left no waiter behind, not even for itself.
    CHECK(empty.TrySend(value) == ChanStatus::kTimeout);
    CHECK(empty.TryRecv(&value) == ChanStatus::kTimeout);
  });
}

TEST_CASE("select: without ready cases it waits, until its deadline") {
  NativeFixture fix(2);
  Chan<int> one(0);
  Chan<int> two(0);
  fix.Run([&] {
    for (int i = 0; i < 10; i++) {
      int value = 0;
      Selector select;
      select.Recv(&one, &value);
      select.Send(&two, &value);
      const int64_t until = NowNs() + 300'000;
      const Selected selected = select.Select(until);
      CHECK(selected.index == -1);
      CHECK(selected.status == ChanStatus::kTimeout);
      CHECK(NowNs() >= until);
    }
    int value = 0;
    CHECK(one.TrySend(value) == ChanStatus::kTimeout);
    CHECK(two.TryRecv(&value) == ChanStatus::kTimeout);
  });
}

TEST_CASE("select: a null channel is never ready") {
  NativeFixture fix(1);
  Chan<int> full(1);
  fix.Run([&] {
    full.Send(1);
    for (int i = 0; i < 100; i++) {
      int value = 0;
      Selector select;
      select.Recv<int>(nullptr, &value);
      select.Send<int>(nullptr, &value);
      select.Recv(&full, &value);
      CHECK(select.Select().index == 2);
      full.Send(1);
    }
    int value = 0;
    Selector select;
    select.Recv<int>(nullptr, &value);
    CHECK(select.Select(NowNs() + 1000).status == ChanStatus::kTimeout);
  });
}

// No lock holds the G back: it may be gone before the other M is done with it.
TEST_CASE("select: a wait on nothing but its deadline ends cleanly") {
  NativeFixture fix(4);
  std::atomic<int> ended{0};
  for (int g = 0; g < 8; g++) {
    fix.gs->Go([&, g] {
      for (int i = 0; i < 2000; i++) {
        int value = 0;
        Selector select;
        if (g % 2 == 0) select.Recv<int>(nullptr, &value);
        const auto status = select.Select(NowNs() + i % 500).status;
        CHECK(status == ChanStatus::kTimeout);
      }
      ended++;
    });
  }
  Await([&] { return ended == 8; });
}

TEST_CASE("select: without any case it waits for ever, until cancelled") {
  NativeFixture fix(1);
  const Status status = fix.gs->Run([&] {
    Selector select;
    CHECK(select.Select().status == ChanStatus::kCancelled);
  });
  CHECK(status.code() == StatusCode::kDeadlock);
}

TEST_CASE("select: a closed channel is ready") {
  NativeFixture fix(1);
  Chan<int> closed(1);
  Chan<int> empty(0);
  fix.Run([&] {
    closed.Send(8);
    closed.Close();
    int value = 0;
    {
      Selector select;
      select.Recv(&empty, &value);
      select.Recv(&closed, &value);
      const Selected drained = select.Select();
      CHECK(drained.index == 1);
      CHECK(drained.status == ChanStatus::kOk);
      CHECK(value == 8);
    }
    {
      Selector select;
      select.Recv(&empty, &value);
      select.Recv(&closed, &value);
      const Selected selected = select.Select();
      CHECK(selected.index == 1);
      CHECK(selected.status == ChanStatus::kClosed);
    }
    {
      Selector select;
      select.Send(&closed, &value);
      CHECK(select.Select().status == ChanStatus::kClosed);
    }
  });
}

TEST_CASE("select: closing a channel ends the selects that wait on it") {
  for (const int procs : {1, 4}) {
    for (const bool sends : {false, true}) {
      NativeFixture fix(procs);
      Chan<int> never(0);
      Chan<int> closed(0);
      std::atomic<int> waiting{0};
      std::atomic<int> right{0};
      fix.Run([&] {
        for (int i = 0; i < 10; i++) {
          fix.gs->Go([&] {
            int value = 0;
            Selector select;
            select.Recv(&never, &value);
            if (sends) {
              select.Send(&closed, &value);
            } else {
              select.Recv(&closed, &value);
            }
            waiting++;
            const Selected selected = select.Select();
            if (selected.index == 1 && selected.status == ChanStatus::kClosed) {
              right++;
            }
          });
        }
        while (waiting < 10)
          NativeGs::Yield();
        closed.Close();
      });
      Await([&] { return fix.gs->live() == 0; });
      CHECK(right == 10);
    }
  }
}

TEST_CASE("select: chooses among ready cases with equal chances") {
  NativeFixture fix(1);
  constexpr size_t kCases = 5;
  constexpr int kChoices = 100'000;
  std::array<int, kCases> counts = {};
  // How often a choice follows each other one: it must not depend on the last.
  std::array<int, kCases* kCases> pairs = {};
  std::array<std::unique_ptr<Chan<int>>, kCases> chans;
  for (auto& chan : chans)
    chan = std::make_unique<Chan<int>>(1);
  fix.Run([&] {
    for (auto& chan : chans)
      chan->Send(1);
    int last = 0;
    for (int i = 0; i < kChoices; i++) {
      int value = 0;
      Selector select;
      for (auto& chan : chans)
        select.Recv(chan.get(), &value);
      const int index = select.Select().index;
      counts[static_cast<size_t>(index)]++;
      pairs[static_cast<size_t>(last) * kCases + static_cast<size_t>(index)]++;
      last = index;
      chans[static_cast<size_t>(index)]->Send(1);
    }
  });
  // The quantiles of chi-square with 4 and 24 degrees of freedom at p = 1e-6.
  CHECK(ChiSquare(counts) < 33.4);
  CHECK(ChiSquare(pairs) < 69.9);
}

TEST_CASE("select: chances are equal wherever the ready cases stand") {
  NativeFixture fix(1);
  std::array<int, 3> counts = {};
  Chan<int> empty(0);
  std::array<std::unique_ptr<Chan<int>>, 3> chans;
  for (auto& chan : chans)
    chan = std::make_unique<Chan<int>>(1);
  fix.Run([&] {
    for (auto& chan : chans)
      chan->Send(1);
    for (int i = 0; i < 100'000; i++) {
      int value = 0;
      Selector select;
      select.Recv(chans[0].get(), &value);
      select.Recv(&empty, &value);
      select.Recv<int>(nullptr, &value);
      select.Recv(chans[1].get(), &value);
      select.Recv(&empty, &value);
      select.Recv(chans[2].get(), &value);
      const int index = select.Select().index;
      const size_t which = index == 0 ? 0 : index == 3 ? 1 : 2;
      counts[which]++;
      chans[which]->Send(1);
    }
  });
  CHECK(ChiSquare(counts) < 27.7);  // 2 degrees of freedom, p = 1e-6
}

TEST_CASE("select: one channel in two cases is chosen by either") {
  NativeFixture fix(1);
  Chan<int> chan(1);
  std::array<int, 2> counts = {};
  fix.Run([&] {
    for (int i = 0; i < 100'000; i++) {
      chan.Send(1);
      int value = 0;
      Selector select;
      select.Recv(&chan, &value);
      select.Recv(&chan, &value);
      counts[static_cast<size_t>(select.Select().index)]++;
    }
  });
  CHECK(ChiSquare(counts) < 24.0);  // 1 degree of freedom, p = 1e-6
}

TEST_CASE("select: a wait on one channel in two cases ends once") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  fix.Run([&] {
    int waiting = 0;
    fix.gs->Go([&] {
      int value = 0;
      Selector select;
      select.Recv(&chan, &value);
      select.Recv(&chan, &value);
      waiting++;
      CHECK(select.Select().status == ChanStatus::kOk);
      CHECK(value == 9);
    });
    while (waiting < 1)
      NativeGs::Yield();
    NativeGs::Yield();
    CHECK(chan.Send(9) == ChanStatus::kOk);
    int more = 1;
    CHECK(chan.TrySend(more) == ChanStatus::kTimeout);
  });
}

TEST_CASE("select: sending and receiving on one channel never meets itself") {
  NativeFixture fix(1);
  Chan<int> chan(0);
  fix.Run([&] {
    int out = 1;
    int in = 0;
    Selector select;
    select.Send(&chan, &out);
    select.Recv(&chan, &in);
    CHECK(select.Select(NowNs() + 1000).status == ChanStatus::kTimeout);
    CHECK(in == 0);
  });
}

TEST_CASE("select: two that both send and receive on one channel meet") {
  for (const int procs : {1, 2, 4}) {
    NativeFixture fix(procs);
    Chan<int> chan(0);
    Chan<int> done(2);
    std::atomic<int> sent{0};
    std::atomic<int> received{0};
    constexpr int kRounds = 2000;
    fix.Run([&] {
      for (int g = 0; g < 2; g++) {
        fix.gs->Go([&] {
          for (int i = 0; i < kRounds; i++) {
            int out = 7;
            int in = 0;
            Selector select;
            select.Send(&chan, &out);
            select.Recv(&chan, &in);
            const Selected selected = select.Select();
            if (selected.status != ChanStatus::kOk) break;
            if (selected.index == 0) {
              sent++;
            } else {
              received++;
              CHECK(in == 7);
            }
          }
          done.Send(1);
        });
      }
      int one = 0;
      done.Recv(&one);
      done.Recv(&one);
    });
    CHECK(sent == kRounds);
    CHECK(received == kRounds);
  }
}

// Three channels with room for 0, 1 and 2; what goes over channel c is c modulo
// 3. Senders and receivers select among all of them.
struct Crowd {
  static constexpr int kEach = 3000;

  explicit Crowd(int procs) : fix(procs) {
    for (size_t i = 0; i < 3; i++) {
      chans[i] = std::make_unique<Chan<int>>(static_cast<uint32_t>(i));
    }
  }

  void Send(int sender) {
    for (int i = 0; i < kEach; i++) {
      const int first = 3 * (sender * kEach + i);
      std::array<int, 3> values = {first, first + 1, first + 2};
      Selector select;
      for (size_t c = 0; c < 3; c++)
        select.Send(chans[c].get(), &values[c]);
      const Selected selected = select.Select();
      CHECK(selected.status == ChanStatus::kOk);
      sent += first + selected.index;
    }
    done.Send(1);
  }

  // The case that ran got a value of its channel, the others none.
  void Check(const Selected& selected, const std::array<int, 3>& values) {
    for (int c = 0; c < 3; c++) {
      const int value = values[static_cast<size_t>(c)];
      const bool right = c == selected.index ? value % 3 == c : value == -1;
      if (!right) mixed++;
    }
    received += values[static_cast<size_t>(selected.index)];
  }

  // Stops at the first closed channel.
  void Receive() {
    for (int i = 0;; i++) {
      std::array<int, 3> values = {-1, -1, -1};
      Selector select;
      for (size_t c = 0; c < 3; c++)
        select.Recv(chans[c].get(), &values[c]);
      const Selected selected =
          select.Select(i % 2 == 0 ? NowNs() + i % 5000 : kNever);
      if (selected.status == ChanStatus::kClosed) break;
      if (selected.status == ChanStatus::kOk) Check(selected, values);
    }
    done.Send(1);
  }

  void Run() {
    for (int i = 0; i < 3; i++) {
      fix.gs->Go([this, i] { Send(i); });
      fix.gs->Go([this] { Receive(); });
    }
    int one = 0;
    for (int i = 0; i < 3; i++)
      done.Recv(&one);  // the senders
    for (auto& chan : chans)
      chan->Close();
    for (int i = 0; i < 3; i++)
      done.Recv(&one);
    // What is still buffered.
    for (auto& chan : chans) {
      int value = 0;
      while (chan->TryRecv(&value) == ChanStatus::kOk)
        received += value;
    }
  }

  NativeFixture fix;
  std::array<std::unique_ptr<Chan<int>>, 3> chans;
  Chan<int> done{0};
  std::atomic<int64_t> sent{0};
  std::atomic<int64_t> received{0};
  std::atomic<int> mixed{0};
};

TEST_CASE("select: which case ran is known exactly, under contention") {
  for (const int procs : {1, 2, 4}) {
    CAPTURE(procs);
    Crowd crowd(procs);
    crowd.fix.Run([&] { crowd.Run(); });
    CHECK(crowd.mixed == 0);
    CHECK(crowd.sent == crowd.received);
  }
}

TEST_CASE("select: cancelling ends the wait") {
  NativeFixture fix(2);
  Chan<int> one(0);
  Chan<int> two(0);
  std::atomic<int> waiting{0};
  std::atomic<int> cancelled{0};
  fix.Run([&] {
    for (int i = 0; i < 10; i++) {
      fix.gs->Go([&] {
        int value = 0;
        Selector select;
        select.Recv(&one, &value);
        select.Recv(&two, &value);
        waiting++;
        const Selected selected = select.Select(NowNs() + 3600 * kSecond);
        if (selected.status == ChanStatus::kCancelled) cancelled++;
      });
    }
    while (waiting < 10)
      NativeGs::Yield();
    fix.gs->CancelAll();
  });
  Await([&] { return fix.gs->live() == 0; });
  CHECK(cancelled == 10);
}

TEST_CASE("select: without a stack left it says so, and leaves no waiter") {
  SchedulerConfig config;
  config.max_fibers = 4;
  NativeFixture fix(1, config);
  Chan<int> gate(0);
  std::atomic<int> refused{0};
  std::atomic<int> ended{0};
  fix.Run([&] {
    for (int i = 0; i < 10; i++) {
      fix.gs->Go([&] {
        int value = 0;
        Selector select;
        select.Recv(&gate, &value);
        if (select.Select().status == ChanStatus::kNoStack) refused++;
        ended++;
      });
    }
    while (refused + 3 < 10)
      NativeGs::Yield();
    gate.Close();
  });
  Await([&] { return ended == 10; });
  CHECK(refused > 0);
}

}  // namespace
}  // namespace trilune
