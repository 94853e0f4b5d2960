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

// Types of the operator's tensors, which stand in for what its options leave out (BITCAST,
// QUANTIZE, EMBEDDING_LOOKUP: the result's).
struct StoredTypes {
  ir::DType operand = ir::DType::kF32;  // of the first one
  ir::DType result = ir::DType::kF32;
};

// An operator without an option table has the attributes that loaders give it: numbers are 0, flags
// false and enumerators their first, whatever the schema's defaults; element types follow from the
// tensors. kArtifactInvalid when the options are those of another operator, hold unknown
// enumerators, or are absent where the operator is nothing without them.
Result<OptionsRead> ReadOptions(ir::OpKind kind, const flat::schema::Operator& op,
                                const StoredTypes& types);

}  // namespace smelt::tflite_import
