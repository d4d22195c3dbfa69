// The history of the prompt, in a folder of the test's own.

#include "tools/trilune/history.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

namespace trilune::command {
namespace {

class Folder {
 public:
  Folder() {
    path_ = std::filesystem::temp_directory_path() / "history.XXXXXX";
    REQUIRE(mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string File(const char* name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

using Entries = std::vector<std::string>;

TEST_CASE("history: the next session finds what was entered") {
  const Folder folder;
  const std::string path = folder.File("history");
  HistoryFile first(path);
  CHECK(first.Load().empty());
  first.Append("1 + 1");
  first.Append("for i = 1, 2 do\n  print(i)\nend");
  first.Append("s = 'a\\nb\\\\'");
  CHECK(HistoryFile(path).Load() == Entries{"1 + 1",
                                            "for i = 1, 2 do\n  print(i)\nend",
                                            "s = 'a\\nb\\\\'"});
  struct stat status = {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("history: sessions beside each other keep what each was given") {
  const Folder folder;
  HistoryFile first(folder.File("history"));
  HistoryFile second(folder.File("history"));
  CHECK(first.Load().empty());
  CHECK(second.Load().empty());
  first.Append("a");
  second.Append("b");
  first.Append("c");
  CHECK(HistoryFile(folder.File("history")).Load() == Entries{"a", "b", "c"});
}

TEST_CASE("history: an entry twice in a row, an empty one and a huge one") {
  const Folder folder;
  HistoryFile history(folder.File("history"));
  history.Append("a");
  history.Append("a");
  history.Append("");
  history.Append(std::string(HistoryFile::kMaxEntryBytes + 1, 'x'));
  HistoryFile next(folder.File("history"));
  CHECK(next.Load() == Entries{"a"});
  next.Append("a");  // as the last entry of the session before
  CHECK(HistoryFile(folder.File("history")).Load() == Entries{"a"});
}

TEST_CASE("history: stays bounded") {
  const Folder folder;
  const std::string path = folder.File("history");
  {
    std::ofstream file(path);
    for (size_t i = 1; i <= 2 * HistoryFile::kMaxEntries + 1; i++)
      file << "entry " << i << "\n";
  }
  const Entries entries = HistoryFile(path).Load();
  CHECK(entries.size() == HistoryFile::kMaxEntries);
  CHECK(entries.back() == "entry 2001");
  std::ifstream file(path);
  CHECK(std::count(std::istreambuf_iterator<char>(file), {}, '\n') ==
        static_cast<ptrdiff_t>(HistoryFile::kMaxEntries));
  // Long lines: only the end of the file is read, and no part of a cut entry.
  {
    std::ofstream large(path);
    for (int i = 0; i < 100; i++)
      large << std::string(20000, 'x') << i << "\n";
  }
  const Entries few = HistoryFile(path).Load();
  CHECK(few.size() < 60);
  CHECK(few.front().size() > 20000);
  CHECK(std::filesystem::file_size(path) <= HistoryFile::kMaxFileBytes);
}

TEST_CASE("history: a path that cannot be used is no history") {
  const Folder folder;
  for (const std::string& path :
       {std::string(), folder.File(""), std::string("/dev/null/x"),
        folder.File("no/such/folder/history")}) {
    CAPTURE(path);
    HistoryFile history(path);
    CHECK(history.Load().empty());
    history.Append("a");
  }
  const std::string fifo = folder.File("fifo");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  HistoryFile history(fifo);
  CHECK(history.Load().empty());
  history.Append("a");
}

TEST_CASE("history: where it is kept") {
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread runs.
  setenv("HOME", "/home/me", 1);
  unsetenv("XDG_STATE_HOME");
  unsetenv("TRILUNE_HISTORY");
  CHECK(HistoryFile::DefaultPath() == "/home/me/.trilune_history");
  setenv("XDG_STATE_HOME", "/state", 1);
  CHECK(HistoryFile::DefaultPath() == "/state/trilune/history");
  setenv("TRILUNE_HISTORY", "/x/y", 1);
  CHECK(HistoryFile::DefaultPath() == "/x/y");
  setenv("TRILUNE_HISTORY", "", 1);
  CHECK(HistoryFile::DefaultPath().empty());
  unsetenv("TRILUNE_HISTORY");
  unsetenv("XDG_STATE_HOME");
  unsetenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  CHECK(HistoryFile::DefaultPath().empty());
}

}  // namespace
}  // namespace trilune::command
