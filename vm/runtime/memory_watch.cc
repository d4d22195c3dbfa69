// Reads how much memory the process may use and does use. It keeps the files
// open, and each look costs one pread of a few bytes for each number. The long
// `stat` file is read only when memory seems short.

#include "vm/runtime/memory_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "vm/runtime/isolate_registry.h"

namespace trilune::vm {
namespace {

int Open(const std::string& path) {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

// The text of a file, cut off at the size of `buffer`. Each read of such a file
// gives the numbers of this moment.
std::string_view ReadText(int fd, char* buffer, size_t bytes) {
  size_t n = 0;
  while (n < bytes) {
    const ssize_t got = pread(fd, buffer + n, bytes - n, static_cast<off_t>(n));
    if (got <= 0) break;
    n += static_cast<size_t>(got);
  }
  return {buffer, n};
}

uint64_t ParseNumber(std::string_view text) {
  uint64_t number = 0;
  while (!text.empty() && text[0] == ' ')
    text.remove_prefix(1);
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

// The number in a file. 0: the file says "max", or there is none.
uint64_t ReadNumber(int fd) {
  char buffer[32];
  if (fd < 0) return 0;
  return ParseNumber(ReadText(fd, buffer, sizeof(buffer)));
}

// The number behind `name` at the start of a line. 0: there is none.
uint64_t Field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.substr(0, name.size()) == name) {
      return ParseNumber(line.substr(name.size()));
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return 0;
}

// Whether the comma-separated `list` has "memory".
bool HasMemory(std::string_view list) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    if (item == "memory") return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

// From this number on, cgroup v1 means that there is no limit.
constexpr uint64_t kNoLimit = uint64_t{1} << 60;
constexpr size_t kTextBytes = 8192;

}  // namespace

SystemMemory::SystemMemory(std::string proc, std::string cgroups)
    : proc_(std::move(proc)), cgroups_(std::move(cgroups)) {}

SystemMemory::~SystemMemory() {
  Forget();
}

void SystemMemory::Forget() {
  for (const Group& group : groups_) {
    for (const int fd : {group.used, group.max, group.high, group.stat}) {
      if (fd >= 0) close(fd);
    }
  }
  groups_.clear();
  if (meminfo_ >= 0) close(meminfo_);
  meminfo_ = -1;
}

void SystemMemory::AddGroup(const std::string& directory, bool is_v1) {
  // Listed first: if something below throws, Forget still finds the files that
  // are open.
  Group& group = groups_.emplace_back();
  group.is_v1 = is_v1;
  const std::string base = directory + "/memory.";
  group.max = Open(base + (is_v1 ? "limit_in_bytes" : "max"));
  if (!is_v1) group.high = Open(base + "high");
  if (group.max < 0 && group.high < 0) {  // the root has no limits
    groups_.pop_back();
    return;
  }
  group.used = Open(base + (is_v1 ? "usage_in_bytes" : "current"));
  group.stat = Open(base + "stat");
}

// Finds the process's cgroup and all cgroups around it, whose limits bind the
// process, too. In a container the path may be one that only the host knows.
// Then the directory mounted as the root is the container's own.
void SystemMemory::Find() {
  meminfo_ = Open(proc_ + "/meminfo");
  const int fd = Open(proc_ + "/self/cgroup");
  if (fd < 0) return;
  char buffer[kTextBytes];
  std::string_view text = ReadText(fd, buffer, sizeof(buffer));
  close(fd);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    // "NUMBER:CONTROLLERS:PATH"; v2 has no controllers there.
    const size_t first = line.find(':');
    const size_t second =
        first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers =
        line.substr(first + 1, second - first - 1);
    const bool is_v1 = !controllers.empty();
    if (is_v1 && !HasMemory(controllers)) continue;
    const std::string root = is_v1 ? cgroups_ + "/memory" : cgroups_;
    std::string path(line.substr(second + 1));
    while (path.size() > 1) {
      AddGroup(root + path, is_v1);
      path.resize(path.rfind('/'));
    }
    AddGroup(root, is_v1);
  }
}

MemoryUse SystemMemory::ReadGroup(const Group& group) {
  uint64_t limit = kNoLimit;
  for (const int fd : {group.max, group.high}) {
    const uint64_t value = ReadNumber(fd);
    if (value != 0) limit = std::min(limit, value);
  }
  if (limit == kNoLimit) return {};
  MemoryUse use = {ReadNumber(group.used), limit};
  if (!MemoryWatch::IsShort(use) || group.stat < 0) return use;
  // Read only now, because the file is long: memory that the kernel can take
  // back at once.
  char buffer[kTextBytes];
  const std::string_view text = ReadText(group.stat, buffer, sizeof(buffer));
  const uint64_t cache =
      group.is_v1 ? Field(text, "total_active_file ") +
                        Field(text, "total_inactive_file ")
                  : Field(text, "active_file ") + Field(text, "inactive_file ");
  use.used -= std::min(use.used, cache);
  return use;
}

MemoryUse SystemMemory::ReadMachine() const {
  if (meminfo_ < 0) return {};
  char buffer[kTextBytes];
  const std::string_view text = ReadText(meminfo_, buffer, sizeof(buffer));
  const uint64_t total = Field(text, "MemTotal:") << 10;
  const uint64_t available = Field(text, "MemAvailable:") << 10;
  return {total - std::min(total, available), total};
}

// The group that is closest to its limit counts. If no group has one, the
// machine does.
MemoryUse SystemMemory::Read() {
  if (!has_looked_) {
    try {
      Find();
    } catch (const std::bad_alloc&) {  // sysmon has no caller to tell
      Forget();
      return {};  // try again the next time
    }
    has_looked_ = true;
  }
  MemoryUse closest;
  for (const Group& group : groups_) {
    const MemoryUse use = ReadGroup(group);
    if (use.limit == 0) continue;
    const auto share = [](const MemoryUse& of) {
      return static_cast<double>(of.used) / static_cast<double>(of.limit);
    };
    if (closest.limit == 0 || share(use) > share(closest)) closest = use;
  }
  return closest.limit != 0 ? closest : ReadMachine();
}

void MemoryWatch::OnWatch(int64_t now_ns) {
  if (now_ns < next_ns_ || !IsShort(source_->Read())) return;
  next_ns_ = now_ns + kPauseNs;
  registry_->TrimIdle(sched_->procs());
}

}  // namespace trilune::vm
