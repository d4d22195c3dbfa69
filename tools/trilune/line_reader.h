// LineReader: lines for a session, from a terminal or from anything else.
//
// Role       On a terminal: libedit, with history, which is kept in a file, and
//            Tab completes; Ctrl-C gives up the line.
//            Else: plain reading, with prompt and line echoed to stdout, so
//            that `trilune -i < file` shows a session as `lua -i < file` does.
// Threads    One thread, the host's; it waits in Read() while Gs go on.
// Locks      none
// Tests      tools/trilune/command_test.py

#ifndef TRI_TOOLS_TRILUNE_LINE_READER_H_
#define TRI_TOOLS_TRILUNE_LINE_READER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace trilune::command {

// What can stand at the end of a line instead of its last bytes.
struct Completion {
  bool is_word = false;  // the line ends in something to complete
  size_t replaced = 0;   // so many bytes, with which each of the words begins
  std::vector<std::string> words;
};

class LineReader {
 public:
  enum class Outcome {
    kLine,
    kEnd,        // no more input
    kAbandoned,  // Ctrl-C: forget this line and those it would continue
  };

  virtual ~LineReader() = default;

  // Shows `prompt` and waits for a line, which comes without its newline.
  [[nodiscard]] virtual Outcome Read(const std::string& prompt,
                                     std::string& line) = 0;

  // Adds a complete entry, of one or more lines, to the history.
  virtual void Remember(const std::string& entry) = 0;
};

struct LineReaderOptions {
  // Asked when Tab is pressed, with the line up to the cursor.
  std::function<Completion(const std::string& before)> complete;
  std::string history_path;  // of a HistoryFile; empty: none
};

// The one that fits standard input. At most one at a time.
[[nodiscard]] std::unique_ptr<LineReader> MakeLineReader(
    LineReaderOptions options);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_LINE_READER_H_
