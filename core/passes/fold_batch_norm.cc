// Per-channel scale and shift into the weights and bias before them.
//
// conv(x, w, b) * s + t = conv(x, w * s, b * s + t), channel by channel. Weights get the scale as
// an elementwise step of their view, so nothing is evaluated here; the bias is computed in double
// and rounded once. A positive scale goes through a RELU: relu(y) * s = relu(y * s).
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/ir/element_cast.h"
#include "core/passes/channel_path.h"
#include "core/passes/passes.h"
#include "core/passes/preprocess/product.h"

namespace smelt::passes {
namespace {

using ir::Constant;
using ir::ConstantStep;
using ir::OpId;
using ir::OpKind;
using ir::ValueId;

// Where an operator keeps its weights and bias.
struct Producer {
  OpKind kind;
  std::uint32_t weights;  // operand
  int channel_axis;       // of the weights; of the result it is the last
  std::uint32_t bias;     // operand; the last one, and optional
};
constexpr Producer kProducers[] = {
    {OpKind::kConv2d, 1, 0, 2},         {OpKind::kDepthwiseConv2d, 1, 3, 2},
    {OpKind::kFullyConnected, 1, 0, 2}, {OpKind::kTransposeConv, 1, 0, 3},
    {OpKind::kConv3d, 1, 4, 2},         {OpKind::kConv3dTranspose, 1, 3, 3}};

const Producer* FindProducer(OpKind kind) {
  for (const Producer& producer : kProducers) {
    if (producer.kind == kind) return &producer;
  }
  return nullptr;
}

// How far behind the weights one number is looked for; chains of products stay linear to fold.
constexpr int kFarthest = 8;

// True when scaling that operand scales the result, and nothing else happens to it.
bool IsLinearIn(const ir::Op& op, std::uint32_t operand) {
  switch (op.kind) {
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kSqueeze:
    case OpKind::kExpandDims:
    case OpKind::kSlice:
      return operand == 0;
    case OpKind::kBatchMatmul:
      return true;
    default:
      return false;
  }
}

ConstantStep Step(ConstantStep::Kind kind, int axis, const std::vector<double>& values) {
  ConstantStep step;
  step.kind = kind;
  step.axis = axis;
  step.values = std::make_shared<const std::vector<double>>(values);
  return step;
}

// Folds what follows one operator.
class Folding {
 public:
  Folding(PassContext& context, ir::Graph& graph, OpId id, const Producer& producer)
      : context_(context), graph_(graph), id_(id), producer_(producer) {}

  void Run() {
    if (!Applies()) return;
    const auto channels = static_cast<std::size_t>(channels_);
    scale_.assign(channels, 1.0);
    shift_.assign(channels, 0.0);
    ValueId at = op().result();
    // Of the channels; none once they are no axis of their own any more.
    std::optional<int> axis = graph_.type(at).shape.rank() - 1;
    for (int steps_without = 0; graph_.HasOneUse(at) && steps_without < kFarthest;) {
      const ir::Use use = graph_.value(at).first_use;
      if (use.op == graph_.return_op()) break;
      if (Absorb(at, use, axis)) continue;  // the value's users have changed: look again
      const ir::Op& user = graph_.op(use.op);
      if (user.kind == OpKind::kRelu) {
        behind_relu_ = true;
      } else {
        axis = axis && use.operand == 0 ? ChannelAxisBehind(graph_, user, *axis) : std::nullopt;
        if (!axis && !IsLinearIn(user, use.operand)) break;
      }
      if (!axis) ++steps_without;
      passed_.push_back(at);
      at = user.result();
    }
    if (absorbed_ > 0) Rewrite();
  }

 private:
  ir::Op& op() { return graph_.op(id_); }

  bool Applies() {
    if (op().attrs.String("fused_activation_function", "NONE") != "NONE") return false;
    if (op().attrs.String("weights_format", "DEFAULT") != "DEFAULT") return false;
    const ir::TensorType& type = graph_.type(op().result());
    if (!ir::IsFloat(type.dtype) || !ir::IsNumeric(type.dtype) || type.shape.rank() == 0)
      return false;
    const ir::Dim channels = type.shape.dim(type.shape.rank() - 1);
    if (!channels.is_static() || channels.value() == 0) return false;
    channels_ = channels.value();
    const ValueId bias = op().input(static_cast<int>(producer_.bias));
    if (bias.valid() && graph_.constant(bias) == nullptr) return false;
    const Constant* weights = graph_.constant(op().input(static_cast<int>(producer_.weights)));
    scalable_ = weights != nullptr && weights->dtype() == type.dtype &&
                weights->shape()[static_cast<std::size_t>(producer_.channel_axis)] == channels_;
    return true;
  }

