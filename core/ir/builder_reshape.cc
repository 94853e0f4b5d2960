// Builder::Reshape: static and symbolic shapes as operands of RESHAPE.
#include <algorithm>
#include <limits>

#include "core/ir/builder.h"

namespace smelt::ir {
namespace {

// What one dimension of the new shape is at run time.
struct RuntimeDim {
  ValueId source;   // SHAPE of this value...
  int axis = 0;     // ...at this axis
};

// The axis of `value` that has dimension `dim`.
std::optional<RuntimeDim> FindAxis(const Graph& graph, ValueId value, Dim dim) {
  const Shape& shape = graph.type(value).shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape.dim(axis) == dim) return RuntimeDim{value, axis};
  }
  return std::nullopt;
}

// Where `dim` can be read at run time: from `x` itself, else from a graph input.
std::optional<RuntimeDim> FindRuntimeDim(const Graph& graph, ValueId x, Dim dim) {
  if (const auto found = FindAxis(graph, x, dim)) return found;
  for (const ValueId input : graph.inputs()) {
    if (const auto found = FindAxis(graph, input, dim)) return found;
  }
  return std::nullopt;
}

bool FitsI32(std::int64_t size) { return size <= std::numeric_limits<std::int32_t>::max(); }

// One run-time vector holding all shapes and constants that a new shape is picked from.
class ShapePool {
 public:
  explicit ShapePool(Builder& builder) : builder_(builder) {}

  // Index in the pool of an axis of a value's shape.
  std::int32_t Add(const RuntimeDim& dim) {
    for (const auto& [value, offset] : shapes_) {
      if (value == dim.source) return offset + dim.axis;
    }
    const std::int32_t offset = size_;
    size_ += builder_.type(dim.source).shape.rank();
    shapes_.emplace_back(dim.source, offset);
    parts_.push_back(
        builder_.Emit(OpKind::kShape, {dim.source}, {{"out_type", std::string("i32")}}));
    return offset + dim.axis;
  }
  // Constants go behind all shapes.
  std::int32_t Add(std::int32_t constant) {
    constants_.push_back(constant);
    return size_++;
  }
  ValueId Pick(const std::vector<std::int32_t>& indices) {
    if (!constants_.empty()) parts_.push_back(builder_.ConstI32(constants_));
    ValueId all = parts_.front();
    if (parts_.size() > 1) {
      all = builder_.Emit(
          OpKind::kConcatenation, parts_,
          {{"axis", std::int64_t{0}}, {"fused_activation_function", std::string("NONE")}});
    }
    return builder_.Emit(OpKind::kGather, {all, builder_.ConstI32(indices)},
                         {{"axis", std::int64_t{0}}, {"batch_dims", std::int64_t{0}}});
  }

 private:
  Builder& builder_;
  std::vector<std::pair<ValueId, std::int32_t>> shapes_;
  std::vector<ValueId> parts_;
  std::vector<std::int32_t> constants_;
  std::int32_t size_ = 0;
};

// The shape operand for several symbolic dimensions; at most one that is found nowhere becomes -1.
ValueId RuntimeShape(Builder& builder, ValueId x, const Shape& shape) {
  const Graph& graph = builder.graph();
  std::vector<Dim> missing;
  std::vector<std::optional<RuntimeDim>> found;
  for (const Dim dim : shape) {
    found.push_back(dim.is_symbol() ? FindRuntimeDim(graph, x, dim) : std::nullopt);
    if (dim.is_symbol() && !found.back().has_value()) missing.push_back(dim);
  }
  if (missing.size() > 1) {
    std::string names;
    for (const Dim dim : missing) {
      names += (names.empty() ? "" : ", ") + builder.module().symbols().Text(dim);
    }
    builder.Fail(Status(Reason::kDynamicDimensionUnsupported,
                        "a reshape to " +
                            builder.module().symbols().Text(TensorType{builder.type(x).dtype, shape}) +
                            " has several dimensions that can't be read from a tensor at run time: " +
                            names));
    return {};
  }
  ShapePool pool(builder);
  std::vector<std::int32_t> indices(shape.dims().size(), -1);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (found[i].has_value()) indices[i] = pool.Add(*found[i]);
  }
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (found[i].has_value()) continue;
    const Dim dim = shape.dims()[i];
    indices[i] = pool.Add(dim.is_static() ? static_cast<std::int32_t>(dim.value()) : -1);
  }
  return pool.Pick(indices);
}

}  // namespace

ValueId Builder::Reshape(ValueId x, const Shape& shape) {
  if (!status_.ok()) return {};
  if (type(x).shape == shape) return x;
  const std::optional<std::int64_t> before = type(x).shape.ElementCount();
  const std::optional<std::int64_t> after = shape.ElementCount();
  const bool too_large = std::any_of(shape.begin(), shape.end(), [](Dim dim) {
    return dim.is_static() && !FitsI32(dim.value());
  });
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
  const auto symbols = std::count_if(shape.begin(), shape.end(),
                                     [](Dim dim) { return !dim.is_static(); });
  if (symbols > 1) {
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
