#include "core/import/tflite/graph_reader.h"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "core/flat/custom_options.h"
#include "core/import/tflite/options_reader.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_import {
namespace {

constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;

using Indices = flatbuffers::Vector<std::int32_t>;

// Reads one subgraph into its graph. Region graphs exist already, as empty ones.
class GraphReader {
 public:
  GraphReader(const Container& file, ir::Module& module, std::uint32_t index, ReadNotes& notes)
      : file_(file),
        module_(module),
        index_(index),
        subgraph_(*file.model().subgraphs()->Get(index)),
        graph_(module.graph(ir::GraphId{index})),
        values_(subgraph_.tensors()->size()),
        notes_(notes) {}

  Status Run() {
    for (const std::int32_t tensor : *subgraph_.inputs()) {
      SMELT_RETURN_IF_ERROR(ReadInput(tensor));
    }
    for (const schema::Operator* op : *subgraph_.operators()) {
      SMELT_RETURN_IF_ERROR(ReadOperator(*op));
    }
    std::vector<ir::ValueId> outputs;
    for (const std::int32_t tensor : *subgraph_.outputs()) {
      SMELT_ASSIGN_OR_RETURN(const ir::ValueId value, Use(tensor));
      outputs.push_back(value);
    }
    graph_.SetOutputs(outputs);
    return Status::Ok();
  }

 private:
  Status Bad(std::int32_t tensor, const std::string& what) const {
    return Invalid("subgraph " + std::to_string(index_) + ", tensor " + std::to_string(tensor) +
                   ": " + what);
  }

  bool InRange(std::int32_t tensor) const {
    return tensor >= 0 && static_cast<std::size_t>(tensor) < values_.size();
  }
  const schema::Tensor& Table(std::int32_t tensor) const {
    return *subgraph_.tensors()->Get(static_cast<std::uint32_t>(tensor));
  }
  ir::ValueId& Slot(std::int32_t tensor) { return values_[static_cast<std::size_t>(tensor)]; }

  // The stored type; sizes that the file leaves open are unknown.
  Result<ir::TensorType> StoredType(std::int32_t tensor) const {
    const schema::Tensor& table = Table(tensor);
    const auto number = static_cast<int>(table.type());
    if (number < 0 || number >= ir::kDTypeCount) return Bad(tensor, "unknown element type");
    ir::TensorType type{static_cast<ir::DType>(number), {}};
    if (ir::ElementBits(type.dtype) == 0) return Bad(tensor, "element type without a size");
    if (table.is_variable() || table.sparsity() != nullptr || table.external_buffer() != 0) {
      return Bad(tensor, "variable, sparse and external tensors are not read");
    }
    // Scalars of old files have no list of sizes; some writers leave an empty signature behind.
    const Indices* signature = table.shape_signature();
    if (signature != nullptr && signature->size() == 0) signature = nullptr;
    const std::uint32_t rank = table.shape() == nullptr ? 0 : table.shape()->size();
    if (signature != nullptr && signature->size() != rank) {
      return Bad(tensor, "shape and shape_signature differ in rank");
    }
    std::int64_t elements = 1;
    for (std::uint32_t axis = 0; axis < rank; ++axis) {
      const std::int64_t size = table.shape()->Get(axis);
      if (size < 0) return Bad(tensor, "negative dimension");
      if (size != 0 && elements > kMaxElements / size) return Bad(tensor, "shape overflows");
      elements *= size;
      const bool open = signature != nullptr && signature->Get(axis) == -1;
      if (signature != nullptr && !open && signature->Get(axis) != size) {
        return Bad(tensor, "shape and shape_signature disagree");
      }
      type.shape.push_back(open ? ir::Dim::Unknown() : ir::Dim(size));
    }
    return type;
  }

  bool HasBytes(std::int32_t tensor) const {
    return file_.PayloadBytes(Table(tensor).buffer()) != 0;
  }

  void GiveNames(ir::TensorType& type, const std::string& input) {
    for (int axis = 0; axis < type.shape.rank(); ++axis) {
      if (!type.shape.dim(axis).is_unknown()) continue;
      const std::string name = "d" + std::to_string(module_.symbols().names().size());
      type.shape.dim(axis) = module_.symbols().Named(name, {input, axis});
    }
  }

  static std::string Name(const schema::Tensor& table) {
    return table.name() == nullptr ? std::string() : table.name()->str();
  }

  Status ReadInput(std::int32_t tensor) {
    if (!InRange(tensor)) return Bad(tensor, "input index out of range");
    if (Slot(tensor).valid()) return Bad(tensor, "listed twice as input");
    if (HasBytes(tensor)) return Bad(tensor, "an input is a constant");
    SMELT_ASSIGN_OR_RETURN(ir::TensorType type, StoredType(tensor));
    const std::string name = Name(Table(tensor));
    GiveNames(type, name);
    Slot(tensor) = graph_.AddInput(std::move(type), name);
    NoteRank(tensor);
    return ReadQuantization(tensor);
  }

