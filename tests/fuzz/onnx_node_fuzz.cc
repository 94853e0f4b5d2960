// A well-formed model of one node: the bytes choose an operator of the schema table, its version,
// operands (types, shapes, constant or fed, absent) and attributes. Far more of these reach rules,
// passes and the writer than mutated files do.
#include <onnx/onnx_pb.h>

#include <bit>
#include <string>

#include "core/import/onnx/data_type.h"
#include "core/import/onnx/schema_table.h"
#include "tests/fuzz/choices.h"
#include "tests/fuzz/convert_bytes.h"

namespace smelt::fuzz {
namespace {

using onnx_import::AttrKind;
using onnx_import::Schema;

constexpr int kMaxOperands = 8;

// Small numbers mostly, those at which arithmetic overflows now and then.
std::int64_t Number(Choices& choices) {
  static constexpr std::int64_t kExtreme[] = {
      INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, -1, 65536, std::int64_t{1} << 40, 0};
  if (choices.OneIn(12)) return kExtreme[choices.Below(std::size(kExtreme))];
  return static_cast<std::int64_t>(choices.Below(10)) - 3;
}

std::string Word(Choices& choices) {
  static constexpr const char* kWords[] = {
      "",        "NOTSET", "SAME_UPPER", "VALID",     "constant",  "reflect",
      "edge",    "wrap",   "linear",     "nearest",   "cubic",     "bidirectional",
      "reverse", "Tanh",   "Relu",       "ij,jk->ik", "...i->...", "none",
      "tanh",    "DCR",    "CRD",        "sum",       "mean",      "add"};
  return kWords[choices.Below(std::size(kWords))];
}

// The raw bytes of `count` elements, whatever they mean in the type.
std::string Payload(Choices& choices, ir::DType dtype, std::int64_t count) {
  std::string raw;
  for (std::int64_t i = 0; i < count; ++i) {
    if (dtype == ir::DType::kF32) {
      const float value = static_cast<float>(Number(choices)) / 4;
      raw.append(reinterpret_cast<const char*>(&value), sizeof(value));
    } else {
      const std::int64_t value = Number(choices);
      const auto bytes = static_cast<std::size_t>(ir::ElementBits(dtype)) / 8;
      raw.append(reinterpret_cast<const char*>(&value), std::min<std::size_t>(bytes, 8));
    }
  }
  return raw;
}

class NodeModel {
 public:
  explicit NodeModel(Choices& choices) : choices_(choices) {}

  std::string Build() {
    const auto schemas = onnx_import::AllSchemas();
    const Schema& schema = schemas[choices_.Below(schemas.size())];
    model_.set_ir_version(10);
    auto* opset = model_.add_opset_import();
    opset->set_version(std::max<std::int64_t>(schema.since, 7) +
                       static_cast<std::int64_t>(choices_.OneIn(4) ? choices_.Below(22) : 0));
    graph_.set_name("node");
    onnx::NodeProto* node = graph_.add_node();
    node->set_op_type(std::string(schema.op));
    AddOperands(schema, *node);
    for (const auto& attribute : schema.attributes()) {
      if (attribute.required || choices_.OneIn(2)) AddAttribute(attribute, *node);
    }
    AddResults(schema, *node);
    *model_.mutable_graph() = graph_;
    return model_.SerializeAsString();
  }

 private:
  void AddOperands(const Schema& schema, onnx::NodeProto& node) {
    int count = std::min(schema.min_inputs, kMaxOperands);
    const int most = std::min(schema.max_inputs, kMaxOperands);
    if (most > count)
      count += static_cast<int>(choices_.Below(static_cast<std::size_t>(most - count + 1)));
    for (int i = 0; i < count; ++i) {
      const auto* operand = schema.operand(i);
      const bool absent = operand != nullptr && operand->option == 1 && choices_.OneIn(4);
      node.add_input(absent ? "" : "x" + std::to_string(i));
      if (!absent) AddOperand(node.input(i), operand == nullptr ? 0 : operand->types);
    }
  }

