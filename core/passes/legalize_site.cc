#include "core/passes/legalize_site.h"

#include <utility>

#include "core/ir/op_table.h"

namespace smelt::passes {

using ir::ValueId;

bool LegalizeSite::HasVersion() const {
  const target::OperatorSupport* support = context.profile.Find(op().kind);
  if (support == nullptr) return false;
  const OperatorVersionFn version = context.options.operator_version;
  return version == nullptr || version(graph(), op()) <= support->max_version;
}

ir::Builder LegalizeSite::Before() const {
  return ir::Builder(context.module, graph_id, op().origin, id);
}

void LegalizeSite::ReplaceResult(ValueId old, ValueId value) const {
  ir::Value& made = graph().value(value);
  // A value that was there before keeps its own name and type.
  if (made.producer.valid() && made.name.empty()) {
    made.name = std::move(graph().value(old).name);
    made.type = graph().type(old);
    made.quant = graph().value(old).quant;
  }
  graph().ReplaceAllUses(old, value);
}

Status LegalizeSite::Replace(const ir::Builder& builder, ValueId value) const {
  SMELT_RETURN_IF_ERROR(builder.status());
  ReplaceResult(op().result(), value);
  graph().Erase(id);
  ++context.rewrites;
  return Status::Ok();
}

void LegalizeSite::Refuse(Reason reason, ValueId tensor, std::string found,
                          std::string allowed) const {
  Say(ir::Severity::kError, reason, tensor, std::move(found), std::move(allowed));
}

void LegalizeSite::Warn(ValueId tensor, std::string found, std::string allowed) const {
  Say(ir::Severity::kWarning, Reason::kRuntimeTypeUnsupported, tensor, std::move(found),
      std::move(allowed));
}

void LegalizeSite::Say(ir::Severity severity, Reason reason, ValueId tensor, std::string found,
                       std::string allowed) const {
  const ir::OriginTable& origins = context.module.origins();
  ir::Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.reason = reason;
  diagnostic.stage = "legalize";
  const auto& sources = origins.SourcesOf(op().origin);
  if (!sources.empty()) diagnostic.node = origins.sources()[sources.front()];
  std::string name(ir::GetOpInfo(op().kind).name);
  if (op().kind == ir::OpKind::kComposite) name = op().attrs.String("name");
  if (tensor.valid()) {
    diagnostic.tensor = graph().value(tensor).name;
    diagnostic.tensor_type = context.module.symbols().Text(type(tensor));
  }
  diagnostic.message =
      name + ": " + found + "; " + std::string(context.profile.name) + " accepts " + allowed;
  diagnostic.found = std::move(found);
  diagnostic.allowed = std::move(allowed);
  context.diagnostics.push_back(std::move(diagnostic));
}

std::vector<ir::GraphId> ReachableGraphs(const ir::Module& module) {
  std::vector<bool> seen(module.graph_count(), false);
  std::vector<ir::GraphId> found;
  const auto reach = [&](ir::GraphId id) {
    if (seen[id.index]) return;
    seen[id.index] = true;
    found.push_back(id);
  };
  if (module.graph_count() > 0) reach(module.main_id());
  for (const ir::Signature& signature : module.signatures) reach(signature.graph);
  // A module's graphs are few, its operators many: no further look when all graphs are found.
  for (std::size_t at = 0; at < found.size() && found.size() < module.graph_count(); ++at) {
    const ir::Graph& graph = module.graph(found[at]);
    for (const ir::OpId id : graph) {
      for (const ir::GraphId region : graph.op(id).regions) reach(region);
    }
  }
  return found;
}

ValueId Reinterpret(ir::Builder& builder, ValueId value, ir::DType to) {
  if (!builder.status().ok() || builder.type(value).dtype == to) return value;
  if (const ir::Constant* held = builder.constant(value)) {
    auto made = ir::Constant::FromBytes(to, held->shape(), held->Materialize());
    if (!made.ok()) {
      builder.Fail(made.status());
      return {};
    }
    return builder.Const(std::move(made).value(), builder.graph().value(value).name);
  }
  return builder.Emit(ir::OpKind::kBitcast, {value},
                      {{"out_data_type", std::string(ir::DTypeName(to))}});
}

}  // namespace smelt::passes
