// The wire scanner: walks a serialized ONNX model once, notes where every tensor message lies and
// makes a copy of the model without the tensors' payloads (and without texts that nobody reads).
// That copy is what protobuf parses, so that weights are never copied and a small parse is all that
// memory pays.
//
// Each tensor in the copy carries the index of its span in `tensors` as decimal text in doc_string.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace smelt::onnx_import {

// The body of one TensorProto in the model's bytes.
struct TensorSpan {
  std::size_t offset = 0;
  std::size_t size = 0;
};

struct ScannedModel {
  std::string stripped;  // serialized ModelProto
  std::vector<TensorSpan> tensors;
};

// Reads no more than the first fields.
bool LooksLikeModel(ByteSpan bytes);

// kNotAModel, kModelTruncated (a top-level field runs over the end), kModelMalformed (nested fields
// contradict their message), kNestingTooDeep (subgraphs below subgraphs), kTooManyNodes (in all
// graphs and functions together).
Result<ScannedModel> ScanModel(ByteSpan bytes, std::uint32_t max_subgraph_depth,
                               std::uint32_t max_nodes);

}  // namespace smelt::onnx_import
