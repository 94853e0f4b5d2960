// Builder::Reshape: static and symbolic shapes as operands of RESHAPE.
#include <algorithm>
#include <limits>

#include "core/ir/builder.h"
#include "core/ir/runtime_dims.h"

namespace smelt::ir {
namespace {

bool FitsI32(std::int64_t size) { return size <= std::numeric_limits<std::int32_t>::max(); }

// The shape operand for several symbolic dimensions: those of `x` and of the graph's inputs are
// read from them, expressions of these are computed; one that is found nowhere may become -1.
ValueId RuntimeShape(Builder& builder, ValueId x, const Shape& shape) {
  RuntimeDims dims(builder, x);
  std::vector<Dim> missing;
  std::vector<Dim> computed;
  for (const Dim dim : shape) {
    if (!dims.Knows(dim)) {
      missing.push_back(dim);
    } else if (!dims.Reads(dim)) {
      computed.push_back(dim);
    }
  }
  const SymbolTable& symbols = builder.module().symbols();
  if (missing.size() > 1) {
    std::string names;
    for (const Dim dim : missing) names += (names.empty() ? "" : ", ") + symbols.Text(dim);
    builder.Fail(Status(Reason::kDynamicDimensionUnsupported,
                        "a reshape to " + symbols.Text(TensorType{builder.type(x).dtype, shape}) +
                            " has several dimensions that no tensor tells at run time: " + names));
    return {};
  }
  // -1 spares arithmetic when nothing needs it more; it can't be told beside a 0.
  const bool is_empty = std::ranges::find(shape.dims(), Dim(0)) != shape.dims().end();
  Dim rest = Dim::Unknown();  // none
  if (!missing.empty()) {
    rest = missing.front();
  } else if (!computed.empty() && !is_empty) {
    rest = computed.front();
  }
  std::vector<ValueId> parts;
  for (const Dim dim : shape) {
    const bool is_rest = rest == dim;
    parts.push_back(is_rest ? builder.ConstI32({-1}) : dims.Emit(dim));
    if (is_rest) rest = Dim::Unknown();  // once only
  }
  return builder.Emit(
      OpKind::kConcatenation, parts,
      {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
}

// The axes of size 1 that `longer` has and `shorter` lacks; nothing when more sets them apart.
std::optional<std::vector<std::int64_t>> OnesBetween(const Shape& longer, const Shape& shorter) {
  std::vector<std::int64_t> ones;
  int at = 0;
  for (int axis = 0; axis < longer.rank(); ++axis) {
    if (at < shorter.rank() && longer.dim(axis) == shorter.dim(at)) {
      ++at;
    } else if (longer.dim(axis) == Dim(1)) {
      ones.push_back(axis);
    } else {
      return std::nullopt;
    }
  }
  return at == shorter.rank() ? std::optional(ones) : std::nullopt;
}

}  // namespace

ValueId Builder::Reshape(ValueId x, const Shape& shape) {
  if (!status_.ok()) return {};
  if (type(x).shape == shape) return x;
  const std::optional<std::int64_t> before = type(x).shape.ElementCount();
  const std::optional<std::int64_t> after = shape.ElementCount();
  const bool too_large = std::any_of(
      shape.begin(), shape.end(), [](Dim dim) { return dim.is_static() && !FitsI32(dim.value()); });
  if (too_large || (before.has_value() && after.has_value() && *before != *after)) {
    Fail(Status(Reason::kShapeMismatch,
                "can't reshape " + module_.symbols().Text(type(x)) + " to " +
                    module_.symbols().Text(TensorType{type(x).dtype, shape})));
    return {};
  }
  const Constant* held = constant(x);
  if (held != nullptr && after.has_value()) {
    return Const(held->Reshaped(shape.Sizes()), graph_.value(x).name);
  }
  const TensorType result{type(x).dtype, shape};
  const auto symbols =
      std::count_if(shape.begin(), shape.end(), [](Dim dim) { return !dim.is_static(); });
  if (symbols > 1) {
    if (const auto ones = OnesBetween(type(x).shape, shape)) {
      return Emit(OpKind::kSqueeze, {x}, {{"squeeze_dims", *ones}});
    }
    if (const auto ones = OnesBetween(shape, type(x).shape); ones && ones->size() == 1) {
      return Emit(OpKind::kExpandDims, {x, ScalarI32(static_cast<int>(ones->front()))});
    }
    const ValueId operand = RuntimeShape(*this, x, shape);
    const ValueId operands[] = {x, operand};
    return EmitTyped(OpKind::kReshape, operands, {}, result);
  }
  std::vector<std::int32_t> operand;
  for (const Dim dim : shape) {
    operand.push_back(dim.is_static() ? static_cast<std::int32_t>(dim.value()) : -1);
  }
  const ValueId operands[] = {x, ConstI32(operand)};
  const std::vector<std::int64_t> new_shape(operand.begin(), operand.end());
  return EmitTyped(OpKind::kReshape, operands, {{"new_shape", new_shape}}, result);
}

}  // namespace smelt::ir
