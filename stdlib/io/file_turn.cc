#include "stdlib/io/file_turn.h"

namespace trilune::stdlib {
namespace {

// They belong to the process, as its files do. They outlive every G, and what
// waits in them owns nothing.
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
