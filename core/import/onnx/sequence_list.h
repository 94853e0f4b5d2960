// What the operators on sequences and optionals do to lists that are known while a model is
// imported. Emits nothing.
#pragma once

#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/import/onnx/walk_value.h"

namespace smelt::onnx_import {

WalkValue MakeSequence(std::vector<WalkValue> elements);

// The elements of input 0; kUnsupportedType when it is not a sequence.
Result<std::vector<WalkValue>> SequenceElements(std::span<const WalkValue* const> inputs);

// The one result of an operator that only edits or reads lists: SequenceEmpty, SequenceConstruct,
// SequenceInsert, SequenceErase, SequenceAt, Optional, OptionalGetElement, Identity.
// kUnsupportedType for an operator that takes tensors only, kRequiresConstantInput for a computed
// position, kValueOutOfRange for one that does not exist.
Result<WalkValue> EditSequence(const OnnxNode& node, std::span<const WalkValue* const> inputs);

}  // namespace smelt::onnx_import
