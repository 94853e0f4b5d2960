// Sources of values: Constant, ConstantOfShape, Range, and what a shape says: Shape, Size.
#include <algorithm>
#include <cmath>
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

// --- Range ---

// max(ceil((limit - start) / delta), 0), computed without overflow; nothing when not constant.
std::optional<std::int64_t> RangeCount(const OnnxNode& node) {
  if (ir::IsInteger(node.input_dtype(0))) {
    const auto start = node.input_ints(0);
    const auto limit = node.input_ints(1);
    const auto delta = node.input_ints(2);
    if (!start || !limit || !delta) return std::nullopt;
    if (start->size() != 1 || limit->size() != 1 || delta->size() != 1 || (*delta)[0] == 0) {
      return std::nullopt;
    }
    const auto from = static_cast<std::uint64_t>((*start)[0]);
    const auto to = static_cast<std::uint64_t>((*limit)[0]);
    const auto step = static_cast<std::uint64_t>((*delta)[0]);
    const bool up = (*delta)[0] > 0;
    if (up ? (*limit)[0] <= (*start)[0] : (*limit)[0] >= (*start)[0]) return 0;
    const std::uint64_t count = up ? (to - from - 1) / step + 1 : (from - to - 1) / (0 - step) + 1;
    return static_cast<std::int64_t>(std::min(count, static_cast<std::uint64_t>(INT64_MAX)));
  }
  const auto start = node.input_doubles(0);
  const auto limit = node.input_doubles(1);
  const auto delta = node.input_doubles(2);
  if (!start || !limit || !delta || start->size() != 1 || limit->size() != 1 ||
      delta->size() != 1) {
    return std::nullopt;
  }
  const double count = std::ceil(((*limit)[0] - (*start)[0]) / (*delta)[0]);
  if (!(count > 0)) return 0;
  return count < 9e18 ? static_cast<std::int64_t>(count) : INT64_MAX;
}

Status InferRange(OnnxNode& node) {
  if (!node.knows_input(0) || !node.knows_input(1) || !node.knows_input(2)) return Status::Ok();
  Dim length;
  const auto start = node.input_dims(0);
  const auto limit = node.input_dims(1);
  const auto step = node.input_ints(2);
  if (const auto count = RangeCount(node)) {
    length = Dim(*count);
  } else if (start && limit && step && *step == std::vector<std::int64_t>{1} &&
             *start == DimValues{Dim(0)} && limit->size() == 1) {
    length = (*limit)[0];  // the positions of a sequence
  } else {
    length = node.symbols().Fresh("length of " + node.output_name(0));
  }
  node.SetOutputType(0, {node.input_dtype(0), Shape{length}});
  return Status::Ok();
}

Status TranslateRange(OnnxNode& node, Builder& out) {
  std::vector<ValueId> bounds;
  for (int i = 0; i < 3; ++i) bounds.push_back(out.Reshape(node.input(i), Shape{}));
  return Finish(node, out, out.EmitTyped(OpKind::kRange, bounds, {}, *node.output_type(0)));
}

Verdict DeltaIsNotZero(const OnnxNode& node, Bounds, Finding& finding) {
  const auto delta = node.input_doubles(2);
  if (!delta || delta->size() != 1 || (*delta)[0] != 0) return Verdict::kHolds;
  return Violated(node, 2, "delta 0", finding);
}

Verdict BoundsAreScalars(const OnnxNode& node, Bounds, Finding& finding) {
  for (int i = 0; i < 3; ++i) {
    if (!node.knows_input(i)) return Verdict::kNotChecked;
    if (node.input_shape(i).ElementCount() != 1) {
      return Violated(node, i, node.input_text(i), finding);
    }
  }
  return Verdict::kHolds;
}

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
constexpr OnnxConstraint kRange[] = {
    {Reason::kTypeMismatch, SameTypes, {}, "start, limit and delta have one element type"},
    {Reason::kShapeMismatch, BoundsAreScalars, {}, "start, limit and delta have one element each"},
    {Reason::kValueOutOfRange, DeltaIsNotZero, {}, "delta is not 0"},
};

constexpr OnnxRule kRules[] = {
    {"", "Constant", 1, 25, kConstant, InferConstant, TranslateConstant},
    {"", "ConstantOfShape", 9, 25, kConstantOfShape, InferConstantOfShape,
     TranslateConstantOfShape},
    {"", "Range", 11, 27, kRange, InferRange, TranslateRange},
    {"", "Shape", 1, 25, {}, InferShape, TranslateShape},
    {"", "Size", 1, 25, {}, InferSize, TranslateSize},
};

}  // namespace

std::span<const OnnxRule> ConstantRules() { return kRules; }

}  // namespace smelt::onnx_import