  // Takes the use in as scale or shift, when it is `at` times, by or plus a constant that has one
  // number for each channel.
  bool Absorb(ValueId at, ir::Use use, std::optional<int> axis) {
    const ir::Op& user = graph_.op(use.op);
    const bool divides = user.kind == OpKind::kDiv && use.operand == 0;
    const bool scales = divides || user.kind == OpKind::kMul;
    const bool subtracts = user.kind == OpKind::kSub && use.operand == 0;
    if (!scales && !subtracts && user.kind != OpKind::kAdd) return false;
    if (scales ? !scalable_ : behind_relu_ || !axis) return false;
    if (user.attrs.String("fused_activation_function", "NONE") != "NONE") return false;
    const ValueId result = user.result();
    if (!(graph_.type(result) == graph_.type(at))) return false;  // broadcasts the other way
    auto values = Numbers(at, user.input(use.operand == 0 ? 1 : 0), axis);
    if (!values.has_value()) return false;
    if (divides) {
      for (double& value : *values) value = 1 / value;
      const auto fits = [](double v) { return std::abs(v) > 1e-30 && std::abs(v) < 1e30; };
      if (!std::ranges::all_of(*values, fits)) return false;
    }
    if (behind_relu_ && !std::ranges::all_of(*values, [](double v) { return v > 0; })) return false;
    for (std::size_t i = 0; i < values->size(); ++i) {
      if (scales) {
        scale_[i] *= (*values)[i];
        shift_[i] *= (*values)[i];
      } else {
        shift_[i] += subtracts ? -(*values)[i] : (*values)[i];
      }
    }
    scales_ = scales_ || scales;
    shifts_ = shifts_ || !scales;
    op().origin = context_.module.origins().Absorb(op().origin, user.origin);
    graph_.ReplaceAllUses(result, at);
    graph_.value(at).name = graph_.value(result).name;  // it holds that value now
    for (const ValueId passed : passed_) graph_.value(passed).name.clear();  // these do no more
    passed_.clear();
    graph_.Erase(use.op);
    ++absorbed_;
    return true;
  }

  // The operand's number for each channel; without an axis of the channels, one for all of them.
  std::optional<std::vector<double>> Numbers(ValueId at, ValueId operand, std::optional<int> axis) {
    const Constant* constant = graph_.constant(operand);
    if (constant == nullptr) return std::nullopt;
    if (axis) return PerChannel(*constant, graph_.type(at).shape.rank(), *axis, channels_);
    const std::optional<double> number = ScalarOf(graph_, operand);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return std::vector<double>(static_cast<std::size_t>(channels_), *number);
  }

  void Rewrite() {
    if (scales_) {
      const ValueId old = op().input(static_cast<int>(producer_.weights));
      const Constant weights = graph_.constant(old)->WithStep(
          Step(ConstantStep::Kind::kMultiply, producer_.channel_axis, scale_));
      SetConstant(producer_.weights, old, weights);
    }
    const ValueId old_bias = op().input(static_cast<int>(producer_.bias));
    if (old_bias.valid() || shifts_) SetConstant(producer_.bias, old_bias, Bias(old_bias));
    context_.rewrites += absorbed_;
  }

  Constant Bias(ValueId old) {
    const ir::DType dtype = graph_.type(op().result()).dtype;
    const double zero = 0;
    const Constant bias = old.valid()
                              ? graph_.constant(old)->Cast(ir::DType::kF64)
                              : Constant::Splat(ir::DType::kF64, {channels_},
                                                std::as_bytes(std::span<const double>(&zero, 1)));
    return bias.Reshaped(std::vector{channels_})
        .WithStep(Step(ConstantStep::Kind::kMultiply, 0, scale_))
        .WithStep(Step(ConstantStep::Kind::kAdd, 0, shift_))
        .Cast(dtype);
  }

  // A constant of its own: the old one may serve other operators.
  void SetConstant(std::uint32_t operand, ValueId old, Constant constant) {
    const std::string name = old.valid() ? graph_.value(old).name : "";
    const ValueId made = graph_.AddConstant(std::move(constant), name);
    while (op().operands.size() <= operand) graph_.AppendOperand(id_, {});
    graph_.SetOperand({id_, operand}, made);
  }

  PassContext& context_;
  ir::Graph& graph_;
  OpId id_;
  const Producer& producer_;
  std::int64_t channels_ = 0;
  bool scalable_ = false;
  bool scales_ = false;
  bool shifts_ = false;
  bool behind_relu_ = false;
  std::vector<ValueId> passed_;  // on the way to what is looked at
  std::uint64_t absorbed_ = 0;
  std::vector<double> scale_;
  std::vector<double> shift_;
};

}  // namespace

Status FoldBatchNorm(PassContext& context) {
  for (std::uint32_t i = 0; i < context.module.graph_count(); ++i) {
    ir::Graph& graph = context.module.graph(ir::GraphId{i});
    // By index, not in program order: folding erases operators further on.
    const std::size_t size = graph.op_arena_size();
    for (std::uint32_t k = 0; k < size; ++k) {
      const ir::Op& op = graph.op(OpId{k});
      const Producer* producer = op.alive ? FindProducer(op.kind) : nullptr;
      if (producer != nullptr) Folding(context, graph, OpId{k}, *producer).Run();
    }
  }
  return Status::Ok();
}

}  // namespace smelt::passes
