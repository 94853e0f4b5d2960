// Weights stored as int8, each in the best form that the runtime to serve has for it.
#include <algorithm>
#include <array>
#include <string>

#include "core/ir/builder.h"
#include "core/ir/op_table.h"
#include "core/passes/legalize_site.h"
#include "core/passes/passes.h"
#include "core/passes/quantize/weight_scales.h"
#include "core/passes/quantize/weight_use.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpId;
using ir::OpKind;
using ir::Use;
using ir::ValueId;
using Form = WeightChoice::Form;

class WeightQuantizer {
 public:
  WeightQuantizer(PassContext& context, ir::GraphId id, WeightSummary& summary)
      : context_(context), id_(id), graph_(context.module.graph(id)), summary_(summary) {}

  Status Run() {
    const std::size_t values = graph_.value_count();
    for (std::uint32_t v = 0; v < values; ++v) {
      const ir::Value& value = graph_.value(ValueId{v});
      if (!value.is_constant() || value.type.dtype != DType::kF32) continue;
      if (graph_.HasUses(ValueId{v})) SMELT_RETURN_IF_ERROR(Quantize(ValueId{v}));
    }
    return Status::Ok();
  }

 private:
  Status Quantize(ValueId weight) {
    const std::vector<Use> uses = graph_.UsesOf(weight);
    const ir::Constant constant = *graph_.constant(weight);  // the arena moves
    const std::string why_not = Obstacle(uses, constant);
    if (!why_not.empty()) {
      Keep(weight, uses.front(), constant, why_not);
      return Status::Ok();
    }
    std::uint64_t bytes = 0;
    for (const WeightUse& row : WeightUses()) {  // users of one form share a constant
      std::vector<Use> group;
      for (const Use use : uses) {
        if (FindWeightUse(graph_.op(use.op).kind, use.operand) == &row) group.push_back(use);
      }
      if (group.empty()) continue;
      SMELT_ASSIGN_OR_RETURN(const bool done, Store(weight, constant, group, row));
      if (done) bytes += static_cast<std::uint64_t>(constant.element_count());
      if (!done) Keep(weight, group.front(), constant, "the runtime to serve is too old for it");
    }
    if (bytes == 0) return Status::Ok();
    ++context_.rewrites;
    ++summary_.quantized;
    summary_.float_bytes += constant.size_bytes();
    summary_.quantized_bytes += bytes;
    return Status::Ok();
  }

  // Why a constant stays as it is, or nothing. One that stays for one user gains nothing from
  // integers for another.
  std::string Obstacle(const std::vector<Use>& uses, const ir::Constant& constant) const {
    const std::int64_t asked = context_.options.fewest_weight_elements;
    for (const Use use : uses) {
      const ir::Op& op = graph_.op(use.op);
      const WeightUse* row = FindWeightUse(op.kind, use.operand);
      if (row == nullptr) {
        return use.op == graph_.return_op()
                   ? "it is a result"
                   : "operand " + std::to_string(use.operand) + " of " +
                         std::string(ir::GetOpInfo(op.kind).name) + " has no integer form";
      }
      const std::int64_t fewest = asked != 0 ? asked : row->fewest_elements;
      if (constant.element_count() < fewest) {
        return "it has fewer than " + std::to_string(fewest) + " elements";
      }
    }
    if (!SymmetricScales(constant, kOneScale, kLargest)) return "an element is not finite";
    return "";
  }

  Result<bool> Store(ValueId weight, const ir::Constant& constant, const std::vector<Use>& group,
                     const WeightUse& row) {
    for (WeightChoice taken : row.choices) {
      if (context_.options.one_scale_a_weight) {
        if (taken.form == Form::kHybrid && row.kind == OpKind::kConv2d) continue;
        taken.axis = kOneScale;
      }
      const auto scales = SymmetricScales(constant, taken.axis, kLargest);
      ir::Builder builder(context_.module, id_, graph_.op(group.front().op).origin, graph_.first());
      const ValueId stored = builder.Const(constant.Quantized(DType::kI8, taken.axis, *scales),
                                           graph_.value(weight).name);
      SMELT_RETURN_IF_ERROR(builder.status());
      graph_.value(stored).quant = ir::QuantParams{
          *scales, std::vector<std::int64_t>(scales->size(), 0), std::max(taken.axis, 0)};
      SMELT_ASSIGN_OR_RETURN(const bool done, Put(builder, weight, stored, group, taken.form));
      if (done) return true;
    }
    return false;
  }

