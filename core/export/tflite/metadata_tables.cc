#include "core/export/tflite/metadata_tables.h"

#include <algorithm>
#include <limits>

#include "core/export/tflite/operator_options.h"
#include "core/flat/custom_options.h"

namespace smelt::tflite_export {
namespace {

constexpr std::uint32_t kSchemaVersion = 3;
constexpr std::uint8_t kPlaceholderCode = 127;  // in the old one-byte field: "see the other field"

// Slots, by the format's numbers.
struct ModelSlot {
  enum : int {
    kVersion = 0,
    kOpCodes,
    kSubgraphs,
    kDescription,
    kBuffers,
    kMetadata = 6,
    kSignatures = 7
  };
};
struct SubgraphSlot {
  enum : int { kTensors = 0, kInputs, kOutputs, kOperators, kName };
};
struct TensorSlot {
  enum : int { kShape = 0, kType, kBuffer, kName, kQuantization, kSignature = 7, kHasRank = 8 };
};
struct QuantSlot {
  enum : int { kScale = 2, kZeroPoint = 3, kAxis = 6 };
};
struct OpCodeSlot {
  enum : int { kOldCode = 0, kCustomCode = 1, kVersion = 2, kCode = 3 };
};
struct OperatorSlot {
  enum : int {
    kOpCode = 0,
    kInputs,
    kOutputs,
    kOptionsTag,
    kOptions,
    kCustomOptions,
    kOptions2Tag = 11,
    kOptions2 = 12
  };
};
struct SignatureSlot {
  enum : int { kInputs = 0, kOutputs, kKey, kSubgraph = 4 };
};
struct NamedSlot {
  enum : int { kName = 0, kIndex = 1 };
};  // TensorMap and Metadata

constexpr std::uint64_t kReferenceBytes = 4;

std::uint64_t RoundUp4(std::uint64_t bytes) { return (bytes + 3) / 4 * 4; }

// What is added to an image between its making and `Bytes`, without the shapes of tables.
class Extent {
 public:
  explicit Extent(const FlatImage& image)
      : image_(image), begin_(RoundUp4(image.size())), vtables_(image.vtable_bytes()) {}
  std::uint32_t Bytes() const {
    const std::uint64_t all = RoundUp4(image_.size()) - begin_;
    // A shape of 4 n + 2 bytes may hide in the padding that is there without it.
    const std::uint64_t shapes = image_.vtable_bytes() - vtables_;
    return static_cast<std::uint32_t>(RoundUp4(all - std::min(all, shapes)));
  }

 private:
  const FlatImage& image_;
  std::uint64_t begin_;
  std::uint64_t vtables_;
};

class Layout {
 public:
  Layout(const ir::Module& module, const FilePlan& plan, const std::vector<bool>& outside)
      : module_(module), plan_(plan), outside_(outside) {}

  Result<MetadataImage> Run(std::string_view description) {
    TableFields fields;
    fields.U32(ModelSlot::kVersion, kSchemaVersion);
    for (const int slot :
         {ModelSlot::kOpCodes + 0, ModelSlot::kSubgraphs + 0, ModelSlot::kDescription + 0,
          ModelSlot::kBuffers + 0, ModelSlot::kMetadata + 0, ModelSlot::kSignatures + 0}) {
      fields.Reference(slot);
    }
    const Position model = image().AddTable(fields);
    image().PointRoot(model);
    image().Point(model, ModelSlot::kDescription, image().AddString(description));
    AddOpCodes(model);
    extents().rest = RoundUp4(image().size()) - image().vtable_bytes();
    SMELT_RETURN_IF_ERROR(AddSubgraphs(model));
    const Extent named(image());
    AddSignatures(model);
    AddMetadata(model);
    extents().rest += named.Bytes() - SignaturePorts();
    AddBuffers(model);
    extents().vtables = image().vtable_bytes();
    if (image().size() > std::numeric_limits<std::int32_t>::max()) {
      return Status(Reason::kArtifactTooLarge, "the graph's own description exceeds 2 GiB");
    }
    return std::move(result_);
  }

 private:
  FlatImage& image() { return result_.image; }
  TableExtents& extents() { return result_.extents; }

  // Of the entries alone: the indices stand in the subgraph.
  std::uint64_t SignaturePorts() const {
    std::uint64_t bytes = 0;
    for (const ir::Signature& signature : module_.signatures) {
      for (const std::string& name : signature.input_names) {
        bytes += PortBytes(name) - kReferenceBytes;
      }
      for (const std::string& name : signature.output_names) {
        bytes += PortBytes(name) - kReferenceBytes;
      }
    }
    return bytes;
  }

