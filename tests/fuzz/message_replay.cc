// Runs a fuzz target on the files named: message_replay FILE...

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "no file %s\n", argv[i]);
      return 1;
    }
    const std::vector<char> data{std::istreambuf_iterator<char>(file),
                                 std::istreambuf_iterator<char>()};
    std::printf("%s\n", argv[i]);  // the last one named has failed
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(data.data()),
                           data.size());
  }
  return argc > 1 ? 0 : 1;
}
