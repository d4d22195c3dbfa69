// Two readers: TerminalReader edits lines with libedit, PlainReader just reads.
//
// While a line is edited, three things are different from the rest of the
// session. No G reads the terminal (TerminalInput). Signals are caught here, as
// Ctrl-C gives up the line and interrupts no G. And the characters are read by
// NextCharacter, which waits for input and signals alike.

#include "tools/trilune/line_reader.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <utility>

#include "embed/trilune.h"
#include "tools/trilune/history.h"

namespace trilune::command {
namespace {

// Catches signals while a line is edited. libedit's own handlers would send
// them on to the whole process group, and could not give up a line. These
// handlers only write the signal's number into a pipe, which the reading of
// characters polls, too.
class PromptSignals {
 public:
  PromptSignals() { opened_ = pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0; }
  ~PromptSignals() {
    if (!opened_) return;
    close(pipe_[0]);
    close(pipe_[1]);
  }
  PromptSignals(const PromptSignals&) = delete;
  PromptSignals& operator=(const PromptSignals&) = delete;

  void Catch() {
    if (!opened_) return;
    write_end = pipe_[1];
    struct sigaction action = {};
    action.sa_handler = Tell;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < kCount; ++i) {
      sigaction(kSignals[i], &action, &before_[i]);
    }
  }

  void Release() {
    if (!opened_) return;
    for (size_t i = 0; i < kCount; ++i) {
      sigaction(kSignals[i], &before_[i], nullptr);
    }
    while (Next() != 0) {
    }
  }

  // Waits until standard input can be read, or a signal came. Returns its
  // number, or 0.
  int WaitForInput() {
    struct pollfd sources[2] = {{STDIN_FILENO, POLLIN, 0},
                                {pipe_[0], POLLIN, 0}};
    const nfds_t count = opened_ ? 2 : 1;
    while (poll(sources, count, -1) < 0 && errno == EINTR) {
    }
    return opened_ ? Next() : 0;
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGWINCH, SIGCONT};
  static constexpr size_t kCount = sizeof(kSignals) / sizeof(kSignals[0]);

  static void Tell(int number) {
    const int saved_errno = errno;
    const char byte = static_cast<char>(number);
    // If the pipe is full, it holds enough signals.
    [[maybe_unused]] const ssize_t written = write(write_end, &byte, 1);
    errno = saved_errno;
  }

  int Next() {
    char byte = 0;
    return read(pipe_[0], &byte, 1) == 1 ? byte : 0;
  }

  static inline int write_end = -1;  // written while no handler is installed
  bool opened_ = false;
  int pipe_[2] = {-1, -1};
  struct sigaction before_[kCount] = {};
};

// The locale of the terminal's characters, for this thread only. Scripts run on
// other threads and keep the C locale, as in stock lua.
class TerminalLocale {
 public:
  TerminalLocale() : locale_(newlocale(LC_CTYPE_MASK, "", nullptr)) {
    if (locale_ != nullptr) before_ = uselocale(locale_);
  }
  ~TerminalLocale() {
    if (locale_ == nullptr) return;
    uselocale(before_);
    freelocale(locale_);
  }
  TerminalLocale(const TerminalLocale&) = delete;
  TerminalLocale& operator=(const TerminalLocale&) = delete;

 private:
  locale_t locale_ = nullptr;
  locale_t before_ = nullptr;
};

// The longest text with which all words begin.
std::string CommonStart(const std::vector<std::string>& words) {
  std::string start = words.front();
  for (const std::string& word : words) {
    const auto differ =
        std::mismatch(start.begin(), start.end(), word.begin(), word.end());
    start.erase(differ.first, start.end());
  }
  return start;
}

// Shows the words below the line, in columns.
void ShowWords(const std::vector<std::string>& words) {
  constexpr size_t kMaxShown = 200;
  constexpr size_t kGap = 2;
  struct winsize window = {};
  size_t width = 80;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
    width = window.ws_col;
  }
  const size_t shown = std::min(words.size(), kMaxShown);
  size_t widest = 0;
  for (size_t i = 0; i < shown; ++i)
    widest = std::max(widest, words[i].size());
  const size_t columns = std::max<size_t>(1, width / (widest + kGap));
  const size_t rows = (shown + columns - 1) / columns;
  std::fputc('\n', stdout);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = row; i < shown; i += rows) {
      const bool is_last = i + rows >= shown;
      std::printf("%-*s", static_cast<int>(is_last ? 0 : widest + kGap),
                  words[i].c_str());
    }
    std::fputc('\n', stdout);
  }
  if (shown < words.size()) std::printf("... %zu more\n", words.size() - shown);
  std::fflush(stdout);
}

