// Activations into the operator in front of them. Only where they touch: moving one across a
// TRANSPOSE is the layout solver's work.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/passes/passes.h"

namespace smelt::passes {
namespace {

using ir::OpKind;

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

constexpr std::string_view kFused = "fused_activation_function";

struct Activation {
  OpKind kind;
  std::string_view name;
};
constexpr Activation kActivations[] = {
    {OpKind::kRelu, "RELU"}, {OpKind::kReluN1To1, "RELU_N1_TO_1"}, {OpKind::kRelu6, "RELU6"}};

std::optional<std::string_view> ActivationName(OpKind kind) {
  for (const Activation& activation : kActivations) {
    if (activation.kind == kind) return activation.name;
  }
  return std::nullopt;
}

// The operator that can take the activation `op` in; invalid when none can.
ir::OpId FusingProducer(const ir::Graph& graph, const ir::Op& op) {
  const ir::ValueId input = op.input(0);
  const ir::Value& value = graph.value(input);
  if (value.type.dtype != ir::DType::kF32 || !graph.HasOneUse(input) || !value.producer.valid()) {
    return {};
  }
  const ir::Op& producer = graph.op(value.producer);
  if (std::ranges::find(kFusing, producer.kind) == kFusing.end()) return {};
  return producer.attrs.String(kFused, "NONE") == "NONE" ? value.producer : ir::OpId{};
}

}  // namespace

Status FuseActivation(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    ir::Graph& graph = context.module.graph(ir::GraphId{i});
    for (const ir::OpId id : graph) {
      const std::optional<std::string_view> name = ActivationName(graph.op(id).kind);
      if (!name.has_value()) continue;
      const ir::OpId producer = FusingProducer(graph, graph.op(id));
      if (!producer.valid()) continue;
      const ir::ValueId before = graph.op(id).input(0);
      const ir::ValueId after = graph.op(id).result();
      graph.op(producer).attrs.Set(kFused, std::string(*name));
      graph.op(producer).origin =
          context.module.origins().Absorb(graph.op(producer).origin, graph.op(id).origin);
      graph.ReplaceAllUses(after, before);
      graph.value(before).name = graph.value(after).name;  // it holds that value now
      graph.value(before).quant = graph.value(after).quant;
      graph.Erase(id);
      ++context.rewrites;
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
