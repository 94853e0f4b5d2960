// Reads an operator's attributes from its option table, by core/flat's table.
#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/flat/tflite_generated.h"
#include "core/ir/attributes.h"
#include "core/ir/dtype.h"
#include "core/ir/op_kind.h"

namespace smelt::tflite_import {

struct OptionsRead {
  ir::Attributes attrs;               // optional ones only where they say more than their absence
  std::vector<std::int32_t> regions;  // subgraph indices, unchecked
};

// `result_type` stands in for what the file does not say twice (BITCAST, QUANTIZE,
// EMBEDDING_LOOKUP). kArtifactInvalid when the
// options are those of another operator or hold unknown enumerators.
Result<OptionsRead> ReadOptions(ir::OpKind kind, const flat::schema::Operator& op,
                                ir::DType result_type);

}  // namespace smelt::tflite_import