  // The first type for all of a node mostly: operands of one group must agree.
  ir::DType TypeOf(std::uint32_t allowed) {
    if (allowed == 0) return ir::DType::kF32;
    if ((allowed & 1U) != 0 && !choices_.OneIn(4)) return ir::DType::kF32;
    std::size_t skip = choices_.Below(static_cast<std::size_t>(std::popcount(allowed)));
    for (int i = 0; i < ir::kDTypeCount; ++i) {
      if ((allowed >> i & 1U) != 0 && skip-- == 0) return static_cast<ir::DType>(i);
    }
    return ir::DType::kF32;
  }

  void AddOperand(const std::string& name, std::uint32_t allowed) {
    const ir::DType dtype = TypeOf(allowed);
    std::vector<std::int64_t> shape(choices_.OneIn(8) ? choices_.Below(7) : choices_.Below(5));
    std::int64_t count = 1;
    for (std::int64_t& size : shape) {
      size = static_cast<std::int64_t>(choices_.Below(5));
      count *= size;
    }
    const int bits = ir::ElementBits(dtype);
    const bool constant = bits >= 8 && count <= 256 && choices_.OneIn(2);
    if (constant) {
      onnx::TensorProto* tensor = graph_.add_initializer();
      tensor->set_name(name);
      tensor->set_data_type(onnx_import::DTypeToOnnx(dtype));
      for (const std::int64_t size : shape) tensor->add_dims(size);
      tensor->set_raw_data(Payload(choices_, dtype, count));
      return;
    }
    onnx::ValueInfoProto* input = graph_.add_input();
    input->set_name(name);
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx_import::DTypeToOnnx(dtype));
    auto* dims = type->mutable_shape();
    for (const std::int64_t size : shape) {
      auto* dim = dims->add_dim();
      if (choices_.OneIn(6)) {
        dim->set_dim_param("n" + std::to_string(choices_.Below(3)));
      } else {
        dim->set_dim_value(size);
      }
    }
  }

  void AddAttribute(const onnx_import::SchemaAttribute& schema, onnx::NodeProto& node) {
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name(std::string(schema.name));
    attribute->set_type(static_cast<onnx::AttributeProto_AttributeType>(schema.kind));
    const std::size_t length = choices_.Below(5);
    switch (schema.kind) {
      case AttrKind::kFloat:
        attribute->set_f(static_cast<float>(Number(choices_)) / 4);
        return;
      case AttrKind::kInt:
        attribute->set_i(Number(choices_));
        return;
      case AttrKind::kString:
        attribute->set_s(Word(choices_));
        return;
      case AttrKind::kInts:
        for (std::size_t i = 0; i < length; ++i) attribute->add_ints(Number(choices_));
        return;
      case AttrKind::kFloats:
        for (std::size_t i = 0; i < length; ++i) {
          attribute->add_floats(static_cast<float>(Number(choices_)) / 4);
        }
        return;
      case AttrKind::kStrings:
        for (std::size_t i = 0; i < length; ++i) attribute->add_strings(Word(choices_));
        return;
      case AttrKind::kTensor: {
        auto* tensor = attribute->mutable_t();
        tensor->set_data_type(onnx::TensorProto::INT64);
        tensor->add_dims(static_cast<std::int64_t>(length));
        tensor->set_raw_data(Payload(choices_, ir::DType::kI64, static_cast<std::int64_t>(length)));
        return;
      }
      default:
        node.mutable_attribute()->RemoveLast();
    }
  }

  void AddResults(const Schema& schema, onnx::NodeProto& node) {
    int count = std::max(1, schema.min_outputs);
    const int most = std::min(schema.max_outputs, 4);
    if (most > count)
      count += static_cast<int>(choices_.Below(static_cast<std::size_t>(most - count + 1)));
    for (int i = 0; i < count; ++i) {
      node.add_output("y" + std::to_string(i));
      graph_.add_output()->set_name(node.output(i));
    }
  }

  Choices& choices_;
  onnx::ModelProto model_;
  onnx::GraphProto graph_;
};

}  // namespace
}  // namespace smelt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smelt::fuzz::Choices choices(data, size);
  const std::string model = smelt::fuzz::NodeModel(choices).Build();
  smelt::fuzz::ConvertBytes(
      smelt::fuzz::Copy(reinterpret_cast<const std::uint8_t*>(model.data()), model.size()));
  return 0;
}
