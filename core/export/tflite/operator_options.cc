#include "core/export/tflite/operator_options.h"

#include <limits>
#include <string>

#include "core/flat/custom_options.h"
#include "core/flat/options_table.h"
#include "core/ir/op_table.h"

namespace smelt::tflite_export {
namespace {

using flat::OptionField;
using flat::Storage;

constexpr std::size_t kMaxVector = 8;  // that the runtime's parser has room for

Status BadAttribute(const ir::Op& op, std::string_view attr, const std::string& value) {
  return Status(Reason::kInternalError, std::string(ir::GetOpInfo(op.kind).name) + "." +
                                            std::string(attr) + " can't be written: " + value);
}

bool FitsI32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

// The file states some element types a second time; where the IR leaves them out the operands tell.
ir::DType StatedType(const ir::Graph& graph, const ir::Op& op, std::string_view attr) {
  const std::string name = op.attrs.String(attr);
  if (const auto dtype = ir::DTypeFromName(name); !name.empty() && dtype) return *dtype;
  return graph.type(attr == "in_data_type" ? op.input(0) : op.result()).dtype;
}

// Likewise counts; 0 is what any other absent number means.
std::int64_t StatedCount(const ir::Graph& graph, const ir::Op& op, std::string_view attr) {
  if (attr == "values_count") return op.input_count();
  if (attr != "depth_multiplier") return 0;
  const ir::Dim channels = graph.type(op.input(0)).shape.dim(3);
  const ir::Dim filters = graph.type(op.input(1)).shape.dim(3);
  if (!channels.is_static() || !filters.is_static() || channels.value() == 0) return 0;
  return filters.value() / channels.value();
}

class Encoder {
 public:
  Encoder(const ir::Graph& graph, const ir::Op& op, std::span<const std::int32_t> subgraphs)
      : graph_(graph), op_(op), subgraphs_(subgraphs) {}

  Result<OperatorOptions> Run() {
    const flat::OptionsTable* table = flat::FindOptions(op_.kind);
    // A table without fields says nothing that its absence doesn't.
    if (table == nullptr || table->fields.empty()) return std::move(options_);
    options_.union_index = table->union_index;
    options_.tag = table->tag;
    for (const OptionField& field : table->fields) SMELT_RETURN_IF_ERROR(Encode(field));
    return std::move(options_);
  }

 private:
  Status Encode(const OptionField& field) {
    switch (field.storage) {
      case Storage::kBool:
        options_.fields.U8(field.slot, op_.attrs.Bool(field.attr) ? 1 : 0);
        return Status::Ok();
      case Storage::kEnum: {
        std::string name = op_.attrs.String(field.attr);
        if (name.empty()) name = field.names[0];
        const auto value = flat::EnumValue(field.names, name);
        if (!value) return BadAttribute(op_, field.attr, name);
        options_.fields.U8(field.slot, static_cast<std::uint8_t>(*value));
        return Status::Ok();
      }
      case Storage::kDType:
        if (field.attr == "quantized_bias_type" && op_.attrs.Find(field.attr) == nullptr) {
          return Status::Ok();
        }
        options_.fields.U8(field.slot,
                           static_cast<std::uint8_t>(StatedType(graph_, op_, field.attr)));
        return Status::Ok();
      case Storage::kI32: {
        const std::int64_t value = op_.attrs.Find(field.attr) != nullptr
                                       ? op_.attrs.Int(field.attr)
                                       : StatedCount(graph_, op_, field.attr);
        if (!FitsI32(value)) return BadAttribute(op_, field.attr, std::to_string(value));
        options_.fields.I32(field.slot, static_cast<std::int32_t>(value));
        return Status::Ok();
      }
      case Storage::kF32:
        options_.fields.F32(field.slot, static_cast<float>(op_.attrs.Float(field.attr)));
        return Status::Ok();
      case Storage::kI32Vector:
        return EncodeVector(field);
      case Storage::kRegion:
        return EncodeRegion(field);
      case Storage::kString:
        options_.fields.Reference(field.slot);
        options_.strings.emplace_back(field.slot, op_.attrs.String(field.attr));
        return Status::Ok();
      case Storage::kOwn:
        options_.fields.Reference(field.slot);
        options_.bytes.emplace_back(field.slot, flat::EncodeCompositeOptions(op_.attrs));
        return Status::Ok();
    }
    return Status::Ok();
  }

  Status EncodeVector(const OptionField& field) {
    if (op_.attrs.Find(field.attr) == nullptr) return Status::Ok();
    // Loaders refuse a longer RESHAPE.new_shape; the shape operand says the same.
    if (op_.kind == ir::OpKind::kReshape && op_.attrs.Ints(field.attr).size() > kMaxVector) {
      return Status::Ok();
    }
    std::vector<std::int32_t> values;
    for (const std::int64_t value : op_.attrs.Ints(field.attr)) {
      if (!FitsI32(value)) return BadAttribute(op_, field.attr, std::to_string(value));
      values.push_back(static_cast<std::int32_t>(value));
    }
    options_.fields.Reference(field.slot);
    options_.vectors.emplace_back(field.slot, std::move(values));
    return Status::Ok();
  }

  Status EncodeRegion(const OptionField& field) {
    if (next_region_ >= op_.regions.size()) return BadAttribute(op_, field.attr, "no such region");
    const std::int32_t subgraph = subgraphs_[op_.regions[next_region_++].index];
    options_.fields.I32(field.slot, subgraph);
    return Status::Ok();
  }

  const ir::Graph& graph_;
  const ir::Op& op_;
  std::span<const std::int32_t> subgraphs_;
  std::size_t next_region_ = 0;
  OperatorOptions options_;
};

}  // namespace

Result<OperatorOptions> EncodeOptions(const ir::Graph& graph, const ir::Op& op,
                                      std::span<const std::int32_t> subgraph_of_graph) {
  return Encoder(graph, op, subgraph_of_graph).Run();
}

}  // namespace smelt::tflite_export