  // The value of an operand: one that exists already, or a constant met for the first time.
  Result<ir::ValueId> Use(std::int32_t tensor) {
    if (!InRange(tensor)) return Bad(tensor, "index out of range");
    if (Slot(tensor).valid()) return Slot(tensor);
    const schema::Tensor& table = Table(tensor);
    if (!file_.HasPayload(table.buffer())) return Bad(tensor, "is used before it is computed");
    SMELT_ASSIGN_OR_RETURN(const ir::TensorType type, StoredType(tensor));
    // Many writers give tensors that are computed a buffer of no bytes.
    if (!HasBytes(tensor) && type.shape.ElementCount() != 0) {
      return Bad(tensor, "is used before it is computed");
    }
    if (!type.shape.IsStatic()) return Bad(tensor, "a constant has an open dimension");
    auto constant =
        ir::Constant::FromBytes(type.dtype, type.shape.Sizes(), file_.Payload(table.buffer()));
    if (!constant.ok()) return Bad(tensor, std::string(constant.status().message()));
    Slot(tensor) = graph_.AddConstant(std::move(constant).value(), Name(table));
    SMELT_RETURN_IF_ERROR(ReadQuantization(tensor));
    return Slot(tensor);
  }

  // Of a tensor that is no constant. Files from before the format had has_rank never set it.
  void NoteRank(std::int32_t tensor) {
    const schema::Tensor& table = Table(tensor);
    const bool is_listed = table.shape() != nullptr && table.shape()->size() != 0;
    notes_.rankless += !is_listed && !table.has_rank() ? 1 : 0;
  }

  Status ReadQuantization(std::int32_t tensor) {
    const auto* table = Table(tensor).quantization();
    if (table != nullptr && table->details_type() != schema::QuantizationDetails::NONE) {
      return Bad(tensor, "blockwise, custom and multi-axis quantization is not read");
    }
    // Ranges that a training run has seen are no part of what is computed.
    const bool has_range = table != nullptr && table->min() != nullptr && table->min()->size() != 0;
    notes_.ranges += has_range ? 1 : 0;
    if (table == nullptr || table->scale() == nullptr || table->scale()->size() == 0) {
      return Status::Ok();
    }
    ir::Value& value = graph_.value(Slot(tensor));
    const int rank = value.type.shape.rank();
    const std::uint32_t count = table->scale()->size();
    // With one scale the axis says nothing, and some writers leave any number there.
    std::int32_t axis = table->quantized_dimension();
    const bool axis_fits = axis >= 0 && axis < std::max(rank, 1);
    if (count == 1 && !axis_fits) axis = 0;
    if (table->zero_point() == nullptr || table->zero_point()->size() != count ||
        (count != 1 && !axis_fits)) {
      return Bad(tensor, "inconsistent quantization parameters");
    }
    if (count != 1 && value.type.shape.dim(axis) != ir::Dim(count)) {
      return Bad(tensor, "as many scales as neither 1 nor the quantized dimension");
    }
    value.quant = ir::QuantParams{{table->scale()->begin(), table->scale()->end()},
                                  {table->zero_point()->begin(), table->zero_point()->end()},
                                  axis};
    return Status::Ok();
  }

  Result<ir::OpKind> Kind(const schema::Operator& op) const {
    const auto* code = file_.model().operator_codes()->Get(op.opcode_index());
    const int number = std::max<int>(code->deprecated_builtin_code(), code->builtin_code());
    if (number == static_cast<int>(ir::OpKind::kCustom)) return ir::OpKind::kCustom;
    const auto known = [&](const ir::OpInfo& info) {
      return ir::IsTfliteBuiltin(info.kind) && static_cast<int>(info.kind) == number;
    };
    for (const ir::OpInfo& info : ir::AllOps()) {
      if (known(info)) return info.kind;
    }
    return Invalid("builtin operator " + std::to_string(number) + " is not one that smelt writes");
  }

  // In the operator's table, or behind the FlatBuffer; empty when there are none.
  Result<SharedBytes> CustomOptions(const schema::Operator& op) const {
    if (const auto* bytes = op.custom_options(); bytes != nullptr) {
      const auto span = std::as_bytes(std::span(bytes->data(), bytes->size()));
      return SharedBytes(span, nullptr);
    }
    const std::uint64_t offset = op.large_custom_options_offset();
    const std::uint64_t size = op.large_custom_options_size();
    if (offset <= 1) return SharedBytes();  // not set
    if (offset > file_.file_bytes() || size > file_.file_bytes() - offset) {
      return Invalid("the options of a CUSTOM operator lie outside the file");
    }
    return file_.Bytes(offset, size);
  }

  Result<ir::Attributes> ReadCustom(const schema::Operator& op) const {
    const auto* code = file_.model().operator_codes()->Get(op.opcode_index());
    if (code->custom_code() == nullptr || code->custom_code()->size() == 0) {
      return Invalid("a CUSTOM operator without a name");
    }
    SMELT_ASSIGN_OR_RETURN(const SharedBytes bytes, CustomOptions(op));
    ir::Attributes attrs;
    if (bytes.size() != 0) {
      SMELT_ASSIGN_OR_RETURN(attrs, flat::DecodeCustomOptions(bytes.span()));
    }
    attrs.Set(flat::kCustomCodeAttr, code->custom_code()->str());
    return attrs;
  }

