// WalkValue: what the walk knows of one ONNX value. Rules see the part that is a KnownValue, and
// tensors only; lists exist in the walk alone.
#pragma once

#include <memory>
#include <vector>

#include "core/import/onnx/onnx_node.h"

namespace smelt::onnx_import {

struct WalkValue : KnownValue {
  // Of a sequence: its values in order. Neither it nor `none` has a value or a type of its own.
  std::shared_ptr<const std::vector<WalkValue>> elements;
  bool none = false;  // an optional that holds nothing
  bool is_tensor() const { return elements == nullptr && !none; }
};

}  // namespace smelt::onnx_import
