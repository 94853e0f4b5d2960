// Activations that the kernel of the operator in front of them can compute itself.
#pragma once

#include <optional>
#include <string_view>

#include "core/ir/graph.h"

namespace smelt::ir {

// What operators call the activation that they compute themselves.
inline constexpr std::string_view kFusedActivation = "fused_activation_function";

// "RELU", "RELU6" or "RELU_N1_TO_1"; nothing for an operator that no kernel fuses.
std::optional<std::string_view> FusedActivationName(OpKind kind);

// True when the operator's kernel can still take in an activation of its float32 result.
bool CanFuseActivation(const Graph& graph, const Op& op);

}  // namespace smelt::ir
