// HistoryFile: what was typed at the prompt, kept from one session to the next.
//
// Role       One line for each entry, the oldest first. A newline in an entry
//            is written as \n, a backslash as \\. Each entry is appended at
//            once. So several sessions at the same time keep theirs, and a
//            session that is killed keeps its own. If the file has grown too
//            large when a session begins, it is cut to the newest entries.
// Threads    one, the host's
// Errors     A file that cannot be read or written counts as none: the session
//            goes on without history.
// Tests      tools/trilune/history_test.cc, command_test.py

#ifndef TRI_TOOLS_TRILUNE_HISTORY_H_
#define TRI_TOOLS_TRILUNE_HISTORY_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace trilune::command {

class HistoryFile {
 public:
  static constexpr size_t kMaxEntries = 1000;
  // No more than this of the file, or of one entry, is read or written.
  static constexpr size_t kMaxFileBytes = size_t{1} << 20;
  static constexpr size_t kMaxEntryBytes = size_t{16} << 10;

  // An empty path means no history.
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}

  // The first of these that is set: TRILUNE_HISTORY, which may be empty;
  // $XDG_STATE_HOME/trilune/history; ~/.trilune_history. Otherwise empty.
  [[nodiscard]] static std::string DefaultPath();

  // The newest entries, oldest first.
  [[nodiscard]] std::vector<std::string> Load();
  void Append(const std::string& entry);

 private:
  void Rewrite(const std::vector<std::string>& entries) const;

  const std::string path_;
  std::string last_;
};

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_HISTORY_H_
