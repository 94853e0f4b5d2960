#include "tests/support/onnx_model.h"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <random>

#include "core/import/onnx/data_type.h"
#include "core/interp/evaluate.h"

namespace smelt::testing {
namespace {

void SetDims(const std::vector<DimSpec>& dims, onnx::TensorShapeProto* shape) {
  for (const DimSpec& spec : dims) {
    auto* dim = shape->add_dim();
    if (const auto* size = std::get_if<std::int64_t>(&spec)) {
      dim->set_dim_value(*size);
    } else if (!std::get<std::string>(spec).empty()) {
      dim->set_dim_param(std::get<std::string>(spec));
    }
  }
}

void SetType(ir::DType dtype, const std::vector<DimSpec>& dims, onnx::ValueInfoProto* info) {
  auto* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(OnnxTypeNumber(dtype));
  SetDims(dims, tensor->mutable_shape());
}

struct AttrWriter {
  onnx::AttributeProto& to;
  void operator()(std::int64_t value) const {
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(value);
  }
  void operator()(double value) const {
    to.set_type(onnx::AttributeProto::FLOAT);
    to.set_f(static_cast<float>(value));
  }
  void operator()(const std::string& value) const {
    to.set_type(onnx::AttributeProto::STRING);
    to.set_s(value);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    to.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t value : values) to.add_ints(value);
  }
  void operator()(const std::vector<double>& values) const {
    to.set_type(onnx::AttributeProto::FLOATS);
    for (const double value : values) to.add_floats(static_cast<float>(value));
  }
  void operator()(const interp::Tensor& tensor) const {
    to.set_type(onnx::AttributeProto::TENSOR);
    ToProto(tensor, to.mutable_t());
  }
};

bool IsAbsent(const interp::Tensor& tensor) { return tensor.rank() == 0 && tensor.bytes().empty(); }

}  // namespace

int OnnxTypeNumber(ir::DType dtype) { return onnx_import::DTypeToOnnx(dtype); }

