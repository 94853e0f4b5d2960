#include "core/export/tflite/part_module.h"

#include <absl/container/flat_hash_map.h>

#include <map>
#include <utility>

namespace smelt::tflite_export {
namespace {

class PartMaker {
 public:
  PartMaker(const ir::Module& whole, std::span<const std::string> names)
      : whole_(whole), names_(names) {}

  ir::Module Run(std::span<const ir::OpId> ops, std::span<const PartPort> inputs,
                 std::span<const PartPort> outputs) {
    const ir::Signature& whole_signature = whole_.signatures[0];
    const ir::Graph& from = whole_.graph(whole_signature.graph);
    part_.metadata = whole_.metadata;
    // Where no region is, nobody asks: every tensor has a name.
    for (const ir::OpId op : ops) has_origins_ = has_origins_ || !from.op(op).regions.empty();
    if (has_origins_) part_.origins() = whole_.origins();
    const ir::GraphId main = part_.AddGraph(from.name());
    ir::Signature signature{whole_signature.key, main, {}, {}};
    ir::Graph& to = part_.graph(main);
    Values values;
    for (const PartPort& input : inputs) {
      values[input.value.index] = CopyInput(from.value(input.value), to);
      signature.input_names.push_back(input.name);
    }
    for (const ir::OpId op : ops) CopyOp(from, from.op(op), to, values);
    std::vector<ir::ValueId> results;
    for (const PartPort& output : outputs) {
      results.push_back(Operand(from, output.value, to, values));
      signature.output_names.push_back(output.name);
    }
    to.SetOutputs(results);
    for (const auto& [index, copy] : values) {
      if (copy.valid()) to.value(copy).name = names_[index];
    }
    part_.signatures.push_back(std::move(signature));
    return std::move(part_);
  }

 private:
  // By value of the graph that is copied: a part is smaller than the whole.
  using Values = absl::flat_hash_map<std::uint32_t, ir::ValueId>;

  // A module has its own symbols: dimensions are read again from their text.
  ir::TensorType TypeOf(const ir::TensorType& type) {
    ir::TensorType copy = type;
    for (int axis = 0; axis < type.shape.rank(); ++axis) {
      const ir::Dim dim = type.shape.dim(axis);
      if (dim.is_static() || dim == ir::Dim::Unknown()) continue;
      const std::string text = whole_.symbols().Text(dim);
      auto known = dims_.find(text);
      if (known == dims_.end()) {
        auto parsed = part_.symbols().Parse(text);
        const ir::Dim made = parsed.ok() ? *parsed : part_.symbols().Fresh(text);
        known = dims_.emplace(text, made).first;
      }
      copy.shape.dim(axis) = known->second;
    }
    return copy;
  }

  ir::ValueId CopyInput(const ir::Value& value, ir::Graph& to) {
    const ir::ValueId made = to.AddInput(TypeOf(value.type), value.name);
    to.value(made).quant = value.quant;
    return made;
  }

  ir::ValueId Operand(const ir::Graph& from, ir::ValueId id, ir::Graph& to, Values& values) {
    if (!id.valid()) return {};
    ir::ValueId& copy = values[id.index];
    if (copy.valid()) return copy;
    const ir::Value& value = from.value(id);
    SMELT_CHECK(value.is_constant());
    copy = to.AddConstant(*value.constant, value.name);
    to.value(copy).type = TypeOf(value.type);
    to.value(copy).quant = value.quant;
    return copy;
  }

  void CopyOp(const ir::Graph& from, const ir::Op& op, ir::Graph& to, Values& values) {
    std::vector<ir::ValueId> operands;
    for (const auto& operand : op.operands) {
      operands.push_back(Operand(from, operand.value, to, values));
    }
    std::vector<ir::TensorType> types;
    for (const ir::ValueId result : op.results) types.push_back(TypeOf(from.type(result)));
    const ir::OpId made =
        to.Insert(op.kind, operands, op.attrs, types, has_origins_ ? op.origin : ir::kNoOrigin);
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      const ir::ValueId copy = to.op(made).results[i];
      const ir::Value& value = from.value(op.results[i]);
      to.value(copy).name = value.name;
      to.value(copy).quant = value.quant;
      values[op.results[i].index] = copy;
    }
    for (const ir::GraphId region : op.regions) {
      const ir::GraphId copy = CopyRegion(region);
      to.op(made).regions.push_back(copy);
    }
  }

  // Once each: several operators may share a body. Nesting is bounded by the importer.
  ir::GraphId CopyRegion(ir::GraphId region) {
    const auto known = regions_.find(region);
    if (known != regions_.end()) return known->second;
    const ir::Graph& from = whole_.graph(region);
    const ir::GraphId made = part_.AddGraph(from.name());
    regions_.emplace(region, made);
    ir::Graph& to = part_.graph(made);
    Values values;
    for (const ir::ValueId input : from.inputs()) {
      values[input.index] = CopyInput(from.value(input), to);
    }
    for (const ir::OpId op : from) CopyOp(from, from.op(op), to, values);
    std::vector<ir::ValueId> results;
    for (const ir::ValueId output : from.outputs()) {
      results.push_back(Operand(from, output, to, values));
    }
    to.SetOutputs(results);
    return made;
  }

  const ir::Module& whole_;
  std::span<const std::string> names_;
  ir::Module part_;
  bool has_origins_ = false;
  std::map<std::string, ir::Dim> dims_;
  std::map<ir::GraphId, ir::GraphId> regions_;
};

}  // namespace

ir::Module MakePart(const ir::Module& whole, std::span<const ir::OpId> ops,
                    std::span<const PartPort> inputs, std::span<const PartPort> outputs,
                    std::span<const std::string> names) {
  return PartMaker(whole, names).Run(ops, inputs, outputs);
}

}  // namespace smelt::tflite_export
