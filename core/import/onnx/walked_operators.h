// The operators that the walk itself expands, because they work on bodies or on sequences and not
// on tensors alone. Rows say what rules say of the others: the versions that were looked at, and
// what a node must be like.
#pragma once

#include <span>
#include <string_view>

#include "core/base/reason.h"

namespace smelt::onnx_import {

enum class WalkedKind { kControl, kSequence };

struct WalkedOperator {
  struct Requirement {
    Reason reason;
    std::string_view text;
  };
  std::string_view op;
  int since, until;  // schema versions, inclusive
  WalkedKind kind;
  std::span<const Requirement> requirements;
};

// Ordered by operator.
std::span<const WalkedOperator> WalkedOperators();
// Null when no row covers the version.
const WalkedOperator* FindWalkedOperator(std::string_view op, int schema_version);

}  // namespace smelt::onnx_import
