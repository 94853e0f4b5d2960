#include "core/import/onnx/function_library.h"

#include <google/protobuf/unknown_field_set.h>
#include <onnx/defs/function.h>
#include <onnx/defs/schema.h>
#include <onnx/onnx_pb.h>

#include <exception>

#include "core/import/onnx/data_type.h"
#include "core/import/onnx/wire_scan.h"

namespace smelt::onnx_import {
namespace {

// Fields newer than the protobuf classes that we build with.
constexpr int kNodeOverload = 8;
constexpr int kFunctionDefaults = 11;  // attribute_proto
constexpr int kFunctionOverload = 13;

std::string UnknownText(const google::protobuf::UnknownFieldSet& fields, int number) {
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      return field.length_delimited();
    }
  }
  return "";
}

std::string Key(const std::string& domain, const std::string& name, const std::string& overload) {
  constexpr char kSeparator = '\0';
  return (domain == "ai.onnx" ? "" : domain) + kSeparator + name + kSeparator + overload;
}

std::vector<onnx::AttributeProto> Defaults(const onnx::FunctionProto& function) {
  std::vector<onnx::AttributeProto> defaults;
  const auto& fields = function.unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() != kFunctionDefaults ||
        field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    onnx::AttributeProto attribute;
    if (attribute.ParseFromString(field.length_delimited())) {
      defaults.push_back(std::move(attribute));
    }
  }
  return defaults;
}

const onnx::OpSchema* FindOpSchema(const std::string& op, int since) {
  const onnx::OpSchema* schema = onnx::OpSchemaRegistry::Schema(op, since, "");
  return schema != nullptr && schema->SinceVersion() == since ? schema : nullptr;
}

// A call's tensors lie elsewhere than those of a schema's body.
bool CarriesTensors(const onnx::NodeProto& call) {
  for (const auto& attribute : call.attribute()) {
    if (attribute.has_t() || attribute.has_g() || attribute.tensors_size() > 0 ||
        attribute.graphs_size() > 0) {
      return true;
    }
  }
  return false;
}

bool BuildBody(const onnx::OpSchema& schema, const onnx::NodeProto& call,
               std::span<const std::optional<ir::TensorType>> inputs, onnx::FunctionProto& body) {
  if (schema.HasFunction()) {
    body = *schema.GetFunction();
    return true;
  }
  std::vector<onnx::TypeProto> types;
  for (const auto& input : inputs) {
    onnx::TypeProto& type = types.emplace_back();
    if (!input) continue;
    type.mutable_tensor_type()->set_elem_type(DTypeToOnnx(input->dtype));
    for (const ir::Dim dim : input->shape.dims()) {
      auto* to = type.mutable_tensor_type()->mutable_shape()->add_dim();
      if (dim.is_static()) to->set_dim_value(dim.value());
    }
  }
  const onnx::FunctionBodyBuildContextImpl context(call, types);
  return schema.BuildContextDependentFunction(context, body);
}

// The body's tensors are found like a model's: the scanner notes where they lie.
std::optional<Function> Scanned(const onnx::FunctionProto& body, const PayloadSource& payloads) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  *model.add_functions() = body;
  const std::string text = model.SerializeAsString();
  const ByteSpan bytes = std::as_bytes(std::span(text.data(), text.size()));
  Function function;
  function.payloads = payloads;
  function.payloads.model = SharedBytes::Own(std::vector<std::byte>(bytes.begin(), bytes.end()));
  auto scanned = ScanModel(function.payloads.model.span(), 8, 1024);
  onnx::ModelProto stripped;
  if (!scanned.ok() || !stripped.ParseFromString(scanned->stripped)) return std::nullopt;
  auto spans = std::make_shared<std::vector<TensorSpan>>(std::move(scanned->tensors));
  function.payloads.spans = spans.get();
  function.own_spans = std::move(spans);
  function.proto = std::make_shared<onnx::FunctionProto>(stripped.functions(0));
  return function;
}

}  // namespace

FunctionLibrary::FunctionLibrary(const onnx::ModelProto& model, const PayloadSource& payloads) {
  for (const onnx::FunctionProto& proto : model.functions()) {
    Function function;
    // Borrowed: the model outlives the library.
    function.proto = std::shared_ptr<const onnx::FunctionProto>(std::shared_ptr<void>(), &proto);
    function.defaults = Defaults(proto);
    function.payloads = payloads;
    local_.emplace(
        Key(proto.domain(), proto.name(), UnknownText(proto.unknown_fields(), kFunctionOverload)),
        std::move(function));
  }
}

const Function* FunctionLibrary::FindLocal(const onnx::NodeProto& call) const {
  if (local_.empty()) return nullptr;
  const auto found = local_.find(
      Key(call.domain(), call.op_type(), UnknownText(call.unknown_fields(), kNodeOverload)));
  return found == local_.end() ? nullptr : &found->second;
}

bool FunctionLibrary::HasSchemaFunction(std::string_view op, int since) {
  const onnx::OpSchema* schema = FindOpSchema(std::string(op), since);
  return schema != nullptr && (schema->HasFunction() || schema->HasContextDependentFunction());
}

bool FunctionLibrary::GivesOtherThanTensors(std::string_view op, int since) {
  const onnx::OpSchema* schema = FindOpSchema(std::string(op), since);
  if (schema == nullptr) return false;
  return std::ranges::any_of(schema->outputs(), [](const auto& output) {
    return std::ranges::any_of(output.GetTypes(), [](const std::string* type) {
      return type->find("seq(") != type->npos || type->find("optional(") != type->npos;
    });
  });
}

std::vector<std::string> FunctionLibrary::SchemaFunctionOperators(const std::string& op,
                                                                  int since) {
  const onnx::OpSchema* schema = FindOpSchema(op, since);
  if (schema == nullptr) return {};
  onnx::NodeProto call;
  call.set_op_type(op);
  for (int i = 0; i < schema->min_input(); ++i) call.add_input("x" + std::to_string(i));
  for (int i = 0; i < schema->min_output(); ++i) call.add_output("y" + std::to_string(i));
  const std::vector<std::optional<ir::TensorType>> types(
      static_cast<std::size_t>(schema->min_input()), ir::TensorType{});
  std::vector<std::string> operators;
  try {
    onnx::FunctionProto body;
    if (!BuildBody(*schema, call, types, body)) return {};
    for (const auto& node : body.node()) operators.push_back(node.op_type());
  } catch (const std::exception&) {
    return {};  // the library does not take the call
  }
  return operators;
}

std::optional<Function> FunctionLibrary::SchemaFunction(
    const onnx::NodeProto& call, int since, std::span<const std::optional<ir::TensorType>> inputs,
    const PayloadSource& payloads) {
  if (CarriesTensors(call)) return std::nullopt;
  try {
    const onnx::OpSchema* schema = FindOpSchema(call.op_type(), since);
    onnx::FunctionProto body;
    if (schema == nullptr || !BuildBody(*schema, call, inputs, body)) return std::nullopt;
    auto function = Scanned(body, payloads);
    if (!function) return std::nullopt;
    for (const auto& [name, attribute] : schema->attributes()) {
      if (!attribute.default_value.name().empty()) {
        function->defaults.push_back(attribute.default_value);
      }
    }
    return function;
  } catch (const std::exception&) {
    return std::nullopt;  // the library does not take the call
  }
}

}  // namespace smelt::onnx_import