class TerminalReader : public LineReader {
 public:
  explicit TerminalReader(LineReaderOptions options)
      : complete_(std::move(options.complete)),
        file_(std::move(options.history_path)) {
    const TerminalLocale locale;
    editor_ = el_init("trilune", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistoryLines);
    history(history_, &event, H_SETUNIQUE, 1);
    for (const std::string& entry : file_.Load())
      history(history_, &event, H_ENTER, entry.c_str());
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_PROMPT, Prompt);
    el_set(editor_, EL_SIGNAL, 0);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_set(editor_, EL_ADDFN, "tri-complete", "Complete a name", Complete);
    el_set(editor_, EL_BIND, "^I", "tri-complete", nullptr);
    el_set(editor_, EL_BIND, "\\e[1~", "ed-move-to-beg", nullptr);
    el_set(editor_, EL_BIND, "\\e[4~", "ed-move-to-end", nullptr);
    el_set(editor_, EL_BIND, "\\e[H", "ed-move-to-beg", nullptr);
    el_set(editor_, EL_BIND, "\\e[F", "ed-move-to-end", nullptr);
    el_set(editor_, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
    el_set(editor_, EL_BIND, "\\e[1;5C", "em-next-word", nullptr);
    el_set(editor_, EL_BIND, "\\e[1;5D", "ed-prev-word", nullptr);
    el_source(editor_, nullptr);  // the user's ~/.editrc
    el_set(editor_, EL_GETCFN, GetCharacter);
  }
  ~TerminalReader() override {
    el_end(editor_);
    history_end(history_);
  }
  TerminalReader(const TerminalReader&) = delete;
  TerminalReader& operator=(const TerminalReader&) = delete;

  Outcome Read(const std::string& prompt, std::string& line) override {
    const TerminalLocale locale;
    prompt_ = prompt;
    abandoned_ = false;
    int length = 0;
    const char* text = nullptr;
    {
      const TerminalInput input;  // no G reads what is typed here
      signals_.Catch();
      text = el_gets(editor_, &length);
      signals_.Release();
    }
    if (abandoned_) {
      std::fputs("^C\n", stdout);
      std::fflush(stdout);
      return Outcome::kAbandoned;
    }
    if (text == nullptr || length <= 0) return Outcome::kEnd;
    line.assign(text, static_cast<size_t>(length));
    if (line.back() == '\n') line.pop_back();
    return Outcome::kLine;
  }

  void Remember(const std::string& entry) override {
    const TerminalLocale locale;
    HistEvent event;
    history(history_, &event, H_ENTER, entry.c_str());
    file_.Append(entry);
  }

 private:
  static constexpr int kHistoryLines = HistoryFile::kMaxEntries;

  static TerminalReader* Self(EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<TerminalReader*>(self);
  }

  // libedit takes a char*, but does not change it.
  static char* Prompt(EditLine* editor) { return Self(editor)->prompt_.data(); }

  static unsigned char Complete(EditLine* editor, int /*character*/) {
    return Self(editor)->CompleteLine();
  }

  unsigned char CompleteLine() {
    const LineInfo* line = el_line(editor_);
    const Completion found = complete_(std::string(line->buffer, line->cursor));
    if (!found.is_word) {
      el_insertstr(editor_, "\t");
      return CC_REFRESH;
    }
    if (found.words.empty()) return CC_REFRESH_BEEP;
    const std::string start = CommonStart(found.words);
    if (start.size() > found.replaced) {
      el_insertstr(editor_, start.substr(found.replaced).c_str());
      return CC_REFRESH;
    }
    if (found.words.size() == 1) return CC_NORM;
    ShowWords(found.words);
    return CC_REDISPLAY;
  }

  // Reads the next character. Returns 1, or 0 to end the line without one.
  static int GetCharacter(EditLine* editor, wchar_t* character) {
    return Self(editor)->NextCharacter(character);
  }

  int NextCharacter(wchar_t* character) {
    std::mbstate_t state = {};
    for (;;) {
      const int number = signals_.WaitForInput();
      if (number == SIGINT) {
        abandoned_ = true;
        return 0;
      }
      if (number != 0) {
        Redraw(number);
        continue;
      }
      char byte = 0;
      const ssize_t count = read(STDIN_FILENO, &byte, 1);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0) return 0;
      // Thread-safe: the state is ours. NOLINTNEXTLINE(concurrency-mt-unsafe)
      const size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<size_t>(-2)) continue;  // more bytes follow
      if (used == static_cast<size_t>(-1)) {
        *character = static_cast<unsigned char>(byte);
      }
      return 1;
    }
  }

  void Redraw(int number) {
    if (number == SIGWINCH) {
      el_resize(editor_);
    } else {  // back from a Ctrl-Z: the shell has reset the terminal
      el_set(editor_, EL_PREP_TERM, 0);
      el_set(editor_, EL_PREP_TERM, 1);
      el_set(editor_, EL_REFRESH);
    }
  }

  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
  PromptSignals signals_;
  const std::function<Completion(const std::string& before)> complete_;
  HistoryFile file_;
  std::string prompt_;
  bool abandoned_ = false;
};

class PlainReader : public LineReader {
 public:
  PlainReader() = default;
  ~PlainReader() override { std::free(buffer_); }  // getline() allocates it
  PlainReader(const PlainReader&) = delete;
  PlainReader& operator=(const PlainReader&) = delete;

  Outcome Read(const std::string& prompt, std::string& line) override {
    std::fputs(prompt.c_str(), stdout);
    std::fflush(stdout);
    const ssize_t length = getline(&buffer_, &capacity_, stdin);
    if (length < 0) return Outcome::kEnd;
    line.assign(buffer_, static_cast<size_t>(length));
    if (!line.empty() && line.back() == '\n') line.pop_back();
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fputc('\n', stdout);
    std::fflush(stdout);
    return Outcome::kLine;
  }

  void Remember(const std::string& /*entry*/) override {}

 private:
  char* buffer_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace

std::unique_ptr<LineReader> MakeLineReader(LineReaderOptions options) {
  if (isatty(STDIN_FILENO) != 0) {
    return std::make_unique<TerminalReader>(std::move(options));
  }
  return std::make_unique<PlainReader>();
}

}  // namespace trilune::command
