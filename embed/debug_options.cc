#include "embed/debug_options.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace trilune::stdlib {
namespace {

constexpr int64_t kMaxTraceMs = 86'400'000;  // a day

}  // namespace

Status ParseDebug(std::string_view text, SchedulerConfig* config) {
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    const size_t equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    int64_t value = 1;
    bool is_number = true;
    if (equals != std::string_view::npos) {
      const std::string_view digits = item.substr(equals + 1);
      const char* end = digits.data() + digits.size();
      const auto [rest, error] = std::from_chars(digits.data(), end, value);
      is_number = error == std::errc() && rest == end && value >= 0 &&
                  value <= kMaxTraceMs;
    }
    if (is_number && name == "schedtrace" && equals != std::string_view::npos) {
      config->trace_ms = value;
    } else if (is_number && name == "scheddetail") {
      config->trace_detail = value != 0;
    } else if (is_number && name == "stuck") {
      config->report_stuck = value != 0;
    } else {
      return Status(StatusCode::kInvalidArgument,
                    "'" + std::string(item) +
                        "' is no debugging option; there are schedtrace=MS, "
                        "scheddetail=1 and stuck=1");
    }
  }
  return {};
}

}  // namespace trilune::stdlib
