// Element types and ranks that the profile's kernels compute right.
#include <algorithm>
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
#include "core/passes/legalize_version.h"

namespace smelt::passes {
namespace {

using ir::Builder;
using ir::DType;
using ir::OpId;
using ir::OpKind;
using ir::Use;
using ir::ValueId;

bool Carries(std::uint32_t mask, std::size_t index) {
  return mask == ir::kEvery || (index < 32 && (mask >> index & 1U) != 0);
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
    if (!ir::IsTfliteBuiltin(kind)) return Status::Ok();  // refused before, or CUSTOM
    const target::OperatorSupport* support = context_.profile.Find(kind);
    if (support == nullptr) return ReplaceMissing(site, changed);
    const ValueId bad = OffendingType(site, *support);
    if (bad.valid()) return FixType(site, *support, bad, changed);
    SMELT_RETURN_IF_ERROR(LegalizeRank(site, *support, changed));
    return changed ? Status::Ok() : LegalizeVersion(site, *support, changed);
  }

  Status ReplaceMissing(const LegalizeSite& site, bool& changed) {
    if (context_.profile.runtime.empty()) {
      site.Refuse(Reason::kRuntimeOperatorUnsupported, {}, "an operator without a kernel",
                  "operators of core/OPERATORS.md");
      return Status::Ok();
    }
    SMELT_RETURN_IF_ERROR(ExpandForVersion(site, changed));
    if (!changed) RefuseVersion(site, 0);
    return Status::Ok();
  }

  // A version that the runtime is too old for: older words, or another element type.
  Status LegalizeVersion(const LegalizeSite& site, const target::OperatorSupport& support,
                         bool& changed) {
    if (context_.options.operator_version == nullptr) return Status::Ok();
    if (context_.options.operator_version(graph_, site.op()) <= support.max_version) {
      return Status::Ok();
    }
    SMELT_RETURN_IF_ERROR(ExpandForVersion(site, changed));
    if (changed) return Status::Ok();
    const ir::DataOperands* data = ir::FindDataOperands(site.op().kind);
    if (data != nullptr) {
      const DType dtype = site.In(support.type_operand);
      const auto detour = DetourFor(*data, dtype, TypesWithinVersion(site, *data, support));
      if (detour) return TakeDetour(site, *data, *detour, changed);
    }
    RefuseVersion(site, support.max_version);
    return Status::Ok();
  }

  void RefuseVersion(const LegalizeSite& site, int newest) const {
    const std::string runtime = "runtime " + std::string(context_.profile.runtime);
    const int wanted = std::max(1, context_.options.operator_version == nullptr
                                       ? 1
                                       : context_.options.operator_version(graph_, site.op()));
    site.Refuse(Reason::kRuntimeVersionUnsupported, {}, "version " + std::to_string(wanted),
                newest == 0 ? "no version in " + runtime
                            : "versions up to " + std::to_string(newest) + " in " + runtime);
  }

  // A runtime without BITCAST reaches other types by value only.
  std::optional<Detour> DetourFor(const ir::DataOperands& data, DType dtype,
                                  target::TypeSet types) const {
    std::optional<Detour> detour = FindDetour(data.use, dtype, types);
    if (detour && detour->bitcast && context_.profile.Find(OpKind::kBitcast) == nullptr) {
      return data.use == ir::DataUse::kMoves ? FindDetour(ir::DataUse::kOrders, dtype, types)
                                             : std::nullopt;
    }
    return detour;
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
    const ir::DataOperands* data = ir::FindDataOperands(site.op().kind);
    if (data != nullptr) {
      std::optional<Detour> detour = DetourFor(*data, dtype, support.types);
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

  Status TakeDetour(const LegalizeSite& site, const ir::DataOperands& data, Detour detour,
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

// A text that is handed through meets no operator that could refuse it.
void CheckPorts(PassContext& context, const ir::Graph& graph) {
  const auto check = [&](ValueId value, const char* role) {
    const ir::TensorType& type = graph.type(value);
    if (ir::ElementBits(type.dtype) != 0) return;
    ir::Diagnostic diagnostic;
    diagnostic.reason = Reason::kRuntimeTypeUnsupported;
    diagnostic.stage = "legalize";
    diagnostic.tensor = graph.value(value).name;
    diagnostic.tensor_type = context.module.symbols().Text(type);
    diagnostic.found = "element type " + std::string(ir::DTypeName(type.dtype));
    diagnostic.allowed = "numbers and bool";
    diagnostic.message = std::string(role) + " \"" + diagnostic.tensor + "\" is a " +
                         diagnostic.tensor_type + "; allowed are " + diagnostic.allowed;
    context.diagnostics.push_back(std::move(diagnostic));
  };
  for (const ValueId input : graph.inputs()) check(input, "input");
  for (const ValueId output : graph.outputs()) {
    if (!graph.value(output).is_input) check(output, "output");
  }
}

}  // namespace

Status LegalizeTypes(PassContext& context) {
  for (const ir::Signature& signature : context.module.signatures) {
    CheckPorts(context, context.module.graph(signature.graph));
  }
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    SMELT_RETURN_IF_ERROR(TypeLegalizer(context, graph).Run());
  }
  return Status::Ok();
}

}  // namespace smelt::passes
