#include "stdlib/io/file_turn.h"

namespace trilune::stdlib {
namespace {

// The process's, as its files are. Nothing that waits in one owns anything.
FileTurn stdin_turn;
FileTurn stdout_turn;
FileTurn stderr_turn;

}  // namespace

FileTurn* FileTurnOf(const FILE* f) {
  if (f == stdin) return &stdin_turn;
  if (f == stdout) return &stdout_turn;
  if (f == stderr) return &stderr_turn;
  return nullptr;
}

}  // namespace trilune::stdlib
