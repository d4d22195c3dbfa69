#include "tools/trilune/history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace trilune::command {
namespace {

std::string Encode(const std::string& entry) {
  std::string line;
  for (const char c : entry) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else {
      line += c;
    }
  }
  return line + "\n";
}

std::string Decode(const std::string& line) {
  std::string entry;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      entry += line[i];
    } else {
      ++i;
      entry += line[i] == 'n' ? '\n' : line[i];
    }
  }
  return entry;
}

// The last bytes of a regular file, at most kMaxFileBytes. `size`: of all of
// it.
std::string ReadEnd(const std::string& path, size_t* size) {
  std::string text;
  *size = 0;
  // O_NONBLOCK: opening a FIFO of that name must not block the session.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return text;
  struct stat status = {};
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    *size = static_cast<size_t>(status.st_size);
    const size_t skip = *size > HistoryFile::kMaxFileBytes
                            ? *size - HistoryFile::kMaxFileBytes
                            : 0;
    text.resize(*size - skip);
    const ssize_t count =
        pread(fd, text.data(), text.size(), static_cast<off_t>(skip));
    text.resize(count > 0 ? static_cast<size_t>(count) : 0);
    // Drops the rest of a cut entry.
    if (skip > 0) text.erase(0, text.find('\n') + 1);
  }
  close(fd);
  return text;
}

void WriteAll(int fd, const std::string& text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    done += static_cast<size_t>(count);
  }
}

// Makes the folder for `path`, and the folder for that one.
void MakeFolders(const std::string& path) {
  const size_t last = path.rfind('/');
  if (last == std::string::npos || last == 0) return;
  const std::string folder = path.substr(0, last);
  const size_t above = folder.rfind('/');
  if (above != std::string::npos && above != 0) {
    mkdir(folder.substr(0, above).c_str(), 0700);
  }
  mkdir(folder.c_str(), 0700);
}

const char* Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::string HistoryFile::DefaultPath() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const char* chosen = std::getenv("TRILUNE_HISTORY");
  if (chosen != nullptr) return chosen;
  const char* state = Variable("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') {
    return std::string(state) + "/trilune/history";
  }
  const char* home = Variable("HOME");
  return home == nullptr ? "" : std::string(home) + "/.trilune_history";
}

std::vector<std::string> HistoryFile::Load() {
  std::vector<std::string> entries;
  if (path_.empty()) return entries;
  size_t size = 0;
  const std::string text = ReadEnd(path_, &size);
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    if (end > at) entries.push_back(Decode(text.substr(at, end - at)));
    at = end + 1;
  }
  const bool is_too_large =
      size > kMaxFileBytes || entries.size() > 2 * kMaxEntries;
  if (entries.size() > kMaxEntries) {
    entries.erase(entries.begin(),
                  entries.end() - static_cast<ptrdiff_t>(kMaxEntries));
  }
  if (is_too_large) Rewrite(entries);
  if (!entries.empty()) last_ = entries.back();
  return entries;
}

// Writes a new file and renames it, so that no session finds it half written.
// What another session appends meanwhile is lost.
void HistoryFile::Rewrite(const std::vector<std::string>& entries) const {
  std::string name = path_ + ".XXXXXX";
  const int fd =
      mkostemp(name.data(), O_CLOEXEC);  // only its owner may read it
  if (fd < 0) return;
  std::string text;
  for (const std::string& entry : entries)
    text += Encode(entry);
  WriteAll(fd, text);
  close(fd);
  if (std::rename(name.c_str(), path_.c_str()) != 0) unlink(name.c_str());
}

void HistoryFile::Append(const std::string& entry) {
  if (path_.empty() || entry.empty() || entry == last_ ||
      entry.size() > kMaxEntryBytes) {
    return;
  }
  last_ = entry;
  constexpr int kFlags =
      O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  int fd = open(path_.c_str(), kFlags, 0600);
  if (fd < 0 && errno == ENOENT) {
    MakeFolders(path_);
    fd = open(path_.c_str(), kFlags, 0600);
  }
  if (fd < 0) return;
  WriteAll(fd, Encode(entry));
  close(fd);
}

}  // namespace trilune::command
