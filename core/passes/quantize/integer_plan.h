// IntegerPlan: which operators of a graph compute in integers, and why the others don't.
#pragma once

#include <string>
#include <vector>

#include "core/ir/graph.h"
#include "core/passes/quantize/integer_options.h"
#include "core/target/quantized_kernel.h"

namespace smelt::passes {

struct IntegerPlan {
  // By operator; null: it stays as it is.
  std::vector<const target::QuantizedKernel*> kernels;
  // By value: an operator computes it as integers.
  std::vector<bool> integer;
  struct Island {
    ir::OpId op;
    std::string why;
  };
  std::vector<Island> islands;  // operators of float32 that stay so, each cause in program order

  const target::QuantizedKernel* KernelOf(ir::OpId id) const { return kernels[id.index]; }
  bool IsInteger(ir::ValueId id) const { return integer[id.index]; }
  // Takes integers and floats alike, whatever they stand for: neither an island nor a kernel.
  static bool ReadsSizesAlone(ir::OpKind kind) {
    return kind == ir::OpKind::kShape || kind == ir::OpKind::kRank;
  }
};

// `ranges` by value; of constants they are read here.
IntegerPlan PlanIntegers(const ir::Graph& graph, const std::vector<ValueRange>& ranges,
                         const IntegerOptions& options);

}  // namespace smelt::passes
