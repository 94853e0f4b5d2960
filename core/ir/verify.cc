#include "core/ir/verify.h"

#include <string>
#include <vector>

#include "core/ir/attr_check.h"
#include "core/ir/op_table.h"
#include "core/ir/verify_regions.h"

namespace smelt::ir {
namespace {

// Checks one graph, adding findings to a list.
class GraphVerifier {
 public:
  GraphVerifier(Module& module, GraphId id, const VerifyOptions& options, Findings& findings)
      : module_(module), graph_(module.graph(id)), options_(options), findings_(findings) {}

  void Run() {
    for (std::uint32_t i = 0; i < graph_.value_count(); ++i) CheckValue(ValueId{i});
    CheckUseLists();
    CheckOrder();
  }

 private:
  void Report(const std::string& where, const std::string& what) {
    findings_.Add("graph @" + graph_.name() + ", " + where + ": " + what);
  }
  static std::string Name(ValueId id) { return "value " + std::to_string(id.index); }
  std::string Name(OpId id) const {
    return "operator " + std::to_string(id.index) + " " +
           std::string(GetOpInfo(graph_.op(id).kind).name);
  }
  bool InRange(ValueId id) const { return id.index < graph_.value_count(); }

  void CheckValue(ValueId id) {
    const Value& value = graph_.value(id);
    for (const Dim dim : value.type.shape) {
      if (dim.is_unknown()) Report(Name(id), "has an unknown dimension");
    }
    if (value.is_constant()) {
      const TensorType held{value.constant->dtype(), Shape::Of(value.constant->shape())};
      if (!(held == value.type)) Report(Name(id), "has another type than its constant");
      if (value.producer.valid() || value.is_input) Report(Name(id), "is a constant and computed");
    }
    if (value.is_input &&
        (value.result >= graph_.inputs().size() || graph_.inputs()[value.result] != id)) {
      Report(Name(id), "is not the input that it says");
    }
    if (value.producer.valid()) {
      const Op* producer =
          value.producer.index < graph_.op_arena_size() ? &graph_.op(value.producer) : nullptr;
      if (producer == nullptr || !producer->alive || value.result >= producer->results.size() ||
          producer->results[value.result] != id) {
        Report(Name(id), "is not a result of its producer");
      }
    }
    CheckQuant(id);
  }

  void CheckQuant(ValueId id) {
    const Value& value = graph_.value(id);
    const QuantParams& quant = *value.quant;
    if (quant.scale.size() != quant.zero_point.size()) {
      Report(Name(id), "has other numbers of scales and zero points");
    }
    if (quant.scale.size() < 2) return;
    const Shape& shape = value.type.shape;
    if (quant.axis < 0 || quant.axis >= shape.rank() ||
        shape.dim(quant.axis) != Dim(static_cast<std::int64_t>(quant.scale.size()))) {
      Report(Name(id), "has scales that don't fit its quantized axis");
    }
  }

  // Every operand is in its value's list, once, and nothing else is.
  void CheckUseLists() {
    std::size_t operands = 0;
    for (std::uint32_t i = 0; i < graph_.op_arena_size(); ++i) {
      if (!graph_.op(OpId{i}).alive) continue;
      for (const Op::Operand& operand : graph_.op(OpId{i}).operands)
        operands += operand.value.valid();
    }
    std::size_t uses = 0;
    for (std::uint32_t i = 0; i < graph_.value_count(); ++i) {
      Use previous;
      Use use = graph_.value(ValueId{i}).first_use;
      while (use.valid()) {
        if (use.op.index >= graph_.op_arena_size() || !graph_.op(use.op).alive ||
            use.operand >= graph_.op(use.op).operands.size() || ++uses > operands) {
          Report(Name(ValueId{i}), "has a broken use list");
          return;
        }
        const Op::Operand& operand = graph_.op(use.op).operands[use.operand];
        if (operand.value != ValueId{i} || !(operand.previous == previous)) {
          Report(Name(ValueId{i}), "has a use that is not linked back");
          return;
        }
        previous = use;
        use = operand.next;
      }
    }
    if (uses != operands) Report("use lists", "some operands are in no list");
  }

