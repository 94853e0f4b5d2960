#include "core/export/tflite/runtime_profile.h"

#include "core/export/tflite/runtime_versions.h"

namespace smelt::tflite_export {
namespace {

constexpr int kMostComponents = 3;
constexpr int kMostDigits = 4;

bool IsRelease(std::string_view text) {
  int components = 1;
  int digits = 0;
  for (const char c : text) {
    if (c == '.') {
      if (digits == 0) return false;
      ++components;
      digits = 0;
    } else if (c < '0' || c > '9' || ++digits > kMostDigits) {
      return false;
    }
  }
  return digits > 0 && components <= kMostComponents;
}

// The newest version that the release has; 0 when there is none.
int NewestVersion(const target::OperatorSupport& row, std::string_view runtime) {
  for (int version = row.max_version; version > 0; --version) {
    const std::string_view since = RuntimeVersionOf(row.kind, version);
    if (!since.empty() && !OlderRuntime(runtime, since)) return version;
  }
  return 0;
}

}  // namespace

Result<RuntimeProfile> RuntimeProfile::Make(const target::Profile& profile,
                                            std::string_view runtime) {
  if (!IsRelease(runtime)) {
    return Status(Reason::kInvalidArgument,
                  "\"" + std::string(runtime) + "\" is no release of a runtime",
                  "Give numbers with dots, such as 2.4 or 2.16.1.");
  }
  RuntimeProfile narrowed;
  narrowed.whole_ = profile;
  narrowed.runtime_.assign(runtime.begin(), runtime.end());
  for (const target::OperatorSupport& row : profile.operators) {
    target::OperatorSupport kept = row;
    kept.max_version = NewestVersion(row, runtime);
    if (kept.max_version > 0) narrowed.rows_.push_back(kept);
  }
  return narrowed;
}

target::Profile RuntimeProfile::profile() const {
  target::Profile narrowed = whole_;
  narrowed.operators = rows_;
  narrowed.runtime = {runtime_.data(), runtime_.size()};
  return narrowed;
}

}  // namespace smelt::tflite_export
