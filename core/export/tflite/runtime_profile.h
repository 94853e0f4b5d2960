// A profile narrowed to what an older release of its runtime has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/target/profile.h"

namespace smelt::tflite_export {

// Owns the rows of the narrowed profile, which lives as long as this does. Not copyable: the
// profile points into it.
class RuntimeProfile {
 public:
  // `runtime`: numbers with dots, "2.4". kInvalidArgument for other text.
  static Result<RuntimeProfile> Make(const target::Profile& profile, std::string_view runtime);

  RuntimeProfile(RuntimeProfile&&) = default;
  RuntimeProfile& operator=(RuntimeProfile&&) = default;
  RuntimeProfile(const RuntimeProfile&) = delete;
  RuntimeProfile& operator=(const RuntimeProfile&) = delete;

  // Operators without any version in the release are absent.
  target::Profile profile() const;

 private:
  RuntimeProfile() = default;

  target::Profile whole_;
  std::vector<char> runtime_;  // text with an address of its own
  std::vector<target::OperatorSupport> rows_;
};

}  // namespace smelt::tflite_export