  void CheckOrder() {
    std::vector<bool> defined(graph_.value_count(), false);
    for (std::uint32_t i = 0; i < graph_.value_count(); ++i) {
      const Value& value = graph_.value(ValueId{i});
      defined[i] = value.is_input || value.is_constant();
    }
    std::size_t seen = 0;
    OpId previous;
    for (const OpId id : graph_) {
      if (++seen > graph_.op_count()) break;  // a cycle in the list
      const Op& op = graph_.op(id);
      if (!op.alive) Report(Name(id), "is erased but in the program");
      if (op.previous != previous) Report(Name(id), "is not linked back to the one before");
      previous = id;
      CheckOperands(id, defined);
      CheckOp(id);
      for (std::size_t i = 0; i < op.results.size(); ++i) {
        const ValueId result = op.results[i];
        if (!InRange(result) || graph_.value(result).producer != id ||
            graph_.value(result).result != i) {
          Report(Name(id), "has a result that names another producer");
        } else {
          defined[result.index] = true;
        }
      }
    }
    if (seen != graph_.op_count()) Report("program", "its length is not the number of operators");
    const OpId return_op = graph_.return_op();
    CheckOperands(return_op, defined);
    if (graph_.op(return_op).kind != OpKind::kReturn) Report("program", "does not end in a return");
    for (const ValueId output : graph_.outputs()) {
      if (!output.valid()) Report("return", "an absent value is returned");
    }
  }

  void CheckOperands(OpId id, const std::vector<bool>& defined) {
    for (const Op::Operand& operand : graph_.op(id).operands) {
      if (!operand.value.valid()) continue;
      if (!InRange(operand.value)) {
        Report(Name(id), "has an operand that does not exist");
      } else if (!defined[operand.value.index]) {
        Report(Name(id), "uses " + Name(operand.value) + " before it is defined");
      }
    }
  }

  void CheckOp(OpId id) {
    const Op& op = graph_.op(id);
    const OpInfo& info = GetOpInfo(op.kind);
    if (op.kind == OpKind::kReturn) Report(Name(id), "stands in the middle of the program");
    if (options_.require_origins && op.origin == kNoOrigin) Report(Name(id), "has no origin");
    if (op.origin >= module_.origins().set_count()) Report(Name(id), "has an origin of nowhere");
    const auto operands = static_cast<int>(op.operands.size());
    if (operands < info.min_operands || (info.max_operands >= 0 && operands > info.max_operands)) {
      Report(Name(id), "has " + std::to_string(operands) + " operands");
      return;
    }
    if (info.results >= 0 && static_cast<int>(op.results.size()) != info.results) {
      Report(Name(id), "has " + std::to_string(op.results.size()) + " results");
    }
    if (const std::string problem = AttributeProblem(info, op.attrs); !problem.empty()) {
      Report(Name(id), problem);
      return;  // inference relies on the attributes
    }
    if (info.infer != nullptr) CheckTypes(id);
  }

  void CheckTypes(OpId id) {
    const Op& op = graph_.op(id);
    std::vector<ValueId> operands;
    for (const Op::Operand& operand : op.operands) {
      if (operand.value.valid() && !InRange(operand.value)) return;  // reported
      operands.push_back(operand.value);
    }
    const auto types = InferTypes(graph_, module_.symbols(), op.kind, operands, op.attrs);
    if (!types.ok()) {
      Report(Name(id), types.status().ToString());
      return;
    }
    if (types->size() != op.results.size()) {
      Report(Name(id), "has " + std::to_string(op.results.size()) + " results, inference gives " +
                           std::to_string(types->size()));
      return;
    }
    for (std::size_t i = 0; i < types->size(); ++i) {
      const TensorType& held = graph_.type(op.results[i]);
      if (MayAgree((*types)[i], held)) continue;
      Report(Name(id), "has result type " + module_.symbols().Text(held) + ", inference gives " +
                           module_.symbols().Text((*types)[i]));
    }
  }

  Module& module_;
  const Graph& graph_;
  const VerifyOptions& options_;
  Findings& findings_;
};

void CheckSignatures(const Module& module, Findings& findings) {
  for (const Signature& signature : module.signatures) {
    const std::string where = "signature \"" + signature.key + "\": ";
    if (signature.graph.index >= module.graph_count()) {
      findings.Add(where + "names no graph");
      continue;
    }
    const Graph& graph = module.graph(signature.graph);
    if (signature.input_names.size() != graph.inputs().size() ||
        signature.output_names.size() != graph.outputs().size()) {
      findings.Add(where + "has other numbers of names than its graph has inputs and outputs");
    }
  }
}

}  // namespace

Status VerifyModule(Module& module, const VerifyOptions& options) {
  Findings findings;
  for (std::uint32_t i = 0; i < module.graph_count(); ++i) {
    GraphVerifier(module, GraphId{i}, options, findings).Run();
  }
  // Regions are followed only where the graphs themselves are sound.
  if (findings.empty()) CheckRegions(module, findings);
  CheckSignatures(module, findings);
  return findings.ToStatus();
}

}  // namespace smelt::ir
