// GraphWalk's work at sequences and optionals: lists that exist only while the model is imported.
// Positions and lengths are known then, so that nothing but the elements is left of them.
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/import/onnx/fold.h"
#include "core/import/onnx/node_check.h"
#include "core/import/onnx/sequence_list.h"
#include "core/import/onnx/sequence_tensors.h"
#include "core/import/onnx/subgraph.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

using Elements = std::vector<WalkValue>;

ir::ValueId Scalar(ir::Builder& out, ir::DType type, std::int64_t value) {
  return out.Const(
      ir::Constant::FromValues<std::int64_t>(ir::DType::kI64, {}, std::vector<std::int64_t>{value})
          .Cast(type)
          .Evaluated());
}

}  // namespace

void GraphWalk::ExpandSequence(Step& step, OnnxNode& node) {
  const SchemaVerdict schema =
      CheckSchema(node, step.attributes, *step.schema, context_.diagnostics);
  const std::vector<const WalkValue*> inputs = FindInputs(*step.proto);
  step.types_known = false;
  if (!schema.shaped || !schema.valid) return Refuse(step, node);
  if (!AllKnown(inputs)) {
    CheckSubgraphOperators(*step.proto);
    return RefuseHidden(step, node, "the type of an input");
  }
  const ir::OpId last = graph_.op(graph_.return_op()).previous;
  auto results = SequenceResults(step, node, inputs);
  if (!results.ok()) {
    context_.diagnostics.push_back(FromStatus(results.status(), step.source));
    return Refuse(step, node);
  }
  if (static_cast<int>(results->size()) < node.output_count()) return Refuse(step, node);
  FoldNewOps(context_.module, graph_id_, last, context_.request.limits.max_folded_bytes);
  for (int i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) continue;
    DefineAs(node.output_name(i), std::move((*results)[static_cast<std::size_t>(i)]));
  }
}

// Nothing where what stands in the way was said of the body.
Result<Elements> GraphWalk::SequenceResults(Step& step, OnnxNode& node,
                                            std::span<const WalkValue* const> inputs) {
  const std::string& op = node.op_type();
  if (op == "SequenceMap") return MapSequence(step, node, inputs);
  ir::Builder out(context_.module, graph_id_, step.origin);
  if (op == "OptionalHasElement") {
    const bool has = !inputs.empty() && inputs[0] != nullptr && !inputs[0]->none;
    return Elements{*Emitted(Scalar(out, ir::DType::kBool, has ? 1 : 0))};
  }
  if (op == "SplitToSequence") {
    SMELT_ASSIGN_OR_RETURN(const std::vector<ir::ValueId> parts, SplitToParts(node, out));
    SMELT_RETURN_IF_ERROR(out.status());
    Elements list;
    for (const ir::ValueId part : parts) list.push_back(*Emitted(part));
    return Elements{MakeSequence(std::move(list))};
  }
  if (op == "SequenceLength" || op == "ConcatFromSequence") {
    SMELT_ASSIGN_OR_RETURN(const Elements list, SequenceElements(inputs));
    if (op == "SequenceLength") {
      const auto count = static_cast<std::int64_t>(list.size());
      return Elements{*Emitted(Scalar(out, ir::DType::kI64, count))};
    }
    SMELT_ASSIGN_OR_RETURN(const ir::ValueId joined, JoinParts(node, list, out));
    SMELT_RETURN_IF_ERROR(out.status());
    return Elements{*Emitted(joined)};
  }
  SMELT_ASSIGN_OR_RETURN(WalkValue result, EditSequence(node, inputs));
  return Elements{std::move(result)};
}

// The body once for each element. Further inputs that are sequences are taken element by element.
Result<Elements> GraphWalk::MapSequence(Step& step, OnnxNode& node,
                                        std::span<const WalkValue* const> inputs) {
  const onnx::GraphProto* body = nullptr;
  for (const auto& attribute : step.proto->attribute()) {
    if (attribute.name() == "body" && attribute.has_g()) body = &attribute.g();
  }
  SMELT_ASSIGN_OR_RETURN(const Elements list, SequenceElements(inputs));
  if (body == nullptr || body->input_size() != static_cast<int>(inputs.size()) ||
      body->output_size() < node.output_count()) {
    return Status(Reason::kMissingInput, "the body's inputs are not those of the map");
  }
  const std::vector<std::string> outside = NamesFromOutside(*body);
  const onnx::GraphProto closed = Closed(*body, outside);
  context_.expanded_nodes += list.size() * static_cast<std::uint64_t>(body->node_size());
  if (context_.expanded_nodes > context_.request.limits.max_nodes) {
    return Status(Reason::kTooManyNodes, "the bodies of all elements together are too large");
  }
  std::vector<Elements> mapped(static_cast<std::size_t>(node.output_count()));
  const std::size_t before = context_.diagnostics.size();
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::vector<const WalkValue*> values;
    for (const WalkValue* input : inputs) {
      if (input->elements != nullptr && input->elements->size() != list.size()) {
        return Status(Reason::kShapeMismatch, "the sequences have different lengths");
      }
      values.push_back(input->elements != nullptr ? &(*input->elements)[i] : input);
    }
    for (const std::string& name : outside) values.push_back(Find(name));
    Scope scope{closed,
                scope_->opsets,
                scope_->payloads,
                scope_,
                scope_->caller != nullptr ? scope_->caller : &step,
                scope_->function};
    const auto results = WalkScope(scope, values);
    if (!IsWhole(before) || results.empty() || !AllDefined(results)) {
      SayOfCall(step, before);
      NoteHidden(step, "what its body gives");
      return Elements{};
    }
    for (std::size_t k = 0; k < mapped.size(); ++k) mapped[k].push_back(*results[k]);
  }
  Elements results;
  for (Elements& one : mapped) results.push_back(MakeSequence(std::move(one)));
  return results;
}

}  // namespace smelt::onnx_import
