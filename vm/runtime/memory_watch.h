// MemoryWatch: notices that memory gets short, and has idle isolates collected.
//
// Role       Sysmon asks it about once a second while any P is in use. It looks
//            at the limits of the process's cgroups (v2, or v1), or at the
//            machine's memory where they have none.
// Threads    OnWatch: sysmon. The rest: before that, and after.
// Locks      IsolateRegistry's
// Errors     What cannot be read is as if there were no limit.
// Tests      tests/vm/memory_watch_test.cc, tests/vm/idle_gc_test.cc

#ifndef TRI_VM_RUNTIME_MEMORY_WATCH_H_
#define TRI_VM_RUNTIME_MEMORY_WATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sched/core/scheduler.h"

namespace trilune::vm {

class IsolateRegistry;

struct MemoryUse {
  uint64_t used = 0;
  uint64_t limit = 0;  // 0: not known
};

// Where the numbers come from.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  virtual MemoryUse Read() = 0;
};

// Of the cgroup that is closest to its limit; memory that only caches files is
// not in use.
class SystemMemory final : public MemorySource {
 public:
  // The directories where procfs and the cgroups are mounted.
  explicit SystemMemory(std::string proc = "/proc",
                        std::string cgroups = "/sys/fs/cgroup");
  SystemMemory(const SystemMemory&) = delete;
  SystemMemory& operator=(const SystemMemory&) = delete;
  ~SystemMemory() override;

  MemoryUse Read() override;

 private:
  // A cgroup, or one around it; -1: there is no such file.
  struct Group {
    int used = -1;
    int max = -1;
    int high = -1;
    int stat = -1;
    bool is_v1 = false;
  };

  void Find();
  void Forget();
  void AddGroup(const std::string& directory, bool is_v1);
  [[nodiscard]] static MemoryUse ReadGroup(const Group& group);
  [[nodiscard]] MemoryUse ReadMachine() const;

  const std::string proc_;
  const std::string cgroups_;
  bool has_looked_ = false;
  std::vector<Group> groups_;  // those with files
  int meminfo_ = -1;
};

class MemoryWatch final : public WatchListener {
 public:
  // Memory is short when more than nine tenths of the limit are in use.
  static constexpr uint64_t kShortNumerator = 9;
  static constexpr uint64_t kShortDenominator = 10;
  // While it stays short, idle isolates are collected so often.
  static constexpr int64_t kPauseNs = 10'000'000'000;

  MemoryWatch(std::unique_ptr<MemorySource> source, Scheduler* sched,
              IsolateRegistry* registry)
      : source_(std::move(source)), sched_(sched), registry_(registry) {}

  void OnWatch(int64_t now_ns) override;

  [[nodiscard]] static bool IsShort(const MemoryUse& use) {
    return use.limit != 0 &&
           use.used / kShortNumerator >= use.limit / kShortDenominator;
  }

 private:
  const std::unique_ptr<MemorySource> source_;
  Scheduler* const sched_;
  IsolateRegistry* const registry_;
  int64_t next_ns_ = 0;
};

}  // namespace trilune::vm

#endif  // TRI_VM_RUNTIME_MEMORY_WATCH_H_
