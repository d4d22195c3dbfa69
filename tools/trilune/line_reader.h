// LineReader: reads the lines of a session, from a terminal or anything else.
//
// Role       On a terminal it uses libedit: the history is kept in a file, Tab
//            completes, and Ctrl-C gives up the line. Elsewhere it just reads,
//            and echoes prompt and line to stdout. So `trilune -i < file` shows
//            a session as `lua -i < file` does.
// Threads    One thread, the host's. It waits in Read() while Gs go on.
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

// What may replace the last bytes of a line.
struct Completion {
  bool is_word = false;  // the line ends in something to complete
  size_t replaced = 0;   // how many bytes; each of the words begins with them
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

  // Shows `prompt` and waits for a line. The line comes without its newline.
  [[nodiscard]] virtual Outcome Read(const std::string& prompt,
                                     std::string& line) = 0;

  // Adds a complete entry, of one or more lines, to the history.
  virtual void Remember(const std::string& entry) = 0;
};

struct LineReaderOptions {
  // Called when Tab is pressed, with the line up to the cursor.
  std::function<Completion(const std::string& before)> complete;
  std::string history_path;  // of a HistoryFile; empty: none
};

// Makes the reader that fits standard input. At most one may live at a time.
[[nodiscard]] std::unique_ptr<LineReader> MakeLineReader(
    LineReaderOptions options);

}  // namespace trilune::command

#endif  // TRI_TOOLS_TRILUNE_LINE_READER_H_
