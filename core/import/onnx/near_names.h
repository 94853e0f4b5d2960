// Suggestions for a name that does not exist.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace smelt::onnx_import {

// At most three of `names` of which half the characters or less are edited, the nearest first; ties
// keep their order. Names longer than 256 bytes are left out.
std::vector<std::string> NearNames(std::string_view wanted, std::span<const std::string> names);

}  // namespace smelt::onnx_import
