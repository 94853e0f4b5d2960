#include "core/ir/runtime_dims.h"

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

namespace smelt::ir {
namespace {

bool FitsI32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

bool RuntimeDims::IsConstant(Dim dim) { return dim.is_static() && FitsI32(dim.value()); }

std::optional<RuntimeDims::Axis> RuntimeDims::FindIn(ValueId value, Dim dim) const {
  const Shape& shape = builder_.graph().type(value).shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape.dim(axis) == dim) return Axis{value, axis};
  }
  return std::nullopt;
}

std::optional<RuntimeDims::Axis> RuntimeDims::FindNear(Dim dim) const {
  for (const ValueId input : builder_.graph().inputs()) {
    if (const auto found = FindIn(input, dim)) return found;
  }
  return FindIn(x_, dim);
}

std::optional<RuntimeDims::Axis> RuntimeDims::FindAxis(Dim dim) const {
  if (const auto found = FindNear(dim)) return found;
  for (const ValueId value : Ancestors()) {
    if (const auto found = FindIn(value, dim)) return found;
  }
  return std::nullopt;
}

const std::vector<ValueId>& RuntimeDims::Ancestors() const {
  constexpr std::size_t kMost = 256;  // a bound on the work: what sizes come from is near
  if (ancestors_) return *ancestors_;
  ancestors_.emplace();
  const Graph& graph = builder_.graph();
  std::set<ValueId> seen = {x_};
  std::vector<ValueId> pending = {x_};
  for (std::size_t i = 0; i < pending.size() && pending.size() < kMost; ++i) {
    const OpId producer = graph.value(pending[i]).producer;
    if (!producer.valid()) continue;
    for (const auto& operand : graph.op(producer).operands) {
      const ValueId value = operand.value;
      if (!value.valid() || graph.constant(value) != nullptr || !seen.insert(value).second)
        continue;
      pending.push_back(value);
      ancestors_->push_back(value);
    }
  }
  return *ancestors_;
}

bool RuntimeDims::Knows(Dim dim) const {
  if (dim.is_unknown()) return false;
  if (Reads(dim)) return true;
  if (dim.is_static()) return false;
  if (FindAxis(dim).has_value()) return true;
  const std::vector<DimTerm> terms = builder_.module().symbols().TermsOf(dim);
  return std::ranges::all_of(terms, [this](const DimTerm& term) {
    return FitsI32(term.coefficient) &&
           std::ranges::all_of(term.factors, [this](const DimFactor& factor) {
             if (FindAxis(factor.whole).has_value()) return true;
             return factor.kind != DimFactor::Kind::kNamed && Knows(factor.a) && Knows(factor.b);
           });
  });
}

ValueId RuntimeDims::Emit(Dim dim) {
  if (IsConstant(dim)) return builder_.ConstI32({static_cast<std::int32_t>(dim.value())});
  if (const auto axis = FindAxis(dim)) return Read(*axis);
  ValueId sum;
  for (const DimTerm& term : builder_.module().symbols().TermsOf(dim)) {
    ValueId product;
    if (term.coefficient != 1 || term.factors.empty()) {
      product = builder_.ConstI32({static_cast<std::int32_t>(term.coefficient)});
    }
    for (const DimFactor& factor : term.factors) {
      const ValueId value = EmitFactor(factor);
      product = product.valid() ? builder_.Mul(product, value) : value;
    }
    sum = sum.valid() ? builder_.Add(sum, product) : product;
  }
  return sum.valid() ? sum : builder_.ConstI32({0});
}

ValueId RuntimeDims::EmitFactor(const DimFactor& factor) {
  if (const auto axis = FindAxis(factor.whole)) return Read(*axis);
  const ValueId operands[] = {Emit(factor.a), Emit(factor.b)};
  switch (factor.kind) {
    case DimFactor::Kind::kNamed:
      break;
    case DimFactor::Kind::kFloorDiv:
      return builder_.Emit(OpKind::kFloorDiv, operands);
    case DimFactor::Kind::kMin:
      return builder_.Emit(OpKind::kMinimum, operands);
    case DimFactor::Kind::kMax:
      return builder_.Emit(OpKind::kMaximum, operands);
  }
  builder_.Fail(Status(Reason::kInternalError, "a dimension that no tensor has was asked for"));
  return {};
}

// One element of SHAPE; each shape and each element is emitted once.
ValueId RuntimeDims::Read(Axis axis) {
  if (const auto found = read_.find(axis); found != read_.end()) return found->second;
  ValueId& shape = shapes_[axis.first];
  if (!shape.valid()) {
    shape = builder_.Emit(OpKind::kShape, {axis.first}, {{"out_type", std::string("i32")}});
  }
  const ValueId element = builder_.Emit(
      OpKind::kSlice, {shape, builder_.ConstI32({axis.second}), builder_.ConstI32({1})});
  read_[axis] = element;
  return element;
}

}  // namespace smelt::ir
