#include "core/ir/fused_activation.h"

#include <algorithm>
#include <array>

namespace smelt::ir {
namespace {

// Operators whose kernels clamp their own result. CONCATENATION and L2_NORMALIZATION have the
// field, but their kernels take nothing but NONE; TRANSPOSE_CONV takes it from version 4 on only.
constexpr std::array kFusing = {OpKind::kAdd,
                                OpKind::kAveragePool2d,
                                OpKind::kConv2d,
                                OpKind::kDepthwiseConv2d,
                                OpKind::kFullyConnected,
                                OpKind::kMaxPool2d,
                                OpKind::kMul,
                                OpKind::kSub,
                                OpKind::kDiv,
                                OpKind::kConv3d,
                                OpKind::kConv3dTranspose};

}  // namespace

std::optional<std::string_view> FusedActivationName(OpKind kind) {
  switch (kind) {
    case OpKind::kRelu:
      return "RELU";
    case OpKind::kReluN1To1:
      return "RELU_N1_TO_1";
    case OpKind::kRelu6:
      return "RELU6";
    default:
      return std::nullopt;
  }
}

bool CanFuseActivation(const Graph& graph, const Op& op) {
  return std::ranges::find(kFusing, op.kind) != kFusing.end() &&
         graph.type(op.result()).dtype == DType::kF32 &&
         op.attrs.String(kFusedActivation, "NONE") == "NONE";
}

}  // namespace smelt::ir
