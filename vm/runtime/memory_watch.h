// MemoryWatch: notices that memory gets short, and has idle isolates collected.
//
// Role       Sysmon asks it about once a second while any P is in use. It looks
//            at the limits of the process's cgroups (v2 or v1). Where they have
//            none, it looks at the machine's memory.
// Threads    OnWatch: sysmon. The rest: before sysmon starts, and after it
//            ends.
// Locks      those of IsolateRegistry
// Errors     A number that cannot be read counts as no limit.
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

// The source of the numbers. Tests have their own.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  virtual MemoryUse Read() = 0;
};

// The numbers of the cgroup that is closest to its limit. Memory that only
// caches files does not count as used.
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
  // The files of a cgroup, the process's own or one around it. -1: there is no
  // such file.
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
  std::vector<Group> groups_;  // that have limits
  int meminfo_ = -1;
};

class MemoryWatch final : public WatchListener {
 public:
  // Memory is short when more than nine tenths of the limit are in use.
  static constexpr uint64_t kShortNumerator = 9;
  static constexpr uint64_t kShortDenominator = 10;
  // While memory stays short, a round of collections begins this often.
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
