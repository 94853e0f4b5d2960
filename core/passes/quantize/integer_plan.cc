#include "core/passes/quantize/integer_plan.h"

#include <utility>

#include "core/ir/op_table.h"
#include "core/passes/quantize/weight_scales.h"

namespace smelt::passes {
namespace {

using ir::DType;
using ir::OpId;
using ir::ValueId;
using target::QuantizedKernel;
using target::ResultScale;

class Planner {
 public:
  Planner(const ir::Graph& graph, const std::vector<ValueRange>& ranges,
          const IntegerOptions& options)
      : graph_(graph), ranges_(ranges), options_(options) {
    plan_.kernels.resize(graph.op_arena_size());
    plan_.integer.resize(graph.value_count());
  }

  IntegerPlan Run() {
    for (const OpId id : graph_) {
      if (!TouchesFloat(id) || IntegerPlan::ReadsSizesAlone(graph_.op(id).kind)) continue;
      const QuantizedKernel* kernel = target::FindQuantizedKernel(graph_.op(id).kind);
      std::string why = WhyNot(id, kernel);
      if (!why.empty()) {
        plan_.islands.push_back({id, std::move(why)});
        continue;
      }
      plan_.kernels[id.index] = kernel;
      if (kernel->result == ResultScale::kNone) continue;
      for (const ValueId result : graph_.op(id).results) {
        if (IsFloat(result)) plan_.integer[result.index] = true;
      }
    }
    if (!options_.strict) LeaveToFloats();
    return std::move(plan_);
  }

 private:
  bool IsFloat(ValueId id) const { return id.valid() && graph_.type(id).dtype == DType::kF32; }

  bool TouchesFloat(OpId id) const {
    const ir::Op& op = graph_.op(id);
    for (const auto& operand : op.operands) {
      if (IsFloat(operand.value)) return true;
    }
    for (const ValueId result : op.results) {
      if (IsFloat(result)) return true;
    }
    return false;
  }

  // Empty: the operator computes in integers.
  std::string WhyNot(OpId id, const QuantizedKernel* kernel) const {
    if (kernel == nullptr) return "there is no integer kernel of it";
    if (options_.activations == DType::kI16 && !kernel->int16) {
      return "there is no kernel of int16 activations of it";
    }
    if (kernel->coarse && !options_.strict) return "its integer kernel has too few digits";
    const std::string activation = graph_.op(id).attrs.String("fused_activation_function");
    if (activation == "TANH" || activation == "SIGN_BIT") {
      return "integer kernels ignore its fused " + activation;
    }
    if (std::string why = OfWeights(id, *kernel); !why.empty()) return why;
    if (std::string why = OfRanges(id, *kernel); !why.empty()) return why;
    if (kernel->result == ResultScale::kShared && !FollowsIntegers(id, *kernel)) {
      return "it only moves or selects what is float32";
    }
    return "";
  }

  std::string OfWeights(OpId id, const QuantizedKernel& kernel) const {
    if (kernel.weights < 0) return "";
    const ir::Constant* weights = graph_.constant(graph_.op(id).input(kernel.weights));
    if (weights == nullptr) return "its weights are computed";
    if (!SymmetricScales(*weights, -1, 127)) return "its weights are not finite";
    const ValueId bias = graph_.op(id).input(kernel.bias);
    if (!bias.valid()) return "";
    if (graph_.constant(bias) == nullptr) return "its bias is computed";
    const ValueRange range = RangeOf(*graph_.constant(bias));
    return range.masked ? "its bias is not finite" : "";
  }

  std::string OfRanges(OpId id, const QuantizedKernel& kernel) const {
    const ir::Op& op = graph_.op(id);
    for (int i = 0; i < op.input_count(); ++i) {
      const ValueId operand = op.input(i);
      if (!operand.valid() || !target::IsActivation(kernel, i)) continue;
      if (!IsFloat(operand)) return "operand " + std::to_string(i) + " is not float32";
      if (std::string why = OfRange(operand, "operand " + std::to_string(i)); !why.empty()) {
        return why;
      }
    }
    if (kernel.result == ResultScale::kNone || kernel.result == ResultScale::kFixed) return "";
    for (const ValueId result : op.results) {
      if (!IsFloat(result)) continue;
      if (std::string why = OfRange(result, "its result"); !why.empty()) return why;
    }
    return "";
  }

  std::string OfRange(ValueId id, std::string what) const {
    const ir::Constant* constant = graph_.constant(id);
    if (constant != nullptr && constant->element_count() == 0) return "";
    const ValueRange range = constant != nullptr         ? RangeOf(*constant)
                             : id.index < ranges_.size() ? ranges_[id.index]
                                                         : ValueRange{};
    if (range.masked) return what + " has infinite elements, as masks do";
    if (!range.known()) return "no finite element of " + what + " was seen in calibration";
    return "";
  }

  // Moving integers spares bytes; to quantize only in order to move spares nothing.
  bool FollowsIntegers(OpId id, const QuantizedKernel& kernel) const {
    if (options_.strict) return true;
    const ir::Op& op = graph_.op(id);
    for (int i = 0; i < op.input_count(); ++i) {
      const ValueId operand = op.input(i);
      if (!operand.valid() || !target::IsActivation(kernel, i)) continue;
      if (plan_.IsInteger(operand) || graph_.value(operand).is_input) return true;
    }
    return false;
  }

  // What only float32 operators read is computed in float32 as well, if that is cheap: it spares
  // two operators at the border, and digits that count (a variance rounded to 0 has no reciprocal
  // root). Backwards, so that whole expressions follow.
  void LeaveToFloats() {
    std::vector<OpId> order;
    for (const OpId id : graph_) order.push_back(id);
    std::vector<IntegerPlan::Island> more;
    for (auto at = order.rbegin(); at != order.rend(); ++at) {
      const QuantizedKernel* kernel = plan_.kernels[at->index];
      if (kernel == nullptr || kernel->weights >= 0 || !FeedsFloatsAlone(*at)) continue;
      plan_.kernels[at->index] = nullptr;
      for (const ValueId result : graph_.op(*at).results) plan_.integer[result.index] = false;
      more.push_back({*at, "only float32 operators read it"});
    }
    plan_.islands.insert(plan_.islands.end(), more.rbegin(), more.rend());
  }

  bool FeedsFloatsAlone(OpId id) const {
    bool feeds = false;
    for (const ValueId result : graph_.op(id).results) {
      for (const ir::Use use : graph_.UsesOf(result)) {
        if (use.op == graph_.return_op() || plan_.kernels[use.op.index] != nullptr) return false;
        feeds = feeds || !IntegerPlan::ReadsSizesAlone(graph_.op(use.op).kind);
      }
    }
    return feeds;
  }

  const ir::Graph& graph_;
  const std::vector<ValueRange>& ranges_;
  const IntegerOptions& options_;
  IntegerPlan plan_;
};

}  // namespace

IntegerPlan PlanIntegers(const ir::Graph& graph, const std::vector<ValueRange>& ranges,
                         const IntegerOptions& options) {
  return Planner(graph, ranges, options).Run();
}

}  // namespace smelt::passes
