// The contracts, from what the delegates of LiteRT check and compute:
//
//   odml.rms_norm    x[.., c], scale[c]; epsilon. x / sqrt(mean(x^2) + epsilon) * scale over the
//                    last axis.
//   odml.group_norm  As a layer norm: x[.., c], scale[c], shift[c]; epsilon, num_groups 1,
//                    channel_axis, sub_type 1. Over the last axis, which is the channels' one. What
//                    knows no sub_type takes it for one by the absence of reduction axes.
//   odml.scaled_dot_product_attention
//                    query[b, t, n, h], key[b, s, n, h], value[b, s, n, h], mask[.., s] of rank 4;
//                    scale. softmax(scale * query key + mask) value for each of n heads.
//
// All in f32. Scales, shifts and masks are never left out, though some delegates would allow it.
#include "core/passes/composite_forms.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/ir/attention.h"
#include "core/ir/last_axes_norm.h"

namespace smelt::passes {
namespace {

using ir::Dim;
using ir::DType;
using ir::Graph;
using ir::Op;
using ir::Shape;
using ir::ValueId;

bool IsFloat32(const Graph& graph, const Op& op) {
  return op.results.size() == 1 && graph.type(op.result()).dtype == DType::kF32 &&
         std::ranges::all_of(op.operands, [&](const Op::Operand& operand) {
           return operand.value.valid() && graph.type(operand.value).dtype == DType::kF32;
         });
}

// Over the last of at least two axes, by constant vectors as long as it.
template <int kOperands>
bool IsLastAxisNorm(const Graph& graph, const Op& op) {
  if (op.input_count() != kOperands || !IsFloat32(graph, op)) return false;
  const Shape& x = graph.type(op.input(0)).shape;
  if (x.rank() < 2 || op.attrs.Int("axis") != x.rank() - 1) return false;
  const Dim last = x.dim(x.rank() - 1);
  for (int i = 1; i < kOperands; ++i) {
    if (graph.constant(op.input(i)) == nullptr || graph.type(op.input(i)).shape != Shape{last}) {
      return false;
    }
  }
  return last.is_static() && graph.constant(op.input(0)) == nullptr;
}

ir::Attributes RmsAttributes(const Graph&, const Op& op) {
  return {{"epsilon", op.attrs.Float("epsilon")}};
}

ir::Attributes LayerAttributes(const Graph& graph, const Op& op) {
  const std::int64_t rank = graph.type(op.input(0)).shape.rank();
  return {{"epsilon", op.attrs.Float("epsilon")},
          {"num_groups", std::int64_t{1}},
          {"channel_axis", rank - 1},
          {"sub_type", std::int64_t{1}}};
}

bool IsAttention(const Graph& graph, const Op& op) {
  if (op.input_count() != 4 || !IsFloat32(graph, op)) return false;
  for (int i = 0; i < 4; ++i) {
    if (graph.type(op.input(i)).shape.rank() != 4) return false;
  }
  const Shape& query = graph.type(op.input(0)).shape;
  const Shape& key = graph.type(op.input(1)).shape;
  const Shape& mask = graph.type(op.input(3)).shape;
  const Shape scores{query.dim(0), query.dim(2), query.dim(1), key.dim(1)};
  for (int i = 0; i < 3; ++i) {
    if (mask.dim(i) != Dim(1) && mask.dim(i) != scores.dim(i)) return false;
  }
  if (!ir::DelegatesTakeHeads(query.dim(0), query.dim(2))) return false;
  return query.dim(2).is_static() && query.dim(3).is_static() &&
         key == graph.type(op.input(2)).shape && key.dim(0) == query.dim(0) &&
         key.dim(2) == query.dim(2) && key.dim(3) == query.dim(3) && mask.dim(3) == scores.dim(3) &&
         graph.type(op.result()).shape == query;
}

ir::Attributes AttentionAttributes(const Graph&, const Op& op) {
  return {{"scale", op.attrs.Float("scale")}};
}

constexpr CompositeForm kForms[] = {
    {ir::kRootMeanSquareNorm, kRmsNorm, IsLastAxisNorm<2>, RmsAttributes},
    {ir::kLayerNorm, kGroupNorm, IsLastAxisNorm<3>, LayerAttributes},
    {ir::kAttention, ir::kAttention, IsAttention, AttentionAttributes},
};

}  // namespace

Status CheckComposites(std::span<const std::string> names) {
  for (const std::string& name : names) {
    const bool is_known = std::ranges::find(kForms, name, &CompositeForm::name) != std::end(kForms);
    if (is_known || name == kAllComposites) continue;
    std::string known(kAllComposites);
    for (const CompositeForm& form : kForms) known += ", " + std::string(form.name);
    return Status(Reason::kInvalidArgument, "no composite is called \"" + name + "\"",
                  "Composites that can be kept: " + known + ".");
  }
  return Status::Ok();
}

bool KeepsComposite(const PassContext& context, std::string_view name) {
  const std::vector<std::string>& wanted = context.options.composites;
  const bool asked = std::ranges::any_of(
      wanted, [&](const std::string& one) { return one == kAllComposites || one == name; });
  return asked && context.profile.Find(ir::OpKind::kStablehloComposite) != nullptr;
}

const CompositeForm* FormToKeep(const PassContext& context, const Graph& graph, const Op& op) {
  const CompositeForm* form =
      std::ranges::find(kForms, op.attrs.String("name"), &CompositeForm::source);
  if (form == std::end(kForms) || !KeepsComposite(context, form->name)) return nullptr;
  return form->fits(graph, op) ? form : nullptr;
}

}  // namespace smelt::passes
