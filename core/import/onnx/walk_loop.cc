// GraphWalk's work at Loop and Scan: what they do, and which way it is built. A loop whose number
// of rounds is known and small is its rounds, one after the other; any other is TFLite's WHILE.
#include "core/import/onnx/walk_loop.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/import/onnx/node_check.h"
#include "core/import/onnx/walk_step.h"

namespace smelt::onnx_import {
namespace {

// What unrolling may make of one loop: beyond that a model would be all loop.
constexpr std::int64_t kMaxRounds = 64;
constexpr std::int64_t kMaxUnrolledNodes = 1024;

void EraseAfter(ir::Graph& graph, ir::OpId kept) {
  while (true) {
    const ir::OpId last = graph.op(graph.return_op()).previous;
    if (last == kept) return;
    graph.Erase(last);
  }
}

}  // namespace

GraphWalk::Mark GraphWalk::MarkHere() const {
  return {graph_.op(graph_.return_op()).previous, context_.module.graph_count(),
          context_.diagnostics.size()};
}

// Takes away what was emitted and said since. Regions made since stay, empty and unused.
void GraphWalk::GoBack(const Mark& mark) {
  EraseAfter(graph_, mark.last);
  for (std::size_t i = mark.graphs; i < context_.module.graph_count(); ++i) {
    ir::Graph& region = context_.module.graph(ir::GraphId{static_cast<std::uint32_t>(i)});
    region.SetOutputs({});
    EraseAfter(region, {});
  }
  context_.diagnostics.resize(mark.diagnostics);
}

Result<GraphWalk::Rolled> GraphWalk::ReadLoop(const Step& step, const OnnxNode& node,
                                              const onnx::GraphProto& body) {
  Rolled rolled;
  rolled.counts = true;
  ir::Builder builder(context_.module, graph_id_, step.origin);
  for (int i = 0; i < 2; ++i) {
    if (!node.has_input(i)) continue;
    if (node.input_shape(i).ElementCount().value_or(1) != 1) {
      return Status(Reason::kShapeMismatch, i == 0 ? "the number of rounds is not one number"
                                                   : "the condition is not one value");
    }
    const auto known = node.input_ints(i);
    if (i == 0 && known) {
      rolled.rounds = std::max<std::int64_t>((*known)[0], 0);
    } else if (i == 0) {
      rolled.most = builder.Cast(builder.Reshape(node.input(i), ir::Shape{}), ir::DType::kI64);
    } else if (!known) {
      rolled.condition = builder.Reshape(node.input(i), ir::Shape{});
    } else if ((*known)[0] == 0) {
      rolled.rounds = 0;
    }
  }
  SMELT_RETURN_IF_ERROR(builder.status());
  const auto inputs = FindInputs(*step.proto);
  const int count = static_cast<int>(inputs.size());
  if (body.input_size() != std::max(count, 2) || body.output_size() < body.input_size() - 1) {
    return Status(Reason::kMissingInput, "the body's inputs are not the loop's");
  }
  for (std::size_t i = 2; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) {
      return Status(Reason::kMissingInput, "input " + std::to_string(i) + " is absent");
    }
    rolled.carried.push_back(inputs[i]);
  }
  rolled.collected.resize(static_cast<std::size_t>(body.output_size() - body.input_size() + 1));
  return rolled;
}

