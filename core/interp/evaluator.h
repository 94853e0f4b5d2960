// Evaluator: one run of a module's graphs: program order, each tensor freed after its last use.
// Internal to the interpreter; one thread.
#pragma once

#include <span>
#include <vector>

#include "core/interp/evaluate.h"
#include "core/interp/live_bytes.h"
#include "core/ir/module.h"
#include "core/ir/symbols.h"

namespace smelt::interp {

class Evaluator {
 public:
  Evaluator(const ir::Module& module, const EvaluateOptions& options)
      : module_(module), options_(options), live_(options.max_bytes) {}

  Result<std::vector<Tensor>> RunGraph(ir::GraphId id, std::span<const Tensor> inputs);
  // An operator with a kernel: infers the results' types from the inputs' values, allocates, runs.
  // `quants` are the results' quantization parameters; none are needed where no result has any.
  Result<std::vector<Tensor>> RunKernel(ir::OpKind kind, const ir::Attributes& attrs,
                                        std::span<const Tensor* const> inputs,
                                        std::span<const ir::Quant> quants = {});

 private:
  // The values of one graph in flight.
  struct Frame {
    ir::GraphId id;
    const ir::Graph& graph;
    std::vector<Tensor> tensors;           // by value index
    std::vector<std::uint32_t> uses_left;  // by value index
    std::vector<bool> held;                // by value index: counted in live_
  };

  Status RunOp(Frame& frame, ir::OpId id);
  void Observe(const Frame& frame, ir::ValueId value, const Tensor& tensor) const;
  Result<std::vector<Tensor>> Run(const ir::Graph& graph, const ir::Op& op,
                                  std::span<const Tensor* const> inputs);
  Result<std::vector<Tensor>> RunIf(const ir::Op& op, std::span<const Tensor> inputs);
  Result<std::vector<Tensor>> RunWhile(const ir::Op& op, std::span<const Tensor> inputs);
  Result<std::vector<Tensor>> RunComposite(const ir::Op& op, std::span<const Tensor> inputs);
  Result<bool> RunCondition(ir::GraphId id, std::span<const Tensor> inputs);
  void Load(Frame& frame, ir::ValueId id);     // a constant, before its first use
  void Release(Frame& frame, ir::ValueId id);  // after one use

  const ir::Module& module_;
  const EvaluateOptions& options_;
  ir::SymbolTable symbols_;  // inference wants one; every dimension is static here
  LiveBytes live_;
  int depth_ = 0;  // graphs in flight
};

}  // namespace smelt::interp
