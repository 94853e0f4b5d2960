#include "core/interp/evaluate.h"

#include <algorithm>
#include <string>

#include "core/interp/evaluator.h"
#include "core/interp/kernel.h"
#include "core/ir/op_table.h"

namespace smelt::interp {
namespace {

// Above this no machine of ours could hold the tensor: refused rather than tried.
constexpr std::int64_t kMostElements = std::int64_t{1} << 40;

ir::TensorType TypeOf(const Tensor& tensor) {
  return {tensor.dtype(), ir::Shape::Of(tensor.shape())};
}

// What inference sees: every operand is known, so every result type is static.
struct KnownOperands {
  std::vector<ir::TensorType> types;
  std::vector<ir::Constant> constants;
  std::vector<ir::OperandInfo> infos;

  explicit KnownOperands(std::span<const Tensor* const> inputs) {
    types.reserve(inputs.size());
    constants.reserve(inputs.size());
    for (const Tensor* input : inputs) {
      types.push_back(input == nullptr ? ir::TensorType{} : TypeOf(*input));
      constants.push_back(input == nullptr ? ir::Constant{} : input->ToConstant());
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      infos.push_back(inputs[i] == nullptr ? ir::OperandInfo{}
                                           : ir::OperandInfo{&types[i], &constants[i]});
    }
  }
};

bool IsQuantized(const Tensor& tensor) {
  return !tensor.quant().empty() && !ir::IsFloat(tensor.dtype());
}

// A kernel that does not read quantization parameters is right where there are none, or where it
// moves elements between tensors that have the same.
Status CheckQuants(const KernelRow& row, std::span<const Tensor* const> inputs,
                   std::span<const Tensor> results) {
  if (row.quantized == Quantized::kRead) return {};
  std::vector<const ir::Quant*> quants;
  for (const Tensor* input : inputs) {
    if (input != nullptr && IsQuantized(*input)) quants.push_back(&input->quant());
  }
  const std::size_t of_inputs = quants.size();
  for (const Tensor& result : results) {
    if (IsQuantized(result)) quants.push_back(&result.quant());
  }
  if (quants.empty()) return {};
  const bool all_results = of_inputs == 0 || quants.size() - of_inputs == results.size();
  const bool same = std::ranges::all_of(quants, [&](const ir::Quant* one) {
    return (*one)->scale.size() == 1 && *one == *quants.front();
  });
  if (row.quantized == Quantized::kMoved && same && all_results) return {};
  return {Reason::kRuntimeTypeUnsupported,
          "the interpreter has no kernel for these quantized operands of " +
              std::string(ir::GetOpInfo(row.kind).name)};
}

Status CheckSize(const ir::TensorType& type) {
  const auto count = type.shape.ElementCount();
  if (count && *count <= kMostElements) return {};
  return {Reason::kTensorTooLarge, "a result has too many elements"};
}

}  // namespace

Result<std::vector<Tensor>> Evaluator::RunKernel(ir::OpKind kind, const ir::Attributes& attrs,
                                                 std::span<const Tensor* const> inputs,
                                                 std::span<const ir::Quant> quants) {
  const KernelRow* row = FindKernel(kind);
  if (row == nullptr) {
    return {Reason::kRuntimeOperatorUnsupported,
            "the interpreter has no kernel for " + std::string(ir::GetOpInfo(kind).name)};
  }
  const KnownOperands operands(inputs);
  SMELT_ASSIGN_OR_RETURN(const std::vector<ir::TensorType> types,
                         ir::InferTypes(symbols_, kind, operands.infos, attrs));
  std::vector<Tensor> results;
  std::uint64_t bytes = 0;
  for (const ir::TensorType& type : types) {
    SMELT_RETURN_IF_ERROR(CheckSize(type));
    bytes += ir::StorageBytes(type.dtype, static_cast<std::uint64_t>(*type.shape.ElementCount()));
  }
  if (!row->shares_input) SMELT_RETURN_IF_ERROR(live_.Reserve(bytes));
  for (const ir::TensorType& type : types) {
    results.push_back(row->shares_input ? Tensor::Unallocated(type.dtype, type.shape.Sizes())
                                        : Tensor::Zeros(type.dtype, type.shape.Sizes()));
  }
  for (std::size_t i = 0; i < std::min(results.size(), quants.size()); ++i) {
    results[i].set_quant(quants[i]);
  }
  SMELT_RETURN_IF_ERROR(CheckQuants(*row, inputs, results));
  const KernelContext context{kind, attrs, inputs, results, options_.kernels, options_.cancel};
  SMELT_RETURN_IF_ERROR(row->run(context));
  return results;
}

Result<std::vector<Tensor>> Evaluate(const ir::Module& module, ir::GraphId graph,
                                     std::span<const Tensor> inputs,
                                     const EvaluateOptions& options) {
  return Evaluator(module, options).RunGraph(graph, inputs);
}

Result<std::vector<Tensor>> EvaluateOp(const ir::Module& module, ir::OpKind kind,
                                       const ir::Attributes& attrs,
                                       std::span<const Tensor* const> inputs,
                                       const EvaluateOptions& options) {
  return Evaluator(module, options).RunKernel(kind, attrs, inputs);
}

}  // namespace smelt::interp
