#include "core/import/tflite/describe_tensor.h"

#include <optional>

#include "core/ir/dtype.h"

namespace smelt::tflite_import {
namespace {

// Beyond it no runtime has a tensor, and sums of bytes stay far from overflow.
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 48;

std::optional<ir::DType> KnownType(int number) {
  if (number < 0 || number >= ir::kDTypeCount) return std::nullopt;
  return static_cast<ir::DType>(number);
}

QuantizationDescription DescribeQuantization(CopyBudget& budget,
                                             const schema::QuantizationParameters* table) {
  QuantizationDescription quantization;
  if (table == nullptr) return quantization;
  quantization.present = true;
  quantization.scales = budget.List(table->scale());
  quantization.zero_points = budget.List(table->zero_point());
  quantization.axis = table->quantized_dimension();
  quantization.min = budget.List(table->min());
  quantization.max = budget.List(table->max());
  if (table->details() == nullptr) return quantization;
  // The verifier has looked at the tables of the tags that it knows, and at no others.
  switch (table->details_type()) {
    case schema::QuantizationDetails::NONE:
      break;
    case schema::QuantizationDetails::CustomQuantization: {
      quantization.details = "custom";
      const auto* bytes = table->details_as_CustomQuantization()->custom();
      if (bytes != nullptr) quantization.custom_bytes = bytes->size();
      break;
    }
    case schema::QuantizationDetails::BlockwiseQuantization: {
      quantization.details = "blockwise";
      const auto& blocks = *table->details_as_BlockwiseQuantization();
      quantization.scales_tensor = blocks.scales();
      quantization.zero_points_tensor = blocks.zero_points();
      quantization.block_size = blocks.block_size();
      break;
    }
    case schema::QuantizationDetails::MultiAxisQuantization: {
      quantization.details = "multi_axis";
      const auto& blocks = *table->details_as_MultiAxisQuantization();
      quantization.scales_tensor = blocks.scales();
      quantization.zero_points_tensor = blocks.zero_points();
      quantization.block_size = blocks.block_size();
      quantization.axes = budget.List(blocks.quantized_dimensions());
      break;
    }
    default:
      quantization.details =
          "unknown (" + std::to_string(static_cast<int>(table->details_type())) + ")";
  }
  return quantization;
}

// Entries of an index list, whichever its width; 0 for an absent one.
std::uint64_t IndexCount(schema::SparseIndexVector type, const void* list) {
  const auto size = [](const auto* values) -> std::uint64_t {
    return values == nullptr ? 0 : values->size();
  };
  if (list == nullptr) return 0;
  switch (type) {
    case schema::SparseIndexVector::Int32Vector:
      return size(static_cast<const schema::Int32Vector*>(list)->values());
    case schema::SparseIndexVector::Uint16Vector:
      return size(static_cast<const schema::Uint16Vector*>(list)->values());
    case schema::SparseIndexVector::Uint8Vector:
      return size(static_cast<const schema::Uint8Vector*>(list)->values());
    default:
      return 0;
  }
}

SparsityDescription DescribeSparsity(CopyBudget& budget, const schema::SparsityParameters* table) {
  SparsityDescription sparsity;
  if (table == nullptr) return sparsity;
  sparsity.present = true;
  sparsity.traversal_order = budget.List(table->traversal_order());
  sparsity.block_map = budget.List(table->block_map());
  if (table->dim_metadata() == nullptr) return sparsity;
  for (const schema::DimensionMetadata* dimension : *table->dim_metadata()) {
    if (!budget.Take(sizeof(flatbuffers::uoffset_t))) break;
    sparsity.dimensions.push_back(
        {.is_csr = dimension->format() == schema::DimensionType::SPARSE_CSR,
         .dense_size = dimension->dense_size(),
         .segments = IndexCount(dimension->array_segments_type(), dimension->array_segments()),
         .indices = IndexCount(dimension->array_indices_type(), dimension->array_indices())});
  }
  return sparsity;
}

// The bytes that the stored shape needs; nothing for an impossible shape.
std::optional<std::uint64_t> NeededBytes(ir::DType type, const std::vector<std::int32_t>& shape) {
  std::uint64_t elements = 1;
  for (const std::int32_t size : shape) {
    if (size < 0) return std::nullopt;
    const auto factor = static_cast<std::uint64_t>(size);
    if (factor != 0 && elements > kMostElements / factor) return std::nullopt;
    elements *= factor;
  }
  return ir::StorageBytes(type, elements);
}

void CheckData(DescriptionState& state, const TensorDescription& tensor, ir::DType type,
               const std::string& place) {
  if (tensor.is_variable && tensor.data.bytes != 0) {
    state.AddProblem(place + " is a variable and has data");
  }
  const auto needed = NeededBytes(type, tensor.shape);
  if (!needed) return state.AddProblem(place + " has a shape that no tensor can have");
  const bool has_fixed_size = ir::ElementBits(type) != 0 && !tensor.sparsity.present;
  if (!has_fixed_size || tensor.data.bytes == 0 || tensor.data.bytes == *needed) return;
  state.AddProblem(place + " holds " + std::to_string(tensor.data.bytes) +
                   " bytes where its type and shape need " + std::to_string(*needed));
}

void CheckQuantization(DescriptionState& state, const TensorDescription& tensor,
                       const std::string& place) {
  const QuantizationDescription& quantization = tensor.quantization;
  if (quantization.scales.empty() || !quantization.details.empty()) return;
  const std::size_t count = quantization.scales.size();
  if (quantization.zero_points.size() != count) {
    return state.AddProblem(place + " has " + std::to_string(count) + " scales and " +
                            std::to_string(quantization.zero_points.size()) + " zero points");
  }
  if (count == 1) return;
  const auto axis = static_cast<std::size_t>(quantization.axis);
  if (quantization.axis >= 0 && axis < tensor.shape.size() &&
      static_cast<std::uint64_t>(tensor.shape[axis]) == count) {
    return;
  }
  state.AddProblem(place + " has " + std::to_string(count) + " scales along axis " +
                   std::to_string(quantization.axis) + ", which is not of that size");
}

}  // namespace

TensorDescription DescribeTensor(DescriptionState& state, const schema::Tensor& table,
                                 const std::string& place) {
  CopyBudget& budget = state.budget();
  TensorDescription tensor;
  tensor.name = budget.Text(table.name());
  const int number = static_cast<int>(table.type());
  const auto type = KnownType(number);
  tensor.type = type ? std::string(ir::DTypeName(*type)) : "type " + std::to_string(number);
  tensor.shape = budget.List(table.shape());
  tensor.shape_signature = budget.List(table.shape_signature());
  tensor.has_rank = table.has_rank();
  tensor.is_variable = table.is_variable();
  tensor.external_buffer = table.external_buffer();
  if (table.variant_tensors() != nullptr) tensor.variants = table.variant_tensors()->size();
  tensor.data = state.Use(table.buffer(), place);
  tensor.quantization = DescribeQuantization(budget, table.quantization());
  tensor.sparsity = DescribeSparsity(budget, table.sparsity());
  state.CountTensor(number, tensor);
  if (budget.exceeded()) return tensor;  // what was left out is no contradiction
  if (!tensor.shape_signature.empty() && tensor.shape_signature.size() != tensor.shape.size()) {
    state.AddProblem(place + ": shape and shape_signature differ in rank");
  }
  if (!type) {
    state.AddProblem(place + " has the element type " + std::to_string(number) +
                     ", which the format does not name");
    return tensor;
  }
  CheckData(state, tensor, *type, place);
  CheckQuantization(state, tensor, place);
  return tensor;
}

}  // namespace smelt::tflite_import