void ToProto(const interp::Tensor& tensor, onnx::TensorProto* to) {
  to->set_data_type(OnnxTypeNumber(tensor.dtype()));
  for (const std::int64_t size : tensor.shape()) to->add_dims(size);
  const ByteSpan bytes = tensor.bytes();
  to->set_raw_data(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

interp::Tensor MakeTensor(ir::DType dtype, std::vector<std::int64_t> shape,
                          const std::vector<double>& values) {
  const auto constant = ir::Constant::FromValues<double>(ir::DType::kF64, std::move(shape), values);
  return interp::Tensor::FromConstant(constant.Cast(dtype));
}

interp::Tensor F32(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  return MakeTensor(ir::DType::kF32, std::move(shape), values);
}

interp::Tensor I64(std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values) {
  return interp::Tensor::FromConstant(
      ir::Constant::FromValues<std::int64_t>(ir::DType::kI64, std::move(shape), values));
}

interp::Tensor RandomTensor(ir::DType dtype, std::vector<std::int64_t> shape, std::uint32_t seed,
                            double lo, double hi) {
  std::mt19937 generator(seed);
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  std::vector<double> values(count);
  for (double& value : values) {
    value = lo + (hi - lo) * (static_cast<double>(generator()) / 4294967296.0);
  }
  return MakeTensor(dtype, std::move(shape), values);
}

std::vector<double> ToDoubles(const interp::Tensor& tensor) {
  const ir::Constant constant = tensor.ToConstant().Cast(ir::DType::kF64);
  std::vector<double> values(static_cast<std::size_t>(tensor.element_count()));
  if (!values.empty()) {
    constant.Read(0, tensor.element_count(), reinterpret_cast<std::byte*>(values.data()));
  }
  return values;
}

OnnxModel::OnnxModel(int opset) : proto_(std::make_unique<onnx::ModelProto>()) {
  proto_->set_ir_version(8);
  proto_->set_producer_name("smelt-test");
  auto* import = proto_->add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  proto_->mutable_graph()->set_name("test");
}
OnnxModel::~OnnxModel() = default;
OnnxModel::OnnxModel(OnnxModel&&) noexcept = default;

onnx::GraphProto& OnnxModel::graph() { return *proto_->mutable_graph(); }

OnnxModel& OnnxModel::Input(std::string_view name, ir::DType dtype, std::vector<DimSpec> dims) {
  auto* info = graph().add_input();
  info->set_name(std::string(name));
  SetType(dtype, dims, info);
  return *this;
}

OnnxModel& OnnxModel::Init(std::string_view name, const interp::Tensor& tensor) {
  auto* to = graph().add_initializer();
  to->set_name(std::string(name));
  ToProto(tensor, to);
  return *this;
}

OnnxModel& OnnxModel::Node(std::string_view op, std::vector<std::string> inputs,
                           std::vector<std::string> outputs, std::vector<Attr> attrs,
                           std::string_view domain) {
  auto* node = graph().add_node();
  node->set_op_type(std::string(op));
  node->set_domain(std::string(domain));
  node->set_name("n" + std::to_string(graph().node_size() - 1));
  for (std::string& name : inputs) node->add_input(std::move(name));
  for (std::string& name : outputs) node->add_output(std::move(name));
  for (const Attr& attr : attrs) {
    auto* to = node->add_attribute();
    to->set_name(attr.name);
    std::visit(AttrWriter{*to}, attr.value);
  }
  return *this;
}

OnnxModel& OnnxModel::Output(std::string_view name) {
  graph().add_output()->set_name(std::string(name));
  return *this;
}

OnnxModel& OnnxModel::Output(std::string_view name, ir::DType dtype, std::vector<DimSpec> dims) {
  auto* info = graph().add_output();
  info->set_name(std::string(name));
  SetType(dtype, dims, info);
  return *this;
}

std::vector<std::byte> OnnxModel::Bytes() const {
  const std::string text = proto_->SerializeAsString();
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

Result<onnx_import::Imported> OnnxModel::Import(
    const std::map<std::string, std::int64_t>& dims) const {
  onnx_import::ImportRequest request;
  request.model = SharedBytes::Own(Bytes());
  request.entries.front().dims = dims;
  return onnx_import::Import(request, CancelToken());
}

std::vector<interp::Tensor> OnnxModel::Run(const std::vector<interp::Tensor>& inputs) const {
  auto imported = Import();
  if (!imported.ok()) {
    ADD_FAILURE() << "import: " << imported.status().ToString();
    return {};
  }
  bool refused = false;
  for (const ir::Diagnostic& diagnostic : imported->diagnostics) {
    if (diagnostic.severity != ir::Severity::kError) continue;
    ADD_FAILURE() << ReasonName(diagnostic.reason) << ": " << diagnostic.message << " (found "
                  << diagnostic.found << ", allowed " << diagnostic.allowed << ")";
    refused = true;
  }
  if (refused) return {};
  auto results = interp::Evaluate(imported->module, imported->module.main_id(), inputs);
  if (!results.ok()) {
    ADD_FAILURE() << "evaluate: " << results.status().ToString();
    return {};
  }
  return std::move(results).value();
}

std::vector<Reason> OnnxModel::Refusals() const {
  auto imported = Import();
  if (!imported.ok()) return {imported.status().reason()};
  std::vector<Reason> reasons;
  for (const ir::Diagnostic& diagnostic : imported->diagnostics) {
    if (diagnostic.severity == ir::Severity::kError) reasons.push_back(diagnostic.reason);
  }
  return reasons;
}

OnnxModel MakeModel(const OneNode& node) {
  OnnxModel model(node.opset);
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const interp::Tensor& tensor = node.inputs[i];
    if (IsAbsent(tensor)) {
      inputs.emplace_back();
      continue;
    }
    inputs.push_back("x" + std::to_string(i));
    if (i < node.constant.size() && node.constant[i]) {
      model.Init(inputs.back(), tensor);
      continue;
    }
    std::vector<DimSpec> dims;
    for (const std::int64_t size : tensor.shape()) dims.emplace_back(size);
    model.Input(inputs.back(), tensor.dtype(), dims);
  }
  std::vector<std::string> outputs;
  for (int i = 0; i < node.outputs; ++i) outputs.push_back("y" + std::to_string(i));
  model.Node(node.op, inputs, outputs, node.attrs);
  for (const std::string& name : outputs) model.Output(name);
  return model;
}

std::vector<interp::Tensor> RunNode(const OneNode& node) {
  std::vector<interp::Tensor> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (IsAbsent(node.inputs[i]) || (i < node.constant.size() && node.constant[i])) continue;
    inputs.push_back(node.inputs[i]);
  }
  return MakeModel(node).Run(inputs);
}

void ExpectTensor(const interp::Tensor& got, const interp::Tensor& want, double relative,
                  double absolute) {
  EXPECT_EQ(ir::DTypeName(got.dtype()), ir::DTypeName(want.dtype()));
  ASSERT_EQ(got.shape(), want.shape());
  const std::vector<double> a = ToDoubles(got);
  const std::vector<double> b = ToDoubles(want);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (a[i] == b[i]) continue;  // infinities too
    ASSERT_NEAR(a[i], b[i], absolute + relative * std::abs(b[i])) << "element " << i;
  }
}

}  // namespace smelt::testing
