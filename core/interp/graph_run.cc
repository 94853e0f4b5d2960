#include <string>

#include "core/interp/evaluator.h"
#include "core/ir/op_table.h"

namespace smelt::interp {
namespace {

constexpr int kDeepest = 64;  // graphs inside graphs

std::string Describe(const Tensor& tensor) {
  std::string text = std::string(ir::DTypeName(tensor.dtype())) + "[";
  for (const std::int64_t size : tensor.shape()) {
    if (text.back() != '[') text += ',';
    text += std::to_string(size);
  }
  return text + "]";
}

bool Fits(const Tensor& tensor, const ir::TensorType& type) {
  if (tensor.dtype() != type.dtype || tensor.rank() != type.shape.rank()) return false;
  for (int axis = 0; axis < tensor.rank(); ++axis) {
    const ir::Dim dim = type.shape.dim(axis);
    if (dim.is_static() && dim.value() != tensor.dim(axis)) return false;
  }
  return true;
}

Status CheckInputs(const ir::Module& module, const ir::Graph& graph,
                   std::span<const Tensor> inputs) {
  if (inputs.size() != graph.inputs().size()) {
    return {Reason::kInvalidArgument, "graph \"" + graph.name() + "\" takes " +
                                          std::to_string(graph.inputs().size()) + " inputs, not " +
                                          std::to_string(inputs.size())};
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::Value& value = graph.value(graph.inputs()[i]);
    if (Fits(inputs[i], value.type)) continue;
    return {Reason::kInvalidArgument, "input " + std::to_string(i) + " \"" + value.name +
                                          "\" has type " + module.symbols().Text(value.type) +
                                          ", the tensor is " + Describe(inputs[i])};
  }
  return {};
}

std::vector<std::uint32_t> CountUses(const ir::Graph& graph) {
  std::vector<std::uint32_t> uses(graph.value_count(), 0);
  const auto count = [&](ir::OpId id) {
    for (const ir::Op::Operand& operand : graph.op(id).operands) {
      if (operand.value.valid()) ++uses[operand.value.index];
    }
  };
  for (const ir::OpId id : graph) count(id);
  count(graph.return_op());
  return uses;
}

// The constant's tensor has memory of its own.
bool IsCopy(const Tensor& tensor, const ir::Constant& constant) {
  const ByteSpan storage = constant.storage().span();
  const std::byte* data = tensor.bytes().data();
  return data < storage.data() || data >= storage.data() + storage.size();
}

}  // namespace

void Evaluator::Load(Frame& frame, ir::ValueId id) {
  const ir::Value& value = frame.graph.value(id);
  Tensor& tensor = frame.tensors[id.index];
  if (!value.is_constant() || tensor.bytes().data() != nullptr) return;
  tensor = Tensor::FromConstant(*value.constant);
  tensor.set_quant(value.quant);
  if (!IsCopy(tensor, *value.constant)) return;
  live_.Hold(tensor);
  frame.held[id.index] = true;
}

void Evaluator::Release(Frame& frame, ir::ValueId id) {
  if (--frame.uses_left[id.index] > 0) return;
  if (frame.held[id.index]) live_.Release(frame.tensors[id.index]);
  frame.held[id.index] = false;
  frame.tensors[id.index] = Tensor();
}

void Evaluator::Observe(const Frame& frame, ir::ValueId value, const Tensor& tensor) const {
  if (!options_.observe) return;
  if (depth_ == 1 || options_.observed == Observed::kEveryGraph) {
    options_.observe(frame.id, value, tensor);
  }
}

Status Evaluator::RunOp(Frame& frame, ir::OpId id) {
  const ir::Op& op = frame.graph.op(id);
  std::vector<const Tensor*> inputs;
  for (const ir::Op::Operand& operand : op.operands) {
    if (operand.value.valid()) Load(frame, operand.value);
    inputs.push_back(operand.value.valid() ? &frame.tensors[operand.value.index] : nullptr);
  }
  auto results = Run(frame.graph, op, inputs);
  if (!results.ok()) return std::move(results).status();
  if (results->size() != op.results.size()) {
    return {Reason::kShapeMismatch, "the operator gave " + std::to_string(results->size()) +
                                        " results, not " + std::to_string(op.results.size())};
  }
  for (std::size_t i = 0; i < op.results.size(); ++i) {
    const ir::ValueId result = op.results[i];
    Tensor& tensor = (*results)[i];
    if (!Fits(tensor, frame.graph.type(result))) {
      return {Reason::kShapeMismatch, "result " + std::to_string(i) + " is " + Describe(tensor) +
                                          ", declared " +
                                          module_.symbols().Text(frame.graph.type(result))};
    }
    tensor.set_quant(frame.graph.value(result).quant);
    Observe(frame, result, tensor);
    if (frame.uses_left[result.index] == 0) continue;
    live_.Hold(tensor);
    frame.held[result.index] = true;
    frame.tensors[result.index] = std::move(tensor);
  }
  for (const ir::Op::Operand& operand : op.operands) {
    if (operand.value.valid()) Release(frame, operand.value);
  }
  return {};
}

Result<std::vector<Tensor>> Evaluator::RunGraph(ir::GraphId id, std::span<const Tensor> inputs) {
  const ir::Graph& graph = module_.graph(id);
  SMELT_RETURN_IF_ERROR(CheckInputs(module_, graph, inputs));
  if (depth_ >= kDeepest) {
    return {Reason::kNestingTooDeep, "graph \"" + graph.name() + "\" is nested too deeply"};
  }
  ++depth_;
  Frame frame{id, graph, std::vector<Tensor>(graph.value_count()), CountUses(graph),
              std::vector<bool>(graph.value_count(), false)};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::ValueId input = graph.inputs()[i];
    frame.tensors[input.index] = inputs[i];
    frame.tensors[input.index].set_quant(graph.value(input).quant);
    if (options_.observed == Observed::kEveryGraph)
      Observe(frame, input, frame.tensors[input.index]);
  }
  for (const ir::OpId op : graph) {
    if (options_.cancel != nullptr) SMELT_RETURN_IF_ERROR(options_.cancel->Check());
    Status done = RunOp(frame, op);
    if (!done.ok()) {
      return std::move(done).WithContext(
          "evaluating " + std::string(ir::GetOpInfo(graph.op(op).kind).name) + " (operator " +
          std::to_string(op.index) + " of graph \"" + graph.name() + "\")");
    }
  }
  std::vector<Tensor> outputs;
  for (const ir::ValueId value : graph.outputs()) {
    Load(frame, value);
    outputs.push_back(frame.tensors[value.index]);
  }
  for (const ir::ValueId value : graph.outputs()) Release(frame, value);
  --depth_;
  return outputs;
}

}  // namespace smelt::interp