  Status CheckArity(const ir::OpInfo& info, const schema::Operator& op) const {
    const auto inputs = static_cast<int>(op.inputs()->size());
    const auto outputs = static_cast<int>(op.outputs()->size());
    if (inputs < info.min_operands || (info.max_operands >= 0 && inputs > info.max_operands) ||
        (info.results >= 0 && outputs != info.results)) {
      return Invalid(std::string(info.name) + " with " + std::to_string(inputs) + " inputs and " +
                     std::to_string(outputs) + " outputs");
    }
    return Status::Ok();
  }

  Status ReadOperator(const schema::Operator& op) {
    SMELT_ASSIGN_OR_RETURN(const ir::OpKind kind, Kind(op));
    const ir::OpInfo& info = ir::GetOpInfo(kind);
    SMELT_RETURN_IF_ERROR(CheckArity(info, op));
    std::vector<ir::ValueId> operands;
    for (const std::int32_t tensor : *op.inputs()) {
      if (tensor == -1) {
        operands.emplace_back();
        continue;
      }
      SMELT_ASSIGN_OR_RETURN(const ir::ValueId value, Use(tensor));
      operands.push_back(value);
    }
    std::vector<ir::TensorType> types;
    for (const std::int32_t tensor : *op.outputs()) {
      if (!InRange(tensor)) return Bad(tensor, "output index out of range");
      if (Slot(tensor).valid()) return Bad(tensor, "is computed twice or is an input");
      if (HasBytes(tensor)) return Bad(tensor, "a result is a constant");
      SMELT_ASSIGN_OR_RETURN(types.emplace_back(), StoredType(tensor));
    }
    StoredTypes stored;
    if (!operands.empty() && operands[0].valid()) stored.operand = graph_.type(operands[0]).dtype;
    if (!types.empty()) stored.result = types[0].dtype;
    SMELT_ASSIGN_OR_RETURN(OptionsRead options, ReadOptions(kind, op, stored));
    if (kind == ir::OpKind::kCustom) {
      SMELT_ASSIGN_OR_RETURN(options.attrs, ReadCustom(op));
    }
    ResolveOpenDims(info, operands, options.attrs, types);
    const ir::OpId id = graph_.Insert(kind, operands, std::move(options.attrs), types, 0);
    for (std::uint32_t i = 0; i < op.outputs()->size(); ++i) {
      const std::int32_t tensor = op.outputs()->Get(i);
      if (Slot(tensor).valid()) return Bad(tensor, "is computed twice");
      Slot(tensor) = graph_.op(id).result(static_cast<int>(i));
      graph_.value(Slot(tensor)).name = Name(Table(tensor));
      NoteRank(tensor);
      SMELT_RETURN_IF_ERROR(ReadQuantization(tensor));
    }
    return AttachRegions(id, options.regions);
  }

  // Dimensions that the file leaves open follow from the operands where inference can tell.
  void ResolveOpenDims(const ir::OpInfo& info, std::span<const ir::ValueId> operands,
                       const ir::Attributes& attrs, std::vector<ir::TensorType>& types) {
    bool open = false;
    for (const ir::TensorType& type : types) {
      for (const ir::Dim dim : type.shape) open = open || dim.is_unknown();
    }
    if (!open) return;
    if (info.infer != nullptr) {
      const auto inferred = ir::InferTypes(graph_, module_.symbols(), info.kind, operands, attrs);
      for (std::size_t i = 0; inferred.ok() && i < types.size() && i < inferred->size(); ++i) {
        const ir::Shape& shape = (*inferred)[i].shape;
        if (shape.rank() != types[i].shape.rank()) continue;
        for (int axis = 0; axis < shape.rank(); ++axis) {
          ir::Dim& dim = types[i].shape.dim(axis);
          if (dim.is_unknown()) dim = shape.dim(axis);
        }
      }
    }
    for (ir::TensorType& type : types) GiveNames(type, "");
  }

  // That none calls itself is found out when all are read.
  Status AttachRegions(ir::OpId id, const std::vector<std::int32_t>& regions) {
    for (const std::int32_t region : regions) {
      if (region < 0 || static_cast<std::size_t>(region) >= module_.graph_count()) {
        return Invalid("subgraph " + std::to_string(index_) + " calls subgraph " +
                       std::to_string(region));
      }
      graph_.op(id).regions.push_back(ir::GraphId{static_cast<std::uint32_t>(region)});
    }
    return Status::Ok();
  }

  const Container& file_;
  ir::Module& module_;
  std::uint32_t index_;
  const schema::SubGraph& subgraph_;
  ir::Graph& graph_;
  std::vector<ir::ValueId> values_;  // by tensor
  ReadNotes& notes_;
};

}  // namespace

Status ReadGraph(const Container& file, ir::Module& module, std::uint32_t index, ReadNotes& notes) {
  return GraphReader(file, module, index, notes).Run();
}

}  // namespace smelt::tflite_import