  void AddOpCodes(Position model) {
    const Position codes = image().AddReferences(plan_.op_codes.size());
    image().Point(model, ModelSlot::kOpCodes, codes);
    for (std::size_t i = 0; i < plan_.op_codes.size(); ++i) {
      const auto code = static_cast<std::int32_t>(plan_.op_codes[i].kind);
      TableFields fields;
      // Readers before 2.4 know the byte only.
      fields.U8(OpCodeSlot::kOldCode,
                static_cast<std::uint8_t>(std::min<std::int32_t>(code, kPlaceholderCode)));
      fields.I32(OpCodeSlot::kVersion, plan_.op_codes[i].version);
      fields.I32(OpCodeSlot::kCode, code);
      const std::string& custom = plan_.op_codes[i].custom_code;
      if (!custom.empty()) fields.Reference(OpCodeSlot::kCustomCode);
      const Position table = image().AddTable(fields);
      image().PointElement(codes, i, table);
      if (!custom.empty()) image().Point(table, OpCodeSlot::kCustomCode, image().AddString(custom));
    }
  }

  Status AddSubgraphs(Position model) {
    const Position subgraphs = image().AddReferences(plan_.subgraphs.size());
    image().Point(model, ModelSlot::kSubgraphs, subgraphs);
    for (std::size_t i = 0; i < plan_.subgraphs.size(); ++i) {
      const SubgraphPlan& subgraph = plan_.subgraphs[i];
      const ir::Graph& graph = module_.graph(subgraph.graph);
      TableFields fields;
      for (int slot = SubgraphSlot::kTensors; slot <= SubgraphSlot::kName; ++slot) {
        fields.Reference(slot);
      }
      TableExtents::Subgraph& extent = extents().subgraphs.emplace_back();
      const Extent header(image());
      const Position table = image().AddTable(fields);
      image().PointElement(subgraphs, i, table);
      image().Point(table, SubgraphSlot::kName, image().AddString(graph.name()));
      image().Point(table, SubgraphSlot::kInputs, AddIndices(subgraph, graph.inputs()));
      image().Point(table, SubgraphSlot::kOutputs, AddIndices(subgraph, graph.outputs()));
      // With the counts of two vectors and the reference to the subgraph.
      extent.header = header.Bytes() + 3 * kReferenceBytes;
      const std::uint64_t ports = graph.inputs().size() + graph.outputs().size();
      extent.header -= ports * kReferenceBytes;
      const Position tensors = image().AddReferences(subgraph.tensors.size());
      image().Point(table, SubgraphSlot::kTensors, tensors);
      for (std::size_t k = 0; k < subgraph.tensors.size(); ++k) {
        const Extent added(image());
        SMELT_ASSIGN_OR_RETURN(const Position tensor, AddTensor(graph, subgraph.tensors[k]));
        image().PointElement(tensors, k, tensor);
        extent.tensors.push_back(added.Bytes() + kReferenceBytes);
      }
      SMELT_RETURN_IF_ERROR(AddOperators(table, graph, subgraph, extent));
    }
    return Status::Ok();
  }

  Position AddIndices(const SubgraphPlan& subgraph, std::span<const ir::ValueId> values) {
    std::vector<std::int32_t> indices;
    for (const ir::ValueId value : values) {
      indices.push_back(value.valid() ? subgraph.tensor_of_value[value.index] : -1);
    }
    return image().AddVector(std::span<const std::int32_t>(indices));
  }

