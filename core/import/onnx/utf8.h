// UTF-8: everything that a model calls by a name ends in reports, whose format demands it.
#pragma once

#include <string>

namespace onnx {
class ModelProto;
}

namespace smelt::onnx_import {

// A place of the model whose name is not UTF-8 ("the name of node 12"); empty when there is none.
std::string FindBadName(const onnx::ModelProto& model);

}  // namespace smelt::onnx_import
