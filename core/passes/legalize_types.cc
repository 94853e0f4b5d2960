// Element types and ranks that the profile's kernels compute right.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ir/op_table.h"
#include "core/passes/legalize.h"
#include "core/passes/legalize_detours.h"
#include "core/passes/legalize_expand.h"
#include "core/passes/legalize_rank.h"
#include "core/passes/legalize_site.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpId;
using ir::OpKind;
using ir::Use;
using ir::ValueId;

bool Carries(std::uint32_t mask, std::size_t index) {
  return mask == kEvery || (index < 32 && (mask >> index & 1U) != 0);
}

// What another detour widened is narrowed without a loss: the narrow value is still there.
ValueId Unwidened(Builder& b, ValueId value, DType to) {
  const ir::Graph& graph = b.graph();
  const OpId producer = graph.value(value).producer;
  if (!producer.valid() || graph.op(producer).kind != OpKind::kCast) return {};
  const ValueId narrow = graph.op(producer).input(0);
  const bool widened = graph.type(value).dtype == DType::kF64 && to == DType::kF32;
  return widened && graph.type(narrow).dtype == to ? narrow : ValueId{};
}

ValueId Convert(Builder& b, ValueId value, DType to, bool bitcast) {
  if (bitcast) return Reinterpret(b, value, to);
  const ValueId narrow = Unwidened(b, value, to);
  return narrow.valid() ? narrow : b.Cast(value, to);
}

class TypeLegalizer {
 public:
  TypeLegalizer(PassContext& context, ir::GraphId graph_id)
      : context_(context), graph_id_(graph_id), graph_(context.module.graph(graph_id)) {}

  // What a visit puts in an operator's place is visited in turn; what it leaves is done.
  Status Run() {
    OpId at = graph_.first();
    while (at.valid()) {
      const OpId before = graph_.op(at).previous;
      bool changed = false;
      SMELT_RETURN_IF_ERROR(Visit(LegalizeSite{context_, graph_id_, at}, changed));
      if (changed) {
        at = before.valid() ? graph_.next(before) : graph_.first();
      } else {
        at = graph_.next(at);
      }
    }
    return Status::Ok();
  }

 private:
  Status Visit(const LegalizeSite& site, bool& changed) {
    const OpKind kind = site.op().kind;
    if (!ir::IsTfliteBuiltin(kind)) return Status::Ok();  // refused by the structure pass
    const target::OperatorSupport* support = context_.profile.Find(kind);
    if (support == nullptr) {
      site.Refuse(Reason::kRuntimeOperatorUnsupported, {}, "an operator without a kernel",
                  "operators of core/OPERATORS.md");
      return Status::Ok();
    }
    const ValueId bad = OffendingType(site, *support);
    if (bad.valid()) return FixType(site, *support, bad, changed);
    return LegalizeRank(site, *support, changed);
  }

  // The operand or result whose element type the kernel lacks.
  static ValueId OffendingType(const LegalizeSite& site, const target::OperatorSupport& support) {
    const auto has = [&](ValueId value) {
      return (support.types & target::Bit(site.type(value).dtype)) != 0;
    };
    const ValueId operand = site.op().input(support.type_operand);
    if (operand.valid() && !has(operand)) return operand;
    // XNNPACK reduces half floats over constant axes only.
    const OpKind kind = site.op().kind;
    const bool reduces = kind == OpKind::kSum || kind == OpKind::kMean ||
                         kind == OpKind::kReduceMax || kind == OpKind::kReduceMin;
    if (reduces && site.type(operand).dtype == DType::kF16 &&
        site.graph().constant(site.op().input(1)) == nullptr) {
      return operand;
    }
    if (site.op().kind == OpKind::kCast && !has(site.op().result())) return site.op().result();
    return {};
  }

  Status FixType(const LegalizeSite& site, const target::OperatorSupport& support, ValueId bad,
                 bool& changed) {
    const DType dtype = site.type(bad).dtype;
    // An expansion keeps the width of integers, where a detour may have to leave it.
    SMELT_RETURN_IF_ERROR(ExpandForType(site, changed));
    if (changed) return Status::Ok();
    const DataOperands* data = FindDataOperands(site.op().kind);
    if (data != nullptr) {
      std::optional<Detour> detour = FindDetour(data->use, dtype, support.types);
      // u32 division goes through i64, which is an expansion of its own.
      if (!detour && dtype == DType::kU32 && IsDivision(site.op().kind)) {
        detour = Detour{DType::kI64, false};
      }
      const bool loses =
          !detour && dtype == DType::kF64 && (support.types & target::Bit(DType::kF32)) != 0;
      if (loses) {
        site.Warn(bad, "computed in f32, as no kernel takes f64", target::TypeNames(support.types));
        detour = Detour{DType::kF32, false};
      }
      if (detour) return TakeDetour(site, *data, *detour, changed);
    }
    site.Refuse(Reason::kRuntimeTypeUnsupported, bad,
                "element type " + std::string(ir::DTypeName(dtype)),
                target::TypeNames(support.types));
    return Status::Ok();
  }

  static bool IsDivision(OpKind kind) { return kind == OpKind::kDiv || kind == OpKind::kFloorDiv; }

  Status TakeDetour(const LegalizeSite& site, const DataOperands& data, Detour detour,
                    bool& changed) {
    const DType dtype = site.In(context_.profile.Find(site.op().kind)->type_operand);
    Builder before = site.Before();
    std::map<ValueId, ValueId> done;  // x + x converts x once
    for (std::uint32_t i = 0; i < site.op().operands.size(); ++i) {
      const ValueId operand = site.op().input(static_cast<int>(i));
      if (!Carries(data.operands, i) || !operand.valid()) continue;
      if (site.type(operand).dtype != dtype) continue;
      ValueId& converted = done[operand];
      if (!converted.valid()) converted = Convert(before, operand, detour.dtype, detour.bitcast);
      SMELT_RETURN_IF_ERROR(before.status());
      graph_.SetOperand(Use{site.id, i}, converted);
    }
    Builder after(context_.module, graph_id_, site.op().origin, site.op().next);
    for (std::size_t i = 0; i < site.op().results.size(); ++i) {
      if (!Carries(data.results, i)) continue;
      SMELT_RETURN_IF_ERROR(ConvertResult(after, site.op().results[i], dtype, detour));
    }
    ++context_.rewrites;
    changed = true;
    return Status::Ok();
  }

  // The operator gives `result` in the detour's type; its users get the old type back.
  Status ConvertResult(Builder& after, ValueId result, DType dtype, Detour detour) {
    graph_.value(result).type.dtype = detour.dtype;
    const std::vector<Use> uses = graph_.UsesOf(result);
    const ValueId converted = Convert(after, result, dtype, detour.bitcast);
    SMELT_RETURN_IF_ERROR(after.status());
    graph_.value(converted).name = std::move(graph_.value(result).name);
    graph_.value(result).name.clear();
    for (const Use use : uses) graph_.SetOperand(use, converted);
    return Status::Ok();
  }

  PassContext& context_;
  ir::GraphId graph_id_;
  ir::Graph& graph_;
};

}  // namespace

Status LegalizeTypes(PassContext& context) {
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    SMELT_RETURN_IF_ERROR(TypeLegalizer(context, graph).Run());
  }
  return Status::Ok();
}

}  // namespace smelt::passes
