// RuntimeDims: computes symbolic dimensions while the graph runs, from the shapes of tensors that
// have them. Emits through a Builder; lives for one use of it.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/ir/builder.h"

namespace smelt::ir {

class RuntimeDims {
 public:
  // Looks for dimensions in the inputs of the builder's graph, then in `x`, then in what `x` was
  // computed from, nearest first: who asks an input needs no tensor in between to be there, or to
  // have one order of axes.
  RuntimeDims(Builder& builder, ValueId x) : builder_(builder), x_(x) {}

  // True when `dim` is static, or the size of an axis of `x` or of an input.
  bool Reads(Dim dim) const { return IsConstant(dim) || FindNear(dim).has_value(); }
  // True when Emit can compute `dim`: it can be read, or is an expression of dimensions that can.
  bool Knows(Dim dim) const;
  // `dim` as i32[1]. Requires Knows(dim).
  ValueId Emit(Dim dim);

 private:
  using Axis = std::pair<ValueId, int>;
  static bool IsConstant(Dim dim);
  std::optional<Axis> FindIn(ValueId value, Dim dim) const;
  std::optional<Axis> FindNear(Dim dim) const;  // in the inputs and x
  std::optional<Axis> FindAxis(Dim dim) const;  // in any that is looked at
  const std::vector<ValueId>& Ancestors() const;
  ValueId Read(Axis axis);
  ValueId EmitFactor(const DimFactor& factor);

  Builder& builder_;
  ValueId x_;
  mutable std::optional<std::vector<ValueId>> ancestors_;  // of x_, once asked for
  std::map<ValueId, ValueId> shapes_;                      // SHAPE of a value
  std::map<Axis, ValueId> read_;
};

}  // namespace smelt::ir
