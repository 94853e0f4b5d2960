// Weights stored as int8, each in the best form that the runtime to serve has for it.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>

#include "core/ir/builder.h"
#include "core/ir/infer.h"
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
    std::set<int> axes;  // of what is stored: users with the same scales share their bytes
    for (const WeightUse& row : WeightUses()) {  // users of one form share a constant
      std::vector<Use> group;
      for (const Use use : uses) {
        if (FindWeightUse(graph_.op(use.op).kind, use.operand) == &row) group.push_back(use);
      }
      if (group.empty()) continue;
      SMELT_ASSIGN_OR_RETURN(const std::optional<int> axis, Store(weight, constant, group, row));
      if (axis) axes.insert(*axis);
      if (!axis) Keep(weight, group.front(), constant, "the runtime to serve is too old for it");
    }
    if (axes.empty()) return Status::Ok();
    ++context_.rewrites;
    ++summary_.quantized;
    summary_.float_bytes += constant.size_bytes();
    summary_.quantized_bytes += axes.size() * static_cast<std::uint64_t>(constant.element_count());
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

  // The axis of its scales in the first form that the runtime has; nothing when it has none.
  Result<std::optional<int>> Store(ValueId weight, const ir::Constant& constant,
                                   const std::vector<Use>& group, const WeightUse& row) {
    for (WeightChoice taken : row.choices) {
      if (context_.options.one_scale_a_weight) {
        if (taken.form == Form::kHybrid && row.kind == OpKind::kConv2d) continue;
        if (taken.form == Form::kRows) continue;
        taken.axis = kOneScale;
      }
      if (taken.form == Form::kRows &&
          !std::ranges::all_of(group, [&](Use use) { return TakesRows(graph_.op(use.op)); })) {
        continue;
      }
      const auto scales = SymmetricScales(constant, taken.axis, kLargest);
      ir::Builder builder(context_.module, id_, graph_.op(group.front().op).origin, graph_.first());
      const ValueId stored = builder.Const(constant.Quantized(DType::kI8, taken.axis, *scales),
                                           graph_.value(weight).name);
      SMELT_RETURN_IF_ERROR(builder.status());
      graph_.value(stored).quant = ir::QuantParams{
          *scales, std::vector<std::int64_t>(scales->size(), 0), std::max(taken.axis, 0)};
      SMELT_ASSIGN_OR_RETURN(const bool done, Put(builder, weight, stored, group, taken.form));
      if (done) return std::optional(taken.axis);
    }
    return std::optional<int>();
  }

  // Whether EMBEDDING_LOOKUP can say it: whole rows, by a list of numbers that RESHAPE makes of any
  // shape with one open dimension.
  bool TakesRows(const ir::Op& op) const {
    const ir::TensorType& ids = graph_.type(op.input(1));
    const int rank = graph_.type(op.input(0)).shape.rank();
    const std::int64_t axis = op.attrs.Int("axis");
    const auto open =
        std::ranges::count_if(ids.shape.dims(), [](ir::Dim dim) { return !dim.is_static(); });
    return rank >= 2 && (axis == 0 || axis == -rank) && op.attrs.Int("batch_dims") == 0 &&
           (ids.dtype == DType::kI32 || ids.dtype == DType::kI64) &&
           (ids.shape.rank() == 1 || open <= 1);
  }

  // False, and nothing has changed, when the runtime to serve is too old for it.
  Result<bool> Put(ir::Builder& builder, ValueId weight, ValueId stored,
                   const std::vector<Use>& group, Form form) {
    if (form == Form::kLookup) return LookUp(stored, group, &WeightQuantizer::Gathered);
    if (form == Form::kRows) return LookUp(stored, group, &WeightQuantizer::Rows);
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

  // The numbers that a lookup in the int8 table gives; `made`: the operators that need a version.
  using Lookup = ValueId (WeightQuantizer::*)(ir::Builder& builder, ValueId table,
                                              const ir::Op& gather, std::vector<ValueId>& made);

  // Integers of the table's scale, DEQUANTIZE behind.
  ValueId Gathered(ir::Builder& builder, ValueId table, const ir::Op& gather,
                   std::vector<ValueId>& made) {
    const std::array operands{table, gather.input(1)};
    const ValueId found = builder.Emit(OpKind::kGather, operands, gather.attrs);
    if (!builder.status().ok()) return {};
    graph_.value(found).quant = graph_.value(table).quant;
    const ValueId numbers = builder.Unary(OpKind::kDequantize, found);
    made = {found, numbers};
    return numbers;
  }

  // EMBEDDING_LOOKUP of the indices as a list.
  ValueId Rows(ir::Builder& builder, ValueId table, const ir::Op& gather,
               std::vector<ValueId>& made) {
    ValueId ids = gather.input(1);
    const ir::Shape result = graph_.type(gather.result()).shape;  // copies: the arena moves
    const ir::Shape given = graph_.type(ids).shape;
    const bool list = given.rank() == 1;
    ids = builder.Cast(ids, DType::kI32);
    if (!list) {
      ids = builder.Reshape(ids,
                            ir::Shape{ir::infer::Product(context_.module.symbols(), given.dims())});
    }
    const std::array operands{ids, table};
    const ValueId found =
        builder.Emit(OpKind::kEmbeddingLookup, operands, {{"out_data_type", std::string("f32")}});
    made = {found};
    return list ? found : builder.Reshape(found, result);
  }

  // A lookup in each place of the old one.
  Result<bool> LookUp(ValueId table, const std::vector<Use>& group, Lookup lookup) {
    for (const Use use : group) {
      const LegalizeSite site{context_, id_, use.op};
      ir::Builder builder = site.Before();
      const ir::Op gather = site.op();  // a copy: the arena moves
      std::vector<ValueId> made;
      const ValueId numbers = (this->*lookup)(builder, table, gather, made);
      SMELT_RETURN_IF_ERROR(builder.status());
      const bool fits = std::ranges::all_of(
          made, [&](ValueId one) { return HasVersion(graph_.value(one).producer); });
      if (!fits) return false;  // for the first as for all; what was made has no users
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
