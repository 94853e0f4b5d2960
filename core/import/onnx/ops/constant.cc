// Sources of values: Constant, ConstantOfShape, and what a shape says: Shape, Size.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/import/onnx/checks.h"
#include "core/import/onnx/infer.h"
#include "core/import/onnx/onnx_rule.h"

namespace smelt::onnx_import {
namespace {

using ir::Builder;
using ir::Constant;
using ir::Dim;
using ir::DType;
using ir::OpKind;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

Status Finish(OnnxNode& node, Builder& out, ValueId y) {
  node.SetOutput(0, y);
  return out.status();
}

// --- Constant ---

// The value in whichever of its forms the node has it; nothing for strings.
std::optional<Constant> ConstantValue(const OnnxNode& node) {
  for (const char* name : {"value", "sparse_value"}) {
    if (const Constant* tensor = node.Tensor(name)) return *tensor;
  }
  const auto floats = [](std::vector<std::int64_t> shape, const std::vector<double>& values) {
    const std::vector<float> narrow(values.begin(), values.end());
    return Constant::FromValues(DType::kF32, std::move(shape), std::span<const float>(narrow));
  };
  const auto ints = [](std::vector<std::int64_t> shape, const std::vector<std::int64_t>& values) {
    return Constant::FromValues(DType::kI64, std::move(shape),
                                std::span<const std::int64_t>(values));
  };
  if (node.has_attr("value_float")) return floats({}, {node.Float("value_float", 0)});
  if (node.has_attr("value_int")) return ints({}, {node.Int("value_int", 0)});
  if (auto values = node.Floats("value_floats")) {
    return floats({static_cast<std::int64_t>(values->size())}, *values);
  }
  if (auto values = node.Ints("value_ints")) {
    return ints({static_cast<std::int64_t>(values->size())}, *values);
  }
  return std::nullopt;
}

Status InferConstant(OnnxNode& node) {
  if (const auto value = ConstantValue(node)) {
    node.SetOutputType(0, {value->dtype(), Shape::Of(value->shape())});
  }
  return Status::Ok();
}

Status TranslateConstant(OnnxNode& node, Builder& out) {
  return Finish(node, out, out.Const(*ConstantValue(node), node.output_name(0)));
}

Verdict HasValue(const OnnxNode& node, Bounds, Finding& finding) {
  if (ConstantValue(node)) return Verdict::kHolds;
  std::string found = "attributes";
  for (const std::string& name : node.AttributeNames()) found += " " + name;
  return Violated(found, finding);
}

// --- Shape and Size ---

// Shape's [start, end) of the input's dimensions; since opset 15.
struct DimRange {
  int begin = 0;
  int end = 0;
};
DimRange ShapeRange(const OnnxNode& node) {
  const std::int64_t rank = node.input_rank(0);
  const auto clamp = [&](std::int64_t at) {
    return static_cast<int>(std::clamp(at < 0 ? at + rank : at, std::int64_t{0}, rank));
  };
  const int begin = clamp(node.Int("start", 0));
  return {begin, std::max(begin, node.has_attr("end") ? clamp(node.Int("end", 0))
                                                      : static_cast<int>(rank))};
}

Status InferShape(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  const auto [begin, end] = ShapeRange(node);
  const auto& dims = node.input_shape(0).dims();
  node.SetOutputType(0, {DType::kI64, Shape{Dim(end - begin)}});
  node.SetOutputDims(0, DimValues(dims.begin() + begin, dims.begin() + end));
  return Status::Ok();
}

Status TranslateShape(OnnxNode& node, Builder& out) {
  const auto [begin, end] = ShapeRange(node);
  ValueId shape = out.Emit(OpKind::kShape, {node.input(0)}, {{"out_type", std::string("i64")}});
  if (begin != 0 || end != node.input_rank(0)) {
    shape = out.Emit(OpKind::kSlice, {shape, out.ConstI32({begin}), out.ConstI32({end - begin})});
  }
  return Finish(node, out, shape);
}

Status InferSize(OnnxNode& node) {
  if (!node.knows_input(0)) return Status::Ok();
  node.SetOutputType(0, {DType::kI64, Shape{}});
  node.SetOutputDims(0, {node.symbols().Product(node.input_shape(0))});
  return Status::Ok();
}

Status TranslateSize(OnnxNode& node, Builder& out) {
  const ValueId shape =
      out.Emit(OpKind::kShape, {node.input(0)}, {{"out_type", std::string("i64")}});
  return Finish(node, out,
                out.Emit(OpKind::kReduceProd, {shape, out.ConstI32({0})}, {{"keep_dims", false}}));
}

// --- ConstantOfShape ---

// One element; 0.0f by default.
Constant FillElement(const OnnxNode& node) {
  if (const Constant* value = node.Tensor("value")) return *value;
  const float zero = 0;
  return Constant::FromValues(DType::kF32, {1}, std::span<const float>(&zero, 1));
}

Status InferConstantOfShape(OnnxNode& node) {
  if (!node.knows_input(0) || node.input_rank(0) != 1) return Status::Ok();
  const DType type = FillElement(node).dtype();
  if (const auto dims = node.input_dims(0)) {
    for (Dim dim : *dims) {
      const auto size = IntFromDim(node.symbols(), dim);
      if (size && *size < 0) return Status::Ok();  // a constraint says so
    }
    node.SetOutputType(0, {type, Shape(*dims)});
    return Status::Ok();
  }
  const Dim length = node.input_shape(0).dim(0);
  if (!length.is_static()) return Status::Ok();
  node.SetOutputType(0, {type, FreshShape(node, length.value())});
  return Status::Ok();
}

Status TranslateConstantOfShape(OnnxNode& node, Builder& out) {
  const TensorType& type = *node.output_type(0);
  const Constant element = FillElement(node);
  if (type.shape.IsStatic()) {
    return Finish(
        node, out,
        out.Const(Constant::Splat(type.dtype, type.shape.Sizes(), element.Materialize().span())));
  }
  const ValueId dims = out.Cast(node.input(0), DType::kI32);
  const ValueId value = out.Const(element.Reshaped({}));
  return Finish(node, out, out.EmitTyped(OpKind::kFill, std::vector{dims, value}, {}, type));
}

Verdict DimensionsAreSizes(const OnnxNode& node, Bounds, Finding& finding) {
  const auto dims = node.input_dims(0);
  if (!dims) return Verdict::kHolds;  // computed at run time
  for (Dim dim : *dims) {
    const auto size = IntFromDim(node.symbols(), dim);
    if (size && *size < 0) return Violated(node, 0, "a size of " + std::to_string(*size), finding);
  }
  return Verdict::kHolds;
}

Verdict RankIsKnown(const OnnxNode& node, Bounds, Finding& finding) {
  if (!node.knows_input(0) || node.input_rank(0) != 1) return Verdict::kNotChecked;
  return node.input_shape(0).dim(0).is_static()
             ? Verdict::kHolds
             : Violated(node, 0, "a shape of unknown length", finding);
}

Verdict ValueHasOneElement(const OnnxNode& node, Bounds, Finding& finding) {
  const Constant element = FillElement(node);
  if (element.element_count() == 1 && Contains(kPlainTypes, element.dtype())) {
    return Verdict::kHolds;
  }
  return Violated(std::string(ir::DTypeName(element.dtype())) + " value of " +
                      std::to_string(element.element_count()) + " elements",
                  finding);
}

// --- Tables ---

constexpr OnnxConstraint kConstant[] = {
    {Reason::kUnsupportedAttributeValue,
     HasValue,
     {},
     "the value is a tensor or numbers, not strings"},
};
constexpr OnnxConstraint kConstantOfShape[] = {
    {Reason::kUnsupportedRank, RankWithin<0>, {1, 1}, "the shape has rank {lo}"},
    {Reason::kUnknownRank, RankIsKnown, {}, "the length of the shape is known"},
    {Reason::kValueOutOfRange, DimensionsAreSizes, {}, "no dimension is negative"},
    {Reason::kUnsupportedAttributeValue,
     ValueHasOneElement,
     {},
     "the value has one element, a number or a boolean"},
};

constexpr OnnxRule kRules[] = {
    {"", "Constant", 1, 25, kConstant, InferConstant, TranslateConstant},
    {"", "ConstantOfShape", 9, 25, kConstantOfShape, InferConstantOfShape,
     TranslateConstantOfShape},
    {"", "Shape", 1, 25, {}, InferShape, TranslateShape},
    {"", "Size", 1, 25, {}, InferSize, TranslateSize},
};

}  // namespace

std::span<const OnnxRule> ConstantRules() { return kRules; }

}  // namespace smelt::onnx_import
