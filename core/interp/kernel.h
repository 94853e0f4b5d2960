// Kernel: the execution of one operator on tensors. Inputs fit the operator (inference accepted
// them); results are allocated, zero-filled, in the types that inference gave.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/status.h"
#include "core/interp/evaluate.h"
#include "core/interp/tensor.h"
#include "core/ir/op_kind.h"

namespace smelt::interp {

struct KernelContext {
  ir::OpKind kind;
  const ir::Attributes& attrs;
  std::span<const Tensor* const> inputs;  // null: absent optional operand
  std::span<Tensor> results;
  Kernels kernels = Kernels::kPlain;
  const CancelToken* cancel = nullptr;

  const Tensor& input(int i) const { return *inputs[static_cast<std::size_t>(i)]; }
  bool has_input(int i) const {
    return static_cast<std::size_t>(i) < inputs.size() &&
           inputs[static_cast<std::size_t>(i)] != nullptr;
  }
  Tensor& result(int i = 0) const { return results[static_cast<std::size_t>(i)]; }
  // kCancelled once the caller wants no result any more. Long kernels poll it between rows.
  Status CheckCancelled() const { return cancel == nullptr ? Status::Ok() : cancel->Check(); }
};

using Kernel = Status (*)(const KernelContext& context);

// What a kernel does about quantization parameters of its operands and results.
enum class Quantized {
  kRefused,  // it would take the integers for the numbers
  kMoved,    // it only moves elements: right where all stand for numbers in the same way
  kRead,     // it computes with them (or refuses by itself)
};

struct KernelRow {
  ir::OpKind kind;
  Kernel run;
  // The result shares the bytes of an operand: only its shape is allocated, the kernel sets it.
  bool shares_input = false;
  Quantized quantized = Quantized::kRefused;
};

// Null when there is no kernel: IF, WHILE, composites (the evaluator's own business).
const KernelRow* FindKernel(ir::OpKind kind);

// The elements of an integer or bool tensor.
std::vector<std::int64_t> IntsOf(const Tensor& tensor);
// kUnsupportedType for an element type that the operator has no arithmetic for.
Status UnsupportedType(const KernelContext& context, ir::DType dtype);

// --- The families, one in each file of kernels/; listed in kernel_table.cc. ---
std::span<const KernelRow> UnaryKernels();
std::span<const KernelRow> ArithmeticKernels();
std::span<const KernelRow> DivisionKernels();
std::span<const KernelRow> ComparisonKernels();
std::span<const KernelRow> LogicKernels();
std::span<const KernelRow> SelectKernels();
std::span<const KernelRow> CastKernels();
std::span<const KernelRow> QuantizeKernels();
std::span<const KernelRow> ConvolutionKernels();
std::span<const KernelRow> Convolution3dKernels();
std::span<const KernelRow> DepthwiseKernels();
std::span<const KernelRow> TransposeConvKernels();
std::span<const KernelRow> MatmulKernels();
std::span<const KernelRow> PoolKernels();
std::span<const KernelRow> SoftmaxKernels();
std::span<const KernelRow> NormalizationKernels();
std::span<const KernelRow> ReductionKernels();
std::span<const KernelRow> OrderKernels();
std::span<const KernelRow> CumsumKernels();
std::span<const KernelRow> ReshapeKernels();
std::span<const KernelRow> ViewKernels();
std::span<const KernelRow> SliceKernels();
std::span<const KernelRow> JoinKernels();
std::span<const KernelRow> PadKernels();
std::span<const KernelRow> GatherKernels();
std::span<const KernelRow> ScatterKernels();
std::span<const KernelRow> BitwiseKernels();
std::span<const KernelRow> FillKernels();
std::span<const KernelRow> ResizeKernels();
std::span<const KernelRow> SuppressionKernels();
std::span<const KernelRow> UpdateSliceKernels();

}  // namespace smelt::interp