  // False, and nothing has changed, when the runtime to serve is too old for it.
  Result<bool> Put(ir::Builder& builder, ValueId weight, ValueId stored,
                   const std::vector<Use>& group, Form form) {
    if (form == Form::kLookup) return LookUp(stored, group);
    ValueId operand = stored;
    if (form == Form::kStored) {
      operand = builder.Unary(OpKind::kDequantize, stored);
      SMELT_RETURN_IF_ERROR(builder.status());
      if (!HasVersion(graph_.value(operand).producer)) return false;
    }
    bool fits = true;
    for (const Use use : group) {
      graph_.SetOperand(use, operand);
      if (form == Form::kHybrid) SetAsymmetric(use.op, true);
      fits = fits && HasVersion(use.op);
    }
    if (fits) return true;
    for (const Use use : group) {
      graph_.SetOperand(use, weight);
      if (form == Form::kHybrid) SetAsymmetric(use.op, false);
    }
    return false;
  }

  // A lookup in each place of the old one, with integers as its result.
  Result<bool> LookUp(ValueId table, const std::vector<Use>& group) {
    for (const Use use : group) {
      const LegalizeSite site{context_, id_, use.op};
      ir::Builder builder = site.Before();
      const std::array operands{table, site.op().input(1)};
      const ValueId found = builder.Emit(OpKind::kGather, operands, site.op().attrs);
      SMELT_RETURN_IF_ERROR(builder.status());
      graph_.value(found).quant = graph_.value(table).quant;
      const ValueId numbers = builder.Unary(OpKind::kDequantize, found);
      SMELT_RETURN_IF_ERROR(builder.status());
      if (!HasVersion(graph_.value(found).producer) ||
          !HasVersion(graph_.value(numbers).producer)) {
        return false;  // for the first as for all; what was made has no users
      }
      SMELT_RETURN_IF_ERROR(site.Replace(builder, numbers));
      --context_.rewrites;  // weights are counted
    }
    return true;
  }

  void SetAsymmetric(OpId id, bool asymmetric) {
    ir::Op& op = graph_.op(id);
    if (op.kind == OpKind::kConv2d) return;  // which has no such attribute, and always is
    op.attrs.Set("asymmetric_quantize_inputs", asymmetric);
  }

  bool HasVersion(OpId id) const { return LegalizeSite{context_, id_, id}.HasVersion(); }

  void Keep(ValueId weight, Use use, const ir::Constant& constant, std::string why) {
    if (constant.element_count() < kFewestNoted)
      return;  // biases and other small ones: not worth a line
    summary_.kept.push_back({graph_.value(weight).name,
                             std::string(ir::GetOpInfo(graph_.op(use.op).kind).name),
                             constant.element_count(), std::move(why)});
  }

  static constexpr int kLargest = 127;
  static constexpr std::int64_t kFewestNoted = 1024;
  PassContext& context_;
  ir::GraphId id_;
  ir::Graph& graph_;
  WeightSummary& summary_;
};

ir::Diagnostic NothingQuantized(const WeightSummary& summary) {
  ir::Diagnostic warning;
  warning.severity = ir::Severity::kWarning;
  warning.reason = Reason::kWeightsKeptFloat;
  warning.stage = "passes";
  warning.message = "no weight is stored as an integer";
  if (!summary.kept.empty()) {
    const WeightSummary::Kept& largest = summary.kept.front();
    warning.tensor = largest.tensor;
    warning.message += ": the largest, of " + std::to_string(largest.elements) +
                       " elements, stays float32, for " + largest.why;
  }
  return warning;
}

}  // namespace

Status DynamicRangeWeights(PassContext& context) {
  if (context.options.weights != Weights::kInt8) return Status::Ok();
  WeightSummary summary;
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    SMELT_RETURN_IF_ERROR(WeightQuantizer(context, graph, summary).Run());
  }
  std::ranges::stable_sort(summary.kept, std::ranges::greater{}, &WeightSummary::Kept::elements);
  if (summary.quantized == 0) context.diagnostics.push_back(NothingQuantized(summary));
  if (context.options.weight_summary != nullptr) *context.options.weight_summary = summary;
  return Status::Ok();
}

}  // namespace smelt::passes