  // Sizes that are unknown are written as 1, and as -1 in the shape's signature.
  Result<Position> AddTensor(const ir::Graph& graph, const TensorPlan& plan) {
    const ir::Value& value = graph.value(plan.value);
    std::vector<std::int32_t> shape;
    std::vector<std::int32_t> signature;
    bool known = true;
    for (const ir::Dim dim : value.type.shape) {
      if (dim.is_static() && dim.value() > std::numeric_limits<std::int32_t>::max()) {
        return Status(Reason::kArtifactTooLarge, "tensor " + plan.name + " has a dimension of " +
                                                     std::to_string(dim.value()) +
                                                     "; the format's limit is 2^31 - 1");
      }
      known = known && dim.is_static();
      shape.push_back(dim.is_static() ? static_cast<std::int32_t>(dim.value()) : 1);
      signature.push_back(dim.is_static() ? shape.back() : -1);
    }
    // Kernels count elements in an int.
    const auto count = value.type.shape.ElementCount();
    if (known && (!count || *count > std::numeric_limits<std::int32_t>::max())) {
      return Status(
          Reason::kArtifactTooLarge,
          "tensor " + plan.name + " has 2^31 elements or more, which runtimes can't count");
    }
    TableFields fields;
    fields.Reference(TensorSlot::kShape);
    fields.U8(TensorSlot::kType, static_cast<std::uint8_t>(value.type.dtype));
    fields.U32(TensorSlot::kBuffer, plan.buffer);
    fields.Reference(TensorSlot::kName);
    if (!value.quant.empty()) fields.Reference(TensorSlot::kQuantization);
    if (!known) fields.Reference(TensorSlot::kSignature);
    fields.U8(TensorSlot::kHasRank, 1);
    const Position table = image().AddTable(fields);
    image().Point(table, TensorSlot::kShape,
                  image().AddVector(std::span<const std::int32_t>(shape)));
    image().Point(table, TensorSlot::kName, image().AddString(plan.name));
    if (!known) {
      image().Point(table, TensorSlot::kSignature,
                    image().AddVector(std::span<const std::int32_t>(signature)));
    }
    if (!value.quant.empty()) AddQuantization(table, *value.quant);
    return table;
  }

  void AddQuantization(Position tensor, const ir::QuantParams& quant) {
    TableFields fields;
    fields.Reference(QuantSlot::kScale);
    fields.Reference(QuantSlot::kZeroPoint);
    fields.I32(QuantSlot::kAxis, quant.axis);
    const Position table = image().AddTable(fields);
    image().Point(tensor, TensorSlot::kQuantization, table);
    image().Point(table, QuantSlot::kScale, image().AddVector(std::span<const float>(quant.scale)));
    image().Point(table, QuantSlot::kZeroPoint,
                  image().AddVector(std::span<const std::int64_t>(quant.zero_point)));
  }

  Status AddOperators(Position subgraph_table, const ir::Graph& graph, const SubgraphPlan& subgraph,
                      TableExtents::Subgraph& extent) {
    const Position operators = image().AddReferences(subgraph.op_codes.size());
    image().Point(subgraph_table, SubgraphSlot::kOperators, operators);
    std::size_t at = 0;
    for (const ir::OpId id : graph) {
      const ir::Op& op = graph.op(id);
      SMELT_ASSIGN_OR_RETURN(const OperatorOptions options,
                             EncodeOptions(graph, op, plan_.subgraph_of_graph));
      const Extent added(image());
      image().PointElement(operators, at,
                           AddOperator(subgraph, op, subgraph.op_codes[at], options));
      extent.operators.push_back(added.Bytes() + kReferenceBytes);
      ++at;
    }
    return Status::Ok();
  }

  Position AddOperator(const SubgraphPlan& subgraph, const ir::Op& op, std::uint32_t code,
                       const OperatorOptions& options) {
    const bool second = options.union_index == 2;
    const int tag_slot = second ? OperatorSlot::kOptions2Tag : OperatorSlot::kOptionsTag;
    const int options_slot = second ? OperatorSlot::kOptions2 : OperatorSlot::kOptions;
    TableFields fields;
    fields.U32(OperatorSlot::kOpCode, code);
    fields.Reference(OperatorSlot::kInputs);
    fields.Reference(OperatorSlot::kOutputs);
    if (options.union_index != 0) {
      fields.U8(tag_slot, options.tag);
      fields.Reference(options_slot);
    }
    const bool is_custom = op.kind == ir::OpKind::kCustom;
    if (is_custom) fields.Reference(OperatorSlot::kCustomOptions);
    const Position table = image().AddTable(fields);
    std::vector<ir::ValueId> operands;
    for (const auto& operand : op.operands) operands.push_back(operand.value);
    image().Point(table, OperatorSlot::kInputs, AddIndices(subgraph, operands));
    image().Point(table, OperatorSlot::kOutputs, AddIndices(subgraph, op.results));
    if (is_custom) {
      const std::vector<std::uint8_t> bytes = flat::EncodeCustomOptions(op.attrs);
      image().Point(table, OperatorSlot::kCustomOptions,
                    image().AddVector(std::span<const std::uint8_t>(bytes)));
    }
    if (options.union_index != 0) {
      const Position options_table = image().AddTable(options.fields);
      image().Point(table, options_slot, options_table);
      for (const auto& [slot, values] : options.vectors) {
        image().Point(options_table, slot,
                      image().AddVector(std::span<const std::int32_t>(values)));
      }
      for (const auto& [slot, text] : options.strings) {
        image().Point(options_table, slot, image().AddString(text));
      }
      for (const auto& [slot, bytes] : options.bytes) {
        image().Point(options_table, slot, image().AddVector(std::span<const std::uint8_t>(bytes)));
      }
    }
    return table;
  }

