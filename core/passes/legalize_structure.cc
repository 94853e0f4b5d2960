// Structure: composites into their bodies or into STABLEHLO_COMPOSITE, core.* into operators of the
// runtime.
#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/ir/op_table.h"
#include "core/passes/composite_forms.h"
#include "core/passes/kept_bodies.h"
#include "core/passes/legalize.h"
#include "core/passes/legalize_core_ops.h"
#include "core/passes/legalize_site.h"

namespace smelt::passes {
namespace {

using ir::OpId;
using ir::OpKind;
using ir::ValueId;

class StructureLegalizer {
 public:
  explicit StructureLegalizer(PassContext& context)
      : context_(context), bodies_(context.module), done_(context.module.graph_count(), false) {
    for (const ir::Diagnostic& diagnostic : context.diagnostics) {
      const bool tells =
          diagnostic.severity == ir::Severity::kError || diagnostic.reason == Reason::kNotChecked;
      if (tells && diagnostic.node) said_.insert(ir::KeyOf(*diagnostic.node));
    }
  }

  // Bodies first: what is inlined is legal already. Graphs don't contain themselves. `inside` of a
  // composite that is kept no other one is.
  Status Run(ir::GraphId id, bool inside = false) {
    if (done_[id.index]) return Status::Ok();
    done_[id.index] = true;
    const ir::Graph& graph = context_.module.graph(id);
    for (const OpId at : graph) {
      const LegalizeSite site{context_, id, at};
      const std::vector<ir::GraphId> regions = site.op().regions;
      const bool is_composite = site.op().kind == OpKind::kComposite && !regions.empty();
      const CompositeForm* form =
          is_composite && !inside ? FormToKeep(context_, graph, site.op()) : nullptr;
      for (const ir::GraphId region : regions) {
        SMELT_RETURN_IF_ERROR(Run(region, inside || form != nullptr));
      }
      if (form != nullptr) {
        Keep(site, *form);
      } else {
        SMELT_RETURN_IF_ERROR(Visit(site));
      }
    }
    return Status::Ok();
  }

 private:
  void Keep(const LegalizeSite& site, const CompositeForm& form) {
    ir::Op& op = site.graph().op(site.id);
    op.attrs = form.attributes(site.graph(), op);
    op.attrs.Set("name", std::string(form.name));
    op.kind = OpKind::kStablehloComposite;
    op.regions.front() = bodies_.Share(op.regions.front(), form.name);
    ++context_.rewrites;
  }

  Status Visit(const LegalizeSite& site) {
    const OpKind kind = site.op().kind;
    if (ir::IsTfliteBuiltin(kind) || kind == OpKind::kCustom) return Status::Ok();
    if (kind != OpKind::kComposite) return ExpandCoreOperator(site);
    if (!site.op().regions.empty()) return Inline(site);
    if (!AlreadyRefused(site)) {
      site.Refuse(Reason::kRuntimeOperatorUnsupported, {}, "an operator without a definition",
                  "operators of core/OPERATORS.md");
    }
    return Status::Ok();
  }

  // True when the importer has said already why this node is opaque, or what hides it. What comes
  // from no node stands for a tensor that it could not read.
  bool AlreadyRefused(const LegalizeSite& site) const {
    const ir::OriginTable& origins = context_.module.origins();
    const std::vector<ir::SourceId>& sources = origins.SourcesOf(site.op().origin);
    if (sources.empty()) {
      return std::ranges::find(context_.diagnostics, ir::Severity::kError,
                               &ir::Diagnostic::severity) != context_.diagnostics.end();
    }
    return std::ranges::any_of(sources, [&](ir::SourceId source) {
      return said_.contains(ir::KeyOf(origins.sources()[source]));
    });
  }

  Status Inline(const LegalizeSite& site) {
    ir::Graph& outer = site.graph();
    const ir::Graph& body = context_.module.graph(site.op().regions.front());
    std::unordered_map<std::uint32_t, ValueId> map;  // body value -> outer value
    if (body.inputs().size() != site.op().operands.size() ||
        body.outputs().size() != site.op().results.size()) {
      return Status(Reason::kInternalError, "a composite's body has another signature");
    }
    for (std::size_t i = 0; i < body.inputs().size(); ++i) {
      map[body.inputs()[i].index] = site.op().input(static_cast<int>(i));
    }
    for (const OpId inner : body) Clone(site, body, body.op(inner), map);
    for (std::size_t i = 0; i < body.outputs().size(); ++i) {
      const ValueId from = site.op().results[i];
      const ValueId to = Mapped(outer, body, body.outputs()[i], map);
      ir::Value& made = outer.value(to);
      if (made.producer.valid() && made.name.empty()) {
        made.name = std::move(outer.value(from).name);
      }
      outer.ReplaceAllUses(from, to);
    }
    outer.Erase(site.id);
    ++context_.rewrites;
    return Status::Ok();
  }

  static ValueId Mapped(ir::Graph& outer, const ir::Graph& body, ValueId value,
                        std::unordered_map<std::uint32_t, ValueId>& map) {
    if (!value.valid()) return value;
    const auto [at, added] = map.try_emplace(value.index);
    // Only constants are met before what makes them.
    if (added) at->second = outer.AddConstant(*body.value(value).constant, body.value(value).name);
    return at->second;
  }

  void Clone(const LegalizeSite& site, const ir::Graph& body, const ir::Op& inner,
             std::unordered_map<std::uint32_t, ValueId>& map) {
    ir::Graph& outer = site.graph();
    std::vector<ValueId> operands;
    for (const auto& operand : inner.operands) {
      operands.push_back(Mapped(outer, body, operand.value, map));
    }
    std::vector<ir::TensorType> types;
    for (const ValueId result : inner.results) types.push_back(body.type(result));
    const ir::OriginId origin = context_.module.origins().Merge(site.op().origin, inner.origin);
    const OpId made = outer.Insert(inner.kind, operands, inner.attrs, types, origin, site.id);
    outer.op(made).regions = inner.regions;
    for (std::size_t i = 0; i < inner.results.size(); ++i) {
      map[inner.results[i].index] = outer.op(made).results[i];
      outer.value(outer.op(made).results[i]).quant = body.value(inner.results[i]).quant;
    }
  }

  PassContext& context_;
  KeptBodies bodies_;
  std::vector<bool> done_;
  std::unordered_set<std::string> said_;  // keys of the nodes that a diagnostic names
};

ir::Diagnostic TooOldNote(const target::Profile& profile) {
  ir::Diagnostic note;
  note.severity = ir::Severity::kNote;
  note.reason = Reason::kRuntimeVersionUnsupported;
  note.stage = "legalize";
  note.found = "composites to keep";
  note.allowed = "no STABLEHLO_COMPOSITE in runtime " + std::string(profile.runtime);
  note.message = "composites are decomposed: " + note.allowed;
  return note;
}

}  // namespace

Status LegalizeStructure(PassContext& context) {
  if (!context.options.composites.empty() &&
      context.profile.Find(OpKind::kStablehloComposite) == nullptr) {
    context.diagnostics.push_back(TooOldNote(context.profile));
  }
  StructureLegalizer legalizer(context);
  for (const ir::GraphId graph : ReachableGraphs(context.module)) {
    SMELT_RETURN_IF_ERROR(legalizer.Run(graph));
  }
  return Status::Ok();
}

}  // namespace smelt::passes
