// OnnxModel: builds ONNX models in code for tests, imports them and runs what was imported.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/import/onnx/importer.h"
#include "core/interp/tensor.h"

namespace onnx {
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
}  // namespace onnx

namespace smelt::testing {

// A dimension in a declaration: a size, a name, or "" for one without either.
using DimSpec = std::variant<std::int64_t, std::string>;

struct Attr {
  using Value = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>,
                             std::vector<double>, interp::Tensor>;
  Attr(std::string attr_name, int v) : name(std::move(attr_name)), value(std::int64_t{v}) {}
  Attr(std::string attr_name, std::int64_t v) : name(std::move(attr_name)), value(v) {}
  Attr(std::string attr_name, double v) : name(std::move(attr_name)), value(v) {}
  Attr(std::string attr_name, const char* v) : name(std::move(attr_name)), value(std::string(v)) {}
  Attr(std::string attr_name, std::vector<std::int64_t> v)
      : name(std::move(attr_name)), value(std::move(v)) {}
  Attr(std::string attr_name, std::vector<double> v)
      : name(std::move(attr_name)), value(std::move(v)) {}
  Attr(std::string attr_name, interp::Tensor v) : name(std::move(attr_name)), value(std::move(v)) {}
  std::string name;
  Value value;
};
using Ints = std::vector<std::int64_t>;
using Doubles = std::vector<double>;

// --- Tensors ---
// Values are rounded to `dtype` (any numeric type or bool).
interp::Tensor MakeTensor(ir::DType dtype, std::vector<std::int64_t> shape,
                          const std::vector<double>& values);
interp::Tensor F32(std::vector<std::int64_t> shape, const std::vector<double>& values);
interp::Tensor I64(std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values);
// Seeded values, uniform in [lo, hi).
interp::Tensor RandomTensor(ir::DType dtype, std::vector<std::int64_t> shape, std::uint32_t seed,
                            double lo = -1, double hi = 1);
std::vector<double> ToDoubles(const interp::Tensor& tensor);

class OnnxModel {
 public:
  explicit OnnxModel(int opset = 17);
  ~OnnxModel();
  OnnxModel(OnnxModel&&) noexcept;
  OnnxModel(const OnnxModel&) = delete;
  OnnxModel& operator=(const OnnxModel&) = delete;

  OnnxModel& Input(std::string_view name, ir::DType dtype, std::vector<DimSpec> dims);
  // An initializer, stored as raw_data.
  OnnxModel& Init(std::string_view name, const interp::Tensor& tensor);
  // "" among the names is an absent operand.
  OnnxModel& Node(std::string_view op, std::vector<std::string> inputs,
                  std::vector<std::string> outputs, std::vector<Attr> attrs = {},
                  std::string_view domain = "");
  // Without type: the node's inferred one.
  OnnxModel& Output(std::string_view name);
  OnnxModel& Output(std::string_view name, ir::DType dtype, std::vector<DimSpec> dims);

  // For what the calls above can't say; include <onnx/onnx_pb.h>.
  onnx::ModelProto& proto() { return *proto_; }
  onnx::GraphProto& graph();
  std::vector<std::byte> Bytes() const;

  // Imports with default limits.
  Result<onnx_import::Imported> Import(const std::map<std::string, std::int64_t>& dims = {}) const;
  // Imports, expects no error, and evaluates; outputs in the model's order. A failure is added to
  // the test's failures and gives an empty list.
  std::vector<interp::Tensor> Run(const std::vector<interp::Tensor>& inputs) const;
  // Imports and gives the reasons of all error diagnostics, in order of report; a failed import is
  // one reason.
  std::vector<Reason> Refusals() const;

 private:
  std::unique_ptr<onnx::ModelProto> proto_;
};

// One node with `inputs` ("x0", "x1", ... as graph inputs, or initializers where `constant` says
// so) and `outputs` results ("y0", ...): what most operator tests need.
struct OneNode {
  std::string op;
  std::vector<interp::Tensor> inputs = {};  // a default-made one is an absent operand
  std::vector<Attr> attrs = {};
  std::vector<bool> constant = {};  // by input; shorter means false
  int outputs = 1;
  int opset = 17;
};
OnnxModel MakeModel(const OneNode& node);
// MakeModel(node).Run(the inputs that are not constant).
std::vector<interp::Tensor> RunNode(const OneNode& node);

// EXPECT: same type, shape, and values within |a - b| <= absolute + relative * |b|.
void ExpectTensor(const interp::Tensor& got, const interp::Tensor& want, double relative = 1e-5,
                  double absolute = 1e-6);

// Fills `to` from `tensor` with raw_data.
void ToProto(const interp::Tensor& tensor, onnx::TensorProto* to);
int OnnxTypeNumber(ir::DType dtype);

}  // namespace smelt::testing
