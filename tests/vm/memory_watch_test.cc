// vm/runtime/memory_watch.h on files that look like those of the kernel. What a
// short memory leads to is in idle_gc_test.cc.

#include "vm/runtime/memory_watch.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

namespace trilune::vm {
namespace {

constexpr uint64_t kMega = uint64_t{1} << 20;

// A directory with files, gone at the end.
class Files {
 public:
  Files() {
    char name[] = "/tmp/memory_watch_XXXXXX";
    const char* made = mkdtemp(name);
    REQUIRE(made != nullptr);
    root_ = made;
    Write(
        "proc/meminfo",
        "MemTotal:        1024 kB\nMemFree:  1 kB\nMemAvailable:    256 kB\n");
  }
  ~Files() { std::filesystem::remove_all(root_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + "/" + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  [[nodiscard]] std::string proc() const { return root_ + "/proc"; }
  [[nodiscard]] std::string cgroups() const { return root_ + "/cgroup"; }

 private:
  std::string root_;
};

std::string Text(const MemoryUse& use) {
  return std::to_string(use.used) + " of " + std::to_string(use.limit);
}

TEST_CASE("memory: no cgroup: the machine's") {
  Files files;
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(Text(memory.Read()) ==
        std::to_string(768 << 10) + " of " + std::to_string(1024 << 10));
}

TEST_CASE("memory: nothing can be read") {
  SystemMemory memory("/nowhere", "/nowhere");
  CHECK(Text(memory.Read()) == "0 of 0");
  CHECK_FALSE(MemoryWatch::IsShort(memory.Read()));
}

TEST_CASE("memory: a cgroup without a limit: the machine's") {
  Files files;
  files.Write("proc/self/cgroup", "0::/a\n");
  files.Write("cgroup/a/memory.max", "max\n");
  files.Write("cgroup/a/memory.high", "max\n");
  files.Write("cgroup/a/memory.current", "12345\n");
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(memory.Read().limit == 1024 << 10);
}

TEST_CASE("memory: the lower of max and high, and what is so now") {
  Files files;
  files.Write("proc/self/cgroup", "0::/a\n");
  files.Write("cgroup/a/memory.max", "4000\n");
  files.Write("cgroup/a/memory.high", "3000\n");
  files.Write("cgroup/a/memory.current", "1000\n");
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(Text(memory.Read()) == "1000 of 3000");
  files.Write("cgroup/a/memory.high", "max\n");
  files.Write("cgroup/a/memory.current", "2000\n");
  CHECK(Text(memory.Read()) == "2000 of 4000");
}

TEST_CASE("memory: of cgroups in one another, the one closest to its limit") {
  Files files;
  files.Write("proc/self/cgroup", "0::/outer/inner\n");
  files.Write("cgroup/outer/inner/memory.max", "1000\n");
  files.Write("cgroup/outer/inner/memory.current", "100\n");
  files.Write("cgroup/outer/memory.max", "2000\n");
  files.Write("cgroup/outer/memory.current", "1500\n");
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(Text(memory.Read()) == "1500 of 2000");
}

TEST_CASE("memory: in a container, a path that only the host knows") {
  Files files;
  files.Write("proc/self/cgroup", "0::/system/docker-1234\n");
  files.Write("cgroup/memory.max", "2000\n");
  files.Write("cgroup/memory.current", "700\n");
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(Text(memory.Read()) == "700 of 2000");
}

TEST_CASE("memory: what caches files is not in use") {
  Files files;
  files.Write("proc/self/cgroup", "0::/a\n");
  files.Write("cgroup/a/memory.max", std::to_string(100 * kMega));
  files.Write("cgroup/a/memory.current", std::to_string(95 * kMega));
  files.Write("cgroup/a/memory.stat",
              "anon 1\nfile 2\ninactive_file " + std::to_string(20 * kMega) +
                  "\nactive_file " + std::to_string(10 * kMega) + "\n");
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(memory.Read().used == 65 * kMega);
  CHECK_FALSE(MemoryWatch::IsShort(memory.Read()));
  files.Write("cgroup/a/memory.stat", "inactive_file 0\nactive_file 4096\n");
  CHECK(memory.Read().used == 95 * kMega - 4096);
  CHECK(MemoryWatch::IsShort(memory.Read()));
}

TEST_CASE("memory: version 1 of cgroups") {
  Files files;
  files.Write("proc/self/cgroup",
              "5:cpu,cpuacct:/b\n4:memory:/b\n1:name=systemd:/b\n");
  files.Write("cgroup/memory/b/memory.limit_in_bytes", "1000000\n");
  files.Write("cgroup/memory/b/memory.usage_in_bytes", "950000\n");
  files.Write("cgroup/memory/b/memory.stat",
              "inactive_file 7\ntotal_inactive_file 50000\n"
              "total_active_file 100000\n");
  files.Write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  files.Write("cgroup/memory/memory.usage_in_bytes", "2000000\n");
  SystemMemory memory(files.proc(), files.cgroups());
  CHECK(Text(memory.Read()) == "800000 of 1000000");
}

TEST_CASE("memory: when it is short") {
  CHECK_FALSE(MemoryWatch::IsShort({0, 0}));
  CHECK_FALSE(MemoryWatch::IsShort({5, 0}));
  CHECK_FALSE(MemoryWatch::IsShort({89 * kMega, 100 * kMega}));
  CHECK(MemoryWatch::IsShort({91 * kMega, 100 * kMega}));
  CHECK(MemoryWatch::IsShort({200 * kMega, 100 * kMega}));
}

}  // namespace
}  // namespace trilune::vm