  void AddSignatures(Position model) {
    const Position signatures = image().AddReferences(module_.signatures.size());
    image().Point(model, ModelSlot::kSignatures, signatures);
    for (std::size_t i = 0; i < module_.signatures.size(); ++i) {
      const ir::Signature& signature = module_.signatures[i];
      const auto subgraph =
          static_cast<std::uint32_t>(plan_.subgraph_of_graph[signature.graph.index]);
      const ir::Graph& graph = module_.graph(signature.graph);
      TableFields fields;
      fields.Reference(SignatureSlot::kInputs);
      fields.Reference(SignatureSlot::kOutputs);
      fields.Reference(SignatureSlot::kKey);
      fields.U32(SignatureSlot::kSubgraph, subgraph);
      const Position table = image().AddTable(fields);
      image().PointElement(signatures, i, table);
      image().Point(table, SignatureSlot::kKey, image().AddString(signature.key));
      const SubgraphPlan& plan = plan_.subgraphs[subgraph];
      image().Point(table, SignatureSlot::kInputs,
                    AddTensorMaps(plan, signature.input_names, graph.inputs()));
      image().Point(table, SignatureSlot::kOutputs,
                    AddTensorMaps(plan, signature.output_names, graph.outputs()));
    }
  }

  Position AddTensorMaps(const SubgraphPlan& subgraph, const std::vector<std::string>& names,
                         const std::vector<ir::ValueId>& values) {
    const Position maps = image().AddReferences(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::int32_t tensor = subgraph.tensor_of_value[values[i].index];
      image().PointElement(maps, i, AddNamed(names[i], static_cast<std::uint32_t>(tensor)));
    }
    return maps;
  }

  Position AddNamed(std::string_view name, std::uint32_t index) {
    TableFields fields;
    fields.Reference(NamedSlot::kName);
    fields.U32(NamedSlot::kIndex, index);
    const Position table = image().AddTable(fields);
    image().Point(table, NamedSlot::kName, image().AddString(name));
    return table;
  }

  void AddMetadata(Position model) {
    const Position entries = image().AddReferences(plan_.metadata.size());
    image().Point(model, ModelSlot::kMetadata, entries);
    for (std::size_t i = 0; i < plan_.metadata.size(); ++i) {
      image().PointElement(entries, i, AddNamed(plan_.metadata[i].name, plan_.metadata[i].buffer));
    }
  }

  // Buffer tables come last: payloads follow.
  void AddBuffers(Position model) {
    const Position buffers = image().AddReferences(plan_.buffers.size());
    image().Point(model, ModelSlot::kBuffers, buffers);
    for (std::size_t i = 0; i < plan_.buffers.size(); ++i) {
      TableFields fields;
      if (outside_[i]) {
        fields.U64(kBufferOffset, 0);
        fields.U64(kBufferSize, 0);
      } else if (i != 0) {
        fields.Reference(kBufferData);
      }
      result_.buffers.push_back(image().AddTable(fields));
      image().PointElement(buffers, i, result_.buffers.back());
    }
  }

  const ir::Module& module_;
  const FilePlan& plan_;
  const std::vector<bool>& outside_;
  MetadataImage result_;
};

}  // namespace

std::uint64_t PortBytes(std::string_view name) {
  constexpr std::uint64_t kEntryTable = 12;  // shape, name, index
  const std::uint64_t text = sizeof(std::uint32_t) + name.size() + 1;
  return 2 * kReferenceBytes + kEntryTable + RoundUp4(text);
}

Result<MetadataImage> LayOutTables(const ir::Module& module, const FilePlan& plan,
                                   std::string_view description, const std::vector<bool>& outside) {
  return Layout(module, plan, outside).Run(description);
}

}  // namespace smelt::tflite_export