Result<GraphWalk::Rolled> GraphWalk::ReadScan(const Step& step, const OnnxNode& node,
                                              const onnx::GraphProto& body) {
  Rolled rolled;
  const auto inputs = FindInputs(*step.proto);
  const std::int64_t scans = node.Int("num_scan_inputs", 0);
  const auto count = static_cast<std::int64_t>(inputs.size());
  if (scans < 1 || scans > count || body.input_size() != count ||
      body.output_size() < count - scans) {
    return Status(Reason::kMissingInput, "the body's inputs are not those of the scan");
  }
  const auto entry = [&](const char* name, std::int64_t i) {
    const auto list = node.Ints(name);
    const auto at = static_cast<std::size_t>(i);
    return list && at < list->size() ? (*list)[at] : 0;
  };
  ir::Dim length;
  for (std::int64_t i = 0; i < count; ++i) {
    const WalkValue* input = inputs[static_cast<std::size_t>(i)];
    if (input == nullptr) {
      return Status(Reason::kMissingInput, "input " + std::to_string(i) + " is absent");
    }
    if (!input->is_tensor()) {
      return Status(Reason::kUnsupportedType, "a scan takes tensors, not sequences");
    }
    const std::int64_t scan = i - (count - scans);
    if (scan < 0) {
      rolled.carried.push_back(input);
      continue;
    }
    const auto axis = ir::NormalizeAxis(entry("scan_input_axes", scan), input->type->shape.rank());
    if (!axis) return Status(Reason::kUnsupportedAttributeValue, "no such axis of a scan input");
    const ir::Dim size = input->type->shape.dim(*axis);
    if (scan == 0 || !length.is_static()) length = size;
    if (length.is_static() && size.is_static() && length != size) {
      return Status(Reason::kShapeMismatch, "the scan inputs have different lengths");
    }
    rolled.scanned.push_back(input->value);
    rolled.scan_axes.push_back(*axis);
    rolled.backwards.push_back(entry("scan_input_directions", scan) != 0);
  }
  if (length.is_static()) {
    rolled.rounds = length.value();
  } else {
    ir::Builder builder(context_.module, graph_id_, step.origin);
    const ir::ValueId shape =
        builder.Emit(ir::OpKind::kShape, {rolled.scanned[0]}, {{"out_type", std::string("i64")}});
    rolled.most = builder.Emit(ir::OpKind::kGather, {shape, builder.ScalarI32(rolled.scan_axes[0])},
                               {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
    SMELT_RETURN_IF_ERROR(builder.status());
  }
  const std::int64_t collected = body.output_size() - (count - scans);
  for (std::int64_t i = 0; i < collected; ++i) {
    rolled.collected.push_back(
        {entry("scan_output_axes", i), entry("scan_output_directions", i) != 0});
  }
  return rolled;
}

Status GraphWalk::ExpandLoop(Step& step, OnnxNode& node, const onnx::GraphProto& body) {
  auto rolled =
      step.source.op_type == "Loop" ? ReadLoop(step, node, body) : ReadScan(step, node, body);
  if (!rolled.ok()) return rolled.status();
  const Mark start = MarkHere();
  const bool tensors = std::ranges::all_of(
      rolled->carried, [](const WalkValue* value) { return value->is_tensor(); });
  // No WHILE carries a sequence: rounds may still be few, if each knows whether it is the last.
  if (!tensors && rolled->counts && !rolled->rounds && !rolled->most.valid()) {
    rolled->rounds =
        std::min<std::int64_t>(kMaxRounds, kMaxUnrolledNodes / std::max(1, body.node_size()));
    rolled->ends_by_condition = true;
  }
  const bool few = rolled->rounds && !rolled->condition.valid() && *rolled->rounds <= kMaxRounds &&
                   *rolled->rounds * body.node_size() <= kMaxUnrolledNodes;
  if (few && (*rolled->rounds > 0 || rolled->collected.empty())) {
    SMELT_ASSIGN_OR_RETURN(const bool done, Unroll(step, node, body, *rolled));
    if (done) return Status::Ok();
    GoBack(start);
  }
  if (!tensors) {
    return Status(Reason::kRequiresConstantInput,
                  "a loop that carries a sequence has at most " + std::to_string(kMaxRounds) +
                      " rounds, and their number, or each one's condition, is known",
                  "Export with a fixed number of rounds.");
  }
  return EmitWhile(step, node, body, *rolled);
}

}  // namespace smelt::onnx_import
