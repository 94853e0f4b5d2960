// UTF-8: everything that a model calls by a name ends in reports, whose format demands it.
#pragma once

#include <string>
#include <string_view>

namespace onnx {
class ModelProto;
}

namespace smelt::onnx_import {

bool IsUtf8(std::string_view text);
// The text with each byte that is no part of valid UTF-8 replaced by '?'.
std::string ToUtf8(std::string_view text);

// A place of the model whose name is not UTF-8 ("the name of node 12"); empty when there is none.
std::string FindBadName(const onnx::ModelProto& model);

}  // namespace smelt::onnx_import
