#include "tests/support/hang.h"

#include <dirent.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef __SANITIZE_THREAD__
// OnAlarm allocates in a signal handler, which is a report otherwise, and the
// first report ends the program before the dump is complete.
extern "C" const char* __tsan_default_suppressions() {
  return "signal:OnAlarm\n";
}
#endif

namespace trilune::test {
namespace {

DumpOnHang* newest = nullptr;
const char* current_case = "(none)";

std::string FirstLine(const std::string& path) {
  std::string line;
  if (FILE* file = std::fopen(path.c_str(), "r"); file != nullptr) {
    char buffer[512];
    if (std::fgets(buffer, sizeof buffer, file) != nullptr) line = buffer;
    std::fclose(file);
  }
  while (!line.empty() && line.back() == '\n')
    line.pop_back();
  return line;
}

// Name, state and what the kernel does for each thread.
void WriteThreads() {
  DIR* folder = opendir("/proc/self/task");
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const std::string task = std::string("/proc/self/task/") + entry->d_name;
    const std::string stat = FirstLine(task + "/stat");
    const size_t state = stat.rfind(')');
    std::fprintf(stderr, "  thread %s %s: %c %s\n", entry->d_name,
                 FirstLine(task + "/comm").c_str(),
                 state == std::string::npos ? '?' : stat[state + 2],
                 FirstLine(task + "/wchan").c_str());
  }
  closedir(folder);
}

// In a signal handler, and beside threads that may hold any lock: what follows
// is not safe there. But the program ends anyway, here or by the next alarm.
void OnAlarm(int) {
  std::signal(SIGALRM, SIG_DFL);
  std::signal(SIGABRT, SIG_DFL);
  alarm(20);
  std::fprintf(stderr, "hang: the test does not end; case: %s\n", current_case);
  WriteThreads();
  DumpOnHang::WriteAll();
  std::abort();
}

}  // namespace

DumpOnHang::DumpOnHang(std::function<std::string()> dump)
    : dump_(std::move(dump)), next_(newest) {
  newest = this;
}

// Fixtures live in scopes, or in no order at all.
DumpOnHang::~DumpOnHang() {
  if (newest == this) {
    newest = next_;
    return;
  }
  for (DumpOnHang* other = newest; other != nullptr; other = other->next_) {
    if (other->next_ == this) {
      other->next_ = next_;
      return;
    }
  }
}

void DumpOnHang::WriteAll() {
  for (const DumpOnHang* dump = newest; dump != nullptr; dump = dump->next_)
    std::fprintf(stderr, "%s\n", dump->dump_().c_str());
}

void AbortAfter(unsigned seconds) {
  std::signal(SIGALRM, seconds == 0 ? SIG_DFL : &OnAlarm);
  alarm(seconds);
}

void NoteCase(const char* name) {
  current_case = name;
}

}  // namespace trilune::test
