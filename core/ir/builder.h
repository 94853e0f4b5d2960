// Builder: emits operators at a place of a graph, inferring their result types.
//
// Errors stick: after the first one every call returns an invalid ValueId and `status()` says what
// happened, so that a translation reads as straight code and is checked once at its end.
// Operand values are never copied; constants made here are owned and small.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/ir/module.h"

namespace smelt::ir {

class Builder {
 public:
  // Emits into `graph` before `before` (invalid: at the end) with `origin`.
  Builder(Module& module, GraphId graph, OriginId origin, OpId before = {});

  Module& module() { return module_; }
  Graph& graph() { return graph_; }
  GraphId graph_id() const { return graph_id_; }
  const Status& status() const { return status_; }
  void Fail(Status status);  // keeps the first
  void set_origin(OriginId origin) { origin_ = origin; }
  OriginId origin() const { return origin_; }

  // One operator with inferred result types. Emit: its only (first) result.
  ValueId Emit(OpKind kind, std::initializer_list<ValueId> operands, Attributes attrs = {});
  ValueId Emit(OpKind kind, std::span<const ValueId> operands, Attributes attrs = {});
  std::vector<ValueId> EmitMany(OpKind kind, std::span<const ValueId> operands,
                                Attributes attrs = {});
  // The maker knows the type better than inference does (operands computed at run time). Dimensions
  // that inference does know must agree.
  ValueId EmitTyped(OpKind kind, std::span<const ValueId> operands, Attributes attrs,
                    TensorType type);
  // A composite with result types and an optional body (invalid GraphId: opaque).
  std::vector<ValueId> EmitComposite(std::string_view name, std::span<const ValueId> operands,
                                     Attributes attrs, std::span<const TensorType> types,
                                     GraphId body);

  // --- Constants ---
  ValueId Const(Constant constant, std::string name = "");
  ValueId ConstI32(std::span<const std::int32_t> values);  // rank 1
  ValueId ConstI32(std::initializer_list<std::int32_t> values);
  ValueId ScalarI32(std::int32_t value);                   // rank 0
  ValueId Scalar(DType dtype, double value);               // rank 0, rounded to dtype
  ValueId ConstI64(std::span<const std::int64_t> values);  // rank 1

  // --- What translations say all the time ---
  ValueId Transpose(ValueId x, std::span<const int> permutation);  // a view when x is constant
  ValueId Transpose(ValueId x, std::initializer_list<int> permutation);
  // To static or symbolic dimensions. Constants become views. One symbolic dimension becomes -1 in
  // the operand; more are computed at run time from the shapes of `x` and of the graph's inputs.
  // kDynamicDimensionUnsupported, naming the dimensions, where several can't be.
  ValueId Reshape(ValueId x, const Shape& shape);
  ValueId Cast(ValueId x, DType to);  // x itself when it has the type
  ValueId Add(ValueId a, ValueId b);  // fused_activation NONE
  ValueId Sub(ValueId a, ValueId b);
  ValueId Mul(ValueId a, ValueId b);
  ValueId Div(ValueId a, ValueId b);
  ValueId Maximum(ValueId a, ValueId b);
  ValueId Minimum(ValueId a, ValueId b);
  ValueId Unary(OpKind kind, ValueId x) { return Emit(kind, {x}); }

  const TensorType& type(ValueId id) const;
  const Constant* constant(ValueId id) const;

 private:
  Module& module_;
  GraphId graph_id_;
  Graph& graph_;
  OriginId origin_;
  OpId before_;
  Status status_;
};

}  // namespace smelt::ir
